"""Requests put straight into the database, for tests of what becomes of them."""

from datetime import timedelta

from sqlalchemy import func, select

from ivr.callflow.answers import Kind
from ivr.models import Call, PatientRequest, Priority, RequestStatus

NUMBER = "+16175550142"


def put_requests(line, *specials, now):
    """One request for each dict of what is special about it, made half an hour ago and due in half an hour; their ids."""
    with line.database.write() as session:
        kept = session.scalar(select(func.count()).select_from(PatientRequest))
        call = session.scalars(select(Call).where(Call.sid == "CAKEPT")).first()
        if call is None:
            call = Call(sid="CAKEPT", language="en-US", turn=0, progress="{}", started_at=now)
            session.add(call)
            session.flush()
        made = [_request(line, call.id, kept + n, special, now) for n, special in enumerate(specials, start=1)]
        session.add_all(made)
        session.flush()
        return [request.id for request in made]


def _request(line, call_id, n, special, now):
    number = special.get("callback_number", NUMBER)
    facts = {
        "reference": f"{n:06d}",
        "kind": Kind.CALLBACK,
        "status": RequestStatus.NEW,
        "priority": Priority.ROUTINE,
        "callback_number": number,
        "number_index": line.database.vault.index(number) if number else None,
        "language": "en-US",
        "call_id": call_id,
        "created_at": now - timedelta(minutes=30),
        "due_at": now + timedelta(minutes=30),
        **special,
    }
    request = PatientRequest(**facts)
    request.act_by = special.get("act_by", request.due_at)
    return request
