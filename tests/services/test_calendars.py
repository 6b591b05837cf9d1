"""Every process follows changed hours within seconds, and a key press pays nothing for it."""

import contextlib
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from ivr.callflow.outputs import Say
from ivr.config import parse_hours
from ivr.db import Database, Vault
from ivr.models import ClosureReason
from ivr.services.audit import COMMAND
from ivr.services.calendar import Calendars, ClosedDays
from ivr.services.hours import hours
from ivr.simulator import Carrier, ScriptedCaller
from tests.support.callers import Caller
from tests.support.processes import web_server
from tests.support.settings import ACCOUNT_SID, AUTH_TOKEN, BASE_URL, DATA_KEY

SATURDAY = parse_hours("Sat 09:00-12:00")


class Seconds:
    """A clock that only goes forward when told."""

    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def seconds():
    return Seconds()


def another_process(line, seconds):
    """The calendars that another process would have of the same database."""
    return Calendars(line.database, line.calendars.settings, seconds=seconds)


def close_today(line, clock):
    hours.close_days(line, COMMAND, ClosureReason.WEATHER, 1, "", clock.now)


def test_a_change_is_seen_at_once_where_it_was_made_and_within_seconds_elsewhere(line, clock, seconds):
    other = another_process(line, seconds)
    assert other.current().is_open(clock.now)
    close_today(line, clock)
    assert not line.calendar.is_open(clock.now)
    seconds.now += 4.9
    assert other.current().is_open(clock.now)
    seconds.now += 0.2
    assert not other.current().is_open(clock.now)
    hours.replace_weekly(line, COMMAND, SATURDAY, clock.now)
    seconds.now += 5
    assert other.current().hours == SATURDAY


@dataclass(frozen=True)
class Fixed:
    """A calendar that never asks."""

    calendar: object

    def current(self):
        return self.calendar


@contextlib.contextmanager
def statements(database):
    """What the driver is asked to do, BEGIN and COMMIT included: the whole truth, whoever asks it."""
    asked = []
    connected = []

    def trace(connection, *_):
        connected.append(connection)
        connection.set_trace_callback(asked.append)

    database.engine.dispose()
    sa.event.listen(database.engine, "connect", trace)
    try:
        yield asked
    finally:
        sa.event.remove(database.engine, "connect", trace)
        for connection in connected:
            with contextlib.suppress(sqlite3.ProgrammingError):
                connection.set_trace_callback(None)


def count_of(asked, act):
    asked.clear()
    act()
    return len(asked)


def test_a_key_press_costs_no_query_more_than_with_hours_that_never_change(make_line, sqlite_url, seconds):
    line = make_line(sqlite_url)
    follows = replace(line, calendars=another_process(line, seconds))
    fixed = replace(line, calendars=Fixed(line.calendar))
    with statements(line.database) as asked:
        without, caller = Caller(fixed), Caller(follows, replace(Caller(fixed).arrival, sid="CA2"))
        for key in "31999":
            wanted = count_of(asked, lambda key=key: without(key))
            assert wanted > 0
            assert count_of(asked, lambda key=key: caller(key)) == wanted
        seconds.now += 5
        with_a_look = count_of(asked, lambda: caller("9"))
        assert [one.split()[0] for one in asked].count("SELECT") == 4, "the hours, the closures, the name"
        assert with_a_look == wanted + 5
        assert count_of(asked, lambda: caller("9")) == wanted


def test_many_callers_at_once_ask_once(make_line, sqlite_url, seconds):
    calendars = another_process(make_line(sqlite_url), seconds)
    database = calendars._database
    with statements(database) as asked, ThreadPoolExecutor(12) as pool:
        for _ in range(3):
            asked.clear()
            seconds.now += 5
            calendars_seen = set(map(id, pool.map(lambda _: calendars.current(), range(60))))
            assert sum("FROM weekly_hours" in one for one in asked) == 1
            assert len(calendars_seen) <= 2


@contextlib.contextmanager
def away(database, url):
    """The database cannot be reached."""
    database.engine.dispose()
    if url.startswith("sqlite"):
        path = Path(sa.make_url(url).database)
        aside = path.rename(path.with_suffix(".aside"))
        path.mkdir()
        yield
        path.rmdir()
        aside.rename(path)
        return
    admin = sa.create_engine(sa.make_url(url).set(database="postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        name = sa.make_url(url).database
        connection.exec_driver_sql(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        yield
        connection.exec_driver_sql(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    admin.dispose()


def test_the_last_known_hours_hold_while_the_database_is_away(line, clock, seconds, database_url):
    close_today(line, clock)
    known, unknown = another_process(line, seconds), another_process(line, seconds)
    assert not known.current().is_open(clock.now)
    with away(line.database, database_url):
        seconds.now += 60
        assert not known.current().is_open(clock.now)
        assert unknown.current() == line.calendars.settings
    assert unknown.current().is_open(clock.now)
    seconds.now += 5
    assert not unknown.current().is_open(clock.now)


@pytest.fixture
def served(settings, database_url, make_line):
    line = make_line(database_url)
    config = {**settings, "DATABASE_URL": database_url, "IVR_VOICE": "say", "DESK_NUMBERS": "+16175550111",
              "CLINIC_HOURS": "Mon-Sun 00:00-24:00", "CLINIC_HOLIDAYS": "none"}  # fmt: skip
    with web_server(config) as (_, address):
        yield line, address


def test_every_web_worker_obeys_a_change_within_ten_seconds(served):
    line, address = served
    now = datetime.now(UTC)

    def heard():
        carrier = Carrier(address, ACCOUNT_SID, AUTH_TOKEN, sign_as=BASE_URL, strict=False)
        return carrier.call(ScriptedCaller.parse("0 h")).story()

    def all_hear(what, within=10.0):
        """Of the calls that begin after so many seconds none goes by the old hours, however long a call takes."""
        changed = began = time.monotonic()
        while not all(what(story) for story in [heard() for _ in range(8)]):
            assert began < changed + within, "a worker goes by old hours"
            began = time.monotonic()

    all_hear(lambda story: "dials +16175550111" in story and "closed" not in story, within=0)
    today = line.calendar.today(now)
    closure = hours.add_closure(line, COMMAND, ClosedDays(today, today, ClosureReason.WEATHER, ""), now)
    words = "closed today because of the weather"
    all_hear(lambda story: words in story and "Our office is closed right now" in story and "dials" not in story)
    hours.lift_closure(line, COMMAND, closure, now)
    all_hear(lambda story: words not in story and "dials +16175550111" in story)


def test_the_words_of_a_closed_day_are_in_the_surroundings(line, clock):
    assert line.surroundings(clock.now)[2] == ()
    close_today(line, clock)
    assert line.surroundings(clock.now)[2] == (Say("closure_weather"),)


def test_a_database_that_was_never_there_leaves_the_settings(tmp_path, line):
    (tmp_path / "gone").mkdir()
    database = Database(f"sqlite:///{tmp_path}/gone", Vault([DATA_KEY]))
    assert Calendars(database, line.calendars.settings).current() == line.calendars.settings
    database.close()
