"""Whatever happens to the database, a caller reaches a person or leaves a message, in time."""

import contextlib
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

import ivr.db
from ivr.db import Database, Vault
from ivr.migrations import upgrade
from ivr.services.requests.exporting import export_requests
from ivr.simulator import (
    Answers,
    Carrier,
    FixedDesk,
    HttpTransport,
    ScriptedCaller,
    Unreached,
    WsgiTransport,
    sign,
)
from tests.support.database_troubles import Troubles, admin, lock
from tests.support.outages import CARRIER_SECONDS, DESK, WANTED_SECONDS, check_outage, kinds
from tests.support.processes import Timed, postgres_of_its_own, web_server
from tests.support.settings import ACCOUNT_SID, AUTH_TOKEN, BASE_URL, DATA_KEY, DEADLINE_SECONDS
from tests.support.telephone import Telephone


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with postgres_of_its_own() as server:
        yield server


@pytest.fixture
def own_url(server):
    """A fresh database on that server."""
    name = f"outage_{os.urandom(4).hex()}"
    with admin(server) as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    return sa.make_url(server.url).set(database=name).render_as_string(hide_password=False)


class Phone(Telephone):
    """A telephone whose line has desk numbers and which times webhooks."""

    def __init__(self, config, line):
        super().__init__(config, line)
        self.timed = Timed(WsgiTransport(self.app))

    def call(self, keys, **options):
        carrier = Carrier(BASE_URL, ACCOUNT_SID, AUTH_TOKEN, transport=self.timed, seed=1)
        caller = keys if isinstance(keys, ScriptedCaller) else ScriptedCaller.parse(keys)
        with capture_logs():
            return carrier.call(caller, from_="+16175550142", to="+16175550100", **options)


@pytest.fixture
def make_phone(config, make_line):
    def make(url):
        changes = {"voice": "say", "desk_numbers": DESK}
        return Phone(replace(config, **changes), make_line(url, **changes))

    return make


def signed(client, path, form):
    form = {"AccountSid": ACCOUNT_SID, **form}
    headers = {"X-Twilio-Signature": sign(AUTH_TOKEN, BASE_URL + path, form)}
    return client.post(path, data=form, headers=headers)


SQLITE = ["locked", "read_only", "full", "gone", "damaged"]
POSTGRESQL = ["stopped", "frozen", "locked", "read_only"]
CASES = [("sqlite", name) for name in SQLITE] + [("postgresql", name) for name in POSTGRESQL]


@pytest.fixture
def quick(monkeypatch):
    """Shorter limits, where it is not the limits that are tested."""
    monkeypatch.setattr(ivr.db, "BUSY_MILLISECONDS", 150)
    monkeypatch.setattr(ivr.db, "STATEMENT_MILLISECONDS", 150)
    monkeypatch.setattr(ivr.db, "ANSWER_SECONDS", 0.3)


class TestWholeCalls:
    """With the desk answering, with it silent, and in the middle of a call."""

    @pytest.fixture(params=CASES, ids=lambda case: "-".join(case))
    def case(self, request, make_phone, quick):
        kind, name = request.param
        url = request.getfixturevalue("sqlite_url" if kind == "sqlite" else "own_url")
        phone = make_phone(url)
        server = request.getfixturevalue("server") if kind == "postgresql" else None
        return phone, getattr(Troubles(phone.line, server), name)

    def test_the_platform_is_told_while_callers_hear_it(self, case):
        """`/readyz` said ok while every caller heard the announcement."""
        phone, trouble = case
        with trouble(), capture_logs():
            phone.call("s")
            answer = phone.app.test_client().get("/readyz")
        assert (answer.status_code, answer.text != "ok\n") == (503, True)

    def test_somebody_is_reached_or_a_message_left(self, case):
        phone, trouble = case
        during = {}

        class Unlucky(ScriptedCaller):
            """The trouble begins while this caller chooses."""

            def at_gather(self, wait):
                plan = super().at_gather(wait)
                if len(self.unused) == 2:
                    stack.enter_context(trouble())
                return plan

        with contextlib.ExitStack() as stack:
            during["middle"] = phone.call(Unlucky(["2", "1", "4", "r10"]))
            during["desk"] = phone.call("r9", desk=FixedDesk(Unreached(), {DESK[1]: Answers()}))
            during["silent"] = phone.call("r9", desk=FixedDesk(Unreached("busy")))
        for transcript in during.values():
            check_outage(transcript)
        assert "bridge" in kinds(during["desk"], "bridge")
        assert "bridge" not in kinds(during["silent"], "bridge")
        assert max(phone.timed.seconds) < WANTED_SECONDS

    def test_without_desk_numbers_a_message_is_taken_at_once(self, config, make_line, sqlite_url):
        phone = Phone(config, make_line(sqlite_url))
        with Troubles(phone.line, None).gone():
            transcript = phone.call("r9")
        check_outage(transcript)
        assert "front desk" not in transcript.said


