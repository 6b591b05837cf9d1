"""The sentence around a prompt, as a caller hears it: what its node says, with the values of a made-up call.

It is for whoever records a prompt, or looks for one: half a sentence alone tells little.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime
from functools import cache

from ivr.callflow.answers import BestTime, ClosureReason, Draft, Flow, Kind, Reason, VisitType, Weekday
from ivr.callflow.composing import Fragment, WordOrder, compose
from ivr.callflow.facts import (
    REFUSED_AS,
    AgeUnit,
    Handling,
    Promise,
    PromptReading,
    Reading,
    RequestFacts,
    RequestSaved,
    RequestSummary,
    StaffFacts,
    StudioFacts,
)
from ivr.callflow.nodes import Consult, End, Entry, Menu, Node, Notice, Outgoing, Recorder, Save, Transfer, Tree, Value
from ivr.callflow.outputs import Say, SpeakDate, SpeakDigits, SpeakTime, Speech
from ivr.callflow.reading import PRIORITIES, REFERENCE_GROUPS
from ivr.callflow.speaking import BETWEEN_OPTIONS, opening, options, so_far, spoken
from ivr.callflow.state import CallState

TODAY = date(2027, 10, 17)
LANGUAGE = "en-US"

Sentence = tuple[Speech, ...]

Found = tuple[str, Sentence]
"""A sentence, with the name of its node."""

HALVES = ("am", "noon", "pm")
NUMBERED = ("hour", "minute", "weekday", "digit", "month", "day")
"""Building blocks that calls can be made up for."""

HOURS_TODAY = ("opens_late", "opens_again", "closes_early")

DOORS: tuple[Sentence, ...] = (
    (Say("outage_apology"), Say("outage_connecting")),
    (Say("outage_apology"), Say("outage_message")),
    (Say("outage_thanks"),),
    (Say("bridge_on_call"), Say("bridge_accept")),
    *(
        (
            Say("bridge_opening"),
            SpeakDigits("617555", REFERENCE_GROUPS),
            Say(f"bridge_{priority}"),
            Say("bridge_accept"),
        )
        for priority in PRIORITIES
    ),
    (Say("bridge_opening"), SpeakDigits("617555", REFERENCE_GROUPS), BETWEEN_OPTIONS, Say("bridge_connecting")),
    (Say("bridge_over"),),
    (Say("desk_whisper"),),
    (
        *(Say("bridge_opening"), SpeakDigits("617555", REFERENCE_GROUPS), BETWEEN_OPTIONS),
        *(Say("staff_desk_warning"), Say("staff_desk_language"), Say("language_name")),
    ),
    (Say("message_unplayable"),),
    *((Say(f"closure_{how}"), SpeakTime(11, 0), Say("closure_request")) for how in HOURS_TODAY),
    *((Say(f"closure_{how}"),) for how in ("closed_early", "now")),
    *((Say(f"hours_{how}_{day}"), SpeakTime(11, 0)) for how in ("opens", "closes") for day in ("today", "tomorrow")),
    (
        *(Say("staff_soon_callback"), Say("staff_warning_sign"), Say("staff_unfinished")),
        *(Say("staff_reference"), SpeakDigits("617555", REFERENCE_GROUPS)),
    ),
    (Say("studio_direction"), Say("studio_no_direction")),
)
"""What callers and staff hear outside the tree's nodes."""


class Sentences:
    """What calls say, to be searched; sentences that were made for one prompt are kept for the others."""

    def __init__(self, tree: Tree, order: WordOrder, has: Callable[[str], bool]) -> None:
        self._tree, self._order, self._has = tree, order, has
        self._prompts_of = cache(self._composed)
        self._searched: dict[str, tuple[dict[str, Found], Iterator[Found]]] = {}

    def with_prompt(self, key: str) -> tuple[str, tuple[Fragment, ...]] | None:
        """The first sentence of a call that has a prompt: the node that says it, and its parts.

        The node is "" for what is in none. None when no call says it.
        """
        found = self._in_nodes(key) or next((one for one in _outside(key) if key in self._prompts_in(one[1])), None)
        if found is None:
            return None
        return found[0], tuple(part for speech in found[1] for part in compose(speech, self._order, self._has))

    def _in_nodes(self, key: str) -> Found | None:
        block = _block_of(key)
        first, rest = self._searched.setdefault(block, ({}, self._heard(block)))
        while key not in first and (following := next(rest, None)):
            for prompt in self._prompts_in(following[1]):
                first.setdefault(prompt, following)
        return first.get(key)

    def _heard(self, block: str) -> Iterator[Found]:
        for node in self._tree.nodes.values():
            yield from ((node.name, sentence) for sentence in _sentences(self._tree, node, block))

    def _prompts_in(self, sentence: Sentence) -> Iterator[str]:
        for speech in sentence:
            if isinstance(speech, Say):
                yield speech.prompt
            else:
                yield from self._prompts_of(speech)

    def _composed(self, speech: Speech) -> tuple[str, ...]:
        return tuple(part.prompt for part in compose(speech, self._order, self._has) if isinstance(part, Say))


