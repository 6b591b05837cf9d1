"""The engine: one input to a call, one turn out of it. Pure and total: it reads no clock and never fails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ivr.callflow import events as ev
from ivr.callflow import outputs as out
from ivr.callflow.answers import Draft
from ivr.callflow.entries import Complete, Skipped, Unfinished, missing, read_entry
from ivr.callflow.facts import Facts
from ivr.callflow.inputs import (
    CallStarted,
    DialEnded,
    Digits,
    Found,
    HungUp,
    Input,
    NoInput,
    Recorded,
    RequestSaved,
)
from ivr.callflow.nodes import (
    ENTRY_WAIT,
    PERSON,
    Choice,
    Consult,
    DraftAction,
    End,
    Entry,
    Exit,
    Field,
    Fork,
    Menu,
    Notice,
    On,
    Outgoing,
    Recorder,
    Save,
    Transfer,
    Tree,
)
from ivr.callflow.speaking import BETWEEN_OPTIONS, opening, options, spoken
from ivr.callflow.state import CallState

ATTEMPTS = 3
"""Misses at one node, no-input and no-match together, before a person or a message takes over."""

GLOBAL_REPEAT, GLOBAL_BACK, GLOBAL_PERSON = "9", "*", "0"

Speeches = tuple[out.Speech, ...]
Events = tuple[ev.Event, ...]


@dataclass(frozen=True, slots=True)
class Turn:
    """One input's outcome: where the call is now, what the line does, what happened."""

    state: CallState
    outputs: tuple[out.Output, ...]
    events: Events


def begin(tree: Tree) -> CallState:
    """The state of a call that has not been answered yet."""
    return CallState(node=tree.first, language=tree.languages[0])


def advance(tree: Tree, state: CallState, given: Input) -> Turn:
    """Take a call from one wait to the next.

    Args:
        tree: the call tree.
        state: where the call is, with today's date, the desk numbers and the words of a closed day set.
        given: what happened.

    Returns:
        The turn. When its last event is `RequestConfirmed`, store the draft and advance again with `RequestSaved`;
        when it is `Asked`, find the answer and advance again with `Found`. What was to be said before then is in
        the first turn's outputs.
    """
    match given:
        case CallStarted():
            fresh = begin(tree).at(state.today, state.desk, state.closure)
            known = _known_language(tree, given.language)
            fresh = replace(fresh, caller_number=given.caller_number, known_language=known)
            fresh = replace(fresh, language=known or fresh.language)
            return _arrive(tree, fresh, given.entrance or tree.first)
        case HungUp():
            return _leave(state)
        case RequestSaved():
            return _saved(tree, state, given)
        case Found(finding, facts):
            return _found(tree, state, finding, facts)
    node = tree.nodes.get(state.node)
    match node:
        case Menu():
            return _at_menu(tree, state, node, given)
        case Entry():
            return _at_entry(tree, state, node, given)
        case Recorder():
            return _at_recorder(tree, state, node, given)
        case Transfer():
            return _at_transfer(tree, state, node, given)
        case Outgoing():
            return _arrive(tree, state, node.to)
        case End() if isinstance(given, Digits):
            return _arrive(tree, state, "main")
        case None:
            return _arrive(tree, state, "main")
        case _:
            return _arrive(tree, state, node.name)


def _known_language(tree: Tree, language: str | None) -> str | None:
    """The language of the number's last call, if callers can still choose it."""
    return language if language in tree.languages and len(tree.languages) > 1 else None


def _at_menu(tree: Tree, state: CallState, menu: Menu, given: Input) -> Turn:
    match given:
        case NoInput() if menu.on_silence is not None:
            return _arrive(tree, state, menu.on_silence)
        case NoInput():
            return _missed(tree, state, menu, "no_input")
        case Digits(keys):
            choice = menu.choice(keys)
            if choice:
                return _chosen(tree, state, choice)
            if keys == GLOBAL_REPEAT:
                return _wait_at(tree, state, menu, opening(menu, state))
            if keys == GLOBAL_BACK:
                return _arrive(tree, state, menu.back)
            if keys == GLOBAL_PERSON:
                return _arrive(tree, state, PERSON)
            return _missed(tree, state, menu, "no_match")
        case _:
            return _wait_at(tree, state, menu, opening(menu, state))


