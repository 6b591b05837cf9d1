"""What is behind key 3 of the main menu: topics, each a chain of clips, and the clinic's own clips among them.

Where an own clip may stand is decided here; which ones stand there is data, and a call keeps those of its release.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ivr.callflow.answers import Kind
from ivr.callflow.nodes import Choice, DraftAction, Menu, Node
from ivr.callflow.tree_existing import REQUEST

APPOINTMENT = Choice("1", "option_appointment", REQUEST, action=DraftAction.BEGIN, kind=Kind.APPOINTMENT)
CALLBACK = Choice("2", "option_callback", REQUEST, action=DraftAction.BEGIN, kind=Kind.CALLBACK)

CHAINS = (
    ("fracture", "causes"),
    ("vertebroplasty", "benefit"),
    ("kyphoplasty",),
    ("preparing", "needle", "cement", "afterwards", "risks"),
)
"""The clips of each topic, in the order of its key."""

PLACES = tuple(name for chain in CHAINS for name in chain)
"""After each of these clips own ones may stand. The menu of topics itself has no room: it announces four already."""

MOST_AT_A_PLACE = 3
"""Own clips after the same clip: callers step through them one by one."""

OWN = "own_"
"""How the nodes of own clips begin."""


@dataclass(frozen=True, slots=True)
class OwnClip:
    """A clip of the clinic's own: its node, and the shipped clip after which it stands."""

    name: str
    after: str


def clip_prompt(name: str) -> str:
    """The prompt that a clip's node speaks."""
    return f"clip_{name}"


def information_nodes(own: Iterable[OwnClip] = ()) -> tuple[Node, ...]:
    """The topics and their clips; own ones follow the clip that they stand after, in their order."""
    standing = tuple(own)
    topics = Menu(
        "information",
        level=2,
        opening=("information_opening",),
        choices=(
            Choice("1", "information_fracture", "fracture"),
            Choice("2", "information_vertebroplasty", "vertebroplasty"),
            Choice("3", "information_kyphoplasty", "kyphoplasty"),
            Choice("4", "information_day", "preparing"),
        ),
        global_options=("option_person",),
        example="information_example",
        back="main",
    )
    clips: list[Node] = []
    for chain in CHAINS:
        names = [name for place in chain for name in (place, *(one.name for one in standing if one.after == place))]
        following = [*names[1:], None]
        clips += map(_clip, names, following)
    return (topics, *clips)


def _clip(name: str, then: str | None) -> Menu:
    on = (Choice("3", "clip_next", then),) if then else ()
    return Menu(
        name,
        level=3,
        opening=(clip_prompt(name),),
        choices=(APPOINTMENT, CALLBACK, *on),
        global_options=("option_repeat", "option_person") if then else ("option_repeat", "option_topics"),
        example="clip_example",
        back="information",
        disclaimer="disclaimer",
        clip=name,
    )
