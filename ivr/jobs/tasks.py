"""What each job does. A task may run again at any time, after a failure or a killed worker, and does nothing twice."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from ivr.audio.errors import MasteringError
from ivr.audio.sandbox import duration_seconds
from ivr.clients.errors import ClientError, NotThere, Refused, Unavailable, Unclear
from ivr.clients.mail import Mail, mail_of
from ivr.clients.twilio import CallOrder, TooLarge, TwilioAccount, TwilioCalls, TwilioMessages, TwilioRecordings
from ivr.config import Config
from ivr.jobs import texting, walking, wording
from ivr.jobs.carrier_facts import call_of, recording_of
from ivr.jobs.handling import Schedule, handlers_of, handles
from ivr.models import RecordingStatus
from ivr.services.accounts.staff import active_admins
from ivr.services.audit import TrailBroken, check
from ivr.services.calls.outages import adopt_orphans, adopt_recording, catch_up, enqueue_missed, is_accounted_for
from ivr.services.health.checkpoints import move_checkpoint, note_walk, read_checkpoint
from ivr.services.jobs import Job, enqueue, forget_old_jobs
from ivr.services.keeping.retention import purge
from ivr.services.line import Line
from ivr.services.prompts import waiting as approvals
from ivr.services.prompts.importing import forget_unfinished, take_in
from ivr.services.prompts.rendering import make_greeting, render_prompts
from ivr.services.prompts.scheduling import publish_due
from ivr.services.prompts.takes import master_version
from ivr.services.recordings.recordings import (
    enqueue_deletions,
    enqueue_stuck_imports,
    import_state,
    mark_unusable,
    note_deleted,
    store_audio,
)
from ivr.services.requests import bridging, notices, on_call, proving
from ivr.services.requests.assigning import assigned_facts
from ivr.services.requests.notices import Channel, Occasion
from ivr.services.requests.triage import release_idle

FIRST_LOOK = timedelta(days=2)
"""How far back the first reconciliation looks."""

OVERLAP = timedelta(days=1)
"""How much of the time before its last run each one looks at again: a call may have been running then."""

HEADER_BYTES = 44
"""A WAV file of nothing but its header."""

MOST_FAULTS = 20

RING_SECONDS = 25
"""How long the staff's phone rings: less than a mobile takes to answer for its owner."""

WALK_SECONDS = 900.0
"""How long the nightly walk may take; on an idle machine it takes about a minute."""