def _chosen(tree: Tree, state: CallState, choice: Choice) -> Turn:
    events: Events = ()
    if choice.language:
        state = replace(state, language=choice.language)
        events = (ev.LanguageChosen(choice.language),)
    state, more = _act(tree, state, choice)
    state = replace(state, draft=replace(state.draft, **choice.answers)).adding(choice.facts)
    if choice.answers.get("red_flags"):
        more = (*more, ev.RedFlagRaised())
    lead = spoken(choice.then_say, state) if choice.then_say else ()
    return _arrive(tree, state, choice.to, lead, (*events, *more))


def _act(tree: Tree, state: CallState, choice: Choice) -> tuple[CallState, Events]:
    draft = state.draft
    match choice.action:
        case DraftAction.BEGIN:
            return replace(state, draft=_fresh(draft, choice)), ()
        case DraftAction.USE_CALLER_NUMBER if state.caller_number:
            draft = replace(draft, callback_number=state.caller_number, is_caller_id=True)
            return replace(state, draft=draft), (ev.NumberConfirmed(),)
        case DraftAction.USE_ENTERED if state.entered.startswith("+"):
            is_caller_id = state.entered == state.caller_number
            draft = replace(draft, callback_number=state.entered, is_caller_id=is_caller_id)
            return replace(state, draft=draft, entered=""), (ev.NumberConfirmed(),)
        case DraftAction.USE_ENTERED:
            return replace(state, draft=replace(draft, birth_date=state.entered or None), entered=""), ()
        case DraftAction.DROP_RECORDING:
            return replace(state, draft=replace(draft, recording_sid=None)), ()
        case DraftAction.CANCEL:
            return replace(state, draft=Draft()), (ev.RequestCancelled(),)
    return state, ()


def _fresh(draft: Draft, choice: Choice) -> Draft:
    """A new draft that forgets nothing staff could need if the caller hangs up now."""
    return Draft(
        kind=choice.kind,
        callback_number=draft.callback_number,
        is_caller_id=draft.is_caller_id,
        red_flags=draft.red_flags,
        recording_sid=draft.recording_sid,
    )


def _at_entry(tree: Tree, state: CallState, entry: Entry, given: Input) -> Turn:
    match given:
        case NoInput():
            return _missed(tree, replace(state, entry=""), entry, "no_input")
        case Digits(keys, finished_by):
            pass
        case _:
            return _wait_at(tree, replace(state, entry=""), entry, (out.Say(entry.prompt),))
    match read_entry(entry, state.entry, keys, finished_by, state.today, tree.dialable):
        case Complete(value):
            state = state.adding({entry.keeps: value}) if entry.keeps else state
            return _arrive(tree, replace(state, entered=value), entry.to)
        case Unfinished(keys, restarted):
            lead = (out.Say("entry_restart"),) if restarted else ()
            return _wait_at(tree, replace(state, entry=keys), entry, lead)
        case Skipped() if entry.skip is not None:
            skipped = replace(state.draft, birth_date=None) if entry.holds is Field.BIRTH_DATE else state.draft
            return _arrive(tree, replace(state, draft=skipped), entry.skip)
        case _:
            return _missed(tree, replace(state, entry=""), entry, "no_match")


def _at_recorder(tree: Tree, state: CallState, node: Recorder, given: Input) -> Turn:
    match given:
        case Recorded(sid, seconds) if node.keeps:
            return _arrive(tree, state.adding({node.keeps: sid}), node.to, events=(ev.RecordingMade(sid, seconds),))
        case Recorded(sid, seconds):
            draft = replace(state.draft, recording_sid=sid, **node.answers)
            if node.answers and draft.callback_number is None:
                draft = replace(
                    draft, callback_number=state.caller_number, is_caller_id=state.caller_number is not None
                )
            made = ev.RecordingMade(sid, seconds)
            return _arrive(tree, replace(state, draft=draft), node.to, events=(made,))
        case NoInput():
            return _missed(tree, state, node, "no_input")
        case _:
            return _wait_at(tree, state, node, ())


