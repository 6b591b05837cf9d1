"""The strict reader: every attribute of every verb, good and bad, and all that a document may get wrong."""

import pytest

from ivr.simulator.errors import TwimlError
from ivr.simulator.twiml import parse
from ivr.simulator.verbs import (
    Dial,
    Gather,
    Hangup,
    Number,
    Pause,
    Play,
    Record,
    Redirect,
    Reject,
    Say,
)

# verb | attribute | good values | bad values
ATTRIBUTES = [
    ("Say", "voice", "man woman Polly.Joanna Polly.Ruth-Generative Google.en-US-Wavenet-D",
     "alice polly.Joanna Polly. Joanna Polly.Joanna-Loud"),
    ("Say", "language", "en-US es-US zh-Hant-TW es-419", "en english EN-us"),
    ("Say", "loop", "0 1 1000", "-1 1001 x"),
    ("Play", "loop", "0 1 1000", "1001 two"),
    ("Pause", "length", "1 10", "0 0.5 -1 x"),
    ("Gather", "action", "/next ?n=2 https://x.example/a http://x.example:8080/a",
     "ftp://x/ http://a_b.example/ mailto:a"),
    ("Gather", "method", "GET POST", "get PUT"),
    ("Gather", "timeout", "1 10", "0 auto 5.5 -1"),
    ("Gather", "finishOnKey", "# * 5", "## 1234 A"),
    ("Gather", "numDigits", "1 10", "0 -1 ten"),
    ("Gather", "actionOnEmptyResult", "true false", "yes 1 True"),
    ("Gather", "language", "en-US es-US", "en es"),
    ("Gather", "input", "dtmf", "speech digits"),
    ("Record", "method", "GET POST", "post"),
    ("Record", "timeout", "1 5", "0 x"),
    ("Record", "finishOnKey", "# 1234567890*# 0", "A 12x"),
    ("Record", "maxLength", "2 90 14400", "1 0 14401 x"),
    ("Record", "playBeep", "true false", "no"),
    ("Record", "trim", "trim-silence do-not-trim", "true"),
    ("Record", "recordingStatusCallback", "/recording https://x.example/r", "ftp://x"),
    ("Record", "recordingStatusCallbackMethod", "GET POST", "HEAD"),
    ("Record", "recordingStatusCallbackEvent", "completed in-progress absent", "done"),
    ("Record", "transcribe", "false", "true"),
    ("Dial", "action", "/dialled", "ftp://x"),
    ("Dial", "method", "GET POST", "X"),
    ("Dial", "timeout", "1 20 600", "0 601 x"),
    ("Dial", "timeLimit", "60 14400", "0 x"),
    ("Dial", "hangupOnStar", "true false", "on"),
    ("Dial", "callerId", "+16175550100", "6175550100 anonymous +1617"),
    ("Dial", "answerOnBridge", "true false", "1"),
    ("Dial", "ringTone", "us", "US 1"),
    ("Dial", "record", "do-not-record", "record-from-answer true"),
    ("Number", "url", "/whisper", "ftp://x"),
    ("Number", "method", "GET POST", "X"),
    ("Number", "sendDigits", "1234 ww12#", "x"),
    ("Number", "statusCallback", "/desk", "ftp://x"),
    ("Number", "statusCallbackMethod", "GET POST", "X"),
    ("Number", "statusCallbackEvent", "initiated ringing answered completed", "busy"),
    ("Redirect", "method", "GET POST", "X"),
    ("Reject", "reason", "rejected busy", "no"),
]  # fmt: skip
VERBS = {
    "Say": "<Say {}>hi</Say>",
    "Play": "<Play {}>/a.wav</Play>",
    "Pause": "<Pause {}/>",
    "Gather": "<Gather action='/x' {}/>",
    "Record": "<Record action='/x' {}/>",
    "Dial": "<Dial {}>+16175550101</Dial>",
    "Number": "<Dial><Number {}>+16175550101</Number></Dial>",
    "Redirect": "<Redirect {}>/x</Redirect>",
    "Reject": "<Reject {}/>",
}
CASES = [
    (verb, attribute, value, good)
    for verb, attribute, goods, bads in ATTRIBUTES
    for good, values in ((True, goods), (False, bads))
    for value in values.split()
]