def _outside(key: str) -> Iterator[Found]:
    yield from (("", sentence) for sentence in (*DOORS, *_numbers(key)))


def _block_of(key: str) -> str:
    """The building block whose number calls are made up with; "" for prompts that calls have without that."""
    return key if key in HALVES or key.rpartition("_")[0] in NUMBERED else ""


def _sentences(tree: Tree, node: Node, key: str) -> Iterator[Sentence]:
    """Everything that a node may say, what is said first at first."""
    match node:
        case Menu():
            offered = options(node, tree.languages[0])
            values = any(isinstance(part, Value) for part in node.opening)
            for state in _calls(key) if values else _calls("")[:1]:
                yield (*opening(node, state), BETWEEN_OPTIONS, *offered)
            yield from ((Say(why), BETWEEN_OPTIONS, *offered) for why in ("again_no_input", "again_no_match"))
            yield (Say(node.example), BETWEEN_OPTIONS, *offered)
            if node.disclaimer:
                yield (Say(node.disclaimer), BETWEEN_OPTIONS, *opening(node, _calls("")[0]))
            for choice in node.choices:
                if choice.then_say:
                    yield from (spoken(choice.then_say, state) for state in _calls(key))
            yield (Say(node.giving_up), Say("person_connecting"))
        case Entry():
            yield (Say(node.prompt),)
            yield (Say("again_no_input"), BETWEEN_OPTIONS, Say(node.prompt))
            yield (Say(node.example),)
            yield (Say("again_no_match"), BETWEEN_OPTIONS, *so_far("617", node.holds))
            yield (Say("entry_restart"),)
            yield (Say(node.giving_up), Say("person_connecting"))
        case _:
            yield from _other_sentences(tree, node, key)


def _other_sentences(tree: Tree, node: Node, key: str) -> Iterator[Sentence]:
    match node:
        case Notice():
            yield tuple(Say(prompt) for prompt in node.prompts)
            if node.elsewhere:
                yield (*(Say(prompt) for prompt in node.prompts), Say(node.elsewhere))
            if node.lead:
                following = tree.nodes.get(node.to) if isinstance(node.to, str) else None
                rest = options(following, tree.languages[0]) if isinstance(following, Menu) else ()
                for state in _calls(key) if isinstance(node.lead, Value) else _calls("")[:1]:
                    yield (*map(Say, node.prompts), *spoken(node.lead, state), *rest)
        case Recorder():
            yield (*([Say(node.prompt)] if node.prompt else []), Say(node.notice))
            yield (Say("record_no_input"), Say(node.notice))
        case Transfer():
            yield (Say(node.connecting),)
            yield (Say(node.connecting), Say(node.still_trying))
            yield (Say(node.unreached),)
        case Outgoing():
            yield (Say(node.connecting),)
        case Save():
            yield (Say(node.waiting),)
        case Consult():
            for finding, lead in node.lead.items():
                yield (Say(lead), BETWEEN_OPTIONS, *_beginning(tree, node.to.get(finding)))
        case End():
            yield tuple(Say(prompt) for prompt in node.prompts)


def _beginning(tree: Tree, leads_to: object) -> Sentence:
    """What is heard first at the node that an exit leads to, where that is always the same one."""
    node = tree.nodes.get(leads_to) if isinstance(leads_to, str) else None
    if isinstance(node, Menu):
        return (*opening(node, _calls("")[0]), BETWEEN_OPTIONS, *options(node, tree.languages[0]))
    if isinstance(node, Entry):
        return (Say(node.prompt),)
    return tuple(map(Say, node.prompts)) if isinstance(node, Notice | End) else ()


def _numbers(key: str) -> Iterator[Sentence]:
    """What a building block is heard in, where no node says it by itself, and what follows an absurd birth date."""
    number = _number_of(key)
    yield (Say("check_opening"), SpeakDate(f"19{number % 100:02}-05-17"), Say("check_right"))
    yield (Say("check_opening"), SpeakDate("2000-05-17"), Say("check_right"))
    yield (Say("check_opening"), SpeakDate("1900-05-17"), Say("check_right"))
    yield (Say("check_opening"), SpeakDate("2012-05-17"), Say("check_right"))
    if key.startswith("birth_date_"):
        yield (Say(key), BETWEEN_OPTIONS, Say("birth_date"))


