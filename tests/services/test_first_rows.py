"""Two processes add the same row at the same moment, as two workers do that start together: neither fails."""

import threading
from dataclasses import replace
from hashlib import sha256

import pytest
from sqlalchemy import func, select

from ivr.audio.silence import silence
from ivr.models import AuditCheck, Checkpoint, PromptAudio, PromptNumber, SentNotice, TextStop
from ivr.services import audit
from ivr.services.health.checkpoints import WRITTEN, try_write
from ivr.services.keeping.key_notes import PREFIX, note_keys
from ivr.services.prompts.releasing import give_numbers
from ivr.services.prompts.rendering import PAUSES, render_prompts
from ivr.services.requests import consent
from ivr.services.requests.notices import insert_once
from tests.support.settings import DEADLINE_SECONDS
from tests.support.settings import MONDAY_MORNING as NOW

NUMBER = "+16175550142"
LOOKING_SECONDS = 0.5
"""Until the second one has looked, and waits for the first one's transaction."""


def stop_texts(database):
    with database.write() as session:
        consent.stop(session, NUMBER, NOW)


def note_notice(database):
    with database.transaction() as connection:
        insert_once(connection, "urgent-1", NOW)


def of_key(vault):
    return Checkpoint(name=PREFIX + vault.fingerprints[0], at=NOW)


def of_silence(_):
    clip = silence(PAUSES[0])
    return PromptAudio(sha256=sha256(clip).hexdigest(), data=clip, created_at=NOW)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (of_key, lambda database: note_keys(database, NOW)),
        (lambda _: Checkpoint(name=WRITTEN, at=NOW), lambda database: try_write(database, NOW)),
        (lambda _: AuditCheck(id=1, at=NOW, faults=0), lambda database: audit.check(database, NOW)),
        (of_silence, lambda database: render_prompts(database, {}, NOW)),
        (lambda vault: TextStop(number=NUMBER, number_index=vault.index(NUMBER), stopped_at=NOW), stop_texts),
        (lambda _: SentNotice(key="urgent-1", sent_at=NOW), note_notice),
    ],
    ids=["a key", "a health check", "a check of the trail", "a clip", "a number that is texted no more", "a notice"],
)
def test_the_second_one_finds_it_there(line, first, second):
    database, failures = line.database, []

    def work():
        try:
            second(database)
        except Exception as error:
            failures.append(error)

    waiting = threading.Thread(target=work)
    with database.write() as session:
        row = first(database.vault)
        session.add(row)
        session.flush()
        waiting.start()
        waiting.join(LOOKING_SECONDS)
        assert waiting.is_alive(), "it did not wait for who was there before"
    waiting.join(DEADLINE_SECONDS)
    assert failures == []
    same = type(row)
    if same is not PromptAudio:
        with database.read() as session:
            assert session.scalar(select(func.count()).select_from(same)) == 1


def test_two_that_give_out_numbers_give_different_ones(line):
    def give(session, key):
        script = line.scripts["en-US"]
        give_numbers(session, {"en-US": replace(script, prompts={key: script.prompts[key]})})

    def second():
        with line.database.write() as session:
            give(session, "option_callback")

    waiting = threading.Thread(target=second)
    with line.database.write() as session:
        give(session, "emergency")
        session.flush()
        waiting.start()
        waiting.join(LOOKING_SECONDS)
    waiting.join(DEADLINE_SECONDS)
    with line.database.read() as session:
        numbers = {row.key: row.number for row in session.scalars(select(PromptNumber))}
    assert set(numbers) == {"emergency", "option_callback"}
    assert len(set(numbers.values())) == 2
