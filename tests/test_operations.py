"""What a platform asks: alive, ready, and why not; nobody's data in any of it."""

import contextlib
import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from ivr.db import Database, Vault
from ivr.models import PromptRelease
from ivr.services.prompts.releases import latest_release
from tests.support.settings import DATA_KEY
from tests.support.telephone import Telephone


def ready(phone):
    answer = phone.app.test_client().get("/readyz")
    return answer.status_code, answer.text


def test_a_rendered_line_is_alive_and_ready(telephone):
    phone = telephone()
    assert phone.app.test_client().get("/healthz").status_code == 200
    assert ready(phone) == (200, "ok\n")


def test_without_audio_it_is_not_ready_unless_the_carrier_speaks(config, line):
    assert ready(Telephone(config, line)) == (503, "no prompts are released: run python -m ivr prompts render\n")
    assert ready(Telephone(replace(config, voice="say"), line)) == (200, "ok\n")


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        (["main_information"], "en-US has no audio for main_information: run"),
        (["again_no_input", "again_no_match", "emergency", "goodbye", "help_is_near"],
         "en-US has no audio for again_no_input, again_no_match, emergency and 2 more: run"),
    ],
)  # fmt: skip
def test_an_incomplete_language_is_named(telephone, clock, missing, words):
    phone = telephone()
    with phone.line.database.write() as session:
        manifest = {**latest_release(session).manifest}
        known = manifest["en-US"]
        assert set(missing) <= set(known)
        manifest["en-US"] = {key: sha for key, sha in known.items() if key not in missing}
        session.add(PromptRelease(manifest=manifest, created_at=clock.now))
    status, text = ready(phone)
    assert status == 503
    assert text.startswith(words)


OLD = [
    "UPDATE alembic_version SET version_num = '0001'",
    "UPDATE {queue}dbos_migrations SET version = 1",
    "DROP TABLE {queue}dbos_migrations",
]


@pytest.mark.parametrize("old", OLD)
def test_an_old_schema_is_not_ready(config, make_line, database_url, old):
    line = make_line(database_url)
    with line.database.engine.begin() as connection:
        connection.execute(sa.text(old.format(queue="" if line.database.is_sqlite else "dbos.")))
    assert ready(Telephone(config, line)) == (
        503,
        "the database's schema is not current: run python -m ivr db upgrade\n",
    )


@pytest.mark.parametrize("url", ["sqlite:///{folder}/x.db", "postgresql+psycopg://u:secret@127.0.0.1:1/none"])
def test_without_a_database_it_is_alive_but_not_ready(config, make_line, sqlite_url, tmp_path, url):
    (tmp_path / "x.db").write_bytes(b"no database at all" * 100)
    broken = Database(url.format(folder=tmp_path), Vault([DATA_KEY]))
    phone = Telephone(config, replace(make_line(sqlite_url), database=broken))
    with capture_logs():
        status, text = ready(phone)
    assert (status, text) == (503, "the database does not answer: callers hear the outage announcement\n")
    assert phone.app.test_client().get("/healthz").status_code == 200
    broken.close()


def test_metrics_wait_for_no_writer_and_readiness_does(telephone):
    phone = telephone()
    with contextlib.closing(sqlite3.connect(phone.line.database.engine.url.database, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        assert "ivr_database_up 1.0" in phone.app.test_client().get("/metrics").text
        with capture_logs():
            assert ready(phone) == (503, "the database takes no writes: callers hear the outage announcement\n")
    assert ready(phone) == (200, "ok\n")


@pytest.mark.parametrize("how", ["moved away", "replaced"])
def test_a_file_that_is_another_one_is_not_ready_and_takes_no_more(telephone, tmp_path, how):
    phone = telephone()
    path = Path(phone.line.database.engine.url.database)
    path.rename(tmp_path / "elsewhere.db")
    if how == "replaced":
        shutil.copy(tmp_path / "elsewhere.db", path)
    with capture_logs():
        status, text = ready(phone)
        heard = phone.call("2 1 4 3 1 2").said
    assert status == 503
    assert "was moved or replaced while in use" in text
    assert "saved" not in heard
    assert "Our phone line has a problem" in heard
    assert path.exists() == (how == "replaced")


def test_an_outage_that_a_caller_heard_is_news_for_a_minute(telephone, monkeypatch):
    phone = telephone()
    assert ready(phone) == (200, "ok\n")
    with monkeypatch.context() as patch, capture_logs():
        patch.setattr("ivr.voice.views.start_call", lambda *_: 1 / 0)
        phone.call("h")
    status, text = ready(phone)
    assert (status, text.startswith("a caller heard the outage announcement")) == (503, True)
