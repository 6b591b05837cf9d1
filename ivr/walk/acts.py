"""What a caller can do where a call waits, and what the engine says that would lead to."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from ivr.callflow import events as ev
from ivr.callflow.engine import Turn, advance
from ivr.callflow.inputs import DialEnded, Digits, Input, NoInput, Recorded, RequestSaved
from ivr.callflow.nodes import ATTEMPTS, End, Entry, Field, Menu, Node, Outgoing, Recorder, Transfer, Tree
from ivr.callflow.outputs import Gather, Output, Say, Skippable
from ivr.callflow.state import CallState
from ivr.callflow.tree_existing import existing_nodes
from ivr.simulator import HangUp, Keys, Silence, Speak
from ivr.walk.edges import HANGS_UP, LISTENS, RESTART, Edge, edges_of, edges_taken, wrong_key

SPOKEN_SECONDS = 4
NOBODYS_REFERENCE = "100008"
"""A reference that could be one, and is not: its first digits are never given out by chance."""

TOO_FEW = "1#"
"""An entry that nothing can be made of."""

TELLS_A_REQUEST = frozenset(node.name for node in existing_nodes())
"""The nodes whose exits depend on which request was told; those of all others on what is being asked for."""

Move = Keys | Silence | Speak | HangUp


@dataclass(frozen=True, slots=True)
class Act:
    """One thing to do at a wait. Acts of one `name` are the same, whatever number or reference a call has to key."""

    name: str
    move: Move

    @property
    def keys(self) -> str:
        """What is pressed."""
        return self.move.keys if isinstance(self.move, Keys) else ""

    @property
    def words(self) -> str:
        """As `python -m ivr call --keys` would have it."""
        match self.move:
            case Keys(keys):
                return keys
            case Silence():
                return "s"
            case Speak(seconds):
                return f"r{seconds:g}s"
            case HangUp():
                return "h"

    @property
    def given(self) -> Input | None:
        """The input that the line makes of it; None when the caller is gone."""
        match self.move:
            case Keys(keys):
                pressed, hash_, _ = keys.partition("#")
                return Digits(pressed, hash_)
            case Silence():
                return NoInput()
            case Speak():
                return Recorded(f"RE{0:032x}", SPOKEN_SECONDS)
            case HangUp():
                return None


@dataclass(frozen=True, slots=True)
class ActResult:
    """Where an act leads: the edges, and the state at the next wait; None when the call is over or that is unknown.

    `asks` is the consult whose answer decides.
    """

    edges: tuple[Edge, ...]
    state: CallState | None
    asks: str = ""


def situation(state: CallState) -> Hashable:
    """What of a state decides where it can lead; calls in the same situation can go the same ways."""
    number = state.draft.callback_number or state.caller_number
    heading = state.request.heard if state.node in TELLS_A_REQUEST else state.draft.flow
    surroundings = (bool(state.caller_number), bool(number), bool(state.desk), state.is_open, state.language)
    place = (state.node, state.attempts, bool(state.entry), state.refused >= ATTEMPTS, bool(state.closure))
    keyed = (state.request.reference == NOBODYS_REFERENCE, prompt_of(state), state.studio.recorded_in)
    told = (bool(state.saved), state.lead, bool(state.last_key), bool(state.draft.red_flags))
    return (*place, heading, *keyed, *told, *surroundings)


def prompt_of(state: CallState) -> str:
    """The prompt that was read out to whoever records, by its key; '' when none was."""
    return state.studio.reading.key if state.studio.reading else ""


def acts_at(node: Node | None, entries: Mapping[Field, Mapping[str, str]]) -> Iterator[Act]:
    """Everything to try at a node; `entries` are what there is to key, by names such as 'right' and 'other'."""
    match node:
        case Menu():
            wrong = (key for key in (wrong_key(node),) if key)
            pressed = dict.fromkeys([*(choice.key for choice in node.choices), "*", "0", "9", "#", *wrong])
            yield from (Act(key, Keys(key)) for key in pressed)
            yield Act("silence", Silence())
        case Entry():
            yield from (Act(name, Keys(keys)) for name, keys in entries.get(node.holds, {}).items())
            skip = ("#",) if node.skip is not None else ()
            helped = ("0",) if node.holds is Field.NUMBER else ()
            yield from (Act(keys, Keys(keys)) for keys in (*skip, *helped, TOO_FEW, RESTART))
            yield Act("silence", Silence())
        case Recorder():
            yield Act("speak", Speak(SPOKEN_SECONDS))
            yield Act("silence", Silence())
            yield Act(HANGS_UP, HangUp())
        case End():
            yield Act("1", Keys("1"))
            yield Act(LISTENS, Silence())


def predict(tree: Tree, state: CallState, act: Act, *, desk_answers: bool) -> ActResult:
    """What the engine says of an act; what only the records can tell stays open, and so does a way into nothing."""
    given = act.given
    if given is None or act.name == LISTENS:
        return ActResult((Edge(state.node, act.name, ""),), None)
    try:
        return _predicted(tree, state, act, given, desk_answers)
    except KeyError:
        here = edges_of(tree[state.node])
        return ActResult(tuple(edge for edge in here if edge.way == act.name), None)


def _predicted(tree: Tree, state: CallState, act: Act, given: Input | None, desk_answers: bool) -> ActResult:
    edges: list[Edge] = []
    while given is not None:
        turn = _saved(tree, advance(tree, state, given))
        events = [ev.to_plain(event) for event in turn.events]
        edges += edges_taken(tree, state.node, type(given).__name__, act.keys, events, spoken_prompts(turn.outputs))
        state = turn.state
        if turn.events and isinstance(turn.events[-1], ev.Asked):
            return ActResult(tuple(edges), None, asks=state.node)
        given = _by_itself(tree[state.node], desk_answers)
    return ActResult(tuple(edges), state)


def spoken_prompts(outputs: tuple[Output, ...]) -> frozenset[str]:
    """The prompts among a turn's outputs."""
    speech = chain.from_iterable(one.speech if isinstance(one, Gather | Skippable) else (one,) for one in outputs)
    return frozenset(part.prompt for part in speech if isinstance(part, Say))


def _saved(tree: Tree, turn: Turn) -> Turn:
    """The turn with what follows when its request is stored."""
    if not (turn.events and isinstance(turn.events[-1], ev.RequestConfirmed)):
        return turn
    after = advance(tree, turn.state, RequestSaved("100008", None, id=1))
    return Turn(after.state, after.outputs, (*turn.events, *after.events))


def _by_itself(node: Node, desk_answers: bool) -> Input | None:
    """What happens at a node where nobody waits for the caller."""
    return DialEnded(desk_answers) if isinstance(node, Transfer | Outgoing) else None
