"""The information, with clips of the clinic's own in it: callers step through them, and one that goes leaves no hole."""

import pytest

from ivr.callflow.check import check
from ivr.callflow.overview import as_overview
from ivr.callflow.picture import as_svg
from ivr.callflow.tree import build
from ivr.callflow.tree_information import MOST_AT_A_PLACE, PLACES, OwnClip
from ivr.services.numbers import dialable

EN = ("en-US",)


def tree(*clips):
    return build(EN, dialable, tuple(OwnClip(name, after) for name, after in clips))


def chain(built, name):
    """A clip and what key 3 leads to after it, and so on."""
    while name:
        yield name
        then = built[name].choice("3")
        name = then.to if then else ""


@pytest.mark.parametrize(
    ("clips", "first", "heard"),
    [
        ([("own_1_a", "causes")], "fracture", ["fracture", "causes", "own_1_a"]),
        ([("own_1_a", "kyphoplasty")], "kyphoplasty", ["kyphoplasty", "own_1_a"]),
        ([("own_2_b", "needle"), ("own_3_c", "needle")], "needle", ["needle", "own_2_b", "own_3_c", "cement"]),
        ([("own_1_a", "fracture")], "vertebroplasty", ["vertebroplasty", "benefit"]),
        ([], "cement", ["cement", "afterwards", "risks"]),
    ],
)
def test_own_clips_stand_after_theirs_and_the_chain_goes_on(clips, first, heard):
    assert list(chain(tree(*clips), first))[: len(heard)] == heard


def test_every_place_filled_is_a_sound_tree_and_drawn():
    clips = [(f"own_{n}_{place}", place) for place in PLACES for n in range(MOST_AT_A_PLACE)]
    built = tree(*clips)
    assert check(built, ()) == []
    assert all(f'data-node="{name}"' in as_svg(built) for name, _ in clips)
    assert as_overview(built)


def test_the_menu_of_topics_has_no_room_for_more():
    """Where it gets room, own topics can be offered there."""
    assert len(tree()["information"].choices) == 4
