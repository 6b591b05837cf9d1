"""The tree's own lint: what would make a call go nowhere, say nothing, or go on too long."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from ivr.callflow import facts, reading
from ivr.callflow.answers import BestTime, ClosureReason, Draft, Flow, Kind, Reason, VisitType, Weekday
from ivr.callflow.composing import Fragment, WordOrder, compose
from ivr.callflow.entries import Fault
from ivr.callflow.facts import AgeUnit, Handling, Heard, Promise, Reading, RequestFacts, RequestSummary, StaffFacts
from ivr.callflow.inputs import RequestSaved
from ivr.callflow.nodes import (
    LONGEST_CLIP,
    LONGEST_INSTRUCTION,
    PERSON,
    Consult,
    End,
    Entry,
    Exit,
    Field,
    Fork,
    Menu,
    Node,
    Notice,
    On,
    Outgoing,
    Recorder,
    Save,
    Transfer,
    Tree,
    Value,
)
from ivr.callflow.outputs import Pause, PlayMessage, PlayRecording, Say, SayOwn, Speech
from ivr.callflow.speaking import BETWEEN_OPTIONS, opening, options
from ivr.callflow.state import CallState

MOST_OPTIONS = 4
"""Options announced in one menu, beside "0 for a person"."""

DEEPEST = 3
"""Levels of menus below the greeting."""

LONGEST = {"emergency": 10.0, "recording_notice": 5.0, "disclaimer": 8.0}
"""Seconds, for the prompts that the contract limits by name, see ivr/callflow/README.md."""

ENGINE_PROMPTS = (
    *("again_no_input", "again_no_match", "help_is_near", "record_no_input"),
    *("entry_restart", "entry_have", "entry_go_on"),
)
DOOR_PROMPTS = (
    "message_unplayable",
    "desk_whisper",
    "staff_desk_warning",
    "staff_desk_language",
    *("outage_apology", "outage_connecting", "outage_message", "outage_thanks"),
    *("bridge_opening", "bridge_on_call", "bridge_urgent", "bridge_soon", "bridge_routine"),
    *("bridge_accept", "bridge_connecting", "bridge_over"),
    "recording_notice",
    "goodbye",
)

STAFF_PROMPTS = ("staff_", "hours_", "bridge_", "studio_")
"""How the keys begin of prompts that only staff hear: they are needed in the default language alone."""

DOMAINS: Mapping[On, frozenset[str]] = {
    On.LANGUAGES: frozenset({"one", "many", "known"}),
    On.CALLER: frozenset({"known", "unknown"}),
    On.FLOW: frozenset(Flow),
    On.NUMBER: frozenset({"known", "unknown"}),
    On.DESK: frozenset({"open", "closed", "nobody"}),
    On.PROOFS: frozenset({"left", "spent"}),
    On.HEARD: frozenset(Heard),
    On.KEYS: frozenset({"pressed", "none"}),
}


@dataclass(frozen=True, slots=True)
class SpokenScript:
    """A language as the lint needs it: its word order, its prompts, and how long each lasts and may last (seconds)."""

    language: str
    order: WordOrder
    has: Callable[[str], bool]
    seconds: Mapping[str, float]
    longest: Mapping[str, float] = field(default_factory=dict)


def check(tree: Tree, voices: Iterable[SpokenScript]) -> list[str]:
    """Everything that is wrong, a sentence each; empty when nothing is."""
    faults = [*_dangling(tree), *_unreachable(tree), *_crowded(tree)]
    for voice in voices:
        unwritten = missing(tree, voice.language, voice.has)
        absent = [f"{voice.language}: the script has no prompt {key}" for key in unwritten]
        faults += absent or _too_long(tree, voice)
    return faults


def exits(node: Node) -> Iterator[tuple[str, Exit]]:
    """The ways out of a node, each with the key or the event that takes it."""
    match node:
        case Notice():
            yield "", node.to
        case Menu():
            yield from ((choice.key, choice.to) for choice in node.choices)
            if node.choice("*") is None:
                yield "*", node.back
            yield "0", PERSON
            if node.on_silence is not None:
                yield "silence", node.on_silence
            yield "3 misses", node.failed
        case Entry():
            yield "keyed", node.to
            if node.skip is not None:
                yield "#", node.skip
            if node.holds is Field.NUMBER:
                yield "0", node.failed
            yield "3 misses", node.failed
        case Recorder():
            yield "recorded", node.to
            yield "3 misses", node.failed
        case Transfer():
            yield "talked", node.to
            yield "no answer", node.otherwise
        case Outgoing():
            yield "called", node.to
            yield "no answer", node.unanswered
        case Save():
            yield "stored", node.to
        case Consult():
            yield from node.to.items()
        case End():
            yield "any key", "main"


def targets(to: Exit) -> Iterator[str]:
    """Every node an exit can lead to."""
    if isinstance(to, Fork):
        for branch in to.to.values():
            yield from targets(branch)
    else:
        yield to


def prompts_of(tree: Tree) -> set[str]:
    """Every prompt that a call can ask for, building blocks included."""
    keys = {*ENGINE_PROMPTS, *DOOR_PROMPTS}
    for node in tree.nodes.values():
        keys.update(_prompts_in(node))
    for state in _samples():
        for value in Value:
            menu = Menu("sample", 1, (value,), (), "main", "")
            keys |= {part.prompt for part in opening(menu, state) if isinstance(part, Say)}
    return keys | _every_answer() | reading.prompts() | _building_blocks()


def spoken_by(tree: Tree) -> dict[str, list[str]]:
    """The nodes that speak each prompt, by name; building blocks and what is said everywhere are not in it."""
    speakers: dict[str, list[str]] = {}
    for node in tree.nodes.values():
        for prompt in dict.fromkeys(_prompts_in(node)):
            speakers.setdefault(prompt, []).append(node.name)
    return speakers


def _prompts_in(node: Node) -> Iterator[str]:
    match node:
        case Notice():
            yield from (*node.prompts, *([node.elsewhere] if node.elsewhere else []))
            if node.lead and not isinstance(node.lead, Value):
                yield node.lead
        case Menu():
            yield from (part for part in node.opening if not isinstance(part, Value))
            yield from (part.prompt for part in options(node) if isinstance(part, Say))
            yield from (c.then_say for c in node.choices if c.then_say and not isinstance(c.then_say, Value))
            yield from (node.example, node.giving_up)
            if node.disclaimer:
                yield node.disclaimer
        case Entry():
            yield from (node.prompt, node.example, node.giving_up)
        case Recorder():
            yield from (node.notice, *([node.prompt] if node.prompt else []))
        case Transfer():
            yield from (node.connecting, node.still_trying, node.unreached)
        case Outgoing():
            yield node.connecting
        case Save():
            yield node.waiting
        case Consult():
            yield from node.lead.values()
        case End():
            yield from node.prompts


def _every_answer() -> set[str]:
    return {
        *(f"receipt_reason_{reason}" for reason in Reason),
        "receipt_visit",
        *(f"receipt_visit_{visit}" for visit in VisitType),
        *(f"receipt_weekday_{day}" for day in Weekday),
        *(f"receipt_time_{time}" for time in BestTime),
        *Fault,
        *(f"closure_{said}" for said in (*ClosureReason, *facts.SHORT_DAY)),
        *(f"request_{kind}_{day}" for kind in (*Kind, "message") for day in ("today", "yesterday", "on")),
        *("request_tried", "request_claimed", "request_late"),
        *(f"studio_{last}" for last in ("refused", *facts.REFUSED_AS, "being_made", "waiting")),
        *("studio_script", "studio_direction", "studio_no_direction"),
        *("promise_minutes", "promise_on_call", "promise_today", "promise_tomorrow", "promise_on", "promise_by"),
        *(f"promise_{day}_{half}" for day in ("today", "tomorrow") for half in ("morning", "afternoon")),
    }


def _building_blocks() -> set[str]:
    numbered = {"digit": range(10), "number": range(10, 100), "month": range(1, 13), "day": range(1, 32)}
    numbered |= {"weekday": range(1, 8), "hour": range(1, 13), "minute": range(15, 60, 15), "century": range(19, 21)}
    return {f"{name}_{n}" for name, numbers in numbered.items() for n in numbers} | {"am", "pm", "noon"}


def _dangling(tree: Tree) -> Iterator[str]:
    for node in tree.nodes.values():
        for key, to in exits(node):
            yield from (
                f"{node.name}: {key or 'its exit'} leads to {name}, which does not exist"
                for name in targets(to)
                if name not in tree.nodes
            )
            yield from (f"{node.name}: {key}: {fault}" for fault in _unforeseen(to))
        if isinstance(node, Consult):
            yield from _undeclared(node)


def _undeclared(consult: Consult) -> Iterator[str]:
    """What a consult and its question do not have in common: each finding leads somewhere, and nothing else does."""
    declared = set(consult.asks.findings)
    for finding in sorted(declared - set(consult.to)):
        yield f"{consult.name}: {consult.asks} may find {finding!r}, which leads nowhere"
    named = {*consult.to, *consult.lead, *([consult.refused] if consult.refused else [])}
    for finding in sorted(named - declared):
        yield f"{consult.name}: {consult.asks} never finds {finding!r}"


def _unforeseen(to: Exit) -> Iterator[str]:
    if not isinstance(to, Fork):
        return
    for case in DOMAINS[to.on] ^ set(to.to):
        yield f"the fork on {to.on} and the case {case} do not fit together"
    for branch in to.to.values():
        yield from _unforeseen(branch)


def _unreachable(tree: Tree) -> Iterator[str]:
    seen: set[str] = set()
    ahead = [tree.first]
    while ahead:
        name = ahead.pop()
        if name in seen or name not in tree.nodes:
            continue
        seen.add(name)
        ahead += (target for _, to in exits(tree[name]) for target in targets(to))
    skippable = {"language", "language_known"} if len(tree.languages) == 1 else set()
    yield from (f"{name}: nothing leads here" for name in tree.nodes if name not in seen | skippable)


def _crowded(tree: Tree) -> Iterator[str]:
    for node in tree.nodes.values():
        level = getattr(node, "level", 1)
        if level > DEEPEST:
            yield f"{node.name}: level {level} is deeper than {DEEPEST}"
        if not isinstance(node, Menu):
            continue
        announced = sum(1 for c in node.choices if c.prompt) + len(set(node.global_options) - {"option_person"})
        if announced > MOST_OPTIONS:
            yield f"{node.name}: announces {announced} options, more than {MOST_OPTIONS}"
        keys = [choice.key for choice in node.choices]
        if len(set(keys)) < len(keys):
            yield f"{node.name}: a key is used twice"
        if {"0", "9"} & set(keys):
            yield f"{node.name}: 0 and 9 mean the same everywhere"
        if sorted(keys, key=lambda key: (key == "*", key)) != keys:
            yield f"{node.name}: its options are not in the order of their keys"


def missing(tree: Tree, language: str, has: Callable[[str], bool]) -> list[str]:
    """The prompts that a language's script would need and does not have; empty when it is complete."""
    needed = prompts_of(tree)
    if language != tree.languages[0]:
        needed = {key for key in needed if not key.startswith(STAFF_PROMPTS)}
    return sorted(key for key in needed if not has(key))


