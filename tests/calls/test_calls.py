"""Whole calls as golden transcripts: what a caller hears, and what is kept, word for word.

Each file in this folder is a call: how it is made, what is said, the requests it leaves and what it changed of earlier
ones. `earlier` lines are calls made before it, without being written down: when, from where, and the keys. After a change that is
meant, `UPDATE_CALLS=1 pytest tests/calls` writes them anew; read the difference before committing it.
"""

import json
import os
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from ivr.models import ClosureReason, PatientRequest, RequestEntry
from ivr.services.audit import COMMAND
from ivr.services.calendar import ClosedDays
from ivr.services.hours import hours
from ivr.services.prompts.rendering import make_greeting
from ivr.services.requests import references
from ivr.services.requests.exporting import export_requests
from ivr.simulator import Answers, Faults, FixedDesk, ScriptedCaller, Unreached, VirtualClock

FOLDER = Path(__file__).parent
DESKS = {"answers": Answers(), "declines": Answers(keys="2"), "machine": Answers(keys=""), "no-answer": Unreached(),
         "busy": Unreached("busy")}  # fmt: skip
OPEN = "2026-11-23 10:00"


class RunningClock(VirtualClock):
    """A call's own time, which the line's clock follows."""

    def __init__(self, followed):
        super().__init__(followed.now)
        self.followed = followed

    def sleep(self, seconds):
        super().sleep(seconds)
        self.followed.now = self.utc()


NOT_SAID = {"call_sid", "act_by", "attempts", "last_outcome", "owner", "disposition", "closed_at", "settled_by"}
"""Of what is kept of a request: the call, and what staff do about it."""


def read(path):
    """A golden call: its settings and the transcript after them."""
    head, _, body = path.read_text().partition("\n\n")
    settings = [line.split(": ", 1) for line in head.splitlines()]
    earlier = [value.split(", ") for name, value in settings if name == "earlier"]
    return {**dict(settings), "earlier": earlier}, body


def close_today(line, words, is_made, part="00:00-24:00"):
    """Close as 'weather' or 'other: own words' says; with `is_made`, as the worker has given the words a voice."""
    reason, _, greeting = words.partition(": ")
    now, today = line.clock(), line.calendar.today(line.clock())
    begins, ends = (int(time[:2]) * 60 + int(time[3:]) for time in part.split("-"))
    closed = ClosedDays(today, today, ClosureReason(reason), "", greeting, begins=begins, ends=ends)
    closure = hours.add_closure(line, COMMAND, closed, now)
    if is_made:
        make_greeting(line.database, closure, "en-US", now)
    line.calendars.forget()


@pytest.fixture
def place(telephone, clock, monkeypatch, recordings):
    """Places a call as a golden file describes it."""

    def placed(settings):
        references_in_order = iter(range(12345, 12400))
        monkeypatch.setattr(references.secrets, "randbelow", lambda _: next(references_in_order))
        numbers = tuple(filter(None, settings.get("desk numbers", "").split()))
        store, api_url = recordings
        voice = settings.get("voice", "synth")
        languages = tuple(settings.get("languages", "en-US").split())
        phone = telephone(
            desk_numbers=numbers, voice=voice, languages=languages,
            on_call_numbers=tuple(settings.get("on call", "").split()),
            texts="texts" in settings, sms_from="+16175550100",
            twilio_api_url="http://127.0.0.1:9" if "api down" in settings else api_url,
        )  # fmt: skip
        if "closed" in settings:
            clock.now = local(settings.get("closed at", settings.get("at", OPEN)))
            part = settings.get("closed hours", "00:00-24:00")
            close_today(phone.line, settings["closed"], "greeting not made" not in settings, part)
        faults = Faults(
            twice=float(settings.get("delivered twice", 0)), stale=float(settings.get("delivered late", 0)),
            completed_early="completed early" in settings, drop_status="status lost" in settings, seed=7,
        )  # fmt: skip
        carrier = phone.carrier(bare="bare" in settings, faults=faults, recordings=store)
        desk = FixedDesk(
            numbers={n: DESKS[name] for n, name in zip(numbers, settings.get("desk", "").split(), strict=False)}
        )
        for at, from_number, keys in settings.get("earlier", ()):
            clock.now = local(at)
            phone.call(keys, carrier=carrier, from_=from_number, to="+16175550100", desk=FixedDesk())
        clock.now = local(settings.get("at", OPEN))
        hang_up_at = float(settings["hangs up at"]) if "hangs up at" in settings else None
        keys, barge_in = settings.get("keys", ""), "barge-in" in settings
        caller = ScriptedCaller.parse(keys, barge_in=barge_in, hang_up_at=hang_up_at)
        runs = {"clock": RunningClock(clock)} if "clock runs" in settings else {}
        transcript = carrier.call(
            caller, from_=settings.get("from", "+16175550142"), to="+16175550100", desk=desk, **runs
        )
        assert "delivered late" in settings or not carrier.inconsistent
        return (
            transcript,
            [
                {key: value for key, value in asdict(request).items() if value is not None and key not in NOT_SAID}
                for request in export_requests(phone.line.database)
            ],
            history(phone.line.database),
        )

    return placed


