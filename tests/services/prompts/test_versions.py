"""Versions of prompts on both databases: kept, mastered, approved, published, rolled back, scheduled."""

import time
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import select

from ivr.models import (
    AuditAction,
    AuditEntry,
    PromptRelease,
    PromptSource,
    PromptState,
    PromptTake,
    PromptVersion,
)
from ivr.services import audit
from ivr.services.prompts import scheduling, versions
from ivr.services.prompts.agreement import disagreements
from ivr.services.prompts.releases import latest_release, own_of, read_current
from ivr.services.prompts.rendering import DIRECTION, render_prompts
from ivr.services.prompts.takes import master_version
from ivr.services.prompts.versions import VersionError
from tests.support.studio import CLINICAL, EN, KEY
from tests.support.takes import as_wav, spoken


def words(line, key):
    return line.scripts[EN].prompts[key].text


def version(line, version_id):
    with line.database.read() as session:
        return session.get(PromptVersion, version_id)


def on_air(line, key=KEY):
    with line.database.read() as session:
        release = latest_release(session)
        found = session.scalars(
            select(PromptVersion.id).where(PromptVersion.key == key, PromptVersion.state == PromptState.PUBLISHED)
        ).all()
        (only,) = found
        assert session.get(PromptVersion, only).audio_sha256 == release.manifest[EN][key]
        return only


def test_what_is_rendered_is_published(line):
    with line.database.read() as session:
        states = {
            row.key: row.state for row in session.scalars(select(PromptVersion)) if row.key in line.scripts[EN].prompts
        }
    assert set(states.values()) == {PromptState.PUBLISHED}
    assert len(states) == 4


def test_a_recording_is_mastered_measured_and_published_within_a_second(line, admins, clock, recorded):
    made = recorded(admins[0])
    kept = version(line, made)
    assert (kept.source, kept.author_id, kept.own) == (PromptSource.UPLOAD, admins[0].staff_id, True)
    assert kept.level_dbov == pytest.approx(-23, abs=0.5)
    with line.database.read() as session:
        assert session.get(PromptTake, made) is None
    before = on_air(line)
    clock.now += timedelta(minutes=1)
    began = time.perf_counter()
    versions.publish(line, admins[0], made, clock.now)
    assert time.perf_counter() - began < 1
    assert on_air(line) == made
    old = version(line, before)
    assert (old.state, old.retired_at) == (PromptState.RETIRED, clock.now)
    with line.database.read() as session:
        entries = session.scalars(select(AuditEntry)).all()
    assert {(entry.action, entry.subject) for entry in entries} == {(AuditAction.PROMPT_CHANGED, f"prompt:{EN}:{KEY}")}
    assert not list(audit.trail_faults(line.database))


def test_a_release_is_never_changed_and_other_prompts_stay(line, admins, clock, recorded):
    with line.database.read() as session:
        first = latest_release(session)
    versions.publish(line, admins[0], recorded(admins[0]), clock.now)
    with line.database.read() as session:
        assert session.get(PromptRelease, first.id).manifest == first.manifest
        now = latest_release(session).manifest
    assert {key for key in first.manifest[EN] if first.manifest[EN][key] != now[EN][key]} == {KEY}
    assert now[own_of(EN)] == {KEY: now[EN][KEY]}
    assert now["silence"] == first.manifest["silence"]


def test_rolling_back_and_forth(line, admins, clock, recorded):
    first, made = on_air(line), recorded(admins[0])
    heard = read_current(line.database, KEY, EN)
    versions.publish(line, admins[0], made, clock.now)
    assert read_current(line.database, KEY, EN) != heard
    clock.now += timedelta(minutes=1)
    assert versions.roll_back(line, admins[1], EN, KEY, clock.now) == first == on_air(line)
    assert read_current(line.database, KEY, EN) == heard
    with line.database.read() as session:
        assert latest_release(session).manifest[own_of(EN)] == {}
    clock.now += timedelta(minutes=1)
    assert versions.roll_back(line, admins[1], EN, KEY, clock.now) == made == on_air(line)
    with pytest.raises(VersionError, match="Nothing was"):
        versions.roll_back(line, admins[1], EN, "goodbye", clock.now)


