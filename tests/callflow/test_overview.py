"""The overview of the tree: what a reader needs of it is there, and what would hide that is not."""

import re
from dataclasses import replace

import pytest
from click.testing import CliRunner

from ivr.callflow.layout import behind
from ivr.callflow.nodes import Choice, Tree
from ivr.callflow.overview import BEGIN, END, as_overview, insert
from ivr.callflow.tree import build
from ivr.callflow.tree_staff import ENTRANCE
from ivr.cli import main

TREE = build(("en-US", "es-US"), lambda digits: f"+1{digits}")
STAFFS = behind(TREE, ENTRANCE)
PICTURE = as_overview(TREE, without=STAFFS)
BOXES = re.findall(r'^  (\w+)[(\[]+/?"', PICTURE, re.MULTILINE)
ARROWS = re.findall(r'^  (\w+) (?:-- "(.*)" )?--> (\w+)$', PICTURE, re.MULTILINE)


def test_every_line_is_a_box_or_an_arrow():
    first, *others = PICTURE.splitlines()
    assert (first, len(others)) == ("flowchart TD", len(BOXES) + len(ARROWS))
    assert len(set(BOXES)) == len(BOXES)


def test_arrows_join_boxes_and_every_box_is_reached():
    assert {end for start, _, end in ARROWS for end in (start, end)} == set(BOXES)
    assert {end for _, _, end in ARROWS} == set(BOXES) - {"emergency"}


def test_boxes_are_nodes_without_staffs_and_without_steps_nobody_waits_at():
    names = {re.sub("_(callback|appointment)$", "", box) for box in BOXES} - {"clips"}
    assert names <= set(TREE.nodes) - STAFFS
    assert not names & {"check_number", "check_birth_date", "keep_message", "existing", "saving", "closed", "goodbye"}
    assert len(BOXES) < len(TREE.nodes) / 2


@pytest.mark.parametrize(
    "arrow",
    [
        ("main", "1: none", "number_appointment"),
        ("main", "2: found", "callback_open_callback"),
        ("main", "2: none", "number_callback"),
        ("main", "0: closed", "voicemail"),
        ("number_callback", "", "saved_callback"),
        ("number_appointment", "", "saved_appointment"),
        ("saved_callback", "", "reason"),
        ("saved_appointment", "", "patient"),
        ("offer_message", "2: ask", "texts"),
        ("offer_message", "2: skip", "receipt"),
        ("texts", "", "receipt"),
        ("voicemail", "", "message_receipt"),
        ("clips", "1: none", "number_appointment"),
    ],
)
def test_the_main_ways_are_drawn(arrow):
    assert arrow in ARROWS


@pytest.fixture
def visits():
    """The picture of a tree with two kinds of visit, one of which leads past the birth date."""
    choices = (Choice("1", "visit_first_time", "birth_date"), Choice("2", "visit_again", "weekday"))
    nodes = {**TREE.nodes, "visit": replace(TREE["visit"], choices=choices)}
    return as_overview(Tree(nodes, TREE.languages, TREE.dialable), without=STAFFS)


def test_boxes_name_the_keys_in_the_words_of_their_prompts(visits):
    assert 'visit["visit<br/>1\u00a0first\u00a0time · 2\u00a0again"]' in visits


def test_arrows_name_the_keys_unless_all_lead_there(visits):
    assert '  visit -- "1" --> birth_date\n  visit -- "2" --> weekday\n' in visits
    assert "  patient --> visit\n" in visits


def test_a_menu_in_one_sentence_names_its_first_and_last_key():
    assert 'weekday["weekday<br/>1 to 6"]' in PICTURE


def test_a_document_keeps_everything_but_the_old_drawing():
    document = f"before\n{BEGIN}\n```mermaid\nold\n```\n{END}\nafter\n"
    assert insert(document, "new") == f"before\n{BEGIN}\n```mermaid\nnew\n```\n{END}\nafter\n"
    assert insert(insert(document, "other"), "new") == insert(document, "new")


@pytest.mark.parametrize(
    "document", ["", f"{BEGIN}\n", f"{END}\n{BEGIN}\n", f"{BEGIN}\n{BEGIN}\n{END}\n", f"{BEGIN}\n{END}\n{END}"]
)
def test_a_document_without_its_marks_is_refused(document):
    with pytest.raises(ValueError, match="once and in this order"):
        insert(document, "new")


def test_the_command_writes_it_into_a_document(tmp_path):
    document = tmp_path / "page.txt"
    document.write_text(f"before\n{BEGIN}\n{END}\nafter\n")
    words = ["tree", "--languages", "en-US,es-US", "--write", str(document)]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    assert document.read_text() == f"before\n{BEGIN}\n```mermaid\n{PICTURE}\n```\n{END}\nafter\n"
    document.write_text("no marks\n")
    failed = CliRunner().invoke(main, words)
    assert (failed.exit_code, document.read_text()) == (1, "no marks\n")
    assert "needs the lines" in failed.output
