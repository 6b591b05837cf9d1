"""The throw-away line: it sounds like the clinic's, and nothing of what happens on it stays."""

from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import func, select

from ivr import create_app, create_line
from ivr.config import TWILIO_API
from ivr.models import Closure, ClosureReason, PromptRelease, StaffMember
from ivr.rehearsal import NothingOnAir, rehearsing
from ivr.services.prompts.releases import Releases, read_audio
from ivr.simulator import Carrier, FixedDesk, ScriptedCaller, WsgiTransport
from tests.support.databases import counted
from tests.support.settings import ACCOUNT_SID, AUTH_TOKEN, BASE_URL, MONDAY_MORNING


def test_a_rehearsed_call_leaves_nothing_at_the_clinic(config, rendered_line):
    line = rendered_line()
    before = counted(line.database)
    with rehearsing(config, line.database) as rehearsed:
        rehearsed_line = replace(create_line(rehearsed), clock=line.clock)
        with closing(rehearsed_line.database) as database:
            transport = WsgiTransport(create_app(rehearsed, rehearsed_line))
            carrier = Carrier(BASE_URL, ACCOUNT_SID, AUTH_TOKEN, transport=transport)
            transcript = carrier.call(ScriptedCaller.parse("2 1 4 3 1 2 s"), desk=FixedDesk())
            assert "your request is saved" in transcript.said.lower()
            assert counted(database)["patient_requests"] == 1
        folder = Path(database.engine.url.database).parent
        assert folder.is_dir()
    assert not folder.exists()
    assert counted(line.database) == before


def test_what_callers_hear_is_copied_and_nobody_is_named(config, rendered_line):
    line = rendered_line()
    with line.database.write() as session:
        admin = StaffMember(email="a@example.org", name="A", role="admin", fs_uniquifier="a", created_at=MONDAY_MORNING)
        session.add(admin)
        session.flush()
        days = {
            "first_day": date(2026, 12, 1),
            "last_day": date(2026, 12, 2),
            "reason": ClosureReason.OTHER,
            "name": "Paint",
        }
        session.add(Closure(**days, created_at=MONDAY_MORNING, created_by=admin.id))
        session.add(Closure(**days, created_at=MONDAY_MORNING, lifted_at=MONDAY_MORNING))
    release = Releases(line.database).latest()
    with rehearsing(config, line.database) as rehearsed, closing(create_line(rehearsed).database) as copy:
        assert Releases(copy).latest().manifest == release.manifest
        sha256 = release.audio("en-US", "emergency")
        assert read_audio(copy, sha256) == read_audio(line.database, sha256) is not None
        with copy.read() as session:
            (closure,) = session.scalars(select(Closure))
            assert (closure.name, closure.created_by) == ("Paint", None)
        assert counted(copy)["staff_members"] == 0


def test_it_knows_no_carrier_no_mailbox_and_none_of_the_clinics_keys(config, rendered_line):
    told = replace(
        config, smtp_url="smtp://mail.example.org", notify_emails=("a@example.org",), sms_from="+16175550100"
    )
    with rehearsing(told, rendered_line().database) as rehearsed:
        assert rehearsed.twilio_api_url != TWILIO_API
        assert (rehearsed.smtp_url, rehearsed.notify_emails, rehearsed.sms_from) == ("", (), "")
        assert set(rehearsed.data_keys).isdisjoint(config.data_keys)


def test_another_manifest_can_be_rehearsed(config, rendered_line):
    database = rendered_line().database
    release = Releases(database).latest()
    draft = {name: dict(entries) for name, entries in release.manifest.items()}
    draft["en-US"]["main_example"] = draft["en-US"]["emergency"]
    with rehearsing(config, database, draft) as rehearsed, closing(create_line(rehearsed).database) as copy:
        assert Releases(copy).latest().audio("en-US", "main_example") == release.audio("en-US", "emergency")
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(PromptRelease)) == 1


def test_without_a_release_there_is_nothing_to_rehearse(config, make_line, sqlite_url):
    with pytest.raises(NothingOnAir), rehearsing(config, make_line(sqlite_url).database):
        pass