def test_clinical_prompts_need_a_second_person(line, admins, clock, recorded):
    author, other = admins
    made = recorded(author, CLINICAL)
    for who in admins:
        with pytest.raises(VersionError, match="second person has to approve it"):
            versions.publish(line, who, made, clock.now)
    with pytest.raises(VersionError, match="you made it yourself"):
        versions.approve(line, author, made, clock.now)
    versions.approve(line, other, made, clock.now)
    assert (version(line, made).state, version(line, made).approver_id) == (PromptState.APPROVED, other.staff_id)
    versions.publish(line, author, made, clock.now)
    assert on_air(line, CLINICAL) == made
    assert on_air(line, "goodbye")


def test_a_draft_without_audio_goes_nowhere(line, admins, clock):
    made = versions.add_take(
        line, admins[0], EN, KEY, "For a call back, press 2.", b"no sound", PromptSource.BROWSER, clock.now
    )
    for refused in (versions.publish, versions.approve):
        with pytest.raises(VersionError):
            refused(line, admins[1], made, clock.now)
    assert master_version(line, made, clock.now) is PromptState.DRAFT
    assert "not a recording we can read" in version(line, made).problem
    assert master_version(line, made, clock.now) is None
    with pytest.raises(VersionError, match="no audio"):
        versions.publish(line, admins[1], made, clock.now)


def test_new_words_are_spoken_by_the_machine(line, admins, clock):
    made = versions.save_script(line, admins[0], EN, KEY, "If you want a callback,\n press 2.", clock.now)
    assert master_version(line, made, clock.now) is PromptState.RECORDED
    assert version(line, made).text == "If you want a callback, press 2."
    versions.publish(line, admins[0], made, clock.now)
    assert on_air(line) == made
    with line.database.read() as session:
        assert latest_release(session).manifest[own_of(EN)][KEY] == version(line, made).audio_sha256


@pytest.mark.parametrize(
    ("key", "text", "said"),
    [("no_such", "Hello.", "no such prompt"), (KEY, "  ", "Write the words"), (KEY, "word " * 200, "too many")],
)
def test_what_is_no_script_is_refused(line, admins, clock, key, text, said):
    with pytest.raises(VersionError, match=said):
        versions.save_script(line, admins[0], EN, key, text, clock.now)


@pytest.mark.parametrize(
    ("key", "text", "said"),
    [
        (KEY, "For a callback, press 5.", "name the key 5. Here the call has the key 2"),
        (KEY, "For a callback, stay on the line.", "name no key"),
        (CLINICAL, "In an emergency, dial 912.", "Here the call has the key 911"),
        ("goodbye", "Goodbye. For the city office, press 3.", "Here the call has no key"),
    ],
)
def test_words_that_name_other_keys_are_kept_from_the_air(line, admins, clock, key, text, said, recorded):
    with pytest.raises(VersionError, match=said):
        versions.save_script(line, admins[0], EN, key, text, clock.now)
    with pytest.raises(VersionError, match=said):
        versions.add_take(line, admins[0], EN, key, text, b"x", PromptSource.UPLOAD, clock.now)
    made = recorded(admins[0], key)
    with line.database.write() as session:
        session.get(PromptVersion, made).text = text
    for refused in (versions.publish, versions.confirm_words):
        with pytest.raises(VersionError, match=said):
            refused(line, admins[1], made, clock.now)
    scheduling.schedule(line, admins[0], made, clock.now + timedelta(hours=1), None, clock.now)
    assert scheduling.publish_due(line, clock.now + timedelta(hours=2)) == 0


def test_a_direction_has_no_place_on_the_air(line, admins, clock):
    direction = line.scripts[EN].prompts[KEY].direction
    with line.database.read() as session:
        made = session.scalars(select(PromptVersion).where(PromptVersion.text == direction)).one()
    assert made.key == DIRECTION
    with pytest.raises(VersionError, match="no place in the call"):
        versions.publish(line, admins[0], made.id, clock.now)
    with line.database.write() as session:
        session.get(PromptVersion, made.id).key = "goodbye"
    with pytest.raises(VersionError, match="tell how a prompt is said"):
        versions.publish(line, admins[0], made.id, clock.now)
    assert disagreements(line.database, line.scripts) == []


