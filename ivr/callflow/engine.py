"""The engine: one input to a call, one turn out of it. Pure and total: it reads no clock and never fails."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ivr.callflow import events as ev
from ivr.callflow import outputs as out
from ivr.callflow.acting import act
from ivr.callflow.answers import Draft, Kind, Reason
from ivr.callflow.entries import Complete, Fault, HelpWanted, Skipped, Unfinished, Useless, missing, read_entry
from ivr.callflow.facts import Facts
from ivr.callflow.forks import resolve
from ivr.callflow.inputs import CallStarted, DialEnded, Digits, Found, HungUp, Input, NoInput, Recorded, RequestSaved
from ivr.callflow.nodes import (
    ATTEMPTS,
    ENTRY_WAIT,
    MENU_WAIT,
    PERSON,
    SECOND_WAIT,
    Choice,
    Consult,
    End,
    Entry,
    Exit,
    Field,
    Menu,
    Notice,
    Outgoing,
    Recorder,
    Save,
    Transfer,
    Tree,
)
from ivr.callflow.speaking import BETWEEN_OPTIONS, opening, options, so_far, spoken
from ivr.callflow.state import CallState

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
        The turn. When it has `AnswersGiven`, add them to the saved request, and put what `RequestSaved` says now into
        the state. When its last event is `RequestConfirmed`, store the draft and advance again with `RequestSaved`;
        when it is `Asked`, find the answer and advance again with `Found`. What was to be said before then is in
        the first turn's outputs.
    """
    before = state
    if isinstance(given, Digits):
        state = replace(state, last_key=(given.keys or given.finished_by)[-1:] or state.last_key)
    return _telling_answers(before, _advance(tree, state, given))


def _telling_answers(before: CallState, turn: Turn) -> Turn:
    """The turn, with the news that an answer about a saved request was given or changed; a recording is made first."""
    saved, draft = turn.state.saved, turn.state.draft
    if saved is None or not saved.id or draft == before.draft:
        return turn
    made = tuple(event for event in turn.events if isinstance(event, ev.RecordingMade))
    others = tuple(event for event in turn.events if event not in made)
    return replace(turn, events=(*made, ev.AnswersGiven(saved.id, draft, before.draft), *others))


def _advance(tree: Tree, state: CallState, given: Input) -> Turn:
    match given:
        case CallStarted():
            fresh = begin(tree).at(state.today, state.desk, state.closure)
            known = _known_language(tree, given.language)
            fresh = replace(fresh, caller_number=given.caller_number, known_language=known)
            fresh = replace(fresh, language=known or fresh.language)
            return _arrive(tree, fresh, given.entrance or tree.first)
        case HungUp():
            return _leave(tree, state)
        case RequestSaved():
            return _saved(tree, state, given)
        case Found(finding, facts):
            return _found(tree, state, finding, facts)
    node = tree.nodes.get(state.node)
    is_question = state.node in tree.questions
    if (is_question or node is None) and not (state.saved and state.saved.id):
        if is_question and state.saved:
            return _arrive(tree, state, "receipt")
        if state.draft.callback_number:
            return _arrive(tree, state, "saving")
        if is_question:
            return _arrive(tree, state, tree.unsaved)
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
            return _arrive(tree, state, node.unanswered if given == DialEnded(False) else node.to)
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
            lead = spoken(menu.silence_says, state) if menu.silence_says else ()
            return _arrive(tree, state, menu.on_silence, lead)
        case NoInput():
            return _missed(tree, replace(state, lead=""), menu, "no_input")
        case Digits(keys, doubled=False) if keys not in ("", "#"):
            choice = menu.choice(keys)
            if choice:
                return _chosen(tree, state, choice)
            if keys == GLOBAL_BACK:
                return _arrive(tree, state, menu.back)
            if keys == GLOBAL_PERSON:
                return _arrive(tree, state, PERSON)
            if keys != GLOBAL_REPEAT and not (menu.starts_over or state.lead):
                return _missed(tree, state, menu, "no_match")
    return _wait_at(tree, state, menu, (*_lead_again(tree, state), *opening(menu, state)))