class TestLimits:
    """The real limits."""

    def answer_outage(self, phone):
        """How long a new call waits for the announcement."""
        begun = time.monotonic()
        with capture_logs():
            answer = signed(phone.app.test_client(), "/voice/incoming", {"CallSid": "CA" + "1" * 32})
        assert b"Our phone line has a problem" in answer.data
        return time.monotonic() - begun

    def test_a_lock_is_waited_for_three_seconds(self, make_phone, sqlite_url):
        phone = make_phone(sqlite_url)
        with Troubles(phone.line, None).locked():
            seconds = self.answer_outage(phone)
        assert 2.5 < seconds < WANTED_SECONDS
        assert "saved" in phone.call("2 1 4 3 1 2").said

    def test_a_short_lock_is_not_noticed(self, make_phone, sqlite_url):
        phone = make_phone(sqlite_url)
        released = threading.Event()

        def hold():
            with lock(phone.line.database.engine.url.database):
                held.set()
                time.sleep(0.7)
            released.set()

        held = threading.Event()
        thread = threading.Thread(target=hold)
        thread.start()
        held.wait()
        assert "saved" in phone.call("2 1 4 3 1 2").said
        assert released.is_set()
        thread.join()

    def test_long_work_may_lift_the_limits(self, own_url, quick):
        database = Database(own_url, Vault([DATA_KEY]))
        with database.engine.begin() as connection:
            ivr.db.without_time_limits(connection)
            connection.execute(sa.text("SELECT pg_sleep(0.6)"))
        with pytest.raises(sa.exc.OperationalError), database.engine.begin() as connection:
            connection.execute(sa.text("SELECT pg_sleep(0.6)"))
        database.close()


@pytest.mark.parametrize("path", ["status", "recording"])
def test_what_nobody_hears_is_answered_503_and_logged(telephone, path, tmp_path):
    phone = telephone()
    form = {
        "CallSid": "CA" + "1" * 32,
        "CallStatus": "completed",
        "RecordingSid": "RE1",
        "RecordingStatus": "completed",
    }
    with Troubles(phone.line, None).gone(), capture_logs() as logs:
        assert signed(phone.app.test_client(), f"/voice/{path}", form).status_code == 503
    assert {"event": "voice_door_failed", "path": f"/voice/{path}"}.items() <= logs[-1].items()


def test_audio_that_cannot_be_read_is_answered_503(telephone):
    phone = telephone()
    with Troubles(phone.line, None).gone(), capture_logs() as logs:
        assert phone.app.test_client().get(f"/media/prompts/{'0' * 64}.wav").status_code == 503
    assert logs[-1]["event"] == "media_failed"


class TestRecovery:
    """Fifty callers at once on a real server, while the database is down; afterwards the line is as it was."""

    CALLERS = 50

    def call(self, address, n, transports):
        timed = Timed(HttpTransport())
        transports.append(timed)
        carrier = Carrier(address, ACCOUNT_SID, AUTH_TOKEN, transport=timed, sign_as=BASE_URL, strict=False)
        desk = FixedDesk(Answers()) if n % 2 else FixedDesk()
        return carrier.call(
            ScriptedCaller.parse("2 1 4 3 1 2" if n < 0 else "r9"),
            from_=f"+161755501{n % 100:02d}",
            to="+16175550100",
            desk=desk,
        )

    @pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
    def test_all_reach_a_person_or_leave_a_message(self, request, settings, kind, tmp_path):
        url = request.getfixturevalue("sqlite_url" if kind == "sqlite" else "own_url")
        database = Database(url, Vault([DATA_KEY]))
        upgrade(database)
        line = SimpleNamespace(database=database)
        server = request.getfixturevalue("server") if kind == "postgresql" else None
        trouble = Troubles(line, server).locked if kind == "sqlite" else Troubles(line, server).stopped
        changes = {"DATABASE_URL": url, "IVR_VOICE": "say", "DESK_NUMBERS": ",".join(DESK)}
        transports = []
        with (tmp_path / "log").open("w") as log, web_server({**settings, **changes}, stderr=log) as (_, address):
            assert "saved" in self.call(address, -2, []).said
            with trouble(), ThreadPoolExecutor(self.CALLERS) as pool:
                transcripts = list(pool.map(lambda n: self.call(address, n, transports), range(self.CALLERS)))
            deadline = time.monotonic() + DEADLINE_SECONDS
            while "saved" not in self.call(address, -3, []).said:
                assert time.monotonic() < deadline
                time.sleep(0.3)
        for n, transcript in enumerate(transcripts):
            check_outage(transcript)
            assert ("bridge" in kinds(transcript, "bridge")) == bool(n % 2)
        slowest = max(seconds for transport in transports for seconds in transport.seconds)
        assert slowest < CARRIER_SECONDS * 2 / 3
        database.close()
        again = Database(url, Vault([DATA_KEY]))
        assert len(list(export_requests(again))) == 2
        again.close()
        assert "5550142" not in (tmp_path / "log").read_text()
