"""The automatic caller on a line with a clip of the clinic's own at each place that the call tree offers."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from ivr import create_app, create_line
from ivr.callflow.tree_information import OWN, PLACES
from ivr.jobs.tasks import tasks_of
from ivr.models import PromptVersion
from ivr.services.audit import COMMAND
from ivr.services.prompts.own_clips import add_clip, own_clips
from ivr.services.prompts.together import publish_together
from ivr.walk import walking
from ivr.walk.edges import goals_of
from ivr.walk.findings import FindingKind
from ivr.walk.scenes import scenes_of
from ivr.walk.walking import walk
from tests.support.jobs import run_jobs

WORDS = {
    "en-US": "Please bring a list of your medicines and your insurance card.",
    "es-US": "Traiga una lista de sus medicinas y su tarjeta del seguro.",
}


@pytest.fixture
def line(rendered_line, config):
    """English and Spanish, with a clip at each place, which the machine's voice speaks."""
    line = rendered_line(languages=tuple(WORDS))
    for place in PLACES:
        add_clip(line, COMMAND, f"After {place}", place, WORDS, clinical=False, now=line.clock())
    run_jobs(tasks_of(config, line))
    with line.database.read() as session:
        drafts = session.scalars(select(PromptVersion.id).where(PromptVersion.key.startswith(f"clip_{OWN}"))).all()
    publish_together(line, COMMAND, drafts, line.clock())
    return line


@pytest.fixture
def only_around_own_clips(monkeypatch):
    """A walk of the ways into own clips and out of them, without the calls of staff."""

    def goals(tree):
        return {goal for goal in goals_of(tree) if OWN in (goal.edge.node[:4], goal.edge.to[:4])}

    monkeypatch.setattr(walking, "goals_of", goals)
    monkeypatch.setattr(walking, "errands_of", lambda tree: [])
    monkeypatch.setattr(walking, "scenes_of", lambda tree: [one for one in scenes_of(tree) if one.role is None])


def test_every_way_into_an_own_clip_and_out_of_it_is_walked_clean(config, line, only_around_own_clips):
    assert [(one.clip.after, one.is_heard) for one in own_clips(line)] == [(place, True) for place in PLACES]
    report = walk(config, line.database, lambda rehearsed: create_line(rehearsed), create_app)
    found = [one for one in report.findings if OWN in one.what or one.kind is not FindingKind.TOO_LONG]
    assert (found, report.untaken) == ([], ()), "how long the shipped prompts last is for the walk of the shipped tree"
    for walked in report.walked:
        assert (walked.nodes, walked.edges) == (2 * len(PLACES), walked.of), "each clip, and what leads to it"
