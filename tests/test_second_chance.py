"""Only a test with a browser is run once more, and the run says what went wrong before."""

import subprocess
import sys

from ivr.config import ROOT

CONFTEST = """
import pytest
from tests.support.second_chance import SecondChance

def pytest_configure(config):
    config.pluginmanager.register(SecondChance())

@pytest.fixture
def launch():
    return "Chromium"

@pytest.fixture
def page(launch):
    return launch
"""

TESTS = """
tried = []

def fail_once(name):
    tried.append(name)
    assert tried.count(name) == 2, f"{name} looked too early"

def test_seen(page):
    fail_once("seen")

def test_never_seen(page):
    raise AssertionError("it is not there")

def test_saved():
    fail_once("saved")
"""


def test_who_needed_it_is_told(tmp_path):
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_some.py").write_text(TESTS)
    for processes in ("-n0", "-n2"):
        command = [sys.executable, "-m", "pytest", processes, "-c", str(ROOT / "pyproject.toml")]
        ended = subprocess.run(
            [*command, "--rootdir", str(tmp_path), str(tmp_path)], cwd=ROOT, capture_output=True, text=True
        )
        failed = sorted(one.split(" - ")[0] for one in ended.stdout.splitlines() if one.startswith("FAILED"))
        assert [one.rpartition("::")[2] for one in failed] == ["test_never_seen", "test_saved"], (
            ended.stdout + ended.stderr
        )
        assert "2 failed, 1 passed, 2 rerun" in ended.stdout
        _, _, told = ended.stdout.partition("run once more, after this")
        assert "test_seen (call)" in told
        assert "seen looked too early" in told
