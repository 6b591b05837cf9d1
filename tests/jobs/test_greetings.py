"""A closure's own greeting: typed by staff, spoken by the worker, heard in calls, and never waited for."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from ivr.callflow.outputs import SayOwn
from ivr.models import Closure, ClosureReason, PromptAudio, PromptVersion
from ivr.services.audit import COMMAND
from ivr.services.calendar import ClosedDays
from ivr.services.hours import hours
from ivr.services.jobs import Job, failed_jobs
from ivr.services.prompts.rendering import GreetingRefused, make_greeting, render_prompts
from tests.support.jobs import run_jobs, until, working

WORDS = "We are closed today, because our heating failed. For urgent questions, call 911."


def close_with(line, clock, greeting=WORDS):
    today = line.calendar.today(clock.now)
    return hours.add_closure(
        line, COMMAND, ClosedDays(today, today, ClosureReason.OTHER, "Heating", greeting), clock.now
    )


def closure(line, closure_id):
    with line.database.read() as session:
        return session.get(Closure, closure_id)


def test_the_worker_gives_a_greeting_its_voice_once(line, tasks, clock):
    closure_id = close_with(line, clock)
    assert line.surroundings(clock.now)[2] == (SayOwn(WORDS, None, "closure_other"),)
    assert run_jobs(tasks) == [Job.MAKE_GREETING]
    sha256 = closure(line, closure_id).greeting_sha256
    line.calendars.forget()
    assert line.surroundings(clock.now)[2] == (SayOwn(WORDS, sha256, "closure_other"),)
    with line.database.read() as session:
        assert session.get(PromptAudio, sha256).data[:4] == b"RIFF"
        version = session.scalars(select(PromptVersion).where(PromptVersion.audio_sha256 == sha256)).one()
    assert version.text == WORDS
    assert hours.greeting_seconds(line, sha256) == version.seconds
    assert 4 < version.seconds < hours.GREETING_SECONDS
    tasks.make_greeting(closure_id)
    assert closure(line, closure_id).greeting_sha256 == sha256


def test_a_running_worker_takes_it_from_the_queue(line, tasks, clock):
    with working(tasks):
        closure_id = close_with(line, clock)
        until(lambda: closure(line, closure_id).greeting_sha256)


def test_a_closure_lifted_meanwhile_needs_no_voice(line, tasks, clock):
    closure_id = close_with(line, clock)
    hours.lift_closure(line, COMMAND, closure_id, clock.now)
    tasks.make_greeting(closure_id)
    assert closure(line, closure_id).greeting_sha256 is None
    tasks.make_greeting(999)


def test_a_greeting_that_the_voice_cannot_say_leaves_the_standard_sentence(line, tasks, clock):
    closure_id = close_with(line, clock, "hm " * 32)
    with line.database.write() as session:
        session.get(Closure, closure_id).greeting = "Closed for a very long reason. " * 20
    with pytest.raises(GreetingRefused, match="too long"):
        make_greeting(line.database, closure_id, "en-US", clock.now)
    with working(tasks):
        until(lambda: failed_jobs(line.database))
    (failed,) = failed_jobs(line.database)
    assert (failed.name, failed.error, failed.attempts) == (Job.MAKE_GREETING, "GreetingRefused", 1)
    assert isinstance(line.surroundings(clock.now)[2][0], SayOwn)
    assert line.surroundings(clock.now)[2][0].sha256 is None


@pytest.mark.parametrize(
    "words",
    [
        "We are closed today, because our heating failed. We open again tomorrow at half past eight.",
        "The office is closed this week for training. Please leave your number and a short message, and our nurse will call you on Monday morning.",
        "Snow day. Stay safe.",
    ],
)
def test_the_estimate_for_staff_is_near_what_is_measured(line, clock, words):
    closure_id = close_with(line, clock, words)
    clip = make_greeting(line.database, closure_id, "en-US", clock.now)
    assert hours.estimated_seconds(words) == pytest.approx(clip.measurement.seconds, rel=0.25, abs=0.8)


def test_a_new_release_of_the_script_leaves_greetings_alone(line, clock):
    closure_id = close_with(line, clock)
    clip = make_greeting(line.database, closure_id, "en-US", clock.now)
    render_prompts(line.database, {}, clock.now + timedelta(days=1))
    assert closure(line, closure_id).greeting_sha256 == clip.sha256
