"""Sets the stage for each call: the made-up people, requests and closures of its scene."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from secrets import token_hex

from sqlalchemy import func, select, update

from ivr.callflow.answers import BestTime, ClosureReason, Draft, Kind, PatientType, Reason, VisitType, Weekday
from ivr.callflow.nodes import Field
from ivr.callflow.state import CallState
from ivr.models import (
    Call,
    Closure,
    PatientRequest,
    PromptNumber,
    PromptSource,
    PromptState,
    PromptVersion,
    Recording,
    RecordingStatus,
    RequestStatus,
    Role,
    StaffMember,
)
from ivr.services.accounts import staff
from ivr.services.audit import SYSTEM
from ivr.services.calls.turns import blank_progress
from ivr.services.line import Line
from ivr.services.prompts.releases import latest_release
from ivr.services.prompts.versions import is_clinical, words_on_air
from ivr.services.recordings.recordings import store_audio
from ivr.services.requests import consent
from ivr.services.requests.saving import save_request
from ivr.simulator import VirtualClock
from ivr.simulator.speechlike import speechlike
from ivr.walk.acts import NOBODYS_REFERENCE
from ivr.walk.scenes import Interference, Moments, Scene

CLINIC = "+16175550100"
"""The number that callers dial."""

WITHHELD = "anonymous"
BIRTH_DATE = "1948-05-17"
PIN, OTHER_PIN = "135792", "246813"
EXTENSIONS = {Role.STAFF: "41", Role.ADMIN: "42"}
OTHER_NUMBER, OTHER_BIRTH_DATE = "6175559999", "11231960"
WAITED = timedelta(hours=2)
"""How long ago the made-up requests were left."""

SOON = timedelta(minutes=45)
"""How much later an admin lets the clinic open: it is open longer than that at the moments of calls."""

NO_TIME = "99#"
"""An entry that is no time of day, see `callflow/entries.py`."""

APPOINTMENT = Draft(
    Kind.APPOINTMENT,
    patient_type=PatientType.RETURNING,
    visit_type=VisitType.FOLLOW_UP,
    birth_date=BIRTH_DATE,
    weekday=Weekday.MONDAY,
    visit_time=BestTime.ANY,
    may_leave_message=True,
)
CALLBACK = Draft(
    Kind.CALLBACK, reason=Reason.AFTER_PROCEDURE, red_flags=True, best_time=BestTime.MORNING, may_leave_message=True
)
VOICEMAIL = Draft(Kind.CALLBACK, reason=Reason.MESSAGE)


@dataclass(frozen=True, slots=True)
class Part:
    """What the caller of one call has: a caller ID, whom to dial, and what there is to key."""

    caller_id: str
    dials: str
    entries: Mapping[Field, Mapping[str, str]]


class Time:
    """The line's clock: that of the call under way."""

    def __init__(self, moments: Moments) -> None:
        """Begin when the clinic is open."""
        self.moments = moments
        self.clock = VirtualClock(moments.open)

    def __call__(self) -> datetime:
        """Now."""
        return self.clock.utc()


