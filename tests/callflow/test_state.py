"""The state of a call as it is stored: whole, small, and readable after an upgrade."""

import dataclasses
import json
from datetime import date, datetime

import pytest

from ivr.callflow.answers import BestTime, Draft, Flow, Kind
from ivr.callflow.facts import (
    AgeUnit,
    Fact,
    Handling,
    Heard,
    Promise,
    PromptReading,
    Reading,
    RequestFacts,
    RequestSummary,
    StaffFacts,
    StudioFacts,
)
from ivr.callflow.inputs import RequestSaved
from ivr.callflow.state import CallState, from_plain, to_plain

PROMISE = Promise(datetime(2026, 11, 24, 10, 30), 1, 30)
FULL = CallState(
    node="existing_last",
    language="es-US",
    draft=Draft(Kind.CALLBACK, "+16175550142", best_time=BestTime.MORNING),
    saved=RequestSaved("123455", PROMISE),
    known_language="es-US",
    request=RequestFacts(
        7, "x", Heard.MORE, RequestSummary(Flow.MESSAGE, date(2026, 11, 22), Handling.CLAIMED, PROMISE), "123455", False
    ),
    staff=StaffFacts("42", 1, 3, 12, (4, 5), Reading(Kind.APPOINTMENT, "soon", 2, AgeUnit.HOUR, messages=(5, 6))),
    studio=StudioFacts("en-US", "117", PromptReading("main_example", "Words.", "Kindly."), "RE1", True),
)


def test_everything_comes_back_through_json():
    assert from_plain(json.loads(json.dumps(to_plain(FULL)))) == FULL


def test_what_is_as_at_the_start_is_not_stored():
    assert to_plain(CallState(node="main", language="en-US")) == {"node": "main", "language": "en-US"}


@pytest.mark.parametrize("node", ["staff_request", "saved", "existing_last"])
def test_a_call_that_began_on_the_first_edition_goes_on(node):
    """It kept an untyped dict of facts, and a receipt as a list."""
    old = {"node": node, "language": "en-US", "facts": {"staff_id": 3, "request_id": 9}, "draft": {"kind": "callback"}}
    state = from_plain({**old, "saved": ["123455", ["2026-11-24T10:00:00", 1, None]]})
    assert state.node == ("receipt" if node == "saved" else node)
    assert (state.saved.reference, state.draft.kind) == ("123455", Kind.CALLBACK)
    assert (state.staff, state.request) == (StaffFacts(), RequestFacts())


@pytest.mark.parametrize("fact", Fact)
def test_a_fact_has_a_field_that_keeps_it(fact):
    part, name = fact.value
    assert name in {field.name for field in dataclasses.fields(getattr(CallState(), part))}
