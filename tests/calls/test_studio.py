"""A prompt by phone: recorded in a simulated call with a real voice, imported, mastered, and heard by the next caller."""

import time
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from ivr.jobs.tasks import tasks_of
from ivr.models import (
    PromptNumber,
    PromptSource,
    PromptState,
    PromptVersion,
    Recording,
    RecordingAudio,
    RecordingStatus,
    Role,
    StaffMember,
)
from ivr.services import audit
from ivr.services.accounts import staff
from ivr.services.audit import COMMAND, Actor
from ivr.services.prompts import versions
from ivr.services.prompts.releases import Releases, latest_release
from ivr.services.scripts import sayable
from ivr.simulator import RecordingStore
from tests.support.callers import Caller
from tests.support.carrier_api import serving_recordings
from tests.support.jobs import run_jobs, until, working
from tests.support.takes import as_wav, spoken
from tests.support.telephone import Telephone

KEY, CLINICAL, EN, ES = "option_callback", "emergency", "en-US", "es-US"
PIN = "135791"
STUDIO = f"7 41# {PIN} 5"
"""An admin's keys from the main menu to the studio: sign-in, and key 5 of the staff's menu."""


class Microphone(RecordingStore):
    """A carrier's recordings of somebody who really says something."""

    voice = b""

    def add(self, recording):
        super().add(replace(recording, audio=self.voice) if recording.audio else recording)


@pytest.fixture
def microphone():
    """What somebody says, and the address where the carrier's API serves it."""
    store = Microphone()
    with serving_recordings(store) as url:
        yield store, url


@pytest.fixture
def clinic(config, rendered_line, microphone, request):
    """A line with two admins, of whom the first has an extension and a PIN; its phone and its tasks."""
    store, url = microphone
    languages = getattr(request, "param", (EN,))
    line = rendered_line(languages=languages)
    with line.database.write() as session:
        admins = [
            StaffMember(
                email=f"{n}@example.org",
                name=f"Admin {n}",
                role=Role.ADMIN,
                extension=f"4{n}",
                fs_uniquifier=f"u{n}",
                created_at=line.clock(),
            )
            for n in (1, 2)
        ]
        session.add_all(admins)
        session.flush()
        people = [Actor.of(member, "test") for member in admins]
    staff.set_pin(line.database, COMMAND, people[0].staff_id, PIN, line.clock())
    settings = replace(config, twilio_api_url=url, languages=languages)
    telephone = Telephone(settings, line)
    tasks = tasks_of(settings, line)
    return Clinic(line, telephone, tasks, people, store)


class Clinic:
    def __init__(self, line, telephone, tasks, people, store):
        self.line, self.telephone, self.tasks, self.people, self.store = line, telephone, tasks, people, store
        self.calls = 0

    def call(self, keys, says=None):
        """Each call is another one of the same carrier."""
        if says is not None:
            self.store.voice = says
        self.calls += 1
        carrier = replace(self.telephone.carrier(recordings=self.store), seed=self.calls)
        return self.telephone.call(keys, carrier=carrier)

    def words(self, key=KEY, language=EN):
        return self.line.scripts[language].prompts[key].text

    def voice(self, key=KEY, language=EN):
        """Somebody says the prompt, as a telephone would carry it."""
        samples, rate = spoken(sayable(self.words(key, language)), language)
        return as_wav(samples * 0.4, rate)

    def number(self, key=KEY):
        with self.line.database.read() as session:
            return session.scalars(select(PromptNumber.number).where(PromptNumber.key == key)).one()

    def on_air(self, key=KEY, language=EN):
        with self.line.database.read() as session:
            return latest_release(session).manifest[language][key]

    def newest(self):
        with self.line.database.read() as session:
            return session.scalars(
                select(PromptVersion).where(PromptVersion.own).order_by(PromptVersion.id.desc())
            ).first()


def heard(transcript, sha256):
    return any(sha256 in (entry.url or "") for entry in transcript.entries)


