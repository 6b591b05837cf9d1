"""Who calls, when, and what is known of them: the scenes in which every branch of the tree can be reached."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from ivr.callflow.answers import ClosureReason
from ivr.callflow.nodes import Tree
from ivr.models import Role
from ivr.services.calendar import HORIZON_DAYS, Calendar


class Interference(StrEnum):
    """What somebody else does in the middle of a call, just before the caller's next key counts."""

    CLOSES = "staff close the request"
    CLAIMS = "somebody else claims the request"
    DEMOTES = "the account is no admin's any more"
    DEACTIVATES = "the account is deactivated"


@dataclass(frozen=True, slots=True)
class Scene:
    """One kind of call.

    `is_open`: the clinic is. `withheld`: no caller ID. `before`: the language of this number's last call, '' when it
    never called. `requests`: how many open requests the number has; `closed`: the latest is closed; `elsewhere`: they
    are to be answered at another number. `closure`: why the clinic is closed all day; `tomorrow`: it is closed
    tomorrow. `desk_answers`: the desk does, and so does a patient whom staff call. `role`: the account that the caller
    can sign in to. `queue`: there is work for staff. `recorded`: this account has recorded prompts that are not on the
    air yet. `stopped_texts`: the number has ended its texts. `interference`: what somebody else does meanwhile, when an
    errand says so.
    """

    name: str
    is_open: bool = True
    withheld: bool = False
    before: str = ""
    requests: int = 0
    closed: bool = False
    elsewhere: bool = False
    desk_answers: bool = False
    closure: ClosureReason | None = None
    tomorrow: bool = False
    role: Role | None = None
    queue: bool = False
    recorded: bool = False
    stopped_texts: bool = False
    interference: Interference | None = None


def scenes_of(tree: Tree) -> Iterator[Scene]:
    """All scenes, those of staff first: they go by what is in the queue, and callers fill it."""
    yield from _of_staff()
    yield Scene("a first call")
    yield Scene("no caller ID", withheld=True)
    yield Scene("no caller ID, closed", withheld=True, is_open=False)
    for language in tree.languages:
        yield from _in(language)


def _of_staff() -> Iterator[Scene]:
    yield Scene("an admin, nothing to do", role=Role.ADMIN)
    yield Scene("an admin", role=Role.ADMIN, queue=True)
    yield Scene("an admin, the patient answers", role=Role.ADMIN, queue=True, desk_answers=True)
    yield Scene("staff, closed", role=Role.STAFF, queue=True, is_open=False)
    yield Scene("staff, closed, the patient answers", role=Role.STAFF, queue=True, is_open=False, desk_answers=True)
    yield from hours_scenes()
    yield Scene("an admin, closed, nothing to do", role=Role.ADMIN, is_open=False)


def hours_scenes() -> Iterator[Scene]:
    """Everything that the clinic can be when admins ask for its hours."""
    off = ClosureReason.OTHER
    yield Scene("an admin, closed", role=Role.ADMIN, queue=True, is_open=False)
    yield Scene("an admin, closed tomorrow", role=Role.ADMIN, tomorrow=True)
    yield Scene("an admin, closed and closed tomorrow", role=Role.ADMIN, is_open=False, tomorrow=True)
    yield Scene("an admin, closed today", role=Role.ADMIN, closure=off)
    yield Scene("an admin, closed today and tomorrow", role=Role.ADMIN, closure=off, tomorrow=True)


def _in(language: str) -> Iterator[Scene]:
    yield Scene(f"a known number, {language}", before=language)
    yield Scene(f"the desk answers, {language}", before=language, desk_answers=True)
    yield Scene(f"closed, {language}", before=language, is_open=False)
    yield Scene(f"one open request, {language}", before=language, requests=1)
    yield Scene(f"one open request, closed, {language}", before=language, requests=1, is_open=False)
    yield Scene(f"three open requests, {language}", before=language, requests=3)
    yield Scene(f"a closed request, {language}", before=language, requests=1, closed=True, stopped_texts=True)
    for reason in ClosureReason:
        yield Scene(f"closed all day ({reason}), {language}", before=language, closure=reason)


@dataclass(frozen=True, slots=True)
class Moments:
    """When calls are placed: while the clinic is open, and while it is not; on days like any other, if there are."""

    open: datetime
    closed: datetime


def moments_of(calendar: Calendar, now: datetime) -> Moments:
    """The next moments at which calls can meet an open clinic and a closed one."""
    quarters = [now + timedelta(minutes=15 * n) for n in range(HORIZON_DAYS * 24 * 4)]
    plain = [at for at in quarters if _is_plain(calendar, at)] or quarters
    opens = next((at for at in plain if calendar.is_open(at) and calendar.is_open(at + timedelta(hours=1))), now)
    return Moments(opens, next((at for at in plain if not calendar.is_open(at)), now))


def _is_plain(calendar: Calendar, at: datetime) -> bool:
    """Whether neither this day nor the next is one on which the clinic is closed for a reason."""
    today = calendar.today(at)
    return not any(calendar.closure_on(today + timedelta(days=ahead)) for ahead in range(2))