def _too_long(tree: Tree, voice: SpokenScript) -> list[str]:
    if not voice.seconds:
        return [f"{voice.language}: nothing is rendered yet; run python -m ivr prompts render"]
    unrendered = sorted(key for key in prompts_of(tree) if voice.has(key) and key not in voice.seconds)
    if unrendered:
        keys = ", ".join(unrendered[:5]) + (" …" if len(unrendered) > 5 else "")
        return [f"{voice.language}: {len(unrendered)} prompts have no audio ({keys}); run python -m ivr prompts render"]
    single = [(key, voice.longest[key], seconds) for key, seconds in voice.seconds.items() if key in voice.longest]
    return [
        f"{voice.language}: {what} lasts {seconds:.1f} s, more than {longest:g}"
        for what, longest, seconds in dict.fromkeys([*single, *lengths(tree, voice)])
        if seconds > longest
    ]


def lengths(tree: Tree, voice: SpokenScript) -> Iterator[tuple[str, float, float]]:
    """What a call can speak without a break: a name, the seconds it may last, the seconds it does."""
    for prompt, longest in LONGEST.items():
        yield prompt, longest, _lasting((Say(prompt),), voice)
    for node in tree.nodes.values():
        match node:
            case Menu() if node.clip:
                yield f"clip {node.clip}", LONGEST_CLIP, _lasting(opening(node, _samples()[0]), voice)
                yield f"{node.name}'s menu", node.longest, _lasting(options(node), voice)
            case Menu():
                for what, speech in _announcements(node):
                    yield f"{node.name}, {what}", node.longest, _lasting(speech, voice)
            case Entry():
                yield node.name, LONGEST_INSTRUCTION, _lasting((Say(node.prompt),), voice)
                yield f"{node.name}, example", LONGEST_INSTRUCTION, _lasting((Say(node.example),), voice)
                again = (Say("again_no_match"), BETWEEN_OPTIONS, Say(node.prompt))
                yield f"{node.name}, reprompt", LONGEST_INSTRUCTION, _lasting(again, voice)