def _at_transfer(tree: Tree, state: CallState, node: Transfer, given: Input) -> Turn:
    match given:
        case DialEnded(connected=True):
            state = replace(state, draft=Draft(), desk_tried=0)
            return _arrive(tree, state, node.to, events=(ev.TransferEnded(True),))
        case DialEnded():
            state = replace(state, desk_tried=state.desk_tried + 1)
            return _wait_at(tree, state, node, (out.Say(node.still_trying),), (ev.TransferEnded(False),))
        case NoInput():
            return _wait_at(tree, replace(state, desk_tried=state.desk_tried + 1), node, ())
        case _:
            return _wait_at(tree, state, node, ())


def _saved(tree: Tree, state: CallState, saved: RequestSaved) -> Turn:
    node = tree[state.node]
    to = node.to if isinstance(node, Save) else "saved"
    return _arrive(tree, replace(state, saved=saved, draft=Draft()), to)


def _found(tree: Tree, state: CallState, finding: str, facts: Facts | None) -> Turn:
    """Go on from a consult; a finding it does not expect leads to somebody who can help."""
    node = tree.nodes.get(state.node)
    state = state if facts is None else state.knowing(facts)
    state = replace(state, entered="") if isinstance(node, Consult) and node.forgets_entry else state
    if not isinstance(node, Consult):
        return _arrive(tree, state, state.node if node else "main")
    lead = (out.Say(node.lead[finding]),) if finding in node.lead else ()
    if finding == node.refused:
        return _refused(tree, state, node.name, node.to.get(finding, PERSON), lead)
    return _arrive(tree, state, node.to.get(finding, PERSON), lead)


def _refused(tree: Tree, state: CallState, node: str, to: Exit, lead: Speeches) -> Turn:
    """Answer a wrong proof: try again, and after the third in this call somebody who can help."""
    refused = state.refused + 1
    missed: Events = (ev.InputMissed(node, "no_match", refused),)
    state = replace(state, refused=refused)
    if refused >= ATTEMPTS:
        return _arrive(tree, state, PERSON, (out.Say("help_is_near"),), missed)
    return _arrive(tree, state, to, lead, missed)


def _leave(state: CallState) -> Turn:
    """Keep what staff could act on; a warning sign is worth calling the caller ID, confirmed or not."""
    events: Events = (ev.CallLeft(state.node),)
    draft = state.draft
    if draft.red_flags and draft.callback_number is None and state.caller_number:
        draft = replace(draft, callback_number=state.caller_number, is_caller_id=True)
    if draft.is_worth_keeping:
        events = (*events, ev.RequestLeft(draft))
    return Turn(state, (out.Hangup(),), events)


def _missed(tree: Tree, state: CallState, node: Menu | Entry | Recorder, kind: str) -> Turn:
    """Answer a miss: a short reprompt, then one with an example, then somebody who can help."""
    attempt = state.attempts + 1
    missed: Events = (ev.InputMissed(node.name, kind, attempt),)
    if attempt >= ATTEMPTS:
        giving_up = node.giving_up if isinstance(node, Menu) else "help_is_near"
        return _arrive(tree, state, node.failed, (out.Say(giving_up),), missed)
    state = replace(state, attempts=attempt)
    if isinstance(node, Recorder):
        return _wait_at(tree, state, node, (out.Say(f"record_{kind}"),), missed)
    lead: Speeches = (out.Say(f"again_{kind}") if attempt == 1 else out.Say(node.example), BETWEEN_OPTIONS)
    if isinstance(node, Entry):
        lead = (*lead, out.Say(node.prompt)) if attempt == 1 else lead[:1]
    elif node.keep_opening and attempt == 1:
        lead = (*lead, *opening(node, state))
    return _wait_at(tree, state, node, lead, missed)


