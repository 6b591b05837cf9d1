"""Calls to patients: the documents that ring them, for staff called from the browser and for staff on the phone.

Every address is signed like the others. Staff hear these documents: when something breaks they are told to call by
themselves, and never hear the announcement for callers.
"""

from __future__ import annotations

from functools import partial

from flask import Blueprint, Response, request
from twilio.twiml import voice_response as twiml
from werkzeug.exceptions import HTTPException

from ivr.callflow import outputs as out
from ivr.callflow.reading import REFERENCE_GROUPS
from ivr.callflow.speaking import BETWEEN_OPTIONS
from ivr.logs import where
from ivr.services.calls.turns import Answer
from ivr.services.requests import bridging, by_phone
from ivr.services.requests.case import LONGEST_TALK
from ivr.services.requests.dialling import DialTarget
from ivr.voice import parse, watching
from ivr.voice.views import VoiceDoor, call_of, guard, twiml_response

RING_SECONDS = 30
ACCEPT_SECONDS = 8
UNHEARD = frozenset({"bridge.status", "bridge.patient"})
PROGRESS = "initiated ringing answered completed"


def create_blueprint(door: VoiceDoor) -> Blueprint:
    """The addresses of calls to patients."""
    bridge = Blueprint("bridge", __name__, url_prefix="/voice")
    guard(bridge, door)
    pages = _Pages(door)

    @bridge.errorhandler(parse.UnknownCaller)
    def no_such_call(error: parse.UnknownCaller) -> Response | tuple[str, int]:
        """A form that names no call cannot be answered as one; somebody may listen all the same."""
        watching.nameless(request.path)
        return (f"{error}\n", 400) if request.endpoint in UNHEARD else twiml_response(pages.sorry())

    @bridge.errorhandler(Exception)
    def broken(error: Exception) -> Response | HTTPException | tuple[str, int]:
        """Whatever broke, the staff's phone is hung up with a word; where nobody listens the answer is 503."""
        if isinstance(error, HTTPException):
            return error
        watching.broken(door.metrics, request.path, error, where(error), call_of())
        return ("", 503) if request.endpoint in UNHEARD else twiml_response(pages.sorry())

    @bridge.post("/bridge")
    def answered() -> Response:
        """The staff's phone was picked up."""
        sid = parse.sid(request.form, "CallSid")
        whisper = door.breaker.run(partial(bridging.answer, door.line, _bridge_id(), sid))
        return twiml_response(pages.whisper(whisper) if whisper else pages.over())

    @bridge.post("/bridge/accept")
    def accept() -> Response:
        """Somebody there pressed a key, or none."""
        sid, accepted = parse.sid(request.form, "CallSid"), request.form.get("Digits") == "1"
        take = partial(bridging.accept, door.line, _bridge_id(), sid, accepted, door.line.clock())
        dialled = door.breaker.run(take)
        if dialled is None:
            return twiml_response(pages.over())
        briefing = door.breaker.run(partial(bridging.briefing_of, door.line, _bridge_id()))
        return twiml_response(pages.brief(briefing) if briefing else pages.bridge(dialled))

    @bridge.post("/bridge/dial")
    def dial() -> Response:
        """Whoever is on call has heard what it is about."""
        sid = parse.sid(request.form, "CallSid")
        take = partial(bridging.accept, door.line, _bridge_id(), sid, accepted=False, now=door.line.clock())
        dialled = door.breaker.run(take)
        return twiml_response(pages.bridge(dialled) if dialled else pages.over())

    @bridge.post("/bridge/over")
    def over() -> Response:
        """Staff and patient have talked, or could not."""
        reported, seconds = (
            parse.word(request.form.get("DialCallStatus", "")),
            parse.duration(request.form.get("DialCallDuration")),
        )
        door.breaker.run(partial(bridging.note_talked, door.line, _bridge_id(), reported, seconds, door.line.clock()))
        return twiml_response(pages.over())

    @bridge.post("/bridge/status")
    def status() -> tuple[str, int]:
        """The carrier tells how the staff's leg fares."""
        sid, reported = parse.sid(request.form, "CallSid"), parse.word(request.form.get("CallStatus", ""))
        door.breaker.run(partial(bridging.note_staff, door.line, _bridge_id(), sid, reported, door.line.clock()))
        return "", 204

    @bridge.post("/bridge/patient")
    def patient() -> tuple[str, int]:
        """The carrier tells how the patient's leg fares."""
        sid, reported = parse.sid(request.form, "CallSid"), parse.word(request.form.get("CallStatus", ""))
        door.breaker.run(partial(bridging.note_patient, door.line, _bridge_id(), sid, reported, door.line.clock()))
        return "", 204

    @bridge.post("/patient")
    def staff_call() -> Response:
        """A member of the staff on the phone has claimed a request: ring its patient, then go on with the call."""
        following = door.renderer.addresses.turn(parse.turn_number(request.args.get("n")) or 0)
        sid = parse.sid(request.form, "CallSid")
        dialled = door.breaker.run(partial(by_phone.dial_claimed, door.line, sid))
        return twiml_response(_dial(dialled, following) if dialled else _redirect(following))

    return bridge