def test_recorded_kept_and_heard_by_the_next_caller_within_a_minute(clinic):
    """Keys after the menu: three for the number, 1, the voice and a key to end it, 1 to hear it, 2 to keep it."""
    before = clinic.on_air()
    under_way = Caller(clinic.line)
    with working(clinic.tasks):
        transcript = clinic.call(f"{STUDIO} {clinic.number()} 1 r3 1 2 h", says=clinic.voice())
        kept = time.monotonic()
        until(lambda: clinic.on_air() != before)
        seconds = time.monotonic() - kept
    print(f"on the air {seconds:.1f} s after key 2")
    assert seconds < 60
    said = transcript.titles
    assert said[said.index("studio_script") :][:5] == (
        "studio_script",
        KEY,
        "studio_direction",
        "direction",
        "studio_record",
    )
    assert "studio_published" in said
    assert any("/media/utterances/" in (entry.url or "") for entry in transcript.entries)
    version = clinic.newest()
    assert (version.state, version.source, version.audio_sha256) == (
        PromptState.PUBLISHED,
        PromptSource.PHONE,
        clinic.on_air(),
    )
    assert version.level_dbov == pytest.approx(-23, abs=0.5)
    following = clinic.call("h")
    assert heard(following, clinic.on_air())
    assert not heard(following, before)
    assert (
        under_way("9").answer.release_id != Caller(clinic.line, replace(under_way.arrival, sid="CA9")).answer.release_id
    )
    assert Releases(clinic.line.database).get(under_way.answer.release_id).audio(EN, KEY) == before
    clinic.line.clock.now += timedelta(minutes=1)
    versions.roll_back(clinic.line, clinic.people[1], EN, KEY, clinic.line.clock())
    assert heard(clinic.call("h"), before)
    assert not list(audit.trail_faults(clinic.line.database))


def test_the_recording_of_the_call_goes_once_the_prompt_has_its_audio(clinic):
    clinic.call(f"{STUDIO} {clinic.number()} 1 r3 2 h", says=clinic.voice())
    run_jobs(clinic.tasks)
    with clinic.line.database.read() as session:
        (recording,) = session.scalars(select(Recording)).all()
        assert (recording.status, recording.erased_at) == (RecordingStatus.STORED, clinic.line.clock())
        assert session.scalars(select(RecordingAudio)).all() == []
    assert clinic.store.list() == ()
    assert clinic.newest().state is PromptState.PUBLISHED


def test_a_clinical_prompt_waits_for_a_second_person(clinic):
    before = clinic.on_air(CLINICAL)
    transcript = clinic.call(f"{STUDIO} {clinic.number(CLINICAL)} 1 r6 2 h", says=clinic.voice(CLINICAL))
    assert "studio_kept" in transcript.titles
    run_jobs(clinic.tasks)
    version = clinic.newest()
    assert version.state is PromptState.RECORDED
    assert clinic.on_air(CLINICAL) == before
    again = clinic.call(f"{STUDIO} {clinic.number(CLINICAL)} h")
    assert "studio_waiting" in again.titles
    versions.approve(clinic.line, clinic.people[1], version.id, clinic.line.clock())
    versions.publish(clinic.line, clinic.people[0], version.id, clinic.line.clock())
    assert heard(clinic.call("h"), clinic.on_air(CLINICAL))
    assert clinic.on_air(CLINICAL) != before


def test_the_second_person_needs_only_a_telephone(clinic):
    """Keys 4 and 1: whoever made it may not, the other may; keys 4 and 2 take it off the air again."""
    second = f"7 42# {PIN} 5"
    staff.set_pin(clinic.line.database, COMMAND, clinic.people[1].staff_id, PIN, clinic.line.clock())
    before, number = clinic.on_air(CLINICAL), clinic.number(CLINICAL)
    assert "studio_not_ready" in clinic.call(f"{second} {number} 4 1 h").titles
    clinic.call(f"{STUDIO} {number} 1 r6 2 h", says=clinic.voice(CLINICAL))
    run_jobs(clinic.tasks)
    assert "studio_needs_another" in clinic.call(f"{STUDIO} {number} 4 1 h").titles
    assert clinic.on_air(CLINICAL) == before
    transcript = clinic.call(f"{second} {number} 4 1 h")
    assert heard(transcript, clinic.newest().audio_sha256), "what waits is heard before it is published"
    assert "studio_on_air" in transcript.titles
    assert clinic.on_air(CLINICAL) == clinic.newest().audio_sha256 != before
    assert (clinic.newest().state, clinic.newest().approver_id) == (PromptState.PUBLISHED, clinic.people[1].staff_id)
    assert heard(clinic.call("h"), clinic.on_air(CLINICAL))
    clinic.line.clock.now += timedelta(minutes=1)
    assert "studio_rolled_back" in clinic.call(f"{STUDIO} {number} 4 2 h").titles
    assert clinic.on_air(CLINICAL) == before
    assert not list(audit.trail_faults(clinic.line.database))


def test_only_what_was_heard_goes_on_the_air(clinic):
    """Not a newer recording that arrives between hearing and key 1; nor one that is older than what is on the air."""
    clinic.call(f"{STUDIO} {clinic.number()} 1 r3 4 h", says=clinic.voice())
    run_jobs(clinic.tasks)
    first, second = clinic.newest().audio_sha256, clinic.on_air("goodbye")
    deciding = Caller(clinic.line)
    deciding(f"{STUDIO} {clinic.number()} 4")
    clinic.line.clock.now += timedelta(minutes=1)
    with clinic.line.database.write() as session:
        made = {
            "source": PromptSource.PHONE,
            "state": PromptState.RECORDED,
            "own": True,
            "created_at": clinic.line.clock(),
        }
        session.add(PromptVersion(key=KEY, language=EN, text=clinic.words(), audio_sha256=second, **made))
    clinic.line.clock.now += timedelta(minutes=1)
    deciding("1")
    assert clinic.on_air() == first
    outdated = clinic.call(f"{STUDIO} {clinic.number()} 4 1 h")
    assert not heard(outdated, second)
    assert "studio_waiting" not in outdated.titles
    assert "studio_not_ready" in outdated.titles
    assert clinic.on_air() == first


