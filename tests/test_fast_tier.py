"""The fast tier stays fast: a test of it that wants something slow fails, and is told so."""

import subprocess
import sys

import pytest

from ivr.config import ROOT
from tests.support import fast_tier

CONFTEST = """
import subprocess, sys
import pytest
from tests.support.fast_tier import FastTier

def pytest_configure(config):
    config.pluginmanager.register(FastTier())

@pytest.fixture
def rendered():
    return "prompts"

@pytest.fixture
def telephone(rendered):
    return rendered

@pytest.fixture(scope="session", autouse=True)
def of_the_whole_run():
    yield
    subprocess.run([sys.executable, "-c", "pass", "pg_ctl", "stop"], check=True)
"""

TESTS = """
import subprocess, sys
import pytest

pytestmark = pytest.mark.fast

def test_quick():
    subprocess.run([sys.executable, "-c", "pass"], check=True)

def test_hears(telephone):
    pass

def test_hears_at_times(request):
    request.getfixturevalue("rendered")

def test_serves():
    subprocess.run([sys.executable, "-c", "pass", "gunicorn"], check=True)
"""


def test_what_is_slow_is_refused_with_a_reason(tmp_path):
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_some.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-n0", "-c", str(ROOT / "pyproject.toml"), "--rootdir", str(tmp_path)]
    ended = subprocess.run([*command, str(tmp_path)], cwd=ROOT, capture_output=True, text=True)
    summary = [line.split(" - ")[0] for line in ended.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    refused = sorted(line.rpartition("::test_")[2] for line in summary)
    assert refused == ["hears", "hears_at_times", "serves"], ended.stdout + ended.stderr
    assert "1 passed" in ended.stdout
    assert ended.stdout.count("is in the fast tier (tests/support/fast_tier.py), but asks for something slow") >= 3


def test_a_path_that_is_gone_is_noticed(monkeypatch):
    monkeypatch.setattr(fast_tier, "FAST", ("callflow", "moved.py"))
    with pytest.raises(pytest.UsageError, match=r"moved\.py"):
        fast_tier.FastTier()


def test_files_of_the_tier_are_known_by_their_place():
    assert fast_tier.is_fast(fast_tier.TESTS / "callflow" / "test_engine.py")
    assert not fast_tier.is_fast(fast_tier.TESTS / "voice" / "test_door.py")
    assert not fast_tier.is_fast(fast_tier.TESTS.parent / "callflow" / "test_engine.py")
