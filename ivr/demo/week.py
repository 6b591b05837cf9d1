"""The demo's made-up week: calls and forms that came, and what staff did about them. Everybody in it is invented.

Every call goes through the simulator and every step of staff through its service, each at its own time.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial

from sqlalchemy import select

from ivr import create_app, create_line
from ivr.audio.errors import AudioError
from ivr.audio.mastering import master
from ivr.audio.synthesis import Synthesizer
from ivr.callflow.answers import BestTime, Draft, Kind, PatientType, Reason, VisitType, Weekday
from ivr.config import Config
from ivr.models import Disposition, Outcome, PatientRequest, Role
from ivr.services.accounts import staff
from ivr.services.audit import Actor
from ivr.services.calls.following import follow
from ivr.services.line import Line, utc_now
from ivr.services.requests import history, triage
from ivr.services.requests.online import OnlineRequest, save_online
from ivr.simulator import Carrier, RecordingStore, ScriptedCaller, VirtualClock, WsgiTransport

Step = Callable[[Line, int, Actor, datetime], object]
STAFF, LEAD = Role.STAFF, Role.LEAD


def called(outcome: Outcome, words: str = "") -> Step:
    """An attempt to reach the patient."""
    return partial(triage.record_attempt, outcome=outcome, note=words)


def done(disposition: Disposition, words: str = "") -> Step:
    """The end of a request."""
    return partial(triage.close, disposition=disposition, note=words)


def noted(words: str) -> Step:
    """Something written down."""
    return partial(history.add_note, text=words)


@dataclass(frozen=True)
class StaffStep:
    """What a role did, so many minutes after the call."""

    minutes: int
    who: Role
    step: Step


@dataclass(frozen=True)
class DemoCall:
    """A call `ago` days before today at a time of day (or so many minutes ago, below 0), and what came of it."""

    ago: int
    at: str
    caller: str
    keys: str
    message: str = ""
    steps: tuple[StaffStep, ...] = ()


PROCEDURE = "2 1 1 {time} 1 2"
MESSAGE = "2 1 1 2 1 1 r{seconds} 1"

WEEK = (
    DemoCall(6, "09:12", "+16175550142", "2 1 4 3 1 2", steps=(
        StaffStep(31, STAFF, called(Outcome.NO_ANSWER)),
        StaffStep(240, STAFF, called(Outcome.REACHED, "Wanted directions and parking. Told both.")),
        StaffStep(241, STAFF, done(Disposition.ANSWERED)))),
    DemoCall(6, "10:47", "+16175550121", "1 1 1 1 05171948 1 6 3 1 2", steps=(
        StaffStep(52, STAFF, called(Outcome.REACHED)),
        StaffStep(60, STAFF, done(Disposition.SCHEDULED, "First visit, referral letter is here.")))),
    DemoCall(6, "15:20", "anonymous", "2 6175550163 1 3 2 1 2", steps=(
        StaffStep(900, STAFF, called(Outcome.LEFT_MESSAGE)),
        StaffStep(1300, STAFF, done(Disposition.ANSWERED, "Insurance card copied to billing.")))),
    DemoCall(5, "08:41", "+16175550134", "2 1 2 1 2", steps=(
        StaffStep(4, LEAD, noted("Fever since last night, three days after the procedure. Doctor on call informed.")),
        StaffStep(6, LEAD, called(Outcome.REACHED)),
        StaffStep(12, LEAD, done(Disposition.EMERGENCY, "Sent to the emergency department; daughter drives.")))),
    DemoCall(5, "11:05", "+16175550155", "0 h"),
    DemoCall(5, "13:33", "+16175550118", "1 1 2 3 # 2 1 2 2", steps=(
        StaffStep(95, STAFF, called(Outcome.BUSY)),
        StaffStep(170, STAFF, called(Outcome.WRONG_NUMBER, "Somebody else answers at this number.")),
        StaffStep(1500, LEAD, done(Disposition.UNREACHABLE)))),
    DemoCall(4, "09:55", "+16175550176", MESSAGE.format(seconds=11),
        "Hello, this is Maria Sample. I have a question about the kyphoplasty you suggested. "
        "Could a nurse call me in the afternoon? Thank you.", (
        StaffStep(75, STAFF, called(Outcome.LEFT_MESSAGE)),
        StaffStep(1440, STAFF, called(Outcome.REACHED, "Explained the steps; sends her questions in writing.")),
        StaffStep(1444, STAFF, done(Disposition.ANSWERED)))),
    DemoCall(4, "16:10", "+16175550142", "2 1 3 1 1 2", steps=(
        StaffStep(960, STAFF, called(Outcome.REACHED)),
        StaffStep(965, STAFF, done(Disposition.REFERRED, "Billing office has it.")))),
    DemoCall(3, "10:20", "+16175550129", "1 1 2 2 2 03041951 1 3 2 1 2", steps=(
        StaffStep(180, STAFF, called(Outcome.NO_ANSWER)),
        StaffStep(1400, STAFF, called(Outcome.LEFT_MESSAGE, "Offered two dates on the machine.")))),
    DemoCall(3, "14:02", "+16175550161", "1 1 1 2 1 h", steps=(
        StaffStep(7, LEAD, called(Outcome.REACHED, "Wound is draining. The surgeon sees her at four today.")),
        StaffStep(9, LEAD, done(Disposition.SCHEDULED)))),
    DemoCall(3, "18:40", "+16175550147", "0 r12h",
        "Good evening, my name is Tom Example. My number is 617 555 0147. "
        "I would like to know whether I may take my usual tablets before the visit. Thank you.", (
        StaffStep(930, STAFF, called(Outcome.REACHED, "Asked the doctor: yes, with little water.")),
        StaffStep(940, STAFF, done(Disposition.ANSWERED)))),
    DemoCall(2, "09:30", "+16175550138", "2 1 4 1 2 2", steps=(
        StaffStep(45, STAFF, done(Disposition.DUPLICATE)),)),
    DemoCall(2, "10:20", "+16175550170", "2 1 4 3 2 2", steps=(
        StaffStep(50, STAFF, called(Outcome.REACHED)),
        StaffStep(51, STAFF, done(Disposition.NOT_A_PATIENT, "Sells printer paper.")))),
    DemoCall(2, "11:48", "+16175550184", PROCEDURE.format(time=1), steps=(
        StaffStep(130, STAFF, called(Outcome.NO_ANSWER)),)),
    DemoCall(1, "10:05", "+16175550152", "1 1 1 3 11231960 1 2 1 1 2", steps=(
        StaffStep(200, STAFF, noted("Prefers a female doctor.")),)),
    DemoCall(1, "13:15", "+16175550187", PROCEDURE.format(time=3)),
    DemoCall(1, "15:50", "+16175550166", MESSAGE.format(seconds=9),
        "This is Ann Invented. Is it all right to fly two weeks after the procedure? "
        "Please call me back on this number."),
    DemoCall(-170, "", "+16175550173", "1 1 2 2 2 08091944 1 6 3 1 2"),
    DemoCall(-95, "", "+16175550158", "2 1 3 2 1 2", steps=(StaffStep(92, LEAD, triage.claim),)),
    DemoCall(-61, "", "+16175550144", "2 1 h"),
    DemoCall(-40, "", "+16175550191", "2 1 2 1 2"),
    DemoCall(-22, "", "+16175550126", MESSAGE.format(seconds=8),
        "Hi, it is Paul Madeup. I lost the sheet about the day of the procedure. Could you tell me when to be there?"),
    DemoCall(-9, "", "+16175550180", "1 1 1 1 # 6 3 1 2", steps=(StaffStep(7, STAFF, triage.claim),)),
)  # fmt: skip


ONLINE = (
    (-130, OnlineRequest(
        token="demo-1", language="en-US", name="Rosa Madeup", for_someone_else=True, needs_interpreter=True,
        interpreter_language="Portuguese", told="My mother hears badly. Please call me, I am her daughter.",
        draft=Draft(Kind.APPOINTMENT, "+16175550135", patient_type=PatientType.NEW, visit_type=VisitType.FRACTURE,
            weekday=Weekday.TUESDAY, visit_time=BestTime.MORNING, may_leave_message=True))),
    (-33, OnlineRequest(
        token="demo-2", language="en-US", name="Dan Invented", for_someone_else=False, needs_interpreter=False,
        told="I have a new insurance. Does it cover the follow-up?",
        draft=Draft(Kind.CALLBACK, "+16175550119", reason=Reason.BILLING, best_time=BestTime.ANY,
            may_leave_message=True))),
)  # fmt: skip
"""Requests that came online: so many minutes ago, and what was sent."""


class _Time:
    """The line's clock while the week is lived: a call's own, or the moment of a step of the staff."""

    def __init__(self) -> None:
        self.clock = VirtualClock()

    def __call__(self) -> datetime:
        return self.clock.utc()


def fill(config: Config, recordings: RecordingStore, now: datetime | None = None) -> int:
    """Let the week happen, unless there are requests already; how many calls came."""
    now, time = now or utc_now(), _Time()
    line = replace(create_line(config), clock=time)
    with closing(line.database):
        with line.database.read() as session:
            if session.scalar(select(PatientRequest.id).limit(1)) is not None:
                return 0
        return _live(config, line, time, recordings, now)


def _live(config: Config, line: Line, time: _Time, recordings: RecordingStore, now: datetime) -> int:
    actors = {member.role: Actor.of(member, "127.0.0.1") for member in staff.everybody(line.database)}
    sounds = _spoken(config.languages[0])
    transport = WsgiTransport(create_app(config, line))
    account = config.twilio_account_sid, config.twilio_auth_token
    carrier = Carrier(config.public_base_url, *account, transport=transport, recordings=recordings)
    agenda = [(at, event, None) for event in WEEK if (at := _begins(config, event, now)) < now]
    steps = [(at + timedelta(minutes=step.minutes), event, step) for at, event, _ in agenda for step in event.steps]
    left: dict[DemoCall, int] = {}
    for at, event, step in sorted([*agenda, *steps], key=lambda one: one[0]):
        time.clock = VirtualClock(at)
        if step is None:
            caller = ScriptedCaller.parse(event.keys)
            transcript = carrier.call(
                caller, from_=event.caller, clock=time.clock, microphone=partial(sounds.get, event.message)
            )
            standing = follow(line.database, transcript.call_sid)
            if standing and standing.saved:
                left[event] = standing.saved[-1].id
        elif at < now and event in left:
            step.step(line, left[event], actors[step.who], at)
    for minutes, form in ONLINE:
        time.clock = VirtualClock(now + timedelta(minutes=minutes))
        save_online(line, form, time())
    return len(agenda)


def _begins(config: Config, event: DemoCall, now: datetime) -> datetime:
    if event.ago < 0:
        return now + timedelta(minutes=event.ago)
    hour, minute = event.at.split(":")
    day = now.astimezone(config.clinic_timezone) - timedelta(days=event.ago)
    return day.replace(hour=int(hour), minute=int(minute), second=0, microsecond=0).astimezone(UTC)


def _spoken(language: str) -> dict[str, bytes]:
    """Each message in our own voice; where there is none, the calls keep sound that says nothing."""
    try:
        with Synthesizer(language) as voice:
            words = [event.message for event in WEEK if event.message]
            return {text: master(voice.say("message", text), "message", "").wav for text in words}
    except AudioError:
        return {}
