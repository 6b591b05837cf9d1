"""The fast tier, `-m fast`: what needs no database server, no browser, no made audio and no server process.

What is under a path of `FAST` belongs to it, except a test that is marked `slow`. A fast test that wants something slow
fails and is told so, in every run: so the tier stays fast.
"""

import functools
import os
import subprocess
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]

FAST = (
    "audio/test_words.py",
    "callflow",
    "services/test_calendar.py",
    "services/test_calendar_halves.py",
    "services/test_english_script.py",
    "services/test_numbers.py",
    "services/test_scripts.py",
    "serving/test_incoming.py",
    "serving/test_limits.py",
    "simulator",
    "test_architecture.py",
    "test_config.py",
    "test_documents.py",
    "test_forms.py",
    "test_importing.py",
    "test_requirements.py",
    "voice/test_parse.py",
    "voice/test_render.py",
)

SLOW_FIXTURES = frozenset(
    {"bilingual", "browser", "database_url", "empty_url", "launch", "postgres", "postgres_url", "rendered"}
)
"""What everything slow that is a fixture is made from."""

SLOW_PROCESSES = ("audio/worker.py", "chromium", "gunicorn", "initdb", "pg_ctl", "playwright", "ivr worker", "ivr demo")
"""Words of the commands by which everything slow that is a process begins."""

ADVICE = "Mark it with @pytest.mark.slow, or do without."


class FastTier:
    """A plugin: marks the tests of the tier, and watches them while they run."""

    def __init__(self):
        if lost := [name for name in FAST if not (TESTS / name).exists()]:
            raise pytest.UsageError(f"tests/support/fast_tier.py names what is not there: {', '.join(lost)}")
        self._running, self._patch = None, pytest.MonkeyPatch()

    def pytest_sessionstart(self):
        """Watch every process that is started, not with an audit hook: Python would call it at each `id()` too."""
        start = subprocess.Popen.__init__

        @functools.wraps(start)
        def watched(process, args, *rest, **options):
            self._watch(args)
            start(process, args, *rest, **options)

        self._patch.setattr(subprocess.Popen, "__init__", watched)

    def pytest_sessionfinish(self):
        self._patch.undo()

    def pytest_ignore_collect(self, collection_path, config):
        """Do not even import what `-m fast` would not choose; a file elsewhere may mark itself as fast."""
        if config.option.markexpr != "fast" or collection_path.suffix != ".py" or is_fast(collection_path):
            return None
        return "pytest.mark.fast" not in collection_path.read_text() or None

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items):
        """Mark the tests of the tier, before `-m fast` chooses."""
        for item in items:
            if is_fast(item.path) and not item.get_closest_marker("slow"):
                item.add_marker("fast")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item):
        """Refuse a fast test whose fixtures are slow."""
        self._running = item.nodeid if item.get_closest_marker("fast") else None
        if self._running and (slow := SLOW_FIXTURES.intersection(item.fixturenames)):
            pytest.fail(refusal(item.nodeid, ", ".join(sorted(slow))), pytrace=False)

    @pytest.hookimpl(tryfirst=True)
    def pytest_fixture_setup(self, fixturedef):
        """Refuse a slow fixture that a fast test asks for as it runs."""
        if self._running and fixturedef.argname in SLOW_FIXTURES:
            pytest.fail(refusal(self._running, fixturedef.argname), pytrace=False)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_teardown(self, nextitem):
        """After a process's last test, what its slow tests shared is put away: that is not the last test's doing."""
        if nextitem is None:
            self._running = None

    def _watch(self, arguments):
        if self._running:
            command = " ".join(
                map(os.fsdecode, [arguments] if isinstance(arguments, str | bytes | os.PathLike) else arguments)
            )
            if any(words in command for words in SLOW_PROCESSES):
                raise RuntimeError(refusal(self._running, command))


@functools.cache
def is_fast(path):
    """Whether a file with tests is of the tier."""
    return any(path.is_relative_to(TESTS / name) for name in FAST)


def refusal(test, slow):
    """Why a test fails."""
    return f"{test} is in the fast tier (tests/support/fast_tier.py), but asks for something slow: {slow}. {ADVICE}"
