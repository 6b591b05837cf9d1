"""The automatic caller itself: at each wait it looks where the call is, and does what its guide says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import func, select

from ivr.callflow import outputs as out
from ivr.callflow.nodes import End
from ivr.callflow.state import CallState, from_plain
from ivr.models import Call, CallTurn
from ivr.services.line import Line
from ivr.simulator import HangUp, PlannedCaller, Silence, Wait
from ivr.simulator.caller import GatherPlan, RecordPlan
from ivr.walk.acts import Act, Move, acts_at, spoken_prompts
from ivr.walk.edges import HANGS_UP, LISTENS, Edge, edges_taken
from ivr.walk.errands import ASIDE, MEANWHILE
from ivr.walk.guide import Guide, Planned
from ivr.walk.scenes import Scene
from ivr.walk.stage import Part, SceneSetter

MOST_WAITS = 80
"""After so many a call hangs up: the clinic must not close in the middle of it."""

MOST_FRUITLESS = 20
"""And after so many in a row that came to nothing new."""

SKIPPABLE_SECONDS = 1
"""A Gather that waits no longer is there to let a key cut its words."""


@dataclass(slots=True)
class _Done:
    """What the caller did last, and where."""

    state: CallState
    act: Act


class Walker(PlannedCaller):
    """One call of the walk. `gained` tells whether it took anything that was still to be done."""

    def __init__(
        self, line: Line, guide: Guide, stage: SceneSetter, scene: Scene, part: Part, errand: str = ""
    ) -> None:
        """Call in a scene that the stage is set for: first on an errand, then wherever the guide leads."""
        super().__init__()
        self.gained = False
        self.done: list[str] = []
        self.node, self.language = line.tree.first, line.tree.languages[0]
        self._line, self._guide, self._stage, self._scene, self._part = line, guide, stage, scene, part
        with line.database.read() as session:
            self._before = session.scalar(select(func.max(Call.id))) or 0
        self._errand = errand.split()
        self._is_disturbed = False
        self._turn = -1
        self._latest: _Done | None = None
        self._plan: list[Planned] = []
        self._waits = self._fruitless = 0

    def at_gather(self, wait: Wait) -> GatherPlan:
        """Press what brings the walk on; words that a key can only cut are listened to."""
        state = self.look()
        is_skippable = wait.verb.timeout <= SKIPPABLE_SECONDS
        if state is not None and is_skippable and not isinstance(self._line.tree.nodes.get(state.node), End):
            return Silence()
        move = self._next(state)
        return move if not isinstance(move, HangUp) or not is_skippable else Silence()  # type: ignore[return-value]

    def at_record(self, wait: Wait) -> RecordPlan:
        """Speak, say nothing or hang up."""
        return self._next(self.look())  # type: ignore[return-value]

    def look(self) -> CallState | None:
        """Where the call is now, by the line's own records; what it took since the last look is told to the guide."""
        with self._line.database.read() as session:
            mine = select(Call.id, Call.progress).where(Call.id > self._before).order_by(Call.id)
            call = session.execute(mine.limit(1)).first()
            if call is None:
                return None
            fresh = select(CallTurn.number, CallTurn.input, CallTurn.node, CallTurn.events)
            since = (CallTurn.call_id == call.id, CallTurn.number > self._turn)
            turns = session.execute(fresh.where(*since).order_by(CallTurn.number)).all()
        progress = json.loads(call.progress)
        self._line.calendars.forget()
        state = from_plain(progress["state"]).at(*self._line.surroundings(self._line.clock()))
        outputs = tuple(out.from_plain(output) for output in progress["outputs"])
        language = self._latest.state.language if self._latest else state.language
        self.language = state.language
        for number, given, node, events in turns:
            keys = self._latest.act.keys if self._latest else ""
            edges = edges_taken(self._line.tree, self.node, given, keys, json.loads(events), spoken_prompts(outputs))
            if self._guide.took(language, edges):
                self.gained, self._fruitless = True, 0
            self._turn, self.node = number, node
        if turns and self._latest and not self._is_disturbed:
            self._guide.saw(self._scene, self._latest.state, self._latest.act, state)
        return state

    def _next(self, state: CallState | None) -> Move:
        self._waits += 1
        self._fruitless += 1
        if state is None or self._waits > MOST_WAITS or self._fruitless > MOST_FRUITLESS:
            return HangUp()
        act = self._choose(state)
        if act is None:
            return HangUp()
        self._guide.trying(self._scene, state, act)
        if act.name in (HANGS_UP, LISTENS):
            self.gained |= self._guide.took(state.language, [Edge(state.node, act.name, "")])
        self._latest = _Done(state, act)
        self.done.append(act.words)
        return act.move

    def _choose(self, state: CallState) -> Act | None:
        """The errand's next act; then the plan's, or that of a new plan where the call is not where the old one led."""
        if self._errand:
            name = ASIDE.get(state.node) or self._errand.pop(0)
            return self._act(state, self._disturbed(name, state))
        if self._is_disturbed:
            return None
        if self._plan and self._plan[0].place != self._guide.place(state):
            self._guide.missed(self._scene, self._plan)
            self._plan = []
        if not self._plan:
            self._plan = self._guide.plan(self._scene, state, self._acts)
        return self._act(state, self._plan.pop(0).act) if self._plan else None

    def _disturbed(self, name: str, state: CallState) -> str:
        """Let somebody else do what they do meanwhile, if the errand says so; what the caller does then."""
        if name.startswith(MEANWHILE):
            self._stage.interfere(self._scene, state)
            self._is_disturbed = True
        return name.removeprefix(MEANWHILE)

    def _act(self, state: CallState, name: str) -> Act | None:
        return next((act for act in self._acts(state) if act.name == name), None)

    def _acts(self, state: CallState) -> Iterator[Act]:
        return acts_at(self._line.tree.nodes.get(state.node), self._part.entries)
