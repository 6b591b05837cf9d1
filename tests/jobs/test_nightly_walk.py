"""The nightly walk: admins hear of findings by mail, once; the log and the metrics say how it went."""

from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from ivr import create_app
from ivr.jobs.walking import WalkFailed, walk_apart
from ivr.jobs.worker import CLOCK
from ivr.models import Role, StaffMember
from ivr.services.jobs import Job, Lane
from tests.support.settings import MONDAY_MORNING

FOUND = ["no audio", "dead end", "no audio"]


def add_staff(line):
    """Two admins, one of them deactivated, and a lead."""
    people = (("admin", Role.ADMIN, True), ("gone", Role.ADMIN, False), ("lead", Role.LEAD, True))
    with line.database.write() as session:
        for name, role, active in people:
            about = {"email": f"{name}@example.org", "name": name, "fs_uniquifier": name}
            session.add(StaffMember(**about, role=role, active=active, created_at=MONDAY_MORNING))


def test_admins_are_told_once_a_day_what_kinds_of_things_were_found(line, tasks, outbox):
    add_staff(line)
    found = replace(tasks, walker=lambda seconds: FOUND)
    with capture_logs() as logs:
        found.walk()
        found.walk()
    ((recipients, subject, body),) = outbox.sent
    assert recipients == ("admin@example.org",)
    assert subject == "The line: callers stumble over 3 things"
    assert "  no audio: 2\n  dead end: 1\n" in body
    assert "python -m ivr walk" in body
    walked = [entry for entry in logs if entry["event"] == "walked"]
    assert [(entry["log_level"], entry["findings"], entry["kinds"]) for entry in walked] == [
        ("error", 3, ["dead end", "no audio"])
    ] * 2


def test_a_clean_walk_is_logged_and_nobody_is_mailed(line, tasks, outbox):
    add_staff(line)
    with capture_logs() as logs:
        replace(tasks, walker=lambda seconds: []).walk()
    assert outbox.sent == []
    assert [entry["log_level"] for entry in logs if entry["event"] == "walked"] == ["info"]


def test_the_metrics_tell_whether_the_last_walk_was_clean(line, tasks, config, clock):
    metrics = create_app(config, line).test_client()
    assert "ivr_walk_clean" not in metrics.get("/metrics").text
    replace(tasks, walker=lambda seconds: []).walk()
    assert "\nivr_walk_clean 1.0\n" in metrics.get("/metrics").text
    clock.now = clock.now.replace(hour=16)
    replace(tasks, walker=lambda seconds: FOUND).walk()
    assert "\nivr_walk_clean 0.0\n" in metrics.get("/metrics").text


def test_a_walk_that_cannot_begin_is_a_failed_job(settings, sqlite_url, monkeypatch):
    for name, value in {**settings, "DATABASE_URL": sqlite_url}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(WalkFailed):
        walk_apart(60.0)


def test_it_is_walked_every_night_in_the_lane_of_recurring_jobs():
    assert CLOCK["walk"][1] == [Job.WALK]
    assert Job.WALK.lane is Lane.RECURRING