def document(verb: str, attribute: str, value: str) -> str:
    text = VERBS[verb].replace("action='/x' ", "") if attribute == "action" else VERBS[verb]
    return f"<Response>{text.format(f'{attribute}={value!r}')}</Response>"


@pytest.mark.parametrize(("verb", "attribute", "value", "good"), CASES)
def test_every_attribute(verb: str, attribute: str, value: str, good: bool) -> None:
    if good:
        assert parse(document(verb, attribute, value))
    else:
        with pytest.raises(TwimlError, match=f"<{verb}> on line 1: {attribute}="):
            parse(document(verb, attribute, value))


@pytest.mark.parametrize("verb", VERBS)
def test_an_unknown_attribute_is_named(verb: str) -> None:
    with pytest.raises(TwimlError, match=f"<{verb}> on line 1 has no attribute 'colour'"):
        parse(document(verb, "colour", "red"))


def test_the_verbs_with_their_defaults() -> None:
    verbs = parse(
        "<Response><Say>Hello  you</Say><Play>/a.wav</Play><Pause/><Gather action='/g'/><Record action='/r'/>"
        "<Dial><Number url='/w'>+16175550101</Number></Dial><Redirect>/next</Redirect></Response>"
    )
    assert verbs == (
        Say("Hello you", 0.8),
        Play("/a.wav"),
        Pause(),
        Gather("/g", "POST", 5, "#", 0, False, "en-US", ()),
        Record("/r", "POST", 5, "1234567890*#", 3600, True, "trim-silence"),
        Dial((Number("+16175550101", "/w"),)),
        Redirect("/next"),
    )


def test_verbs_with_values() -> None:
    assert parse(
        "<Response><Gather action='/g' finishOnKey='' numDigits='4' timeout='10' method='GET'>"
        "<Say>x</Say><Play digits='1w2'/><Pause length='2'/></Gather><Hangup/></Response>"
    ) == (
        Gather("/g", "GET", 10, "", 4, prompts=(Say("x", 0.4), Play(digits="1w2"), Pause(2))),
        Hangup(),
    )
    assert parse("<Response><Reject reason='busy'/></Response>") == (Reject("busy"),)
    assert parse("<Response/>") == ()


