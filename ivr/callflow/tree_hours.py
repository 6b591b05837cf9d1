"""Hours by telephone, for admins: a branch of the staff's menu that begins at `staff_hours`.

The state's `staff` holds who has signed in; every question looks up what that person may do.
"""

from __future__ import annotations

from ivr.callflow.nodes import HOURS_STATES, Choice, Consult, Exit, Menu, Node, Question


def build_hours(staff_menu: Exit) -> tuple[Node, ...]:
    """The nodes; `staff_menu` is where * leads, and those who may not change the hours."""
    return (
        _consult("staff_hours", Question.HOURS, staff_menu),
        Menu(
            "staff_hours_menu",
            level=3,
            opening=(),
            choices=(
                Choice("1", "hours_close_today", "staff_close_today"),
                Choice("2", "hours_close_tomorrow", "staff_close_tomorrow"),
                Choice("3", "hours_lift", "staff_lift_closures"),
                Choice("4", "hours_state", "staff_hours"),
            ),
            example="hours_example",
            back=staff_menu,
            failed="goodbye",
        ),
        _consult("staff_close_today", Question.CLOSE_TODAY, staff_menu),
        _consult("staff_close_tomorrow", Question.CLOSE_TOMORROW, staff_menu),
        _consult("staff_lift_closures", Question.LIFT_CLOSURES, staff_menu),
    )


def _consult(name: str, asks: Question, staff_menu: Exit) -> Consult:
    """A question whose answer is how the clinic stands now; it is said, then the menu comes again."""
    lead = {state: f"hours_{state}" for state in HOURS_STATES} | {"not_allowed": "hours_not_allowed"}
    to: dict[str, Exit] = dict.fromkeys(HOURS_STATES, "staff_hours_menu")
    return Consult(name, asks, {**to, "not_allowed": staff_menu}, lead)
