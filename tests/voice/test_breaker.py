"""The breaker: who is let through to a database that fails."""

import contextlib
from types import SimpleNamespace

import pytest

from ivr.voice.breaker import FAILURES, PAUSE_SECONDS, Breaker, DatabaseRested


class TestBreaker:
    """Who is let through to a database that fails."""

    @pytest.fixture
    def breaker(self):
        time_ = SimpleNamespace(now=100.0)
        breaker = Breaker((OSError,), lambda: time_.now)
        breaker.time = time_
        return breaker

    def fail(self, breaker, error=OSError):
        def use():
            raise error

        with pytest.raises(error):
            breaker.run(use)

    def test_it_opens_after_failures_in_a_row_and_lets_one_try(self, breaker):
        for _ in range(FAILURES):
            assert not breaker.is_open
            self.fail(breaker)
        self.fail(breaker, DatabaseRested)
        breaker.time.now += PAUSE_SECONDS
        self.fail(breaker)
        self.fail(breaker, DatabaseRested)
        breaker.time.now += PAUSE_SECONDS
        with contextlib.suppress(DatabaseRested):
            breaker.run(lambda: self.fail(breaker, DatabaseRested))
        assert not breaker.is_open
        assert breaker.run(lambda: 7) == 7

    def test_a_success_between_keeps_it_closed_and_other_errors_do_not_count(self, breaker):
        for _ in range(FAILURES * 2):
            self.fail(breaker)
            self.fail(breaker, ValueError)
            assert breaker.run(lambda: 7) == 7
        assert not breaker.is_open
