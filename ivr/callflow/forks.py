"""Where an exit leads that depends on what is known of the call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ivr.callflow.nodes import ATTEMPTS, Exit, Fork, On, Tree
from ivr.callflow.state import CallState


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
        On.DESK: "open" if state.desk else "nobody" if state.is_open else "closed",
        On.PROOFS: "left" if state.refused < ATTEMPTS else "spent",
        On.HEARD: state.request.heard,
        On.KEYS: "pressed" if state.last_key else "none",
    }