def test_a_recording_that_is_read_fast_is_used_when_an_admin_says_so(line, admins, clock):
    text = "To have us call you back today or tomorrow, press 2."
    samples, rate = spoken(text)
    moments = np.linspace(0, len(samples) - 1, int(len(samples) / 1.3))
    quick = as_wav(np.interp(moments, np.arange(len(samples)), samples), rate)
    made = versions.add_take(line, admins[0], EN, KEY, text, quick, PromptSource.UPLOAD, clock.now)
    assert master_version(line, made, clock.now) is PromptState.DRAFT
    kept = version(line, made)
    assert (kept.refused_as, kept.problem[:15]) == ("fast", "It is too fast:")
    with pytest.raises(VersionError, match="It is too fast"):
        versions.publish(line, admins[0], made, clock.now)
    versions.accept_pace(line, admins[0], made, clock.now)
    assert (version(line, made).problem, version(line, made).remark[:15]) == (None, "It is too fast:")
    versions.publish(line, admins[0], made, clock.now)
    assert on_air(line) == made
    with pytest.raises(VersionError, match="Only a recording that is too fast"):
        versions.accept_pace(line, admins[0], made, clock.now)


def changed(line, key, old, new):
    """The line with another script."""
    script = line.scripts[EN]
    prompt = replace(script.prompts[key], text=script.prompts[key].text.replace(old, new), spoken=None)
    return replace(line, scripts={EN: replace(script, prompts={**script.prompts, key: prompt})})


def test_a_key_that_the_script_changes_takes_the_clinics_own_words_off_the_air(line, admins, clock, recorded):
    made = recorded(admins[0])
    versions.publish(line, admins[0], made, clock.now)
    line = changed(line, KEY, "press 2", "press 4")
    (told,) = disagreements(line.database, line.scripts)
    assert (told.key, told.misleads, told.own) == (KEY, True, True)
    clock.now += timedelta(minutes=1)
    render_prompts(line.database, line.scripts, clock.now)
    assert version(line, on_air(line)).text == "To have us call you back, press 4."
    assert version(line, made).state is PromptState.RETIRED
    assert disagreements(line.database, line.scripts) == []
    with pytest.raises(VersionError, match="Nothing was"):
        versions.roll_back(line, admins[0], EN, KEY, clock.now + timedelta(minutes=1))
    with line.database.read() as session:
        assert "the script has changed" in session.scalars(select(AuditEntry.detail)).all()[-1]


def test_a_new_name_of_the_clinic_lists_what_says_the_old_one_until_somebody_looks(line, admins, clock, recorded):
    made = recorded(admins[0], CLINICAL)
    versions.approve(line, admins[1], made, clock.now)
    versions.publish(line, admins[0], made, clock.now)
    line = changed(line, CLINICAL, line.scripts[EN].clinic, "Cape Spine Clinic")
    render_prompts(line.database, line.scripts, clock.now)
    (told,) = disagreements(line.database, line.scripts)
    assert (told.key, told.misleads, told.own) == (CLINICAL, False, True)
    assert "Cape Spine Clinic" in told.why
    versions.confirm_words(line, admins[1], made, clock.now)
    assert disagreements(line.database, line.scripts) == []
    with line.database.write() as session:
        session.get(PromptVersion, made).shipped_text = None
    line = replace(line, scripts={EN: replace(line.scripts[EN], clinic="Cape Spine Clinic")})
    (told,) = disagreements(line.database, line.scripts)
    assert "clinic's name" in told.why, "of a version that was made before scripts were noted"


def test_who_records_says_the_newest_wording(line, admins, clock, recorded):
    def to_record():
        with line.database.read() as session:
            return versions.words_to_record(session, line, EN, KEY)

    assert to_record() == (words(line, KEY), version(line, on_air(line)).audio_sha256)
    clock.now += timedelta(minutes=1)
    made = versions.save_script(line, admins[0], EN, KEY, "To get a callback, press 2.", clock.now)
    assert to_record() == ("To get a callback, press 2.", None)
    master_version(line, made, clock.now)
    assert to_record() == ("To get a callback, press 2.", version(line, made).audio_sha256)
    refused = versions.add_take(
        line, admins[0], EN, KEY, "Nothing of this kind, press 2.", b"x", PromptSource.UPLOAD, clock.now
    )
    master_version(line, refused, clock.now)
    assert to_record()[0] == "To get a callback, press 2."
    clock.now += timedelta(minutes=1)
    versions.publish(line, admins[0], recorded(admins[0], text="For a callback, please press 2."), clock.now)
    assert to_record()[0] == "For a callback, please press 2."


