"""A prompt that the release on the air has no audio of is heard all the same, and somebody is told."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from ivr.models import PromptRelease
from ivr.services.calls.turns import Arrival, start_call
from ivr.services.prompts.releases import latest_release

KEY = "option_appointment"


def release_without(phone, clock, *keys):
    """Put a release on the air that lacks these; the address of the audio that the one before has."""
    with phone.line.database.write() as session:
        latest = latest_release(session)
        manifest = {name: {k: a for k, a in audio.items() if k not in keys} for name, audio in latest.manifest.items()}
        session.add(PromptRelease(manifest=manifest, created_at=clock.now))
    return latest.manifest["en-US"][KEY]


def metrics(phone):
    """The lines of the missing-prompts counter."""
    page = phone.app.test_client().get("/metrics").text
    return [line for line in page.splitlines() if line.startswith("ivr_prompts_missing_total{")]


def test_the_release_before_lends_its_audio(telephone, clock):
    phone = telephone()
    address = release_without(phone, clock, KEY)
    with capture_logs() as logs:
        transcript = phone.call("h", from_="+16175550142", to="+16175550100")
        phone.call("h", from_="+16175550143", to="+16175550100")
    assert "For an appointment, press 1." in transcript.story()
    told = [entry for entry in logs if entry["event"] == "prompt_missing"]
    assert [(one["prompt"], one["language"], one["instead"], one["log_level"]) for one in told] == [
        (KEY, "en-US", "earlier", "error")
    ]
    assert metrics(phone) == ['ivr_prompts_missing_total{instead="earlier",language="en-US"} 2.0']
    assert address in _document(phone)


def test_without_an_earlier_one_the_carrier_says_it(telephone, clock):
    phone = telephone()
    with phone.line.database.write() as session:
        for release in session.query(PromptRelease):
            session.delete(release)
        session.add(PromptRelease(manifest={"silence": {}}, created_at=clock.now))
    assert "<Say" in _document(phone)
    assert "For an appointment, press 1." in _document(phone)
    assert metrics(phone)[0].startswith('ivr_prompts_missing_total{instead="carrier",language="en-US"}')


def test_a_database_that_fails_meanwhile_does_not_fail_the_call(telephone, clock, monkeypatch):
    phone = telephone()
    release_without(phone, clock, KEY)

    def down(*_):
        raise OSError("the disk is gone")

    monkeypatch.setattr("ivr.services.prompts.releases.EarlierAudio._read", down)
    assert "For an appointment, press 1." in _document(phone)


@pytest.mark.parametrize("caller", ["+16175550142", "anonymous"])
def test_one_language_asks_nothing_of_earlier_calls(telephone, caller, monkeypatch):
    phone = telephone()
    start_call(phone.line, Arrival("CA" + "1" * 32, caller, "+16175550100"))
    monkeypatch.setattr("ivr.services.calls.turns.LAST_LANGUAGE", None)
    again = start_call(phone.line, Arrival("CA" + "2" * 32, caller, "+16175550100"))
    assert again.language == "en-US"


def _document(phone):
    """What the carrier is answered when a call comes in."""
    heard, ask = [], phone.transport.request

    def asked(*request):
        heard.append(ask(*request))
        return heard[-1]

    phone.transport.request = asked
    phone.call("h", from_="+16175550144", to="+16175550100")
    phone.transport.request = ask
    return heard[0].body.decode()