def _lead_again(tree: Tree, state: CallState) -> Speeches:
    """The words of the notice before this menu, where a stray key starts them over too."""
    notice = tree.nodes.get(state.lead)
    return spoken(notice.lead, state) if isinstance(notice, Notice) and notice.lead else ()


def _chosen(tree: Tree, state: CallState, choice: Choice) -> Turn:
    events: Events = ()
    if choice.language:
        state = replace(state, language=choice.language)
        events = (ev.LanguageChosen(choice.language),)
    state, more = act(state, choice)
    state = replace(state, draft=replace(state.draft, **choice.answers)).adding(choice.facts)
    if choice.answers.get("red_flags"):
        more = (*more, ev.RedFlagRaised())
    lead = spoken(choice.then_say, state) if choice.then_say else ()
    return _arrive(tree, state, choice.to, lead, (*events, *more))


def _at_entry(tree: Tree, state: CallState, entry: Entry, given: Input) -> Turn:
    match given:
        case NoInput():
            return _missed(tree, state, entry, "no_input")
        case Digits(keys, finished_by):
            pass
        case _:
            return _wait_at(tree, replace(state, entry=""), entry, (out.Say(entry.prompt),))
    match read_entry(entry, state.entry, keys, finished_by, state.today, tree.dialable):
        case Complete(value):
            state = state.adding({entry.keeps: value}) if entry.keeps else state
            return _arrive(tree, replace(state, entered=value), entry.to)
        case Unfinished(keys, restarted, paused):
            state = replace(state, entry=keys)
            lead: Speeches = (out.Say("entry_restart"),) if restarted else ()
            return _wait_at(tree, state, entry, (*lead, *so_far(keys, entry.holds)) if paused else lead)
        case HelpWanted():
            return _arrive(tree, state, entry.failed)
        case Skipped() if entry.skip is not None:
            skipped = replace(state.draft, birth_date=None) if entry.holds is Field.BIRTH_DATE else state.draft
            return _arrive(tree, replace(state, draft=skipped), entry.skip)
        case Skipped():
            return _wait_at(tree, replace(state, entry=""), entry, (out.Say(entry.prompt),))
        case Useless(fault):
            return _missed(tree, replace(state, entry=""), entry, "no_match", fault)


def _at_recorder(tree: Tree, state: CallState, node: Recorder, given: Input) -> Turn:
    match given:
        case Recorded(sid, seconds) if node.keeps:
            return _arrive(tree, state.adding({node.keeps: sid}), node.to, events=(ev.RecordingMade(sid, seconds),))
        case Recorded(sid, seconds):
            draft = _recorded(state, node, sid)
            made = ev.RecordingMade(sid, seconds)
            return _arrive(tree, replace(state, draft=draft), node.to, events=(made,))
        case NoInput():
            return _missed(tree, state, node, "no_input")
        case _:
            return _wait_at(tree, state, node, ())


def _recorded(state: CallState, node: Recorder, sid: str) -> Draft:
    """The draft with what was recorded; a voicemail belongs to a request that is saved, and changes none of it."""
    if node.answers and state.saved:
        return replace(state.draft, voicemail_sid=sid)
    draft = replace(state.draft, recording_sid=sid, **node.answers)
    if node.answers and draft.callback_number is None:
        return replace(draft, callback_number=state.caller_number, is_caller_id=state.caller_number is not None)
    return draft


def _at_transfer(tree: Tree, state: CallState, node: Transfer, given: Input) -> Turn:
    match given:
        case DialEnded(connected=True):
            state = replace(state, draft=state.draft if state.saved else Draft(), desk_tried=0)
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
    return _arrive(tree, replace(state, saved=saved), to)


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


def _leave(tree: Tree, state: CallState) -> Turn:
    """Keep what staff could act on, if it is not saved: a number or a recording, and that a person was asked for."""
    events: Events = (ev.CallLeft(state.node),)
    draft, node = state.draft, tree.nodes.get(state.node)
    asked = isinstance(node, Transfer) or (isinstance(node, Recorder) and node.asked)
    is_human = bool(state.last_key)
    if asked and state.caller_number and not draft.is_worth_keeping:
        reason = Reason.PERSON if is_human else None
        draft = Draft(Kind.CALLBACK, state.caller_number, is_caller_id=True, reason=reason)
    if draft.is_worth_keeping and not state.saved:
        events = (*events, ev.RequestLeft(draft, is_human))
    return Turn(state, (out.Hangup(),), events)


