"""Hours by telephone, for admins: a branch of the staff's menu that begins at `staff_hours`.

The state's `staff` holds who has signed in; every question looks up what that person may do.
"""

from __future__ import annotations

from ivr.callflow.facts import Fact, HoursEdge
from ivr.callflow.nodes import HOURS_STATES, Choice, Consult, Entry, Exit, Field, Menu, Node, Question, Value

LONGEST_MENU = 45.0
"""Seconds in which the menu is announced when both days open late and close early, which is hardly ever."""


def build_hours(staff_menu: Exit) -> tuple[Node, ...]:
    """The nodes; `staff_menu` is where * leads, and those who may not change the hours."""
    return (
        _consult("staff_hours", Question.HOURS, staff_menu),
        Menu(
            "staff_hours_menu",
            level=3,
            opening=(Value.HOURS,),
            choices=(
                Choice("1", "hours_close_today", "staff_close_today"),
                Choice("2", "hours_close_tomorrow", "staff_close_tomorrow"),
                Choice("3", "hours_lift", "staff_lift_closures"),
                Choice("4", "hours_times", "staff_hours_times"),
            ),
            example="hours_example",
            back=staff_menu,
            failed="goodbye",
            longest=LONGEST_MENU,
        ),
        Menu(
            "staff_hours_times",
            level=3,
            opening=(),
            choices=(
                _moving("1", "hours_late_today", HoursEdge.OPENS, tomorrow=False),
                _moving("2", "hours_early_today", HoursEdge.CLOSES, tomorrow=False),
                _moving("3", "hours_late_tomorrow", HoursEdge.OPENS, tomorrow=True),
                _moving("4", "hours_early_tomorrow", HoursEdge.CLOSES, tomorrow=True),
            ),
            example="hours_times_example",
            back="staff_hours",
            failed=staff_menu,
        ),
        Entry(
            "staff_hours_time",
            level=3,
            holds=Field.TIME,
            prompt="hours_time",
            example="hours_time_example",
            most_keys=4,
            to="staff_set_hours",
            skip="staff_hours",
            failed=staff_menu,
            keeps=Fact.HOURS_TIME,
        ),
        Consult(
            "staff_set_hours",
            Question.SET_HOURS,
            {"set": "staff_hours", "no_such_time": "staff_hours_time", "not_allowed": staff_menu},
            {"no_such_time": "hours_no_such_time", "not_allowed": "hours_not_allowed"},
        ),
        _consult("staff_close_today", Question.CLOSE_TODAY, staff_menu),
        _consult("staff_close_tomorrow", Question.CLOSE_TOMORROW, staff_menu),
        _consult("staff_lift_closures", Question.LIFT_CLOSURES, staff_menu),
    )


def _moving(key: str, prompt: str, edge: HoursEdge, *, tomorrow: bool) -> Choice:
    """An option that asks for the time to which one end of a day's hours is moved."""
    return Choice(key, prompt, "staff_hours_time", facts={Fact.HOURS_EDGE: edge, Fact.HOURS_TOMORROW: tomorrow})


def _consult(name: str, asks: Question, staff_menu: Exit) -> Consult:
    """A question whose answer is how the clinic stands now; it is said, then the menu comes again."""
    lead = {state: f"hours_{state}" for state in HOURS_STATES} | {"not_allowed": "hours_not_allowed"}
    to: dict[str, Exit] = dict.fromkeys(HOURS_STATES, "staff_hours_menu")
    return Consult(name, asks, {**to, "not_allowed": staff_menu}, lead)
