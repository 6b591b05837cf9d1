"""The documented systemd units, as systemd itself reads them."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.proxies import DEPLOY, replaced


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze on this machine")
def test_systemd_takes_the_units(tmp_path):
    programs = {"/srv/ivr/.venv/bin": str(Path(sys.executable).parent)}
    units = [tmp_path / "ivr-voice.socket"]
    shutil.copy(DEPLOY / "ivr-voice.socket", tmp_path)
    for name in ("ivr-voice.service", "ivr-web.service", "ivr-worker.service"):
        units.append(tmp_path / name)
        units[-1].write_text(replaced((DEPLOY / name).read_text(), programs))
    ended = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")