def _arrive(tree: Tree, state: CallState, to: Exit, lead: Speeches = (), events: Events = ()) -> Turn:
    """Go to a node, through the notices on the way, up to the next wait."""
    before: tuple[out.Output, ...] = ()
    node = tree[resolve(tree, state, to)]
    while isinstance(node, Notice):
        before = (*before, *(out.Say(prompt) for prompt in node.prompts))
        lead = (*lead, *spoken(node.lead, state)) if node.lead else lead
        events = (*events, ev.NodeEntered(node.name))
        node = tree[resolve(tree, state, node.to)]
    moved = node.name != state.node
    state = replace(state, node=node.name, attempts=0, entry="")
    events = (*events, ev.NodeEntered(node.name)) if moved else events
    match node:
        case Menu():
            if node.clip:
                events = (*events, ev.ClipHeard(node.clip))
                state, lead = _disclaim(state, node, lead)
            turn = _wait_at(tree, state, node, (*lead, *opening(node, state)), events)
        case Entry():
            state = replace(state, draft=replace(state.draft, **node.answers))
            turn = _wait_at(tree, state, node, (*lead, out.Say(node.prompt)), events)
        case Recorder():
            lead = (*lead, out.Say(node.prompt)) if node.prompt else lead
            turn = _wait_at(tree, state, node, lead, events)
        case Transfer():
            turn = _wait_at(tree, replace(state, desk_tried=0), node, (*lead, out.Say(node.connecting)), events)
        case Outgoing():
            speech = out.Skippable((*lead, out.Say(node.connecting)))
            turn = Turn(state, (speech, out.CallPatient(node.timeout)), events)
        case Save():
            confirmed = ev.RequestConfirmed(state.draft)
            turn = Turn(state, (_gather((*lead, out.Say(node.waiting)), 1, 1),), (*events, confirmed))
        case Consult():
            turn = Turn(state, (out.Skippable(lead),) if lead else (), (*events, ev.Asked(node.asks)))
        case End():
            words = tuple(out.Say(prompt) for prompt in node.prompts)
            turn = Turn(state, (out.Skippable((*lead, *words)), out.Hangup()), events)
    return replace(turn, outputs=(*before, *turn.outputs))


def _disclaim(state: CallState, menu: Menu, lead: Speeches) -> tuple[CallState, Speeches]:
    if state.disclaimed or not menu.disclaimer:
        return state, lead
    return replace(state, disclaimed=True), (*lead, out.Say(menu.disclaimer), BETWEEN_OPTIONS)


def _wait_at(
    tree: Tree, state: CallState, node: Menu | Entry | Recorder | Transfer, speech: Speeches, events: Events = ()
) -> Turn:
    """Speak, then wait the way this kind of node waits."""
    match node:
        case Menu():
            announced = options(node, state.language)
            pause = (BETWEEN_OPTIONS,) if speech and announced and not isinstance(speech[-1], out.Pause) else ()
            gather = _gather((*speech, *pause, *announced), 1, node.wait)
            return Turn(state, (gather,), events)
        case Entry():
            most = missing(node, state.entry)
            return Turn(state, (_gather(speech, most, ENTRY_WAIT, finish_key="#"),), events)
        case Recorder():
            lead = (out.Skippable(speech),) if speech else ()
            return Turn(state, (*lead, out.Say(node.notice), out.Record(node.longest)), events)
        case Transfer():
            if state.desk_tried >= len(state.desk):
                return _arrive(tree, state, node.otherwise, (out.Say(node.unreached),), events)
            lead = (out.Skippable(speech),) if speech else ()
            return Turn(state, (*lead, out.Dial(state.desk[state.desk_tried], node.timeout)), events)


def _gather(speech: Speeches, most_keys: int, timeout: int, finish_key: str = "") -> out.Gather:
    return out.Gather(speech, most_keys, timeout, finish_key)


def resolve(tree: Tree, state: CallState, to: Exit) -> str:
    """The node that an exit leads to in this state."""
    while isinstance(to, Fork):
        to = to.to[_known(tree, state)[to.on]]
    return to


def _known(tree: Tree, state: CallState) -> Mapping[On, Any]:
    number = state.draft.callback_number or state.caller_number
    return {
        On.LANGUAGES: "one" if len(tree.languages) == 1 else "known" if state.known_language else "many",
        On.CALLER: "known" if state.caller_number else "unknown",
        On.FLOW: state.draft.flow,
        On.NUMBER: "known" if number else "unknown",
        On.DESK: "open" if state.desk else "closed",
        On.PROOFS: "left" if state.refused < ATTEMPTS else "spent",
        On.HEARD: state.request.heard,
    }
