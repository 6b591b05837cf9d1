"""Hours by telephone: an admin closes and opens in a call, and nobody else does; on both databases."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from ivr.callflow import outputs as out
from ivr.callflow.check import SpokenScript, check
from ivr.callflow.nodes import Choice
from ivr.callflow.tree import build
from ivr.callflow.tree_hours import build_hours
from ivr.config import PROMPTS
from ivr.models import AuditAction, AuditEntry, Call, Role, StaffMember
from ivr.services.hours import hours
from ivr.services.numbers import dialable
from ivr.services.scripts import read_scripts
from tests.support.callers import Caller
from tests.support.engine_call import spoken_prompts


def tree_with_hours():
    """The call tree with key 7 of the main menu leading straight to the hours, past the sign-in; * back to that menu."""
    tree = build(("en-US",), dialable)
    main = tree["main"]
    linked = replace(main, choices=(*main.choices[:-1], Choice("7", None, "staff_hours")))
    return replace(tree, nodes={**tree.nodes, "main": linked, **{node.name: node for node in build_hours("main")}})


@pytest.fixture
def line(make_line, database_url):
    return replace(make_line(database_url, desk_numbers=("+16175550111",)), tree=tree_with_hours())


def member(line, role=Role.ADMIN, active=True):
    with line.database.write() as session:
        somebody = StaffMember(
            email=f"{role}@example.org",
            name="A. Min",
            role=role,
            active=active,
            fs_uniquifier=f"u-{role}",
            created_at=line.clock(),
        )
        session.add(somebody)
        session.flush()
        return somebody.id


@pytest.fixture
def phone(line):
    """Makes calls in which a member of the staff has signed in."""

    def make(staff_id):
        caller = Caller(line)
        with line.database.write() as session:
            call = session.scalars(select(Call)).one()
            progress = json.loads(call.progress)
            progress["state"]["staff"] = {"staff_id": staff_id}
            call.progress = json.dumps(progress)
        return caller

    return make


def said(caller):
    return [prompt for prompt in spoken_prompts(caller.answer.outputs) if prompt not in OPTIONS]


OPTIONS = {"hours_close_today", "hours_close_tomorrow", "hours_lift", "hours_times"}


def closed_days(line, clock):
    return [row.days.first_day.day for row in hours.closures(line, clock.now)]


def test_an_admin_closes_and_opens(line, phone, clock):
    admin = member(line)
    caller = phone(admin)("7")
    assert said(caller) == ["hours_open"]
    assert spoken_prompts(caller.answer.outputs)[1:] == [
        "hours_close_today",
        "hours_close_tomorrow",
        "hours_lift",
        "hours_times",
    ]
    assert said(caller("1")) == ["hours_closed_today"]
    assert closed_days(line, clock) == [23]
    assert said(caller("1")) == ["hours_closed_today"]
    assert said(caller("2")) == ["hours_closed_both_days"]
    assert closed_days(line, clock) == [23, 24]
    assert said(caller("3")) == ["hours_open"]
    assert closed_days(line, clock) == []
    assert said(caller("*"))[0] == "option_appointment"
    with line.database.read() as session:
        entries = list(session.scalars(select(AuditEntry).order_by(AuditEntry.id)))
    assert {(entry.action, entry.actor, entry.source) for entry in entries} == {
        (AuditAction.HOURS_CHANGED, f"staff:{admin}", "phone")
    }
    assert [entry.detail for entry in entries] == [
        "closed 2026-11-23: bad weather", "closed 2026-11-24: bad weather",
        "lifted: 2026-11-23", "lifted: 2026-11-24",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("ahead", "keys", "state"),
    [
        (timedelta(hours=8), "7", "hours_closed"),
        (timedelta(hours=8), "7 2", "hours_closed_both_days"),
        (timedelta(days=2), "7", "hours_open_then_closed"),
        (timedelta(days=2, hours=10), "7", "hours_closed_then_closed"),
        (timedelta(days=3), "7", "hours_closed_today"),
        (timedelta(days=3), "7 3", "hours_closed_today"),
        (timedelta(days=3), "7 1", "hours_closed_today"),
    ],
)
def test_the_state_is_said_in_words_and_a_holiday_stays(line, phone, clock, ahead, keys, state):
    clock.now += ahead
    assert said(phone(member(line))(keys)) == [state]


@pytest.mark.parametrize(("role", "active"), [(Role.STAFF, True), (Role.LEAD, True), (Role.ADMIN, False)])
@pytest.mark.parametrize("asked", ["7", "7 1"])
def test_nobody_else_does_whatever_the_call_remembers(line, phone, clock, role, active, asked):
    somebody = member(line, role, active)
    caller = phone(somebody)(asked)
    if asked == "7":
        assert said(caller)[0] == "hours_not_allowed"
    assert closed_days(line, clock) == []


@pytest.mark.parametrize("keys", ["1", "2", "3", "4 * ", "4 1 9#"])
def test_an_admin_who_is_none_any_more_changes_nothing_more(line, phone, clock, keys):
    admin = member(line)
    caller = phone(admin)("7 1")
    with line.database.write() as session:
        session.get(StaffMember, admin).role = Role.STAFF
    assert said(caller(keys))[0] == "hours_not_allowed"
    assert closed_days(line, clock) == [23]


TIMES = {"hours_late_today", "hours_early_today", "hours_late_tomorrow", "hours_early_tomorrow"}


def closed_parts(line, clock):
    return [(row.days.first_day.day, hours.part_of_day(row.days)) for row in hours.closures(line, clock.now)]


@pytest.mark.parametrize(
    ("at", "keys", "told", "parts"),
    [
        ("07:00", "4 1 11#", ["hours_closed", "hours_opens_today", (11, 0)], [(23, "opens at 11:00 AM")]),
        ("10:00", "4 1 1130", ["hours_closed", "hours_opens_today", (11, 30)], [(23, "opens at 11:30 AM")]),
        ("10:00", "4 1 1#", ["hours_closed", "hours_opens_today", (13, 0)], [(23, "opens at 1:00 PM")]),
        ("10:00", "4 2 2#", ["hours_open", "hours_closes_today", (14, 0)], [(23, "closes at 2:00 PM")]),
        ("10:00", "4 3 0930", ["hours_open", "hours_opens_tomorrow", (9, 30)], [(24, "opens at 9:30 AM")]),
        ("10:00", "4 4 1200", ["hours_open", "hours_closes_tomorrow", (12, 0)], [(24, "closes at 12:00 PM")]),
        (
            "07:00", "4 1 10# 4 1 11# 4 2 3# 4 4 4#",
            ["hours_closed", "hours_opens_today", (11, 0), "hours_closes_today", (15, 0), "hours_closes_tomorrow", (16, 0)],
            [(23, "opens at 11:00 AM"), (23, "closes at 3:00 PM"), (24, "closes at 4:00 PM")],
        ),
        ("07:00", "4 1 11# 3", ["hours_closed"], []),
        ("10:00", "4 1 9#", ["hours_no_such_time", "hours_time"], []),
        ("10:00", "4 1 7#", ["hours_no_such_time", "hours_time"], []),
        ("10:00", "4 1 1110", ["again_no_match", "hours_time"], []),
        ("10:00", "4 2 1530", ["hours_open", "hours_closes_today", (15, 30)], [(23, "closes at 3:30 PM")]),
        ("10:00", "4 1 25#", ["again_no_match", "hours_time"], []),
        ("10:00", "4 1 0#", ["again_no_match", "hours_time"], []),
        ("10:00", "4 1 #", ["hours_open"], []),
        ("10:00", "2 4 3 11#", ["hours_no_such_time", "hours_time"], [(23, "all day"), (24, "all day")]),
    ],
)  # fmt: skip
def test_an_admin_opens_late_and_closes_early(line, phone, clock, at, keys, told, parts):
    clock.now = clock.now.replace(hour=int(at[:2]) + 5)
    caller = phone(member(line))("7")(keys)
    heard = [
        (speech.hour, speech.minute) if isinstance(speech, out.SpeakTime) else speech.prompt
        for output in caller.answer.outputs if isinstance(output, out.Gather | out.Skippable)
        for speech in output.speech if isinstance(speech, out.Say | out.SpeakTime)
    ]  # fmt: skip
    assert [one for one in heard if one not in OPTIONS | TIMES] == told
    assert closed_parts(line, clock) == parts


def test_a_caller_who_never_signed_in_is_told_so(line, clock):
    assert said(Caller(line)("7"))[0] == "hours_not_allowed"


def test_the_next_call_is_told_and_gets_no_desk(line, phone, clock):
    phone(member(line))("7 1")
    line.calendars.forget()
    caller = Caller(line, replace(Caller(line).arrival, sid="CA2"))
    assert said(caller)[:2] == ["emergency", "closure_weather"]
    caller("0")
    assert "person_closed" in spoken_prompts(caller.answer.outputs)
    assert not any(isinstance(output, out.Dial) for output in caller.answer.outputs)


def test_the_tree_with_the_hours_is_sound():
    script = read_scripts(PROMPTS, ("en-US",), "The Clinic")["en-US"]
    voice = SpokenScript("en-US", script.order, script.has, dict.fromkeys(script.prompts, 0.0), script.longest)
    assert check(build(("en-US",), dialable), [voice]) == []
    longest = {key: prompt.longest for key, prompt in script.prompts.items()}
    menu = [f"hours_{key}" for key in ("closed_then_closed", "close_today", "close_tomorrow", "lift", "times")]
    assert sum(longest[key] for key in menu) + 4 * 0.6 < 30
