"""The automatic caller walks the shipped tree clean, finds what is really broken, and leaves nothing behind."""

from __future__ import annotations

import json
import os
from dataclasses import replace

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select, text, update

from ivr import create_app, create_line
from ivr.audio.silence import silence
from ivr.callflow.nodes import End, Recorder, Tree
from ivr.callflow.tree import build
from ivr.cli import main
from ivr.config import ROOT
from ivr.db import Base
from ivr.models import PromptAudio, PromptRelease, PromptState, PromptVersion
from ivr.services.prompts.releases import latest_release
from ivr.walk import walking
from ivr.walk.edges import NEVER, edges_of, goals_of
from ivr.walk.errands import Errand
from ivr.walk.findings import FindingKind
from ivr.walk.scenes import Scene
from ivr.walk.walking import walk
from tests.support.programs import run_program
from tests.support.settings import MONDAY_MORNING

LANGUAGES = tuple(filter(None, os.environ.get("WALK_LANGUAGES", "").split(",")))
"""What the whole walk is done in: it takes a minute, so that `.ci/run` asks for it after the suite."""

BOTH = ("en-US", "es-US")


def counted(database):
    with database.read() as session:
        tables = Base.metadata.sorted_tables
        return {table.name: session.scalar(select(func.count()).select_from(table)) for table in tables}


@pytest.fixture
def few_calls(monkeypatch):
    """A walk of two calls: to a person, and so to a voicemail and the goodbye; and to the information."""
    calls = [Errand(Scene("a first call"), "0 speak silence listens"), Errand(Scene("a first call"), "3 1 hangs")]
    monkeypatch.setattr(walking, "errands_of", lambda tree: calls)
    monkeypatch.setattr(walking, "scenes_of", lambda tree: [])


@pytest.fixture
def clinic(config, rendered_line):
    """The clinic's settings, its database, and a walk of it whose tree can be broken first."""

    def walked(break_tree=lambda nodes: None, **changes):
        line = rendered_line()
        changed = replace(config, **changes)

        def make_line(rehearsed):
            made = create_line(rehearsed)
            nodes = dict(made.tree.nodes)
            break_tree(nodes)
            return replace(made, tree=Tree(nodes, made.tree.languages, made.tree.dialable))

        return walk(changed, line.database, make_line, create_app)

    return walked


def found(report, kind):
    return [finding.what for finding in report.findings if finding.kind is kind]


def republish(database, change):
    """A new release, as a broken import might make it."""
    with database.write() as session:
        manifest = {name: dict(entries) for name, entries in latest_release(session).manifest.items()}
        change(session, manifest)
        session.add(PromptRelease(manifest=manifest, created_at=MONDAY_MORNING))


def test_a_line_that_hangs_up_without_a_word_is_a_dead_end(clinic, few_calls):
    report = clinic(lambda nodes: nodes.update(goodbye=End("goodbye", ())))
    assert "goodbye: the line hangs up without a word" in found(report, FindingKind.DEAD_END)


def test_a_way_into_nothing_is_heard_as_an_outage(clinic, few_calls):
    report = clinic(lambda nodes: nodes.pop("information"))
    assert any("callers hear the outage announcement" in what for what in found(report, FindingKind.OUTAGE))
    assert "main: 3 leads to information, which does not exist" in found(report, FindingKind.TREE)


def test_a_document_that_twilio_refuses_is_found(clinic, few_calls):
    def too_short(nodes):
        message = nodes["voicemail"]
        assert isinstance(message, Recorder)
        nodes["voicemail"] = replace(message, longest=0)

    report = clinic(too_short)
    assert any("maxLength" in what for what in found(report, FindingKind.REFUSED))


def test_audio_that_is_missing_silent_or_too_long_is_found(clinic, rendered_line, few_calls):
    def spoil(session, manifest):
        english = manifest["en-US"]
        del english["main_information"]
        english["option_person"] = "0" * 64
        quiet = silence(3000)
        session.add(PromptAudio(sha256="1" * 64, data=quiet, created_at=MONDAY_MORNING))
        english["option_callback"] = "1" * 64
        english["emergency"] = english["clip_risks"]
        session.add(PromptAudio(sha256="2" * 64, data=b"no audio at all", created_at=MONDAY_MORNING))
        english["option_appointment"] = "2" * 64

    republish(rendered_line().database, spoil)
    report = clinic()
    missing = found(report, FindingKind.NO_AUDIO)
    assert "en-US main_information: nothing is on the air" in missing
    assert "en-US option_person: its address answers with status 404" in missing
    assert any(what.startswith("en-US option_appointment: its address gives no telephone audio") for what in missing)
    assert "en-US option_callback: nothing is heard in its 3.0 s" in found(report, FindingKind.SILENT)
    assert any(what.startswith("en-US: emergency lasts") for what in found(report, FindingKind.TOO_LONG))


