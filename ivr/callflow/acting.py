"""What a choice does to the draft, besides setting answers."""

from __future__ import annotations

from dataclasses import replace

from ivr.callflow import events as ev
from ivr.callflow.answers import Draft
from ivr.callflow.nodes import Choice, DraftAction
from ivr.callflow.state import CallState


def act(state: CallState, choice: Choice) -> tuple[CallState, tuple[ev.Event, ...]]:
    """The state after a choice's action, and what happened with it."""
    draft = state.draft
    match choice.action:
        case DraftAction.BEGIN:
            return replace(state, draft=_fresh(state, choice), saved=None), ()
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
    return state, ()


def _fresh(state: CallState, choice: Choice) -> Draft:
    """A new draft that forgets nothing staff could need if the caller hangs up now; what is saved is theirs already."""
    draft = state.draft
    if state.saved:
        return Draft(kind=choice.kind)
    return Draft(
        kind=choice.kind,
        callback_number=draft.callback_number,
        is_caller_id=draft.is_caller_id,
        red_flags=draft.red_flags,
        recording_sid=draft.recording_sid,
    )
