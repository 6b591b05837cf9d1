"""Calls that are planned by hand: they need somebody else to do something meanwhile, or the right answers in a row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ivr.callflow.nodes import Tree
from ivr.models import Role
from ivr.walk.scenes import Interference, Scene, hours_scenes

MEANWHILE = "!"
"""Before an act: the scene's interference comes first."""

ASIDE = {"language": "1", "language_known": "silence", "studio_language": "1"}
"""What is done at menus that only a line of several languages has."""

WRONG = "other 1 other"
"""A reference nobody has, and a number."""

SPENT = f"4 3 3 {WRONG} {WRONG} {WRONG} speak * 4 !3"
"""Three wrong proofs lead to the desk and to a voicemail; then a request is gone while it is being told."""


@dataclass(frozen=True, slots=True)
class Errand:
    """A call: its scene, and what is done at each wait, by the names that acts have."""

    scene: Scene
    does: str


OF_STAFF = {
    Interference.CLAIMS: ("!7", "!1"),
    Interference.CLOSES: ("1 !2", "1 1 !1"),
    Interference.DEMOTES: (
        *("8 !1", "8 !2", "8 !3", "8 4 1 !right", "8 4 !*"),
        *("5 other !right", "5 !#", "5 right 1 !speak", "5 right 1 speak !2", "5 right 4 !1", "5 right 4 !2"),
    ),
    Interference.DEACTIVATES: ("!3", "!*"),
}
"""Behind extension and PIN; 5 and 8 are the studio and the hours."""

OF_ADMINS = (
    "right other right other right other 1",
    "right right 5 right 1 speak 2",
    "right right 5 clinical 1 speak 2",
    "right right 5 right 4 1 right 4 2",
)
"""From the extension: three wrong PINs; and prompts recorded, one of them medical; none to publish, none before."""

PUBLISHES = "right right 5 clinical 4 1 right 4 1 right 4 2"
"""An own recording that needs a second person; then one that needs none is on the air, and off it again."""

MOVES, MOVES_NOTHING = "right right 8 4 1 right", "right right 8 4 3 right"
"""Today opens late; and tomorrow would, if the clinic were open then."""

UNKNOWN = f"4 {WRONG} {WRONG} {WRONG} silence silence silence * 4"
"""Three wrong proofs and no word for the voicemail: nothing is known of the caller, and no proof is left."""

NO_PROOF_LEFT = f"4 3 {WRONG} {WRONG} {WRONG} silence silence silence * 4 3"
"""The same of a caller with an open request, who then asks for another one."""

GONE = "2 2 1 4 3 1 !2"
"""A new request, which staff close during the questions; the receipt says so."""

OF_CALLERS = ("4 2 !1", "4 1 1 right 1 !1", "4 1 2 !1", "4 !3", SPENT, f"{GONE} 9 *", f"{GONE} 0", f"{GONE} silence")
"""From the main menu, with two open requests that staff close meanwhile."""


def errands_of(tree: Tree) -> Iterator[Errand]:
    """All of them; they come first, and show the guide what the records can answer."""
    for interference, errands in OF_STAFF.items():
        scene = Scene(
            f"an admin, {interference}", role=Role.ADMIN, queue=True, desk_answers=True, interference=interference
        )
        yield from (Errand(scene, f"right right {does}") for does in errands)
    admin = Scene("an admin", role=Role.ADMIN, queue=True)
    yield from (Errand(admin, does) for does in OF_ADMINS)
    yield Errand(Scene("an admin with recordings", role=Role.ADMIN, queue=True, recorded=True), PUBLISHES)
    yield Errand(admin, MOVES)
    yield Errand(Scene("an admin, closed tomorrow", role=Role.ADMIN, tomorrow=True), MOVES_NOTHING)
    for scene in hours_scenes():
        yield Errand(scene, "right right 8 3 * 5 clinical 1 speak 0")
    closes = Interference.CLOSES
    for language in tree.languages:
        scene = Scene(f"open requests, {closes}, {language}", before=language, requests=2, interference=closes)
        yield from (Errand(scene, does) for does in OF_CALLERS)
        name = f"open requests, {closes}, closed, {language}"
        closed = Scene(name, before=language, requests=2, interference=closes, is_open=False)
        yield from (Errand(closed, does) for does in (SPENT, f"{GONE} 0"))
        yield Errand(Scene(f"a known number, {language}", before=language), UNKNOWN)
        yield Errand(Scene(f"closed, {language}", before=language, is_open=False), UNKNOWN)
        for name, is_open in (("", True), ("closed, ", False)):
            told = f"a request to be answered elsewhere, {name}{language}"
            yield Errand(Scene(told, is_open, before=language, requests=1, elsewhere=True), UNKNOWN)
        yield Errand(
            Scene(f"a closed request, {language}", before=language, requests=1, closed=True), "4 right 1 right"
        )
        one = Scene(f"one open request, {language}", before=language, requests=1)
        yield from (Errand(one, does) for does in ("4 3 right 1 right", NO_PROOF_LEFT))
        name = f"one open request, closed, {language}"
        yield Errand(Scene(name, before=language, requests=1, is_open=False), NO_PROOF_LEFT)
