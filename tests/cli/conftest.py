"""Commands that run in this process."""

import pytest
from click.testing import CliRunner

from ivr.cli import main


@pytest.fixture
def command(settings, tmp_path, monkeypatch):
    """Runs a command in this process; nothing but an exit may come out of it."""
    monkeypatch.chdir(tmp_path)

    def invoke(*words, stdin=None, **changes):
        ended = CliRunner(env={**settings, **changes}).invoke(main, words, input=stdin)
        assert ended.exception is None or isinstance(ended.exception, SystemExit), ended.exception
        return ended

    return invoke