def _announcements(menu: Menu) -> Iterator[tuple[str, tuple[Speech, ...]]]:
    """A menu's longest first announcement and reprompts over all kinds of call."""
    for state in _samples():
        if Value.ENTERED_NUMBER in menu.opening:
            state = replace(state, entered=state.caller_number or "")
        first = opening(menu, state)
        first = (*first, BETWEEN_OPTIONS) if first and not isinstance(first[-1], Pause) else first
        yield "announced", (*first, *options(menu))
        kept = (*opening(menu, state), BETWEEN_OPTIONS) if menu.keep_opening else ()
        for prompt in ("again_no_input", "again_no_match"):
            yield f"after {prompt}", (Say(prompt), BETWEEN_OPTIONS, *kept, *options(menu))
        yield "after its example", (Say(menu.example), BETWEEN_OPTIONS, *options(menu))


def _lasting(speech: Iterable[Speech], voice: SpokenScript) -> float:
    return sum(_seconds(part, voice) for whole in speech for part in compose(whole, voice.order, voice.has))


def _seconds(part: Fragment, voice: SpokenScript) -> float:
    match part:
        case Pause(milliseconds):
            return milliseconds / 1000
        case Say(prompt):
            return voice.seconds[prompt] if voice.has(prompt) else 0.0
        case PlayRecording() | PlayMessage() | SayOwn():
            return 0.0


