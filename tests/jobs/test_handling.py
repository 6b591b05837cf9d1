"""A job is declared once: its queue with its name, its handler with its schedule."""

import pytest

from ivr.jobs.handling import Schedule, clock_of, handlers_of, handles
from ivr.jobs.tasks import Tasks
from ivr.services.jobs import Job, Lane


def test_every_job_has_one_handler_and_one_queue():
    assert set(handlers_of(Tasks)) == set(Job)
    assert {job.lane for job in Job} == set(Lane)


def test_the_clock_is_what_the_handlers_say():
    clock = clock_of(Tasks)
    assert clock["digest"] == ("*/15 * * * *", [Job.GATHER_NOTICES, "digest"])
    assert clock["nightly"] == ("23 3 * * *", [Job.NIGHTLY])
    assert set(clock) == {"missed", "digest", "overdue", "idle", "prompts", "approvals", "nightly", "trail", "walk"}


def test_two_handlers_of_one_job_are_refused():
    class Twice:
        @handles(Job.WALK, Schedule("a", "* * * * *"))
        def one(self):
            """The first."""

        @handles(Job.WALK)
        def other(self):
            """The second."""

    with pytest.raises(TypeError, match="other and one both do walk"):
        handlers_of(Twice)
