"""The guide of all calls: which goals are left, and what a call must do next to reach the nearest one."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from ivr.callflow.nodes import Tree
from ivr.callflow.state import CallState
from ivr.walk.acts import Act, ActResult, predict, prompt_of, situation
from ivr.walk.edges import Edge, Goal, edges_of, staffs
from ivr.walk.scenes import Scene

MOST_TRIES = 3
"""How often the same act is tried in the same situation of a scene, for a goal that it did not reach before."""

MOST_MISSES = 6
"""How often a scene's plans may end up elsewhere than where they were to lead, for the same goal."""

MOST_QUESTIONS = 5
"""How often a scene lets the same question be asked in the hope of another answer."""

Choose = Callable[[CallState], Iterable[Act]]
"""Everything that can be done in a state."""

Place = int
"""The number of a situation: the same one for calls that can go the same ways."""

Try = tuple[str, Place, str]
"""A scene, a place in it, and what is done there."""

_Ways = dict[Place, "tuple[Place, _Branch] | None"]
"""How each place was reached: from which other one, and by what."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One step of a plan: the name of an act, and the place it is meant for."""

    place: Place
    act: str


@dataclass(frozen=True, slots=True)
class _Branch:
    """What the engine says of an act at a place: the goals it reaches, where it leads, or the question that decides."""

    key: Try
    goals: tuple[Goal, ...]
    leads: tuple[tuple[Place, CallState], ...]
    asks: str
    hopes: tuple[Goal, ...]
    question: Hashable


