"""What a call knows from the records: a stored request, who of the staff is on the line, the prompt being recorded.

Consults find them, a few keys add to them. Nothing here names a patient.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum, StrEnum

from ivr.callflow.answers import BestTime, Flow, Kind, Reason, VisitType


@dataclass(frozen=True, slots=True)
class Promise:
    """When staff will call, as it is to be spoken: local time, `minutes` when it is that near.

    `days_ahead` counts calendar days from the caller's today: 0 today, 1 tomorrow. `half` is the half of a day
    that the caller asked for, if any. `on_call`: somebody on call is being rung now, which is told instead.
    """

    by: datetime
    days_ahead: int
    minutes: int | None = None
    half: BestTime | None = None
    on_call: bool = False


@dataclass(frozen=True, slots=True)
class RequestSaved:
    """The request that `RequestConfirmed` asked for has its row, in the transaction that will carry this turn.

    `id` names the row for the answers that follow. `promise` is None when nothing was promised.
    """

    reference: str
    promise: Promise | None
    id: int = 0


class Heard(StrEnum):
    """As what the caller hears of a stored request."""

    LAST = "last"
    """The only one, or the oldest of several."""

    MORE = "more"
    """One with older ones behind it."""

    CALLBACK = "callback"
    """Instead of a new callback."""


class Handling(StrEnum):
    """What staff have done so far about a stored request."""

    UNTOUCHED = ""
    TRIED = "tried"
    CLAIMED = "claimed"


@dataclass(frozen=True, slots=True)
class RequestSummary:
    """A stored request as its caller may hear it: what it is, the day it was left, what staff have done.

    `promise` is when staff will call; None once that moment has passed.
    """

    asked: Flow
    left: date
    handling: Handling = Handling.UNTOUCHED
    promise: Promise | None = None


@dataclass(frozen=True, slots=True)
class RequestFacts:
    """A request left in an earlier call. `id` is 0 while none was found; `known_by` says what proved who is calling.

    `reference` is what the caller keyed; `may_leave_message`, `best_time` and `message_sid` (the carrier's SID of a
    recording) are what the caller wants changed or added.
    """

    id: int = 0
    known_by: str = ""
    heard: Heard = Heard.LAST
    summary: RequestSummary | None = None
    reference: str = ""
    may_leave_message: bool | None = None
    best_time: BestTime | None = None
    message_sid: str = ""


class AgeUnit(StrEnum):
    """In what an age is told."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class Reading:
    """A request as it is read out to staff on the phone.

    `red_flags`: its caller named a warning sign; `left_incomplete`: they hung up before it was saved. `reason` is a
    callback's and `visit` an appointment's. `age` counts `age_unit`s. `language` is set when it is not the line's
    default, `promise` is None when the request is overdue. `messages` are ids of stored recordings; `coming`: one is
    still on its way from the carrier.
    """

    kind: Kind
    priority: str
    age: int
    age_unit: AgeUnit
    reference: str = ""
    red_flags: bool = False
    left_incomplete: bool = False
    reason: Reason | None = None
    visit: VisitType | None = None
    tried: bool = False
    best_time: BestTime | None = None
    language: str | None = None
    promise: Promise | None = None
    messages: tuple[int, ...] = ()
    coming: bool = False


@dataclass(frozen=True, slots=True)
class StaffFacts:
    """Who of the staff is on the line, and the request under way there; the PIN is in none of it.

    `extension` was keyed and has an account, `tries` counts wrong sign-ins of this call. `staff_id` is None until
    somebody has signed in. `request_id` is 0 while no request was read out, `passed` are those read out before it.
    `outcome` and `disposition` are what was keyed after a call, by the names of `models.Outcome` and
    `models.Disposition`; '' while nothing was.
    """

    extension: str = ""
    tries: int = 0
    staff_id: int | None = None
    request_id: int = 0
    passed: tuple[int, ...] = ()
    reading: Reading | None = None
    outcome: str = ""
    disposition: str = ""


REFUSED_AS = tuple(f"refused_{why}" for why in ("short", "fast", "long", "quiet", "distorted", "noisy"))
"""Why a recording was refused, as far as there is a prompt that says so."""


@dataclass(frozen=True, slots=True)
class PromptReading:
    """A prompt as it is read out to whoever may record it: its words, how to say them, and the audio of both.

    `last` is what became of the clinic's newest version: refused (with why, if that is in `REFUSED_AS`), being_made,
    waiting, or '' for nothing to say.
    Audio is named by its SHA-256; None where there is none.
    """

    key: str
    words: str
    direction: str
    last: str = ""
    words_sha256: str | None = None
    direction_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class StudioFacts:
    """Recording prompts by phone: in which language, which prompt (by its `number`, digits), and what was recorded.

    `take_sid` is the carrier's SID of the recording; `publish`: it goes on the air as soon as it is fit for it.
    """

    recorded_in: str = ""
    number: str = ""
    reading: PromptReading | None = None
    take_sid: str = ""
    publish: bool = False


SHORT_DAY = ("opens_late", "opens_again", "closes_early", "closed_early", "now", "request")
"""How the prompts end that tell callers of a day that is closed in part; they begin with `closure_`."""


class HoursEdge(StrEnum):
    """Which end of a day's hours is moved."""

    OPENS = "opens"
    CLOSES = "closes"


@dataclass(frozen=True, slots=True)
class HoursTold:
    """A day that opens late or closes early, as staff hear it: today, or `tomorrow`; `minute` is a quarter's."""

    edge: HoursEdge
    tomorrow: bool
    hour: int
    minute: int


@dataclass(frozen=True, slots=True)
class HoursFacts:
    """Hours by phone: which end of today's or tomorrow's is moved, and the keys that say to when.

    `told` is what is special about both days as they stand.
    """

    edge: HoursEdge = HoursEdge.OPENS
    tomorrow: bool = False
    time: str = ""
    told: tuple[HoursTold, ...] = ()


Facts = RequestFacts | StaffFacts | StudioFacts | HoursFacts | RequestSaved


class Fact(Enum):
    """A fact that a key, an entry or a recording adds: the part of the state that keeps it, and its field there."""

    REFERENCE = ("request", "reference")
    MAY_LEAVE_MESSAGE = ("request", "may_leave_message")
    BEST_TIME = ("request", "best_time")
    MESSAGE = ("request", "message_sid")
    OUTCOME = ("staff", "outcome")
    DISPOSITION = ("staff", "disposition")
    RECORDED_IN = ("studio", "recorded_in")
    PROMPT_NUMBER = ("studio", "number")
    TAKE = ("studio", "take_sid")
    PUBLISH = ("studio", "publish")
    HOURS_EDGE = ("hours", "edge")
    HOURS_TOMORROW = ("hours", "tomorrow")
    HOURS_TIME = ("hours", "time")