JOBS_KEPT, NOTICES_KEPT = timedelta(days=14), timedelta(days=60)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tasks:
    """The jobs' functions and what they need: the line, the clients, and whom to notify."""

    line: Line
    recordings: TwilioRecordings
    calls: TwilioCalls
    messages: TwilioMessages
    mail: Mail
    notify_emails: Sequence[str] = ()
    notify_numbers: Sequence[str] = ()
    staff_url: str = ""
    voice_url: str = ""
    retention_days: int = 90
    walker: walking.Walker = walking.walk_apart

    @property
    def by_job(self) -> dict[Job, Callable[..., None]]:
        """The function of each job."""
        return {job: getattr(self, method) for job, method in handlers_of(type(self)).items()}

    @handles(Job.TICK)
    def tick(self, at: str, context: list[Any]) -> None:
        """A clock struck: enqueue what it calls for, a job's name and its arguments."""
        job, *arguments = context
        key = "-".join([*map(str, context), at])
        with self.line.database.transaction() as connection:
            enqueue(self.line.database, connection, Job(job), *arguments, key=key)

    @handles(Job.IMPORT_RECORDING)
    def import_recording(self, recording_sid: str) -> None:
        """Fetch a recording, check it, store it encrypted, then delete the carrier's copy; an erased one just goes."""
        database = self.line.database
        state = import_state(database, recording_sid)
        if state is None:
            return
        if state.to_store and not self._stored(recording_sid):
            return
        if state.to_store or state.to_delete:
            self.recordings.delete(recording_sid)
            note_deleted(database, recording_sid, self.line.clock())

    def _stored(self, recording_sid: str) -> bool:
        """Whether the audio is ours now; what is no message stays with the carrier, and its status says why."""
        database = self.line.database
        try:
            audio = self.recordings.download(recording_sid)
            if len(audio) <= HEADER_BYTES:
                return self._mark_unusable(recording_sid, RecordingStatus.EMPTY)
            seconds = duration_seconds(audio)
        except (TooLarge, MasteringError):
            return self._mark_unusable(recording_sid, RecordingStatus.REFUSED)
        except NotThere:
            reported = self.recordings.show(recording_sid).get("status")
            if reported in ("absent", "deleted"):
                return self._mark_unusable(recording_sid, RecordingStatus.ABSENT)
            raise Unavailable("not ready") from None
        return store_audio(database, recording_sid, audio, seconds, self.line.clock())

    def _mark_unusable(self, recording_sid: str, status: RecordingStatus) -> bool:
        mark_unusable(self.line.database, recording_sid, status)
        log.warning("recording_not_stored", recording_sid=recording_sid, status=status)
        return False

    @handles(Job.ADOPT_RECORDING)
    def adopt_recording(self, recording_sid: str) -> None:
        """Take in a recording that the carrier has, with its call and a request where we had none."""
        try:
            recording = recording_of(self.recordings.show(recording_sid))
        except NotThere:
            return
        call = call_of(self.calls.show(recording.call_sid))
        if not adopt_recording(self.line, recording, call):
            log.warning("recording_of_another_number", recording_sid=recording_sid)

    @handles(Job.FETCH_MISSED, Schedule("missed", "*/10 * * * *"))
    def fetch_missed(self) -> None:
        """Ask the carrier for recordings that we should have and do not, and take them in."""
        now = self.line.clock()
        found = 0
        for reported in self.recordings.since(self._since("recordings", now)):
            if reported.get("status") != "completed":
                continue
            recording = recording_of(reported)
            if not is_accounted_for(self.line, recording):
                enqueue_missed(self.line, recording, occasion="")
                found += 1
        orphans = adopt_orphans(self.line)
        move_checkpoint(self.line.database, "recordings", now)
        if found or orphans:
            log.info("recordings_missed", at_the_carrier=found, without_request=orphans)

    @handles(Job.NIGHTLY, Schedule("nightly", "23 3 * * *"))
    def nightly(self) -> None:
        """Erase what is due, forget jobs, catch up with stuck recordings and calls whose end we were not told of."""
        now = self.line.clock()
        self._erase_what_is_due(now)
        forgotten = forget_old_jobs(self.line.database, now - JOBS_KEPT)
        notices.forget_notices(self.line.database, now - NOTICES_KEPT)
        forget_unfinished(self.line.database, now)
        stuck = enqueue_stuck_imports(self.line.database, now)
        reported = (call_of(call) for call in self.calls.since(self._since("calls", now)))
        unknown = sum(1 for call in reported if call.direction == "inbound" and not catch_up(self.line, call))
        move_checkpoint(self.line.database, "calls", now)
        log.info("nightly_done", unknown_calls=unknown, stuck_recordings=stuck, jobs_forgotten=forgotten)

    @handles(Job.VERIFY_TRAIL, Schedule("trail", "47 3 * * *"))
    def verify_trail(self) -> None:
        """Check the audit trail; when it is broken the job logs why and gives up, so that the list of jobs shows it.

        Raises:
            TrailBroken: when a row was changed or is missing.
        """
        found = check(self.line.database, self.line.clock())
        for fault in found[:MOST_FAULTS]:
            log.error("audit_trail_broken", fault=fault)
        if found:
            raise TrailBroken

    @handles(Job.WALK, Schedule("walk", "7 4 * * *"))
    def walk(self) -> None:
        """Let the automatic caller walk the whole line, and mail the admins what it stumbled over, once a day."""
        now = self.line.clock()
        findings = self.walker(WALK_SECONDS)
        note_walk(self.line.database, now, clean=not findings)
        level = logging.ERROR if findings else logging.INFO
        log.log(level, "walked", findings=len(findings), kinds=sorted({*findings}))
        admins = active_admins(self.line.database)
        if findings and admins:
            key = f"walk-{self.line.calendar.today(now)}"
            subject, body = wording.walk_subject(findings), wording.walk_body(findings)
            self._once(key, "admins", lambda: self.mail.send(admins, subject, body))

    def _erase_what_is_due(self, now: datetime) -> None:
        """Erase by the clinic's retention; each copy that the carrier has of something erased gets a job of its own."""
        purged = purge(self.line.database, now, self.retention_days)
        enqueue_deletions(self.line.database, purged.at_carrier, now)
        log.info(
            "purged",
            requests=purged.requests,
            recordings=purged.recordings,
            calls=purged.calls,
            at_carrier=len(purged.at_carrier),
        )

    @handles(Job.RENDER_PROMPTS)
    def render_prompts(self, _: int) -> None:
        """Speak what the machine says and the scripts have in other words now, as after another name of the clinic."""
        self.line.calendars.forget()
        render_prompts(self.line.database, self.line.scripts, self.line.clock())

    @handles(Job.MAKE_GREETING)
    def make_greeting(self, closure_id: int) -> None:
        """Give a closure's own greeting its voice."""
        clip = make_greeting(self.line.database, closure_id, self.line.tree.languages[0], self.line.clock())
        if clip is not None:
            log.info("greeting_made", closure=closure_id, seconds=clip.measurement.seconds)

    @handles(Job.ALERT)
    def alert(self, request_id: int, number: int) -> None:
        """Tell staff of an urgent request, and whoever is on call, and again later until somebody has it."""
        now = self.line.clock()
        if notices.alert(self.line.database, request_id, number, now, self._channels):
            on_call.begin_round(self.line, request_id, number, now)

    @handles(
        Job.GATHER_NOTICES,
        Schedule("digest", "*/15 * * * *", (Occasion.DIGEST,)),
        Schedule("overdue", "*/5 * * * *", (Occasion.OVERDUE,)),
    )
    def gather_notices(self, occasion: str) -> None:
        """Tell staff of everything that is new, or overdue, since the last time."""
        notices.gather(self.line.database, Occasion(occasion), self.line.clock(), self._channels)

    @handles(Job.RELEASE_IDLE, Schedule("idle", "*/5 * * * *"))
    def release_idle(self) -> None:
        """Put requests back whose owners are gone; the queue's page does so too whenever somebody looks at it."""
        if released := release_idle(self.line, self.line.clock()):
            log.info("claims_released", count=released)

    @handles(Job.IMPORT_PROMPTS)
    def import_prompts(self, import_id: int) -> None:
        """Make drafts of what a recording studio has sent back."""
        log.info("prompts_imported", of=import_id, state=take_in(self.line, import_id, self.line.clock()))

    @handles(Job.MASTER_IMPORTED)
    def master_imported(self, version_id: int) -> None:
        """The same as for any other version, in a queue that hundreds may wait in."""
        self.master_prompt(version_id)

    @handles(Job.MASTER_PROMPT)
    def master_prompt(self, version_id: int) -> None:
        """Give a version of a prompt its audio, or say why it can have none."""
        state = master_version(self.line, version_id, self.line.clock())
        log.info("prompt_mastered", version=version_id, state=state)

    @handles(Job.PUBLISH_DUE, Schedule("prompts", "* * * * *"))
    def publish_due(self) -> None:
        """Put prompts on the air, and take them off, at their time."""
        changes = publish_due(self.line, self.line.clock())
        if changes:
            log.info("prompts_published", changes=changes)

    @handles(Job.TELL_APPROVERS, Schedule("approvals", "*/10 * * * *"))
    def tell_approvers(self) -> None:
        """Mail the admins that prompts wait for a second person, and again when the time of one has come."""
        now = self.line.clock()
        found = approvals.to_tell(self.line, now)
        admins = active_admins(self.line.database)
        if found.ids and admins:
            key = f"approvals-{self.line.calendar.today(now)}-{max(found.ids)}-{len(found.ids)}-{found.late}"
            told = wording.approvals(found.new, found.late, len(admins) == 1, self.staff_url)
            self._once(key, "admins", lambda: self.mail.send(admins, *told))
            approvals.note_told(self.line, found.ids, now)

    @handles(Job.DELIVER_NOTICE)
    def deliver_notice(self, occasion: str, request_ids: list[int], channel: str, key: str) -> None:
        """Send one notice by mail or text message, at most once to each recipient."""
        now = self.line.clock()
        why = Occasion(occasion)
        requests = notices.notice_facts(self.line.database, why, request_ids, now)
        if not requests:
            return
        if Channel(channel) is Channel.MAIL:
            body = wording.mail_body(why, requests, self.staff_url)
            self._once(key, "staff", lambda: self.mail.send(self.notify_emails, wording.subject(why, requests), body))
            return
        text = wording.text_body(why, requests, self.staff_url)
        self._text_staff(key, text)

    def _text_staff(self, key: str, text: str) -> None:
        """Try every number before failing for any of them."""
        failures: list[Exception] = []
        for number in self.notify_numbers:
            try:
                self._once(key, number, lambda to=number: self.messages.send(to, text))  # type: ignore[misc]
            except Exception as error:
                failures.append(error)
        if failures:
            raise next((error for error in failures if isinstance(error, Unavailable)), failures[0])

    @handles(Job.TELL_ASSIGNEE)
    def tell_assignee(self, staff_id: int, request_ids: list[int], key: str) -> None:
        """Mail a member of the staff what was assigned to them, at most once."""
        told = assigned_facts(self.line.database, staff_id, request_ids)
        if told is not None:
            subject, body = wording.assigned(told.references, self.staff_url)
            self._once(key, told.email, lambda: self.mail.send([told.email], subject, body))

    @handles(Job.SEND_TEXT)
    def send_text(self, text_id: int) -> None:
        """Text a patient who agreed to it, at most once."""
        texting.send_text(self.line, self.messages, self.voice_url, text_id)

    @handles(Job.TEXT_CODE)
    def text_code(self, code_id: int) -> None:
        """Let a code that somebody online has asked for be texted, where there is an open request."""
        proving.text_code(self.line, code_id, self.line.clock())

    @handles(Job.PLACE_CALL)
    def place_call(self, bridge_id: int) -> None:
        """Have the phone of staff rung for a call back, at most once: a call that may have been placed is let be."""
        ring = bridging.ask_for(self.line, bridge_id, self.line.clock())
        if ring is None:
            return
        address = f"{self.voice_url}/voice/bridge"
        order = CallOrder(
            to=ring.to,
            from_=ring.caller_id,
            url=f"{address}?b={bridge_id}",
            status_url=f"{address}/status?b={bridge_id}",
            ring_seconds=RING_SECONDS,
        )
        try:
            call_sid = self.calls.create(order)
        except Unavailable:
            bridging.unmark_asked(self.line, bridge_id)
            raise
        except Refused:
            bridging.note_refused(self.line, bridge_id, self.line.clock())
            raise
        bridging.note_placed(self.line, bridge_id, call_sid)

    @handles(Job.NEXT_ON_CALL)
    def next_on_call(self, bridge_id: int) -> None:
        """Ring the next telephone on call, where this one was rung and nobody took the request."""
        on_call.go_on(self.line, bridge_id, self.line.clock())

    def _once(self, key: str, recipient: str, send: Callable[[], object]) -> None:
        """Send, unless that was done or begun before; a failure that surely sent nothing leaves it open again."""
        database = self.line.database
        if not notices.claim_sending(database, key, recipient, self.line.clock()):
            log.warning("notice_not_repeated", key=key)
            return
        try:
            send()
        except Unavailable:
            notices.release_sending(database, key, recipient)
            raise
        except ClientError:
            raise
        except Exception as error:
            raise Unclear(type(error).__name__) from None

    @property
    def _channels(self) -> list[Channel]:
        """Mail always: without a server or recipients, it is printed or fails where everybody can see it."""
        mail = [Channel.MAIL] if self.notify_emails or not self.notify_numbers else []
        return [*mail, *([Channel.SMS] if self.notify_numbers else [])]

    def _since(self, name: str, now: datetime) -> Any:
        last = read_checkpoint(self.line.database, name)
        return ((last or now - FIRST_LOOK) - OVERLAP).date()


def tasks_of(config: Config, line: Line) -> Tasks:
    """The tasks, with the clients that the settings describe."""
    twilio = TwilioAccount(config.twilio_api_url, config.twilio_account_sid, config.twilio_auth_token)
    return Tasks(
        line=line,
        recordings=TwilioRecordings(config.twilio_api_url, config.twilio_account_sid, config.twilio_auth_token),
        calls=TwilioCalls(twilio),
        messages=TwilioMessages(twilio, config.sms_from),
        mail=mail_of(config.smtp_url, config.mail_from),
        notify_emails=config.notify_emails,
        notify_numbers=config.notify_numbers,
        staff_url=config.staff_url,
        voice_url=config.public_base_url,
        retention_days=config.retention_days,
    )