@dataclass(slots=True)
class Guide:
    """Remembers what was walked, over all calls. `left` shrinks as calls report what they did."""

    tree: Tree
    left: set[Goal]
    walked: set[Goal] = field(default_factory=set)
    _staffs: frozenset[str] = frozenset()
    _places: dict[Hashable, Place] = field(default_factory=dict)
    _tries: Counter[Hashable] = field(default_factory=Counter)
    _misses: Counter[Hashable] = field(default_factory=Counter)
    _results: dict[Hashable, ActResult] = field(default_factory=dict)
    _branches: dict[tuple[str, Place], Sequence[_Branch]] = field(default_factory=dict)
    _latest: dict[Try, tuple[tuple[Place, CallState], ...]] = field(default_factory=dict)
    _here: dict[Try, dict[Hashable, CallState]] = field(default_factory=dict)
    _ever: dict[Hashable, dict[Hashable, CallState]] = field(default_factory=dict)

    _expected: dict[Hashable, Sequence[tuple[Place, CallState]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Know which nodes are staff's."""
        self._staffs = staffs(self.tree)

    def place(self, state: CallState) -> Place:
        """Where a state is, as far as it matters for where it can lead."""
        return self._places.setdefault(situation(state), len(self._places))

    def took(self, language: str, edges: Iterable[Edge]) -> bool:
        """Note what a turn took; whether any of it was still to be done."""
        goals = {Goal(language, edge) for edge in edges}
        found = goals & self.left
        self.walked |= goals
        self.left -= found
        return bool(found)

    def saw(self, scene: Scene, before: CallState, act: Act, after: CallState) -> None:
        """Note where an act really led."""
        key = (scene.name, self.place(before), act.name)
        self._latest[key] = ((self.place(after), after),)
        outcome = (after.node, after.request.heard, prompt_of(after), after.studio.recorded_in)
        self._here.setdefault(key, {})[outcome] = after
        self._ever.setdefault(_question(before, act.name), {})[outcome] = after

    def plan(self, scene: Scene, state: CallState, choose: Choose) -> list[Planned]:
        """The shortest way from here to something still to be done, or else to a question; empty when none is left."""
        if not self.left:
            return []
        start = self.place(state)
        question: _Branch | None = None
        ahead = deque([(start, state)])
        came: _Ways = {start: None}
        while ahead:
            place, here = ahead.popleft()
            for branch in self._branching(scene, place, here, choose):
                if self._tries[branch.key] < MOST_TRIES and self._misses[branch.key] < MOST_MISSES:
                    if any(goal in self.left for goal in branch.goals):
                        return _way_to(came, branch)
                    if question is None and self._may_tell(branch):
                        question = branch
                for there, after in self._after(here, branch):
                    if there not in came:
                        came[there] = (place, branch)
                        ahead.append((there, after))
        return _way_to(came, question) if question else []

    def trying(self, scene: Scene, state: CallState, act: Act) -> None:
        """Note that an act is about to be done."""
        for branch in self._branches.get((scene.name, self.place(state)), ()):
            if branch.key[2] == act.name:
                self._tries[branch.key] += 1
                self._tries[branch.question] += 1

    def missed(self, scene: Scene, plan: Sequence[Planned]) -> None:
        """Note that a plan did not lead where it was to; after some, what it was for is sought elsewhere."""
        self._misses[scene.name, plan[-1].place, plan[-1].act] += 1

    def _branching(self, scene: Scene, place: Place, state: CallState, choose: Choose) -> Sequence[_Branch]:
        """All there is to do at a place; a scene is there for the nodes of staff or for all others."""
        if (scene.name, place) not in self._branches:
            is_there = (state.node in self._staffs) is (scene.role is not None)
            acts = choose(state) if is_there else ()
            self._branches[scene.name, place] = [self._branch(scene, place, state, act) for act in acts]
        return self._branches[scene.name, place]

    def _branch(self, scene: Scene, place: Place, state: CallState, act: Act) -> _Branch:
        same = (place, act.name, scene.desk_answers)
        step = self._results.get(same) or predict(self.tree, state, act, desk_answers=scene.desk_answers)
        self._results[same] = step
        hopes = edges_of(self.tree[step.asks]) if step.asks else ()
        return _Branch(
            key=(scene.name, place, act.name),
            goals=self._goals(scene, state.language, step.edges),
            leads=((self.place(step.state), step.state),) if step.state is not None else (),
            asks=step.asks,
            hopes=self._goals(scene, state.language, hopes),
            question=(scene.name, step.asks, state.language),
        )

    def _goals(self, scene: Scene, language: str, edges: Iterable[Edge]) -> tuple[Goal, ...]:
        of_staff = scene.role is not None
        return tuple(Goal(language, edge) for edge in edges if (edge.node in self._staffs) is of_staff)

    def _may_tell(self, branch: _Branch) -> bool:
        """Whether the records may answer a question as they never did yet."""
        if not branch.asks or self._tries[branch.question] >= MOST_QUESTIONS:
            return False
        return any(goal in self.left for goal in branch.hopes)

    def _after(self, here: CallState, branch: _Branch) -> Iterable[tuple[Place, CallState]]:
        """Where a branch may lead: as the engine says, or as the records ever answered; after some tries, as here."""
        if not branch.asks:
            return self._latest.get(branch.key) or branch.leads
        name = branch.key[2]
        is_new = self._tries[branch.key] < MOST_TRIES
        found = self._ever.get(_question(here, name)) if is_new else self._here.get(branch.key)
        known = (branch.key, is_new, len(found or ()))
        if known not in self._expected:
            states = [_moved(after, here) for after in (found or {}).values()]
            self._expected[known] = [(self.place(state), state) for state in states]
        return self._expected[known]


def _question(state: CallState, act: str) -> Hashable:
    """What the records are asked by an act: in other calls that act and know alike, they may answer alike."""
    return (state.node, act, bool(state.last_key))


def _moved(state: CallState, here: CallState) -> CallState:
    """What another call came to, as this one would."""
    moved = replace(state, language=here.language, caller_number=here.caller_number)
    return moved.at(here.today, here.desk, here.closure, here.is_open)


def _way_to(came: _Ways, last: _Branch) -> list[Planned]:
    way = [last]
    while (step := came[way[-1].key[1]]) is not None:
        way.append(step[1])
    return [Planned(*branch.key[1:]) for branch in reversed(way)]