class SceneSetter:
    """The rehearsed line's database, as each scene wants it."""

    def __init__(self, line: Line, time: Time) -> None:
        """Make the accounts; what is there already is the clinic's own."""
        self._line, self._time = line, time
        self._numbers = (f"+1617555{number:04}" for number in count(1000))
        self._own = self._newest_closure()
        self._accounts = {role: self._account(role) for role in EXTENSIONS}

    def set(self, scene: Scene) -> Part:
        """Prepare a call: everything is as it was before the last one, then the scene's own."""
        moments = self._time.moments
        self._time.clock = VirtualClock(moments.open if scene.is_open else moments.closed)
        number = next(self._numbers)
        self._clear(scene)
        if scene.closure:
            self._close(scene.closure, days=0)
        if scene.tomorrow:
            self._close(ClosureReason.OTHER, days=1)
        self._line.calendars.forget()
        if scene.queue:
            self._leave(CALLBACK, next(self._numbers), message=True)
            self._leave(APPOINTMENT, next(self._numbers))
            self._leave(APPOINTMENT, next(self._numbers))
            self._leave(VOICEMAIL, None)
        if scene.recorded:
            self._record()
        answered_at = next(self._numbers) if scene.elsewhere else number
        left = range(scene.requests)
        references = [self._leave(APPOINTMENT, number, scene.before, answered_at=answered_at) for _ in left]
        if scene.before and not scene.requests:
            self._called(number, scene.before)
        if scene.closed:
            self._close_requests()
        if scene.stopped_texts:
            self._stop_texts(number)
        caller_id = WITHHELD if scene.withheld else number
        dials = self._line.staff_number if scene.role else CLINIC
        return Part(caller_id, dials, dict(self._entries(scene, number, references)))

    def _stop_texts(self, number: str) -> None:
        """Let a number have said STOP: its caller is not asked about texts."""
        with self._line.database.write() as session:
            consent.stop(session, number, self._time())

    def interfere(self, scene: Scene, state: CallState) -> None:
        """Do what somebody else does in the middle of this scene's calls."""
        match scene.interference:
            case Interference.CLOSES:
                self._close_requests()
            case Interference.CLAIMS:
                other = {"status": RequestStatus.CLAIMED, "owner_id": self._accounts[Role.STAFF]}
                taken = update(PatientRequest).where(PatientRequest.id == state.staff.request_id)
                with self._line.database.write() as session:
                    session.execute(taken.values(**other, claimed_at=self._time(), owner_seen_at=self._time()))
            case Interference.DEMOTES:
                self._describe(role=Role.STAFF)
            case Interference.DEACTIVATES:
                self._describe(active=False)
            case None:
                pass

    def _entries(self, scene: Scene, number: str, references: list[str]) -> Iterator[tuple[Field, dict[str, str]]]:
        year, month, day = BIRTH_DATE.split("-")
        yield Field.NUMBER, {"right": number.removeprefix("+1"), "other": OTHER_NUMBER}
        yield Field.BIRTH_DATE, {"right": f"{month}{day}{year}", "other": OTHER_BIRTH_DATE}
        right = {"right": references[-1]} if references else {}
        yield Field.REFERENCE, {**right, "other": NOBODYS_REFERENCE}
        if scene.role:
            soon = self._time() + SOON
            soon = soon.astimezone(self._line.calendar.timezone) - timedelta(minutes=soon.minute % 15)
            yield Field.TIME, {"right": f"{soon.hour % 12 or 12}{soon.minute:02}#", "other": NO_TIME}
            yield Field.EXTENSION, {"right": f"{EXTENSIONS[scene.role]}#", "other": "99#"}
            yield Field.PIN, {"right": PIN, "other": OTHER_PIN}
            yield Field.PROMPT, {**{name: str(one.number) for name, one in self._prompts().items()}, "other": "999"}

    def _prompts(self) -> dict[str, PromptNumber]:
        """A prompt that may go on the air at once, and one that needs approval."""
        line, language = self._line, self._line.tree.languages[0]
        with line.database.read() as session:
            numbers = session.scalars(select(PromptNumber).order_by(PromptNumber.number.desc())).all()
        has = [one for one in numbers if line.scripts[language].has(one.key)]
        return {"clinical" if is_clinical(line, language, one.key) else "right": one for one in has}

    def _record(self) -> None:
        """Let the admin have recorded both of them, in the voice that is on the air."""
        language, now = self._line.tree.languages[0], self._time() - WAITED
        with self._line.database.write() as session:
            release = latest_release(session)
            on_air = release.manifest[language] if release else {}
            for one in self._prompts().values():
                words, audio = words_on_air(session, self._line, language, one.key), on_air.get(one.key)
                version = PromptVersion(key=one.key, language=language, text=words, audio_sha256=audio, own=True)
                version.source, version.state = PromptSource.PHONE, PromptState.RECORDED
                version.author_id, version.created_at = self._accounts[Role.ADMIN], now
                session.add(version)

    def _account(self, role: Role) -> int:
        now = self._time()
        details = staff.AccountDetails(f"{role}@walk.invalid", f"A made-up {role}", role, extension=EXTENSIONS[role])
        member = staff.create(self._line.database, SYSTEM, details, now)
        staff.set_pin(self._line.database, SYSTEM, member.id, PIN, now)
        return member.id

    def _describe(self, **values: object) -> None:
        with self._line.database.write() as session:
            mine = update(StaffMember).where(StaffMember.id == self._accounts[Role.ADMIN])
            session.execute(mine.values(**values))

    def _clear(self, scene: Scene) -> None:
        now = self._time()
        self._describe(role=Role.ADMIN, active=True)
        with self._line.database.write() as session:
            session.execute(update(StaffMember).values(failed_pins=0, pin_locked_until=None))
            session.execute(update(Closure).where(Closure.id <= self._own).values(lifted_at=None))
            session.execute(update(Closure).where(Closure.id > self._own).values(lifted_at=now))
        if scene.role:
            self._close_requests()

    def _newest_closure(self) -> int:
        with self._line.database.read() as session:
            return session.scalar(select(func.max(Closure.id))) or 0

    def _close(self, reason: ClosureReason, days: int) -> None:
        day = self._line.calendars.settings.today(self._time()) + timedelta(days=days)
        with self._line.database.write() as session:
            values = {"reason": reason, "name": "Made up", "created_at": self._time()}
            session.add(Closure(first_day=day, last_day=day, **values))

    def _close_requests(self) -> None:
        with self._line.database.write() as session:
            for request in session.scalars(select(PatientRequest).where(PatientRequest.status != RequestStatus.CLOSED)):
                request.status, request.closed_at = RequestStatus.CLOSED, self._time()

    def _called(self, number: str | None, language: str) -> int:
        database = self._line.database
        with database.write() as session:
            call = Call(
                sid=f"CA{token_hex(16)}",
                from_number=number,
                from_index=database.vault.index(number) if number else None,
                to_number=CLINIC,
                language=language,
                turn=0,
                progress=blank_progress(language),
                started_at=self._time() - WAITED,
            )
            session.add(call)
            session.flush()
            return call.id

    def _leave(
        self, draft: Draft, number: str | None, language: str = "", *, message: bool = False, answered_at: str = ""
    ) -> str:
        """Save a request as its call would have; returns its reference."""
        language, before = language or self._line.tree.languages[0], self._time() - WAITED
        call_id = self._called(number, language)
        sid = f"RE{token_hex(16)}" if message else None
        left = _of(draft, answered_at or number, sid)
        with self._line.database.write() as session:
            if sid:
                session.add(Recording(sid=sid, call_id=call_id, status=RecordingStatus.READY, created_at=before))
                session.flush()
            saved = save_request(session, self._line, call_id=call_id, language=language, draft=left, now=before)
        if sid:
            store_audio(self._line.database, sid, speechlike(3), 3, self._time())
        return saved.reference


def _of(draft: Draft, number: str | None, recording_sid: str | None) -> Draft:
    return replace(draft, callback_number=number, is_caller_id=number is not None, recording_sid=recording_sid)
