"""The line: what every use case of a call needs, put together once by `create_app`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from ivr.callflow.nodes import Tree
from ivr.callflow.outputs import Say, SayOwn, SpeakTime, Speech
from ivr.config import OpenSpan
from ivr.db import Database
from ivr.services.calendar import Calendar, Calendars, Change, ChangedDay
from ivr.services.scripts import Script
from ivr.services.texts.words import Texting


def utc_now() -> datetime:
    """The clock; tests pass another one."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class OnCall:
    """Whose telephones are rung for an urgent request while the clinic is closed: E.164 numbers, in their order.

    `hours` are when they may be rung, in the clinic's time zone; with none of them they may at any time.
    """

    numbers: tuple[str, ...] = ()
    hours: tuple[OpenSpan, ...] = ()

    def numbers_at(self, local: datetime) -> tuple[str, ...]:
        """The telephones that can be rung at a moment of the clinic's time."""
        minute = local.hour * 60 + local.minute
        spans = (span for span in self.hours if span.weekday == local.weekday())
        return self.numbers if not self.hours or any(one.opens <= minute < one.closes for one in spans) else ()


@dataclass(frozen=True, slots=True)
class IdleLimits:
    """How long somebody may be away before their session in the browser, and their claim of a request, end."""

    session: timedelta = timedelta(minutes=10)
    claim: timedelta = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Line:
    """A clinic's line: its database, call tree, opening hours, desk numbers, who is on call, and clock.

    `texts`: how patients who agree to it are texted; None where nobody is. `speaks`: the carrier's voice says what
    nobody has recorded, instead of ours. `clinic_number` is the caller ID of calls to patients ('': the
    number that the patient had called), a call to `staff_number` is one of staff; both are E.164. `scripts` are the
    shipped words, by language.
    """

    database: Database
    tree: Tree
    calendars: Calendars
    desk_numbers: tuple[str, ...] = ()
    on_call: OnCall = OnCall()
    clock: Callable[[], datetime] = utc_now
    texts: Texting | None = None
    speaks: bool = False
    clinic_number: str = ""
    staff_number: str = ""
    idle: IdleLimits = IdleLimits()
    scripts: Mapping[str, Script] = field(default_factory=dict)

    @property
    def calendar(self) -> Calendar:
        """When the clinic is open, as staff have set it; a few seconds old at most."""
        return self.calendars.current()

    @property
    def own_numbers(self) -> frozenset[str]:
        """The clinic's telephones, which are nobody's caller ID: calls that they forward may show them."""
        return frozenset({self.clinic_number, self.staff_number, *self.desk_numbers, *self.on_call.numbers})

    def on_call_at(self, now: datetime) -> tuple[str, ...]:
        """The telephones to ring for an urgent request at a moment: none while the clinic is open."""
        calendar = self.calendar
        return () if calendar.is_open(now) else self.on_call.numbers_at(now.astimezone(calendar.timezone))

    def surroundings(self, now: datetime) -> tuple[date, tuple[str, ...], tuple[Speech, ...], bool]:
        """Today's date at the clinic, the desk numbers that can be rung now, what is said of a closed or short day.

        And whether it is open; in the order of `CallState.at`.
        """
        calendar = self.calendar
        today, is_open = calendar.today(now), calendar.is_open(now)
        return today, self.desk_numbers if is_open else (), closure_words(calendar, now, self.speaks), is_open


def closure_words(calendar: Calendar, now: datetime, speaks: bool = False) -> tuple[Speech, ...]:
    """What callers hear of a day on which the clinic is closed, or opens late or closes early; nothing on any other.

    `speaks`: the carrier's voice says what has no audio, so that an own greeting is heard at once.
    """
    closure = calendar.closure_on(calendar.today(now))
    if closure is None:
        changed = calendar.changed_day(now)
        return _changed_words(changed, speaks) if changed else ()
    standard = f"closure_{closure.reason}"
    if closure.greeting is None:
        return (Say(standard),)
    return (SayOwn(closure.greeting, closure.greeting_sha256, standard),)


def _changed_words(changed: ChangedDay, speaks: bool) -> tuple[Speech, ...]:
    """A closure's own greeting is heard while it lasts, once it is made."""
    own = changed.closure
    if own and own.greeting and (own.greeting_sha256 or speaks):
        return (SayOwn(own.greeting, own.greeting_sha256, "closure_now"),)
    match changed.change:
        case Change.CLOSED_EARLY:
            return (Say("closure_closed_early"),)
        case Change.CLOSES_EARLY:
            return (Say("closure_closes_early"), SpeakTime(*changed.spoken))
        case Change.OPENS_LATE | Change.OPENS_AGAIN:
            opens = "closure_opens_late" if changed.change is Change.OPENS_LATE else "closure_opens_again"
            return (Say(opens), SpeakTime(*changed.spoken), Say("closure_request"))