def test_words_on_the_air_that_name_another_key_are_found(clinic, rendered_line, few_calls):
    with rendered_line().database.write() as session:
        session.execute(
            update(PromptVersion)
            .where(PromptVersion.key == "option_appointment", PromptVersion.state == PromptState.PUBLISHED)
            .values(text="Appointments, press 5.", own=True)
        )
    (told,) = found(clinic(), FindingKind.FALSE_WORDS)
    assert told.startswith("en-US option_appointment: These words name the key 5. Here the call has the key 1")


def test_with_the_carriers_voice_there_is_nothing_to_measure(clinic, few_calls):
    report = clinic(voice="say")
    assert not {finding.kind for finding in report.findings} - {FindingKind.NOT_REACHED}
    assert report.walked[0].seconds > 60


def test_only_ways_that_the_tree_has_are_excused():
    tree = build(BOTH, str)
    edges = [edge for node in tree.nodes.values() for edge in edges_of(node)]
    assert all(any(never.covers(edge) for edge in edges) and never.reason for never in NEVER)
    assert not [goal for goal in goals_of(tree) if any(never.covers(goal.edge) for never in NEVER)]


def command(settings, database_url, *arguments):
    env = {**os.environ, **settings, "DATABASE_URL": database_url}
    return run_program("ivr", "walk", *arguments, env=env, cwd=ROOT)


def test_the_command_that_cannot_walk_says_why_and_ends_with_status_2(settings, sqlite_url, tmp_path):
    done = command(settings, sqlite_url)
    assert (done.returncode, done.stderr) == (2, "Nothing is on the air yet; run: python -m ivr prompts render\n")
    done = command(settings, f"sqlite:///{tmp_path}/empty.db")
    assert done.returncode == 2
    assert "python -m ivr db upgrade" in done.stderr
    assert command({**settings, "DATA_KEYS": ""}, sqlite_url).returncode == 2


def test_a_walk_that_breaks_off_is_no_finding(settings, rendered_line):
    database = rendered_line().database
    with database.write() as session:
        session.execute(text("DROP TABLE prompt_numbers"))
    done = command(settings, database.engine.url.render_as_string(hide_password=False))
    assert (done.returncode, done.stdout) == (2, "")
    assert "The walk broke off (OperationalError)" in done.stderr


@pytest.mark.skipif(not LANGUAGES, reason="WALK_LANGUAGES=en-US,es-US walks every way, for a minute")
def test_the_shipped_tree_is_walked_clean_and_nothing_is_left_behind(settings, rendered_line):
    database = rendered_line(languages=LANGUAGES).database
    before = counted(database)
    spoken = {**settings, "IVR_LANGUAGES": ",".join(LANGUAGES)}
    done = command(spoken, database.engine.url.render_as_string(hide_password=False), "--json")
    report = json.loads(done.stdout)
    assert (done.returncode, report["findings"], report["untaken"]) == (0, [], [])
    assert [one["language"] for one in report["walked"]] == list(LANGUAGES)
    assert all(one["edges"] == one["of"] and one["calls"] > 10 and one["seconds"] > 600 for one in report["walked"])
    assert counted(database) == before


def test_findings_are_told_in_words_and_end_with_status_1(settings, rendered_line, few_calls, monkeypatch):
    monkeypatch.setattr("ivr.cli.walk.structlog.configure", lambda **_: None)
    database = rendered_line().database
    republish(database, lambda session, manifest: manifest["en-US"].pop("goodbye"))
    env = {**settings, "DATABASE_URL": database.engine.url.render_as_string(hide_password=False)}
    done = CliRunner().invoke(main, ["walk"], env=env)
    assert done.exit_code == 1, done.output
    assert "NO AUDIO: en-US goodbye: nothing is on the air" in done.output