# inside of <Response> | part of the message
WRONG = [
    ("<Enqueue>x</Enqueue>", "not a verb"),
    ("<say>x</say>", "not a verb"),
    ("<Number>+16175550101</Number>", "not a verb"),
    ("stray <Hangup/>", "may hold no text"),
    ("<Hangup>now</Hangup>", "may hold no text"),
    ("<Pause><Say>x</Say></Pause>", "may not stand inside"),
    ("<Hangup/><Say>x</Say>", "unreachable: the <Hangup>"),
    ("<Redirect>/x</Redirect><Say>x</Say>", "unreachable: the <Redirect>"),
    ("<Reject/><Say>x</Say>", "unreachable: the <Reject>"),
    ("<Say>x</Say><Reject/>", "first verb"),
    ("<Gather action='/x' actionOnEmptyResult='true'/><Say>x</Say>", "unreachable: the <Gather>"),
    ("<Dial action='/x'>+16175550101</Dial><Say>x</Say>", "unreachable: the <Dial>"),
    ("<Gather/>", "needs an action"),
    ("<Record/>", "needs an action"),
    ("<Gather action=''/>", "is empty"),
    ("<Gather action='/a b'/>", "blank"),
    ("<Gather action='/x'><Record action='/x'/></Gather>", "<Record> on line 1 may not stand"),
    ("<Gather action='/x'><Gather action='/x'/></Gather>", "may not stand inside"),
    ("<Gather action='/x'>press</Gather>", "may hold no text"),
    ("<Gather action='/x'><Say voice='nobody'>x</Say></Gather>", "voice='nobody'"),
    ("<Gather action='/x' hints='a'/>", "hears keys, no speech"),
    ("<Say/>", "E:13520"),
    ("<Say>  </Say>", "E:13520"),
    ("<Say><break time='1s'/></Say>", "E:13520"),
    ("<Say>" + "x" * 4097 + "</Say>", "4096 at most"),
    ("<Say voice='Polly.Joanna'>" + "x" * 3001 + "</Say>", "3000 at most"),
    ("<Say voice='man'>x<break/></Say>", "reads no SSML"),
    ("<Say><Play>/x</Play></Say>", "may not stand inside <Say>"),
    ("<Say>x<break time='5'/></Say>", "time='5'"),
    ("<Say>x<break time='11s'/></Say>", "10 s at most"),
    ("<Say>x<break>y</break></Say>", "must be empty"),
    ("<Say>x<break speed='1'/></Say>", "no attribute 'speed'"),
    ("<Say><say-as>1</say-as></Say>", "needs the attribute interpret-as"),
    ("<Say><audio src='x'/>x</Say>", "may not stand inside"),
    ("<Play/>", "is empty"),
    ("<Play>ftp://x/y</Play>", "http"),
    ("<Play digits='1'>/x</Play>", "both digits"),
    ("<Dial/>", "E.164"),
    ("<Dial>617-555-0101</Dial>", "E.164"),
    ("<Dial>+16175550101<Number>+16175550101</Number></Dial>", "may hold no text"),
    ("<Dial><Sip>sip:a@b</Sip></Dial>", "may not stand inside"),
    ("<Dial>" + "<Number>+16175550101</Number>" * 11 + "</Dial>", "10 at most"),
    ("<Redirect/>", "is empty"),
    ("<Say>" + "x" * 70000 + "</Say>", "E:11750"),
]  # fmt: skip


@pytest.mark.parametrize(("inside", "message"), WRONG)
def test_what_a_document_gets_wrong(inside: str, message: str) -> None:
    with pytest.raises(TwimlError) as caught:
        parse(f"<Response>{inside}</Response>")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("xml", "message"),
    [
        ("", "not well-formed"),
        ("<Response>", "not well-formed"),
        ("<Response/>trailing", "not well-formed"),
        ("<Response/><Response/>", "not well-formed"),
        ("<Reply/>", "must be <Response>"),
        ("<Response version='1'/>", "takes no attributes"),
        ("<!DOCTYPE Response><Response/>", "document type"),
        ('<!DOCTYPE r [<!ENTITY a "b">]><Response><Say>&a;</Say></Response>', "document type"),
        ("<?go now?><Response/>", "processing instruction"),
        ("<Response>&nbsp;</Response>", "not well-formed"),
        ("<Response>\n<Say>a</Say>\n<Sya>b</Sya></Response>", "<Sya> on line 3"),
    ],
)
def test_what_is_no_document(xml: str, message: str) -> None:
    with pytest.raises(TwimlError) as caught:
        parse(xml)
    assert message in str(caught.value)


def test_comments_declaration_and_encoding_are_fine() -> None:
    assert parse("<?xml version='1.0'?><Response><!-- x --><Hangup/></Response>") == (Hangup(),)
    assert parse("<Response><Say>Señor, 1 &amp; 2</Say></Response>".encode()) == (Say("Señor, 1 & 2", 1.2),)


def test_ssml_is_read_for_words_and_time() -> None:
    (say,) = parse(
        "<Response><Say voice='Polly.Joanna'>For <emphasis level='strong'>an appointment</emphasis>,"
        "<break time='600ms'/> press <say-as interpret-as='digits'>12</say-as>"
        "<p>or <sub alias='doctor'>Dr.</sub></p><prosody rate='90%'>wait</prosody></Say></Response>"
    )
    assert isinstance(say, Say)
    assert say.text == "For an appointment, press 12 or doctor wait"
    assert say.seconds == pytest.approx(0.6 + 9 / 2.5)
