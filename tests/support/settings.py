"""The settings of the clinic that tests run, and two moments of its week."""

from datetime import UTC, datetime

MONDAY_MORNING = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
"""Ten o'clock in Boston: the clinic is open."""

SUNDAY_EVENING = datetime(2026, 11, 22, 23, 0, tzinfo=UTC)
"""The clinic is closed."""

DATA_KEY = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3I="
BASE_URL = "https://line.example.org"
ACCOUNT_SID = "AC" + "0" * 32
AUTH_TOKEN = "a-token-nobody-else-has"
