"""The settings of the clinic that tests run, two moments of its week, where child processes find modules, and how long to wait."""

import os
from datetime import UTC, datetime
from pathlib import Path

from ivr.config import ROOT

MONDAY_MORNING = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
"""Ten o'clock in Boston: the clinic is open."""

SUNDAY_EVENING = datetime(2026, 11, 22, 23, 0, tzinfo=UTC)
"""The clinic is closed."""

DATA_KEY = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3I="
BASE_URL = "https://line.example.org"
ACCOUNT_SID = "AC" + "0" * 32
AUTH_TOKEN = "a-token-nobody-else-has"

CHILDREN_PATH = os.pathsep.join((str(Path(__file__).with_name("network_guard")), str(ROOT)))
"""PYTHONPATH for processes that tests start: `ivr` from any folder, and the guard that keeps them on this machine."""

DEADLINE_SECONDS = 120
"""Seconds that tests wait for what takes one or two on an idle machine. Every wait ends as soon as the thing happens."""