def _missed(tree: Tree, state: CallState, node: Menu | Entry | Recorder, kind: str, fault: Fault | None = None) -> Turn:
    """Answer a miss: a short reprompt, then one with an example, then somebody who can help."""
    attempt = state.attempts + 1
    missed: Events = (ev.InputMissed(node.name, kind, attempt),)
    if attempt >= ATTEMPTS:
        giving_up = "help_is_near" if isinstance(node, Recorder) else node.giving_up
        return _arrive(tree, state, node.failed, (out.Say(giving_up),), missed)
    state = replace(state, attempts=attempt)
    if isinstance(node, Recorder):
        return _wait_at(tree, state, node, (out.Say(f"record_{kind}"),), missed)
    why = fault or f"again_{kind}"
    lead: Speeches = (out.Say(why if attempt == 1 else node.example), BETWEEN_OPTIONS)
    if isinstance(node, Entry):
        there = so_far(state.entry, node.holds)
        lead = (*lead, *(there or (out.Say(node.prompt),))) if attempt == 1 else (*lead[:1], *there)
    elif node.keep_opening and attempt == 1:
        lead = (*lead, *opening(node, state))
    return _wait_at(tree, state, node, lead, missed)


def _arrive(tree: Tree, state: CallState, to: Exit, lead: Speeches = (), events: Events = ()) -> Turn:
    """Go to a node, through the notices on the way, up to the next wait."""
    before: tuple[out.Output, ...] = ()
    kept = ""
    node = tree[resolve(tree, state, to)]
    while isinstance(node, Notice):
        before = (*before, *_uncut_words(tree, node))
        lead = (*lead, *spoken(node.lead, state)) if node.lead else lead
        kept = node.name if node.keeps_lead else kept
        events = (*events, ev.NodeEntered(node.name))
        node = tree[resolve(tree, state, node.to)]
    moved = node.name != state.node
    state = replace(state, node=node.name, attempts=0, entry="", lead=kept)
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
        case Save() if state.saved and state.saved.id:
            return _arrive(tree, state, node.again, lead, events)
        case Save():
            confirmed = ev.RequestConfirmed(state.draft, bool(state.last_key))
            turn = Turn(state, (_gather((*lead, out.Say(node.waiting)), 1, 1),), (*events, confirmed))
        case Consult():
            turn = Turn(state, (out.Skippable(lead),) if lead else (), (*events, ev.Asked(node.asks)))
        case End():
            words = tuple(out.Say(prompt) for prompt in node.prompts)
            turn = Turn(state, (out.Skippable((*lead, *words)), out.Hangup()), events)
    return replace(turn, outputs=(*before, *turn.outputs))


def _uncut_words(tree: Tree, notice: Notice) -> Speeches:
    """A notice's prompts, with a rest to let them sink in; or in the default language, and shorter in each other."""
    if not notice.elsewhere:
        return tuple(speech for prompt in notice.prompts for speech in (out.Say(prompt), BETWEEN_OPTIONS))
    first, *others = tree.languages
    default = tuple(out.Say(prompt, first if others else None) for prompt in notice.prompts)
    return (*default, *(out.Say(notice.elsewhere, language) for language in others))


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
            wait = SECOND_WAIT if state.attempts and node.wait == MENU_WAIT else node.wait
            uncut, rest = _uncut(node, (*speech, *pause, *announced))
            return Turn(state, (*uncut, _gather(rest, 1, wait)), events)
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


def _uncut(menu: Menu, speech: Speeches) -> tuple[Speeches, Speeches]:
    """What no key can cut, and the rest: keys are heard from there on."""
    if menu.all_uncut:
        return speech, ()
    first = out.Say(menu.uncut) if menu.uncut else None
    end = speech.index(first) + 1 if first in speech else 0
    return speech[:end], speech[end:]


def _gather(speech: Speeches, most_keys: int, timeout: int, finish_key: str = "") -> out.Gather:
    return out.Gather(speech, most_keys, timeout, finish_key)