def _samples() -> tuple[CallState, ...]:
    """Calls that have the most to say: a callback and an appointment, with the longest receipt."""
    promise = Promise(datetime(2027, 9, 23, 11, 45), days_ahead=6)
    callback = Draft(
        Kind.CALLBACK, "+16177777777", True, Reason.AFTER_PROCEDURE, best_time=BestTime.AFTERNOON, recording_sid="RE"
    )
    call = CallState(
        node="main",
        language="",
        caller_number="+16177777777",
        entered="1977-11-27",
        draft=callback,
        saved=RequestSaved("777777", promise),
        request=RequestFacts(summary=RequestSummary(Flow.APPOINTMENT, date(2027, 9, 17), Handling.CLAIMED, promise)),
        staff=StaffFacts(staff_id=7, reading=_LONGEST_READING),
        hours=facts.HoursFacts(told=_EVERY_EDGE),
        today=date(2027, 10, 17),
    )
    appointment = replace(
        callback, kind=Kind.APPOINTMENT, reason=None, visit_type=VisitType.OTHER_PAIN, weekday=Weekday.WEDNESDAY
    )
    return (call, replace(call, draft=appointment))


_EVERY_EDGE = tuple(facts.HoursTold(edge, day, 11, 45) for day in (False, True) for edge in facts.HoursEdge)
_LONGEST_READING = Reading(
    kind=Kind.APPOINTMENT,
    priority="routine",
    age=77,
    age_unit=AgeUnit.MINUTE,
    reference="777777",
    red_flags=True,
    left_incomplete=True,
    visit=VisitType.OTHER_PAIN,
    tried=True,
    best_time=BestTime.AFTERNOON,
    promise=Promise(datetime(2027, 9, 23, 11, 45), 3),
    messages=(7,),
    coming=True,
)
"""A request with everything in it that can be read out."""
