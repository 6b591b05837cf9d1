"""The line: what every use case of a call needs, put together once by `create_app`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from sqlalchemy import Connection, func, select

from ivr.callflow.nodes import LONGEST_CLIP, Tree
from ivr.callflow.outputs import Say, SayOwn, SpeakTime, Speech
from ivr.callflow.tree import build
from ivr.callflow.tree_information import OwnClip, clip_prompt
from ivr.config import OpenSpan
from ivr.db import Database
from ivr.models import InformationClip, PromptRelease
from ivr.services.calendar import Calendar, Calendars, Change, ChangedDay
from ivr.services.scripts import Prompt, Script
from ivr.services.texts.words import Texting

build_with_clips = lru_cache(maxsize=32)(build)
"""A tree is pure, so the same clips make the same one: most releases change none."""


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
    shipped words, by language, and `tree` is the shipped one: information clips of the clinic's own are in neither.
    `clips_heard` are those of the releases that were asked for; a release never changes.
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
    clips_heard: dict[int, tuple[OwnClip, ...]] = field(default_factory=dict, compare=False, repr=False)

    def hearing(self, connection: Connection, release_id: int | None) -> Line:
        """The line as calls with that release hear it: the clinic's own clips that stood then are in its tree."""
        if release_id is None:
            return self
        stood = self.clips_heard.get(release_id)
        if stood is None:
            kept = connection.scalar(select(PromptRelease.clips).where(PromptRelease.id == release_id)) or []
            languages = set(self.tree.languages)
            stood = tuple(OwnClip(name, after) for name, after, *spoken in kept if languages <= set(spoken))
            self.clips_heard[release_id] = stood
        return replace(self, tree=self._tree_with(stood)) if stood else self

    def on_air(self) -> Line:
        """The line as calls that begin now hear it."""
        with self.database.read() as session:
            return self.hearing(session.connection(), session.scalar(select(func.max(PromptRelease.id))))

    @property
    def whole_tree(self) -> Tree:
        """The tree with every own clip that was not removed, on the air or not yet."""
        return self._tree_with([OwnClip(clip.node, clip.after) for clip in self._clips()])

    @property
    def all_scripts(self) -> Mapping[str, Script]:
        """The shipped words, and those of the clinic's own clips."""
        return self.with_clips(self.scripts)

    def with_clips(self, scripts: Mapping[str, Script]) -> Mapping[str, Script]:
        """Some scripts with the prompts of own clips, each after that of the clip it follows."""
        clips = self._clips()
        return {language: _with_clips(script, clips) for language, script in scripts.items()} if clips else scripts

    def _clips(self) -> Sequence[InformationClip]:
        with self.database.read() as session:
            standing = select(InformationClip).where(InformationClip.removed_at.is_(None))
            found = session.scalars(standing.order_by(InformationClip.id)).all()
            session.expunge_all()
            return found

    def _tree_with(self, own: Sequence[OwnClip]) -> Tree:
        return build_with_clips(self.tree.languages, self.tree.dialable, tuple(own)) if own else self.tree

    @property
    def clinic(self) -> str:
        """The clinic's name as admins have set it; a few seconds old at most."""
        return self.calendar.clinic

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


def _with_clips(script: Script, clips: Sequence[InformationClip]) -> Script:
    following: dict[str, list[InformationClip]] = {}
    for clip in clips:
        if script.language in clip.words:
            following.setdefault(clip_prompt(clip.after), []).append(clip)
    prompts: dict[str, Prompt] = {}
    for key, prompt in script.prompts.items():
        prompts[key] = prompt
        for clip in following.get(key, ()):
            own, words = clip_prompt(clip.node), clip.words[script.language]
            prompts[own] = Prompt(own, words, prompt.direction, clip.clinical, LONGEST_CLIP, None, clip.title)
    return replace(script, prompts=prompts)


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