def _bridge_id() -> int:
    return parse.row_id(request.args.get("b"))


def _dial(dialled: DialTarget, action: str, status_url: str = "") -> str:
    """Ring a patient as the clinic, for an hour's talk at most; afterwards the call goes on at `action`."""
    response = twiml.VoiceResponse()
    caller_id = {"caller_id": dialled.caller_id} if dialled.caller_id else {}
    longest = int(LONGEST_TALK.total_seconds())
    dial = twiml.Dial(action=action, method="POST", timeout=RING_SECONDS, time_limit=longest, **caller_id)
    reported = {
        "status_callback": status_url,
        "status_callback_method": "POST",
        "status_callback_event": PROGRESS,
    }
    dial.number(dialled.number, **(reported if status_url else {}))
    response.append(dial)
    return str(response)


def _redirect(address: str) -> str:
    response = twiml.VoiceResponse()
    response.redirect(address, method="POST")
    return str(response)


class _Pages:
    """What staff hear on a phone that the line has rung; all in the default language."""

    def __init__(self, door: VoiceDoor) -> None:
        self._door = door
        self._base = door.renderer.addresses.base

    def whisper(self, whisper: bridging.StaffWhisper) -> str:
        """Whose request it is, by reference only, and the key to be connected; silence hangs up.

        A telephone on call may be anybody's who picks it up: nothing but the clinic's name is said before key 1.
        """
        speech: tuple[out.Speech, ...] = (out.Say("bridge_on_call"),)
        if not whisper.on_call:
            speech = (
                out.Say("bridge_opening"),
                out.SpeakDigits(whisper.reference, REFERENCE_GROUPS),
                out.Say(f"bridge_{whisper.priority}"),
                out.Say("bridge_accept"),
            )
        return self._document((out.Gather(speech, 1, ACCEPT_SECONDS),), self._address("/accept"))

    def brief(self, briefing: bridging.Briefing) -> str:
        """What the request is about, for whoever has taken it; a key cuts it short. Then the patient is rung."""
        default = self._door.line.tree.languages[0]
        speech: list[out.Speech] = [out.Say("bridge_opening"), out.SpeakDigits(briefing.reference, REFERENCE_GROUPS)]
        if briefing.warned:
            speech += [BETWEEN_OPTIONS, out.Say("staff_desk_warning")]
        if briefing.language != default:
            speech += [out.Say("staff_desk_language"), out.Say("language_name", briefing.language)]
        speech += [BETWEEN_OPTIONS, out.Say("bridge_connecting")]
        return self._document((out.Gather(tuple(speech), 1, 1),), self._address("/dial"))

    def bridge(self, dialled: DialTarget) -> str:
        """Ring the patient."""
        return _dial(dialled, self._address("/over"), self._address("/patient"))

    def over(self) -> str:
        """Nothing more to be done here."""
        return self._document((out.Say("bridge_over"), out.Hangup()))

    def sorry(self) -> str:
        """Made of nothing that can be broken."""
        response = twiml.VoiceResponse()
        response.say("Sorry, this callback does not work now. Please dial the number from your own phone.")
        response.hangup()
        return str(response)

    def _document(self, outputs: tuple[out.Output, ...], following: str = "") -> str:
        language = self._door.line.tree.languages[0]
        release = self._door.releases.latest()
        return self._door.renderer.document(Answer(0, outputs, language, None, ""), release, following)

    def _address(self, path: str) -> str:
        return f"{self._base}/voice/bridge{path}?b={_bridge_id()}"
