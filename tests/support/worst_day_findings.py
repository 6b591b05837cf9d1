"""What became of a worst day: everything that was lost, done twice or left undone, and the day in numbers."""

import re
from collections import Counter, defaultdict

import sqlalchemy as sa

from ivr.models import Call, PatientRequest, Recording, RecordingAudio, RecordingStatus, SentNotice, Source, TextMessage
from ivr.services.jobs import Job, Lane, failed_jobs
from ivr.services.requests.answers import ANSWERS
from tests.support.engine_call import EngineCall
from tests.support.worst_day_forms import about_forms


def findings(day, database):
    """Everything that should not be, one line each, naming the call."""
    with database.read() as session:
        requests = defaultdict(list)
        for sid, request in session.execute(sa.select(Call.sid, PatientRequest).join_from(PatientRequest, Call)):
            requests[sid].append(request)
        online, references = defaultdict(list), {}
        for request in session.scalars(sa.select(PatientRequest)):
            references[request.id] = request.reference
            if request.source is Source.WEB:
                online[request.callback_number].append(request)
        recordings = {one.sid: one for one in session.scalars(sa.select(Recording))}
        stored = set(session.scalars(sa.select(RecordingAudio.recording_id)))
        claims = list(session.scalars(sa.select(SentNotice.key)))
    return [
        *(f"job not finished: {job}" for job in day.unfinished),
        *(f"job {job.id} gave up: {job.error}" for job in failed_jobs(database) if not _comes_again(job)),
        *_about_calls(day, requests),
        *_about_recordings(day, requests, recordings, stored),
        *about_forms(day, online),
        *_about_effects(day, references, claims),
    ]


def _comes_again(job):
    """Whether a job whose workers were killed too often is one that the clock starts anew."""
    return job.error == "WorkerDied" and Job(job.name).lane is Lane.RECURRING


def _about_calls(day, requests):
    for phoned in day.phoned:
        kept = requests[phoned.sid]
        references = [request.reference for request in kept]
        for reference in phoned.heard:
            if references.count(reference) != 1:
                yield f"lost: {phoned} heard {reference}, kept are {references}"
        if phoned.saved and not kept:
            yield f"lost: {phoned} heard that its request is saved, and there is none"
        yield from (f"lost: {phoned} was asked the next question, but {lost}" for lost in _lost_answers(phoned, kept))
        if len(kept) > 1:
            yield f"double: {phoned} heard {phoned.heard}, kept are {references}"
        if phoned.spoke and not kept:
            yield f"message without request: {phoned}, problem announced: {phoned.problem}"
    known = {phoned.sid for phoned in day.phoned}
    yield from (f"request of nobody: {sid}" for sid in requests.keys() - known if requests[sid])


def _told(phoned):
    """The request that the line has acknowledged to a caller by its next words, with every answer; None before one."""
    heard = EngineCall(phoned.number)(
        " ".join(token[:1] if token[0] == "r" else token for token in phoned.acknowledged)
    )
    return heard.requests[-1] if heard.requests else None


def _answers(phoned):
    """The names of what a caller has answered and was acknowledged."""
    told = _told(phoned)
    return [name for name in ANSWERS if getattr(told, name) not in (None, False)] if told else []


def _lost_answers(phoned, kept):
    """What was acknowledged to a caller and is not in the one request of the call."""
    told = _told(phoned)
    if told is None:
        return
    if not kept:
        yield "nothing is kept"
        return
    for name in ("kind", "callback_number", *ANSWERS):
        value, found = getattr(told, name), getattr(kept[0], name)
        if value not in (None, False) and found != value:
            yield f"{name} {value} is kept as {found}"
    if told.may_leave_message is False and kept[0].may_leave_message is not False:
        yield f"no message may be left, kept is {kept[0].may_leave_message}"


def _about_recordings(day, requests, recordings, stored):
    about = {phoned.sid: phoned for phoned in day.phoned}
    for sid, (call_sid, sha256) in day.store.recorded.items():
        ours, who = recordings.get(sid), f"recording {sid} of {about.get(call_sid)}"
        if ours is None:
            yield f"never fetched: {who}"
        elif ours.status is not RecordingStatus.STORED or ours.id not in stored or ours.sha256 != sha256:
            yield f"not stored as it was: {who}, status {ours.status}"
        elif ours.request_id not in {request.id for request in requests[call_sid]}:
            yield f"not attached: {who}, to request {ours.request_id}"
        elif not day.store.deleted[sid] or day.store.get(sid):
            yield f"not deleted at the carrier: {who}"


def _about_effects(day, references, claims):
    texts = Counter((text["To"], text["Body"]) for text in day.store.messages)
    yield from (f"text message sent {count} times: {body}" for (_, body), count in texts.items() if count > 1)
    allowed = Counter()
    for key in claims:
        if found := re.match(r"urgent-(\d+)-\d+-mail:", key):
            allowed[f"URGENT: request {references[int(found[1])]} is waiting"] += 1
    for subject, count in Counter(subject for subject in day.mails if subject.startswith("URGENT")).items():
        if count > allowed[subject]:
            yield f"mail sent {count} times where {allowed[subject]} were begun: {subject}"


def figures(day, database, found):
    """The day in numbers."""
    with database.read() as session:
        requests = session.scalar(sa.select(sa.func.count(PatientRequest.id)))
        in_outage = session.scalar(sa.select(sa.func.count(PatientRequest.id)).where(PatientRequest.left_in_outage))
        claims = session.scalar(
            sa.select(sa.func.count(SentNotice.key)).where(SentNotice.key.regexp_match(r"^urgent-"))
        ) + session.scalar(sa.select(sa.func.count(TextMessage.id)).where(TextMessage.asked_at.is_not(None)))
    sent = sum(subject.startswith("URGENT") for subject in day.mails) + len(day.store.messages)
    return {
        "calls": len(day.phoned),
        "calls that were told of a problem": sum(phoned.problem for phoned in day.phoned),
        "calls cut off by the carrier": sum(phoned.cut_off for phoned in day.phoned),
        "web workers killed": day.killed["web worker"],
        "job workers killed": day.killed["job worker"],
        "database restarts": day.restarts,
        "told that the request is saved": sum(phoned.saved for phoned in day.phoned),
        "acknowledged answers": sum(len(_answers(phoned)) for phoned in day.phoned),
        "references heard": sum(bool(phoned.heard) for phoned in day.phoned),
        "forms sent online": len(day.asked),
        "forms shown as saved": sum(bool(asked.references) for asked in day.asked),
        "forms sent again because of a problem": sum(asked.problems > 0 for asked in day.asked),
        "requests": requests,
        "marked as left in an outage": in_outage,
        "recordings made": len(day.store.recorded),
        "deleted at the carrier": len(day.store.deleted),
        "deletions asked for again": sum(count - 1 for count in day.store.deleted.values()),
        "urgent mails and text messages sent": sent,
        "begun by a worker that died, and not sent": claims - sent,
        "recurring jobs put aside, their workers killed five times": sum(map(_comes_again, failed_jobs(database))),
        "lost": sum(finding.startswith("lost") for finding in found),
        "double": sum(finding.startswith("double") for finding in found),
        "all findings": len(found),
        "seconds of calls": round(day.seconds),
        "seconds until quiet": round(day.quiet),
        "slowest webhook in seconds": round(day.slowest, 1),
    }