def test_what_never_changed_does_not_go_back(clinic):
    assert "studio_first" in clinic.call(f"{STUDIO} {clinic.number()} 4 2 h").titles


def test_a_draft_stays_one_until_it_is_published(clinic):
    before = clinic.on_air()
    clinic.call(f"{STUDIO} {clinic.number()} 1 r3 4 h", says=clinic.voice())
    run_jobs(clinic.tasks)
    assert (clinic.newest().state, clinic.on_air()) == (PromptState.RECORDED, before)
    assert "studio_on_air" in clinic.call(f"{STUDIO} {clinic.number()} 4 1 h").titles
    assert clinic.on_air() == clinic.newest().audio_sha256


def test_a_recording_that_cannot_be_used_is_told_at_the_next_try(clinic):
    samples, rate = spoken("Well, this is something quite different, and it goes on for much too long to be that.")
    clinic.call(f"{STUDIO} {clinic.number()} 1 r6 2 h", says=as_wav(samples, rate))
    run_jobs(clinic.tasks)
    assert "its words take" in clinic.newest().problem
    assert clinic.newest().refused_as == "long"
    assert "studio_refused_long" in clinic.call(f"{STUDIO} {clinic.number()} h").titles


@pytest.mark.parametrize("ending", ["h", "s s s h", "1 h"], ids=["hangs up", "presses nothing", "hears it, hangs up"])
def test_who_records_and_decides_nothing_has_a_draft(clinic, ending):
    before = clinic.on_air()
    clinic.call(f"{STUDIO} {clinic.number()} 1 r3 {ending}", says=clinic.voice())
    run_jobs(clinic.tasks)
    version = clinic.newest()
    assert (version.state, version.key, version.text) == (PromptState.RECORDED, KEY, clinic.words())
    assert clinic.on_air() == before
    with clinic.line.database.read() as session:
        assert len(session.scalars(select(PromptVersion).where(PromptVersion.own)).all()) == 1


def test_who_hangs_up_while_recording_has_a_draft(clinic):
    clinic.call(f"{STUDIO} {clinic.number()} 1 r3h", says=clinic.voice())
    run_jobs(clinic.tasks)
    assert clinic.newest().state is PromptState.RECORDED


def test_again_and_leave_forget_what_was_recorded(clinic):
    transcript = clinic.call(f"{STUDIO} {clinic.number()} 1 r3 3 r3 * h", says=clinic.voice())
    assert transcript.titles.count("studio_beep") == 2
    run_jobs(clinic.tasks)
    assert clinic.newest() is None
    assert clinic.store.list() == ()


def test_the_list_can_be_walked_and_wrong_numbers_are_told(clinic):
    first = clinic.call(f"{STUDIO} # 2 2 h").titles
    keys = [entry for entry in first if entry in clinic.line.scripts[EN].prompts and not entry.startswith("studio_")]
    assert keys[-3:] == list(clinic.line.scripts[EN].prompts)[:3]
    assert "studio_no_such" in clinic.call(f"{STUDIO} 999 h").titles


def test_somebody_who_is_no_admin_any_more_keeps_nothing(clinic):
    with clinic.line.database.write() as session:
        session.get(StaffMember, clinic.people[0].staff_id).role = Role.STAFF
    assert "studio_not_allowed" in clinic.call(f"{STUDIO} h").titles
    assert clinic.newest() is None


@pytest.mark.parametrize("clinic", [(EN, ES)], indirect=True)
def test_the_other_language_is_recorded_by_phone_too(clinic):
    """The staff's menus stay in the default language; the words to record, and who hears them, are Spanish."""
    english, spanish = clinic.on_air(), clinic.on_air(language=ES)
    transcript = clinic.call(f"1 {STUDIO} 2 {clinic.number()} 1 r3 2 h", says=clinic.voice(language=ES))
    assert heard(transcript, spanish)
    assert "studio_published" in transcript.titles
    run_jobs(clinic.tasks)
    assert (clinic.on_air(), clinic.newest().language) == (english, ES)
    assert clinic.on_air(language=ES) == clinic.newest().audio_sha256 != spanish
    assert heard(clinic.call("2 h"), clinic.on_air(language=ES))
