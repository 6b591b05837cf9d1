"""Outputs to exact XML: a table, with clips on the air, with clips missing, and with the carrier's voice."""

import pytest

from ivr.callflow import outputs as out
from ivr.callflow.composing import WordOrder
from ivr.services.calls.turns import Answer
from ivr.services.prompts.releases import Release
from ivr.services.scripts import Prompt, Script
from ivr.simulator import parse
from ivr.voice.render import Addresses, Renderer

BASE = "https://line.example.org"
WORDS = {
    "hello": "Hello.",
    "one": "For one, press 1.",
    "two": "For <two>, press 2.",
    "digit_4": "four",
    "digit_2": "two",
}


def script(language, voice):
    prompts = {key: Prompt(key, text, "", False, 9.0, None) for key, text in WORDS.items()}
    return Script(language, prompts, WordOrder(), frozenset(), voice)


SCRIPTS = {
    "en-US": script("en-US", "Polly.Joanna-Neural"),
    "es-US": script("es-US", "Polly.Lupe-Neural"),
}
CLIPS = {key: key for key in WORDS}
RELEASE = Release(1, {"en-US": CLIPS, "es-US": CLIPS, "silence": {"600": "s600", "500": "s500"}})
TURN = 'action="https://line.example.org/voice/turn?n=4" method="POST"'
HELLO = "<Play>https://line.example.org/media/prompts/hello.wav</Play>"
ONE = "<Play>https://line.example.org/media/prompts/one.wav</Play>"
PAUSE = "<Play>https://line.example.org/media/prompts/s600.wav</Play>"
SAY = '<Say language="en-US" voice="Polly.Joanna-Neural">'


def document(*outputs, speaks=False, release=RELEASE, to_number="+16175550100"):
    addresses = Addresses(
        BASE,
        lambda sid, language: f"token-{sid}-{language}",
        lambda recording, staff, language: f"{recording}-{staff}-{language}",
    )
    renderer = Renderer(addresses, SCRIPTS, speaks)
    xml = renderer.document(Answer(3, outputs, "en-US", 1, to_number), release)
    parse(xml)
    return xml.removeprefix('<?xml version="1.0" encoding="UTF-8"?><Response>').removesuffix("</Response>")


@pytest.mark.parametrize(
    ("outputs", "xml"),
    [
        ((out.Say("hello"), out.Hangup()), f"{HELLO}<Hangup />"),
        (
            (out.Say("hello"), out.CallPatient(30)),
            f'{HELLO}<Redirect method="POST">https://line.example.org/voice/patient?n=4</Redirect>',
        ),
        (
            (out.PlayMessage(5, 3), out.Hangup()),
            "<Play>https://line.example.org/media/messages/5-3-en-US.wav</Play><Hangup />",
        ),
        (
            (out.Gather((out.Say("hello"), out.Pause(600), out.Say("one")), 1, 10),),
            f'<Gather actionOnEmptyResult="true" finishOnKey="" input="dtmf" numDigits="1" timeout="10" {TURN}>'
            f"{HELLO}{PAUSE}{ONE}</Gather>",
        ),
        (
            (out.Gather((), 4, 8, "#"),),
            f'<Gather actionOnEmptyResult="true" finishOnKey="#" input="dtmf" numDigits="4" timeout="8" {TURN} />',
        ),
        (
            (out.Skippable((out.Say("hello"),)), out.Say("one"), out.Record(90)),
            f'<Gather input="dtmf" numDigits="1" timeout="1" {TURN}>{HELLO}</Gather>{ONE}'
            f'<Record maxLength="90" playBeep="true" recordingStatusCallback="{BASE}/voice/recording" '
            f'recordingStatusCallbackEvent="completed absent" recordingStatusCallbackMethod="POST" timeout="10" {TURN} />'
            f'<Redirect method="POST">{BASE}/voice/turn?n=4</Redirect>',
        ),
        (
            (out.Gather((out.SayOwn("We have no power.", "own", "one"), out.Pause(600), out.Say("hello")), 1, 10),),
            f'<Gather actionOnEmptyResult="true" finishOnKey="" input="dtmf" numDigits="1" timeout="10" {TURN}>'
            f"<Play>https://line.example.org/media/prompts/own.wav</Play>{PAUSE}{HELLO}</Gather>",
        ),
        ((out.SayOwn("We have no power.", None, "one"),), ONE),
        (
            (out.Dial("+16175550111", 20),),
            f'<Dial callerId="+16175550100" timeout="20" {TURN}>'
            f'<Number method="POST" url="{BASE}/voice/desk">+16175550111</Number></Dial>',
        ),
        (
            (out.Gather((out.PlayRecording("RE1"), out.Say("one", "es-US")), 1, 10),),
            f'<Gather actionOnEmptyResult="true" finishOnKey="" input="dtmf" numDigits="1" timeout="10" {TURN}>'
            f"<Play>{BASE}/media/utterances/token-RE1-en-US.wav</Play>{ONE}</Gather>",
        ),
    ],
)
def test_each_output(outputs, xml):
    assert canonical(document(*outputs)) == canonical(xml)


def test_the_carriers_voice_speaks_neighbours_in_one_say_with_breaks():
    spoken = document(out.Say("hello"), out.Pause(600), out.Say("two"), out.Say("hello", "es-US"), speaks=True)
    assert canonical(spoken) == canonical(
        f'{SAY}Hello.<break time="600ms" />For &lt;two&gt;, press 2.</Say>'
        '<Say language="es-US" voice="Polly.Lupe-Neural">Hello.</Say>'
    )


def test_digits_are_spoken_by_clips_or_by_the_carrier():
    assert document(out.SpeakDigits("42")).count("<Play>") == 2
    assert "four two" in document(out.SpeakDigits("42"), speaks=True)


def test_the_clinics_own_words_are_spoken_by_the_carrier_where_it_speaks_and_stay_words():
    own = document(out.SayOwn("Call 911 <now> & wait.", "own", "one"), out.Say("hello"), speaks=True)
    assert own == f"{SAY}Call 9 1 1 &lt;now&gt; &amp; wait. Hello.</Say>"


def test_a_missing_clip_is_spoken_and_never_silence():
    release = Release(1, {"en-US": {"one": "one"}})
    mixed = document(out.Say("hello"), out.Pause(600), out.Say("one"), release=release)
    assert canonical(mixed) == canonical(f'{SAY}Hello.<break time="600ms" /></Say>{ONE}')
    assert document(out.Say("hello"), release=Release(None, {})) == f"{SAY}Hello.</Say>"


def test_a_sip_line_shows_no_caller_id_to_the_desk():
    assert "callerId" not in document(out.Dial("+16175550111", 20), to_number="sip:line@example.org")


def canonical(xml):
    """The same document with its attributes in one order."""
    from xml.etree.ElementTree import canonicalize

    return canonicalize(f"<Response>{xml}</Response>")
