"""Settings, database, prompts and hours: each finding as a row."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import update

from ivr.config import PROMPTS, Config
from ivr.db import Database, Vault
from ivr.doctor import database
from ivr.doctor.database import check_database
from ivr.doctor.findings import Severity
from ivr.doctor.hours import check_hours
from ivr.doctor.prompts import check_prompts
from ivr.doctor.settings import check_settings
from ivr.migrations import is_current
from ivr.models import PromptState, PromptVersion
from ivr.services.calendar import Calendars
from ivr.services.scripts import read_scripts
from tests.support.findings import bad, one
from tests.support.processes import free_port
from tests.support.settings import DATA_KEY, MONDAY_MORNING, SUNDAY_EVENING

GOOD = {"CLINIC_NAME": "Cape Spine Clinic", "CLINIC_HOURS": "Mon-Fri 09:00-17:00", "DESK_NUMBERS": "+16175550111",
        "NOTIFY_EMAILS": "nurse@example.org"}  # fmt: skip


class TestSettings:
    """Well-formed, and still worth a look."""

    def test_good_settings_are_fine(self, settings):
        assert bad(check_settings(Config.from_env({**settings, **GOOD}))) == []

    @pytest.mark.parametrize(
        ("changes", "check", "words"),
        [
            ({"PUBLIC_BASE_URL": "http://127.0.0.1:8000"}, "base URL", "Put a TLS proxy in front"),
            ({"TWILIO_API_URL": "http://127.0.0.1:1"}, "Twilio API", "Remove it"),
            ({"TRUSTED_PROXIES": "1"}, "proxies", "Name the addresses or networks of your proxies"),
            ({"CLINIC_NAME": ""}, "clinic name", "Set CLINIC_NAME"),
            ({"CLINIC_HOURS": ""}, "hours", "Set CLINIC_HOURS"),
            ({"DESK_NUMBERS": ""}, "desk", "Set DESK_NUMBERS"),
            ({"NOTIFY_EMAILS": ""}, "notices", "Set NOTIFY_EMAILS"),
            ({"ON_CALL_HOURS": "Sat-Sun 08:00-20:00"}, "on call", "Set ON_CALL_NUMBERS"),
            (
                {"ON_CALL_NUMBERS": "+16175550177", "CLINIC_NUMBER": "+16175550177"},
                "on call",
                "Correct ON_CALL_NUMBERS",
            ),
        ],
    )
    def test_each_warning(self, settings, changes, check, words):
        level, name, text = one(check_settings(Config.from_env({**settings, **GOOD, **changes})))
        assert (level, name) == (Severity.WARNING, check)
        assert words in text

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({}, "Nobody is rung for urgent requests"),
            (
                {"ON_CALL_NUMBERS": "+16175550177"},
                "1 telephone is rung for urgent requests while the clinic is closed, at any",
            ),
            (
                {"ON_CALL_NUMBERS": "+16175550177,+16175550188", "ON_CALL_HOURS": "Sat-Sun 08:00-20:00"},
                "2 telephones are",
            ),
        ],
    )
    def test_who_is_on_call_is_told(self, settings, changes, words):
        found = check_settings(Config.from_env({**settings, **GOOD, **changes}))
        (text,) = [result.found for result in found if result.check == "on call"]
        assert words in text

    @pytest.mark.parametrize("url", ["https://api.dublin.ie1.twilio.com", "https://API.twilio.com:443/"])
    def test_another_region_of_the_carrier_is_no_stand_in(self, settings, url):
        assert bad(check_settings(Config.from_env({**settings, **GOOD, "TWILIO_API_URL": url}))) == []

    def test_settings_of_a_demo(self, settings):
        here = {
            "PUBLIC_BASE_URL": "http://127.0.0.1:8000",
            "TWILIO_API_URL": "http://127.0.0.1:8001",
            "IVR_DEMO": "yes",
        }
        found = bad(check_settings(Config.from_env({**settings, **GOOD, **here})))
        assert [name for _, name, _ in found] == ["base URL", "Twilio API", "demo"]


class TestDatabase:
    """Reachable, current, durable."""

    def test_a_good_one_is_fine(self, line):
        findings = list(check_database(line.database, is_current))
        assert bad(findings) == []
        assert {finding.check for finding in findings} == {"database", "durability"}

    @pytest.mark.parametrize(
        "old", ["alembic_version SET version_num = '0001'", "{queue}dbos_migrations SET version = 1"]
    )
    def test_an_old_schema(self, line, old):
        with line.database.engine.begin() as connection:
            connection.execute(sa.text("UPDATE " + old.format(queue="" if line.database.is_sqlite else "dbos.")))
        assert one(check_database(line.database, is_current))[2].endswith("Run python -m ivr db upgrade.")

    def test_none_at_all(self):
        database = Database(f"postgresql+psycopg://u:secret-word@127.0.0.1:{free_port()}/none", Vault([DATA_KEY]))
        level, name, text = one(check_database(database, is_current))
        assert (level, name) == (Severity.FAULT, "database")
        assert "secret-word" not in text
        database.close()

    def test_a_database_that_forgets(self, make_line, sqlite_url, postgres_url):
        lite, post = make_line(sqlite_url), make_line(postgres_url)
        sa.event.listen(lite.database.engine, "connect", lambda driver, _: driver.execute("PRAGMA synchronous = OFF"))
        sa.event.listen(
            post.database.engine, "connect", lambda driver, _: driver.execute("SET synchronous_commit = off")
        )
        for line in (lite, post):
            line.database.engine.dispose()
            assert one(check_database(line.database, is_current))[:2] == (Severity.FAULT, "durability")

    def test_little_room(self, make_line, sqlite_url, monkeypatch):
        monkeypatch.setattr(database, "LEAST_FREE_BYTES", 1 << 60)
        assert one(check_database(make_line(sqlite_url).database, is_current))[:2] == (Severity.WARNING, "disk")


class TestPromptsAndHours:
    """Something to say, and somebody to call back."""

    @pytest.fixture
    def scripts(self, config):
        return read_scripts(PROMPTS, config.languages, config.clinic_name)

    def test_rendered_prompts_are_fine(self, rendered_line, scripts):
        assert bad(check_prompts(rendered_line(), scripts, speaks=False)) == []

    def test_a_new_name_of_the_clinic_that_nobody_rendered(self, rendered_line, config):
        scripts = read_scripts(PROMPTS, config.languages, "Cape Spine Clinic")
        level, _, told = one(check_prompts(rendered_line(), scripts, speaks=False))
        assert level is Severity.FAULT
        assert "Of an earlier script: en-US " in told

    @pytest.mark.parametrize(
        ("changes", "level", "words"),
        [
            ({"text": "Appointments, press 5."}, Severity.FAULT, "name the key 5"),
            (
                {"text": "For a visit, press 1.", "shipped_text": "For visits, press 1."},
                Severity.WARNING,
                "has changed",
            ),
        ],
    )
    def test_the_clinics_own_words(self, rendered_line, scripts, changes, level, words):
        line = rendered_line()
        mine = (PromptVersion.key == "option_appointment") & (PromptVersion.state == PromptState.PUBLISHED)
        with line.database.write() as session:
            session.execute(update(PromptVersion).where(mine).values(own=True, **changes))
        found = one(check_prompts(line, scripts, speaks=False))
        assert (found[0], words in found[2]) == (level, True)

    def test_the_carriers_voice_needs_none(self, make_line, sqlite_url, scripts):
        assert bad(check_prompts(make_line(sqlite_url), scripts, speaks=True)) == []
        assert one(check_prompts(make_line(sqlite_url), scripts, speaks=False))[:2] == (
            Severity.FAULT,
            "prompts",
        )

    def test_a_prompt_missing_from_a_script(self, make_line, sqlite_url, scripts):
        poor = {
            "en-US": replace(
                scripts["en-US"], prompts={k: p for k, p in scripts["en-US"].prompts.items() if k != "goodbye"}
            )
        }
        assert "goodbye" in one(check_prompts(make_line(sqlite_url), poor, speaks=True))[2]

    @pytest.mark.parametrize(
        ("now", "words"),
        [
            (MONDAY_MORNING, "Open now until 17:00 (America/New_York)."),
            (SUNDAY_EVENING, "Open next on Monday, November 23 at 08:30 (America/New_York)."),
            (MONDAY_MORNING + timedelta(hours=7), "Open next on Tuesday, November 24 at 08:30 (America/New_York)."),
        ],
    )
    def test_hours(self, make_line, sqlite_url, now, words):
        (found,) = check_hours(make_line(sqlite_url), now)
        assert (found.level, found.found) == (Severity.FINE, words)

    def test_a_clinic_that_never_opens(self, make_line, sqlite_url):
        line = make_line(sqlite_url)
        never = replace(line, calendars=Calendars(line.database, replace(line.calendar, hours=())))
        assert one(check_hours(never, MONDAY_MORNING))[:2] == (Severity.FAULT, "hours")
