"""The clinic's name is changed on the page of the hours: the machine says it anew, and people's recordings are listed."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from ivr.callflow.tree_information import clip_prompt
from ivr.models import AuditAction, AuditEntry, ClinicName, PromptRelease, PromptVersion, Role
from ivr.services.audit import COMMAND
from ivr.services.calendar import Calendars
from ivr.services.prompts.clinic_name import LONGEST_NAME, ClinicNameRefused, choose_name, to_record_anew
from ivr.services.prompts.own_clips import add_clip
from ivr.services.prompts.rendering import render_prompts
from ivr.services.scripts import LiveScripts
from tests.support.jobs import waiting
from tests.support.staff_pages import text_of
from tests.support.studio import EN, newest, upload

GREETING, WHISPER, OTHER = "emergency", "desk_whisper", "goodbye"
PLACE = "preparing"
OLD, NEW = "Bay State Pain Associates", "Harbor Spine Center"


def few(scripts):
    script = scripts[EN]
    closures = (key for key in script.prompts if key.startswith("closure_"))
    return {
        EN: replace(
            script,
            prompts={key: script.prompts[key] for key in (GREETING, WHISPER, OTHER, clip_prompt(PLACE), *closures)},
        )
    }


@pytest.fixture
def line(make_line, sqlite_url):
    """A line with few prompts; two of them say the clinic's name."""
    whole = make_line(sqlite_url)
    scripts = LiveScripts(few(whole.scripts.at_start), lambda: few(whole.scripts))
    line = replace(whole, scripts=scripts)
    render_prompts(line.database, line.scripts, line.clock())
    return line


def on_air(line, key):
    """The words and the audio of a prompt that the next call hears."""
    with line.database.read() as session:
        manifest = session.scalars(select(PromptRelease).order_by(PromptRelease.id.desc())).first().manifest[EN]
        of_it = (
            select(PromptVersion).where(PromptVersion.audio_sha256 == manifest[key]).order_by(PromptVersion.id.desc())
        )
        return session.scalars(of_it).first().text, manifest[key]


def test_the_machine_says_it_anew_and_own_recordings_are_listed(client_as, line, worker):
    admin = client_as(Role.ADMIN)
    upload(admin, line, WHISPER)
    worker()
    admin.send(f"/studio/versions/{newest(line).id}/publish")
    own, before, other = on_air(line, WHISPER), on_air(line, GREETING), on_air(line, OTHER)
    assert OLD in before[0]
    assert to_record_anew(line) == []
    page = admin.send("/console/hours/clinic", {"clinic": f"  {NEW}. "}, follow_redirects=True)
    assert f"Callers are greeted with “{NEW}”" in text_of(page)
    assert f'<a href="/studio/{EN}/{WHISPER}">' in page.text, "it says the old name"
    assert f'<a href="/studio/{EN}/{GREETING}">' not in page.text
    assert on_air(line, GREETING) == before, "until the worker has made it"
    worker()
    words, sound = on_air(line, GREETING)
    assert words == f"Thanks for calling {NEW}. In a medical emergency, hang up and dial 911."
    assert sound != before[1]
    assert (on_air(line, WHISPER), on_air(line, OTHER)) == (own, other)
    assert NEW in text_of(admin.get("/console/"))
    admin.send("/console/hours/clinic", {"clinic": ""})
    worker()
    assert on_air(line, GREETING) == before
    assert "another name" not in text_of(admin.get("/console/hours"))


def test_a_clip_that_nobody_has_approved_stays_off_the_air(line, worker, clock):
    key = add_clip(line, COMMAND, "What to bring", PLACE, {EN: "Bring your list."}, clinical=True, now=clock.now)
    choose_name(line, COMMAND, NEW, clock.now)
    worker()
    assert NEW in on_air(line, GREETING)[0]
    with line.database.read() as session:
        release = session.scalars(select(PromptRelease).order_by(PromptRelease.id.desc())).first()
    assert (key in release.manifest[EN], release.clips) == (False, None)


def test_every_process_follows_and_the_trail_knows(make_line, database_url, clock):
    line = make_line(database_url)
    choose_name(line, COMMAND, "", clock.now)
    elsewhere = Calendars(line.database, line.calendars.settings, fresh_seconds=0)
    assert (line.clinic, elsewhere.current().clinic) == (OLD, OLD)
    for _ in range(2):
        choose_name(line, COMMAND, NEW, clock.now)
    assert (line.clinic, elsewhere.current().clinic) == (NEW, NEW)
    assert line.scripts[EN].clinic == NEW
    assert NEW in line.scripts[EN].prompts[GREETING].text
    assert OLD in line.scripts.at_start[EN].prompts[GREETING].text
    with line.database.read() as session:
        assert len(session.scalars(select(ClinicName)).all()) == 1, "the same name again is no change"
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert (entry.action, entry.subject) == (AuditAction.HOURS_CHANGED, "clinic")
    assert NEW in entry.detail


@pytest.mark.parametrize("speaks", [False, True])
def test_where_the_carrier_speaks_nothing_is_made(make_line, sqlite_url, clock, speaks):
    line = replace(make_line(sqlite_url), speaks=speaks)
    choose_name(line, COMMAND, NEW, clock.now)
    assert len(waiting(line)) == (0 if speaks else 1)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("Clinic 24", "numbers as words"),
        ("Spine_Center", "letters only"),
        ("<b>Spine</b>", "letters only"),
        ("{clinic}", "letters only"),
        ("-", "letters only"),
        ("a" * (LONGEST_NAME + 1), f"may have {LONGEST_NAME}"),
    ],
)
def test_what_cannot_be_spoken_is_refused_and_kept_in_the_field(client_as, line, name, why, clock):
    with pytest.raises(ClinicNameRefused, match=why):
        choose_name(line, COMMAND, name, clock.now)
    page = client_as(Role.ADMIN).send("/console/hours/clinic", {"clinic": name})
    assert page.status_code == 400
    assert why in text_of(page)
    assert line.clinic == OLD


@pytest.mark.parametrize("name", ["Clínica del Dolor O'Brien-Núñez", "Smith, Jones & Co.", "N" * LONGEST_NAME])
def test_names_as_they_are(make_line, sqlite_url, name, clock):
    line = make_line(sqlite_url)
    choose_name(line, COMMAND, name, clock.now)
    assert line.clinic == name.rstrip(".")


def test_only_admins_change_it(client_as, line):
    lead = client_as(Role.LEAD)
    assert lead.send("/console/hours/clinic", {"clinic": NEW}).status_code == 403
    assert "Save the name" not in lead.get("/console/hours").text
    assert line.clinic == OLD