def local(at):
    """A moment at the clinic."""
    return datetime.fromisoformat(at).replace(tzinfo=ZoneInfo("America/New_York"))


def history(database):
    """What became of requests, as their history tells it."""
    rows = select(RequestEntry, PatientRequest.reference).join(
        PatientRequest, RequestEntry.request_id == PatientRequest.id
    )
    with database.read() as session:
        return [
            f"changed {reference}: {entry.kind}, {entry.note}" + (f" {entry.changes}" if entry.changes else "")
            for entry, reference in session.execute(rows.order_by(RequestEntry.id))
        ]


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.txt")), ids=lambda path: path.stem)
def test_call(path, place):
    settings, expected = read(path)
    transcript, requests, changes = place(settings)
    kept = "".join(f"kept    {json.dumps(request)}\n" for request in requests) or "kept    nothing\n"
    body = f"{transcript.story().rstrip()}\n{kept}" + "".join(f"{change}\n" for change in changes)
    if "UPDATE_CALLS" in os.environ:
        path.write_text(path.read_text().partition("\n\n")[0] + "\n\n" + body)
        pytest.skip("written anew")
    assert body == expected


CALLBACK = "2 1 4 3 1 2"


@pytest.fixture(scope="module")
def calm_calls():
    """Calls without a fault, by their keys: what they were and what they left."""
    return {}


@pytest.mark.parametrize("fault", ["delivered twice", "delivered late", "completed early", "status lost", "bare"])
@pytest.mark.parametrize(
    ("keys", "earlier"),
    [
        *(
            (keys, [])
            for keys in (CALLBACK, "1 1 1 1 05171948 1 6 3 1 2", "0 r12", "0 r12h", "2 1 4 3 1 1 r9 1", "3 1 3 2 1 h")
        ),
        *(
            (keys, [(OPEN, "+16175550142", CALLBACK)])
            for keys in ("4 1 1 6175550199 1 1", "4 2 1", "2 1 r9", "2 1 r9h")
        ),
    ],
)
def test_the_carriers_faults_change_neither_what_is_heard_nor_what_is_kept(
    place, fault, keys, earlier, tmp_path, calm_calls
):
    if keys not in calm_calls:
        calm_calls[keys] = place({"keys": keys, "earlier": earlier})
        for file in tmp_path.glob("rendered.db*"):
            file.unlink()
    calm, kept, changes = calm_calls[keys]
    rough, kept_then, changes_then = place({"keys": keys, "earlier": earlier, fault: "1"})
    assert rough.story() == calm.story()
    assert changes_then == changes
    statuses = [(one["kind"], one["status"], one["callback_number"]) for one in kept]
    if fault == "status lost" and statuses and statuses[0][1] == "incomplete":
        assert kept_then == []
    else:
        assert [(one["kind"], one["status"], one["callback_number"]) for one in kept_then] == statuses