@cache
def _calls(key: str) -> tuple[CallState, ...]:
    """Calls that say everything that a call can say, and the number in a building block's key."""
    number = _number_of(key)
    kind = key.rpartition("_")[0]
    hour = {"hour": number % 12, "am": 9, "noon": 12, "pm": 14}.get(key if key in HALVES else kind, 9)
    minute = number if kind == "minute" and number < 60 else 0
    by = datetime(2027, 9, 19 + number if kind == "weekday" and number < 8 else 23, hour, minute)
    promises = [
        *(Promise(by, days) for days in (0, 1, 6)),
        *(Promise(by, days, half=half) for days in (0, 1) for half in (BestTime.MORNING, BestTime.AFTERNOON)),
        *(Promise(by, 0, minutes=30), Promise(by, 0, on_call=True)),
    ]
    digits = f"617555014{number % 10}" if kind == "digit" else "6175550142"
    day = {"month": (max(1, min(number, 12)), 17), "day": (5, max(1, min(number, 31)))}.get(kind, (5, 17))
    first = CallState(
        node="main",
        language=LANGUAGE,
        caller_number=f"+1{digits}",
        entered=f"1948-{day[0]:02}-{day[1]:02}",
        draft=Draft(Kind.CALLBACK, f"+1{digits}", True, Reason.OTHER, best_time=BestTime.ANY, recording_sid="RE"),
        saved=RequestSaved("617555", promises[0]),
        request=RequestFacts(summary=RequestSummary(Flow.CALLBACK, date(2027, 10, 12), promise=promises[0])),
        today=TODAY,
    )
    return (first, *_other_calls(first, promises))


def _other_calls(first: CallState, promises: list[Promise]) -> Iterator[CallState]:
    draft = first.draft
    yield from (replace(first, draft=replace(draft, reason=reason)) for reason in Reason)
    for visit in VisitType:
        asked = replace(draft, kind=Kind.APPOINTMENT, reason=None, visit_type=visit)
        yield from (replace(first, draft=replace(asked, weekday=day, visit_time=BestTime.ANY)) for day in Weekday)
        yield from (replace(first, draft=replace(asked, weekday=Weekday.ANY, visit_time=time)) for time in BestTime)
    yield replace(first, draft=replace(draft, kind=Kind.APPOINTMENT, reason=None, voicemail_sid="RE"))
    for promise in promises:
        summary = RequestSummary(Flow.CALLBACK, TODAY, promise=promise)
        yield replace(first, saved=RequestSaved("617555", promise), request=RequestFacts(summary=summary))
    for flow in Flow:
        for left in (date(2027, 10, 17), date(2027, 10, 16), date(2027, 10, 12)):
            for handling in Handling:
                yield replace(first, request=RequestFacts(summary=RequestSummary(flow, left, handling)))
    yield from (replace(first, closure=(Say(f"closure_{reason}"),)) for reason in ClosureReason)
    yield from (replace(first, staff=StaffFacts(staff_id=7, reading=reading)) for reading in _readings(promises))
    for last in ("", "refused", *REFUSED_AS, "being_made", "waiting"):
        yield replace(first, studio=StudioFacts(reading=PromptReading("goodbye", "Goodbye.", "warm", last)))


def _readings(promises: list[Promise]) -> Iterator[Reading]:
    """Requests as they are read out to staff."""
    for priority in PRIORITIES:
        for kind in Kind:
            yield Reading(
                kind, priority, 12, AgeUnit.MINUTE, tried=True, promise=promises[0], messages=(1,), coming=True
            )
    yield from (Reading(Kind.CALLBACK, "soon", 1, AgeUnit.HOUR, reason=reason) for reason in Reason)
    yield from (Reading(Kind.APPOINTMENT, "soon", 2, AgeUnit.DAY, visit=visit) for visit in VisitType)
    for unit in AgeUnit:
        yield from (Reading(Kind.CALLBACK, "soon", age, unit, language=LANGUAGE) for age in (1, 2))
    yield from (Reading(Kind.CALLBACK, "soon", 2, AgeUnit.DAY, best_time=time) for time in BestTime)
    yield from (Reading(Kind.CALLBACK, "soon", 2, AgeUnit.DAY, promise=promise) for promise in promises)


def _number_of(key: str) -> int:
    """The number at the end of a building block's key; 0 for others."""
    last = key.rpartition("_")[2]
    return int(last) if last.isdigit() else 0