def test_upgrading_the_shipped_script_makes_drafts_of_what_the_clinic_has_itself(line, admins, clock, recorded):
    made = recorded(admins[0])
    versions.publish(line, admins[0], made, clock.now)
    script = line.scripts[EN]
    prompts = {
        key: replace(prompt, text=prompt.text.replace("press", "now press"), spoken=None)
        for key, prompt in script.prompts.items()
    }
    upgraded = {EN: replace(script, prompts=prompts)}
    clock.now += timedelta(days=1)
    render_prompts(line.database, upgraded, clock.now)
    assert on_air(line) == made
    with line.database.read() as session:
        draft = session.scalars(
            select(PromptVersion).where(PromptVersion.key == KEY, PromptVersion.text.contains("now press"))
        ).one()
        other = session.get(PromptVersion, on_air(line, "option_appointment"))
    assert (draft.state, draft.own) == (PromptState.RECORDED, False)
    assert other.text == "For an appointment, now press 1."
    assert on_air(line) == made
    render_prompts(line.database, upgraded, clock.now)
    assert on_air(line) == made
    versions.publish(replace(line, scripts=upgraded), admins[0], draft.id, clock.now)
    with line.database.read() as session:
        assert latest_release(session).manifest[own_of(EN)] == {}


def test_the_clock_publishes_and_takes_off_again(line, admins, clock, recorded):
    first, made = on_air(line), recorded(admins[0])
    morning, evening = clock.now + timedelta(hours=1), clock.now + timedelta(hours=9)
    scheduling.schedule(line, admins[0], made, morning, evening, clock.now)
    assert scheduling.publish_due(line, clock.now) == 0
    clock.now = morning
    assert scheduling.publish_due(line, clock.now) == 1
    assert scheduling.publish_due(line, clock.now) == 0
    assert on_air(line) == made
    clock.now = evening
    assert scheduling.publish_due(line, clock.now) == 1
    assert scheduling.publish_due(line, clock.now) == 0
    assert on_air(line) == first
    with pytest.raises(VersionError, match="Nothing was"):
        versions.roll_back(line, admins[0], EN, KEY, clock.now)


def test_the_clock_publishes_nothing_clinical_that_nobody_approved(line, admins, clock, recorded):
    first, made = on_air(line, CLINICAL), recorded(admins[0], CLINICAL)
    scheduling.schedule(line, admins[0], made, clock.now + timedelta(hours=1), None, clock.now)
    clock.now += timedelta(hours=2)
    assert scheduling.publish_due(line, clock.now) == 0
    assert on_air(line, CLINICAL) == first
    versions.approve(line, admins[1], made, clock.now)
    assert scheduling.publish_due(line, clock.now) == 1
    assert on_air(line, CLINICAL) == made


def test_times_that_cannot_be_are_refused(line, admins, clock, recorded):
    made = recorded(admins[0])
    hour = timedelta(hours=1)
    with pytest.raises(VersionError, match="still to come"):
        scheduling.schedule(line, admins[0], made, clock.now - hour, None, clock.now)
    with pytest.raises(VersionError, match="before it is taken off"):
        scheduling.schedule(line, admins[0], made, clock.now + 2 * hour, clock.now + hour, clock.now)
    versions.publish(line, admins[0], made, clock.now)
    with pytest.raises(VersionError, match="on the air already"):
        scheduling.schedule(line, admins[0], made, clock.now + hour, None, clock.now)


def test_what_nothing_could_follow_is_not_taken_off_again(line, admins, clock, recorded):
    made = recorded(admins[0])
    with line.database.write() as session:
        for other in session.scalars(select(PromptVersion).where(PromptVersion.key == KEY, PromptVersion.id != made)):
            other.state = PromptState.RECORDED
    with pytest.raises(VersionError, match="Nothing could follow it"):
        scheduling.schedule(line, admins[0], made, None, clock.now + timedelta(hours=1), clock.now)
