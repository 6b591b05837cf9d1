"""Whom to call now, and in which order: one order for the console's lists and for the telephone.

Each list is made of sections, one after the other. A section is a condition that an index answers in the section's own
order, so that the first rows of a list cost the same however many there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Subquery, and_, literal, not_, or_, select, tuple_, union_all

from ivr.callflow.answers import BestTime
from ivr.models import PatientRequest, Priority, RequestStatus, Tab

SECTIONS = 5
"""How many sections a list has at most."""

OTHER_HALF = {BestTime.MORNING: BestTime.AFTERNOON, BestTime.AFTERNOON: BestTime.MORNING}
REQUESTS = PatientRequest.__table__.c


class QueueTab(StrEnum):
    """The lists of the queue; every request stands in one of them.

    `NOW` is what can be done now. `LATER` waits for a follow-up's time, or for the half of the day in which its caller
    would like to be called. `INCOMPLETE` was left unfinished; what is urgent of that stands in `NOW`.
    """

    NOW = "now"
    LATER = "later"
    INCOMPLETE = "incomplete"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Moment:
    """The time for which a list is asked for, and the half of the clinic's day that it lies in."""

    at: datetime
    half: BestTime


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a list. Two may have the same number: then they are one part, found by two indexes."""

    number: int
    condition: ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class Place:
    """A row's place in its list: its section, the moment by which the section is ordered, and its id."""

    section: int
    at: datetime
    id: int


def sections(tab: QueueTab, moment: Moment) -> Sequence[Section]:
    """The sections of a list, in order.

    To call now: what is urgent, unfinished or not; then what is late, the higher priority first; then what is due.
    """
    match tab:
        case QueueTab.NOW:
            return _now(moment)
        case QueueTab.LATER:
            later = (REQUESTS.tab == Tab.OPEN) & (REQUESTS.act_by > moment.at)
            tried = later & _waits_for_follow_up()
            asked = (REQUESTS.best_time.is_(None), *(REQUESTS.best_time == one for one in BestTime))
            follow_ups = (Section(0, tried & one) for one in asked)  # the index has the best time before the moment
            return (*follow_ups, Section(0, later & _waits_for_best_time(moment)))
        case QueueTab.INCOMPLETE:
            left = REQUESTS.tab == Tab.INCOMPLETE
            return tuple(Section(n, left & (REQUESTS.rank == one.rank)) for n, one in enumerate(_LESS_PRESSING))
        case QueueTab.CLOSED:
            return (Section(0, (REQUESTS.tab == Tab.CLOSED) & REQUESTS.closed_at.is_not(None)),)


def ordered_by(tab: QueueTab) -> ColumnElement[datetime]:
    """The moment by which the rows of a section are ordered: the earliest first, of closed ones the latest."""
    return REQUESTS.closed_at if tab is QueueTab.CLOSED else REQUESTS.act_by


def first_of(
    tab: QueueTab,
    moment: Moment,
    limit: int,
    conditions: Sequence[ColumnElement[bool]] = (),
    *,
    beyond: Place | None = None,
    back: bool = False,
) -> Subquery:
    """`section`, `at` and `id` of a list's first rows that meet the conditions, at most so many from each section.

    With `beyond` they are the first ones after a place; with `back`, the last ones before it.
    """
    at = ordered_by(tab)
    rising = (tab is not QueueTab.CLOSED) != back
    arms = []
    for section in sections(tab, moment):
        if beyond is not None and section.number != beyond.section and (section.number < beyond.section) != back:
            continue
        arm = select(literal(section.number).label("section"), at.label("at"), REQUESTS.id.label("id"))
        arm = arm.where(section.condition, *conditions)
        if beyond is not None and section.number == beyond.section:
            here, there = tuple_(at, REQUESTS.id), tuple_(literal(beyond.at, at.type), literal(beyond.id))
            arm = arm.where(here > there if rising else here < there)
        keys = (at, REQUESTS.id)
        arm = arm.order_by(*(key.asc() if rising else key.desc() for key in keys)).limit(limit)
        arms.append(select(arm.subquery()))
    return union_all(*arms).subquery("listed")


def in_order(listed: Subquery, *, tab: QueueTab = QueueTab.NOW, back: bool = False) -> Sequence[ColumnElement[Any]]:
    """What to order a list's rows by, across its sections."""
    rising = (tab is not QueueTab.CLOSED) != back
    by_section = listed.c.section.desc() if back else listed.c.section.asc()
    return (by_section, *(key.asc() if rising else key.desc() for key in (listed.c.at, listed.c.id)))


def is_late(at: datetime) -> ColumnElement[bool]:
    """Whether the time to act by has come."""
    return REQUESTS.act_by <= at


_LESS_PRESSING = tuple(one for one in Priority if one is not Priority.URGENT)


def _now(moment: Moment) -> Sequence[Section]:
    is_open, late = REQUESTS.tab == Tab.OPEN, is_late(moment.at)
    is_urgent = REQUESTS.rank == Priority.URGENT.rank
    pressing = is_open & is_urgent & or_(not_(REQUESTS.status == RequestStatus.FOLLOW_UP), late)
    left = and_(REQUESTS.tab == Tab.INCOMPLETE, is_urgent)
    waits = or_(_waits_for_follow_up(), _waits_for_best_time(moment))
    ranked = [is_open & (REQUESTS.rank == one.rank) for one in _LESS_PRESSING]
    return (
        Section(0, pressing),
        Section(0, left),
        *(Section(n, one & late) for n, one in enumerate(ranked, start=1)),
        *(Section(n, one & (REQUESTS.act_by > moment.at) & not_(waits)) for n, one in enumerate(ranked, start=3)),
    )


def _waits_for_follow_up() -> ColumnElement[bool]:
    return REQUESTS.status == RequestStatus.FOLLOW_UP


def _waits_for_best_time(moment: Moment) -> ColumnElement[bool]:
    """Urgent ones are called at any time. Without `is_not`, what was not asked would be NULL, also when negated."""
    return and_(
        REQUESTS.status == RequestStatus.NEW,
        REQUESTS.best_time.is_not(None),
        REQUESTS.best_time == OTHER_HALF[moment.half],
        REQUESTS.rank > Priority.URGENT.rank,
    )
