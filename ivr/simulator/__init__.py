"""A telephone that speaks Twilio's protocol: a strict TwiML interpreter that calls any server.

carrier = Carrier("http://127.0.0.1:5000", account_sid, auth_token)
transcript = carrier.call(ScriptedCaller.parse("1 2 617*6175550199 1 h"))
print(transcript.render())
"""

from ivr.simulator.account import PhoneNumber
from ivr.simulator.caller import Caller, HangUp, Keys, PlannedCaller, Silence, Speak, Wait
from ivr.simulator.calls import CallRecord, CallStore
from ivr.simulator.carrier import Carrier, Paths
from ivr.simulator.clock import RealClock, VirtualClock
from ivr.simulator.desk import Answers, FixedDesk, Unreached
from ivr.simulator.errors import SimulatorError, TwimlError
from ivr.simulator.faults import Faults
from ivr.simulator.parameters import Party
from ivr.simulator.placing import Exchange
from ivr.simulator.recordings import Recording, RecordingStore
from ivr.simulator.rest import MediaDelay, create_rest_app
from ivr.simulator.script import ScriptedCaller, UnhurriedCaller
from ivr.simulator.signature import sign
from ivr.simulator.terminal import run_interactive, run_scripted
from ivr.simulator.texting import TextPhone
from ivr.simulator.transcript import Transcript, TranscriptEntry
from ivr.simulator.transport import HttpTransport, Response, Transport, WsgiTransport
from ivr.simulator.twiml import parse

__all__ = [
    "Answers",
    "CallRecord",
    "CallStore",
    "Caller",
    "Carrier",
    "Exchange",
    "Faults",
    "FixedDesk",
    "HangUp",
    "HttpTransport",
    "Keys",
    "MediaDelay",
    "Party",
    "Paths",
    "PhoneNumber",
    "PlannedCaller",
    "RealClock",
    "Recording",
    "RecordingStore",
    "Response",
    "ScriptedCaller",
    "Silence",
    "SimulatorError",
    "Speak",
    "TextPhone",
    "Transcript",
    "TranscriptEntry",
    "Transport",
    "TwimlError",
    "UnhurriedCaller",
    "Unreached",
    "VirtualClock",
    "Wait",
    "WsgiTransport",
    "create_rest_app",
    "parse",
    "run_interactive",
    "run_scripted",
    "sign",
]
