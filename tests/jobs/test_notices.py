"""Notices: what staff get, when, how often, and that it tells nobody who called."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from ivr.clients.errors import Refused, Unavailable, Unclear
from ivr.models import PatientRequest, Priority, RequestStatus
from ivr.services.calls.turns import Arrival
from ivr.services.jobs import Job
from ivr.services.requests.notices import REPEAT, forget_notices
from tests.support.callers import Caller
from tests.support.jobs import run_jobs, waiting

URGENT = "2 1 2 1 2"
ROUTINE = "2 1 4 3 1 2"
APPOINTMENT = "1 2 6175550199 1 1 1 05171948 1 6 3 1 2"


def leave(line, keys=ROUTINE, call="CA1"):
    Caller(line, Arrival(call, "+16175550142", "+16175550100"))(keys)


def requests(line):
    with line.database.read() as session:
        return list(session.scalars(select(PatientRequest).order_by(PatientRequest.id)))


def set_status(line, status):
    with line.database.write() as session:
        session.execute(update(PatientRequest).values(status=status))


@pytest.fixture
def both(make_tasks, line):
    """Mail and text messages."""
    return make_tasks(line, notify_numbers=("+16175550177", "+16175550178"))


class TestUrgent:
    def test_at_once_by_mail_and_text_message(self, line, both, api, outbox):
        leave(line, URGENT)
        run_jobs(both)
        reference = requests(line)[0].reference
        ((recipients, subject, body),) = outbox.sent
        assert recipients == ("nurse@example.org",)
        assert subject == f"URGENT: request {reference} is waiting"
        assert "https://line.example.org/console/" in body
        assert [form["To"] for form in api.store.messages] == ["+16175550177", "+16175550178"]
        assert {form["From"] for form in api.store.messages} == {"+16175550100"}
        assert all(reference in form["Body"] and "/console/" in form["Body"] for form in api.store.messages)

    @pytest.mark.parametrize("taken", [RequestStatus.CLAIMED, RequestStatus.CLOSED, RequestStatus.FOLLOW_UP])
    def test_again_every_ten_minutes_until_somebody_has_it(self, line, tasks, outbox, clock, taken):
        leave(line, URGENT)
        run_jobs(tasks)
        for times in (1, 2, 3):
            assert len(outbox.sent) == times
            ((job, args, waits),) = waiting(line)
            assert (job, args[1]) == (Job.ALERT, times + 1)
            delay = waits.delay_until_epoch_ms - waits.created_at
            assert abs(delay - REPEAT.total_seconds() * 1000) < 2000
            clock.now += REPEAT
            run_jobs(tasks, delayed=True)
        set_status(line, taken)
        run_jobs(tasks, delayed=True)
        assert len(outbox.sent) == 4
        assert waiting(line) == []
        assert "waiting 30 min" in outbox.sent[3][2]

    def test_also_for_a_caller_who_hung_up(self, line, tasks, outbox):
        caller = Caller(line)("2 1 2 1")
        caller.hang_up()
        caller.hang_up()
        run_jobs(tasks)
        assert requests(line)[0].status is RequestStatus.NEW
        assert len(outbox.sent) == 1

    def test_a_failure_does_not_end_the_series(self, line, tasks, outbox):
        leave(line, URGENT)
        outbox.failures = [Refused("550")]
        with pytest.raises(Refused):
            run_jobs(tasks)
        assert [job for job, _, _ in waiting(line)] == [Job.ALERT]

    def test_one_that_came_twice_is_sent_once(self, line, tasks, outbox):
        leave(line, URGENT)
        for _ in range(2):
            tasks.alert(requests(line)[0].id, 1)
        run_jobs(tasks)
        assert len(outbox.sent) == 1


class TestDigest:
    def test_names_what_is_new_once(self, line, tasks, outbox):
        tasks.gather_notices("digest")
        assert run_jobs(tasks) == []
        leave(line)
        leave(line, APPOINTMENT, "CA2")
        for _ in range(2):
            tasks.gather_notices("digest")
            run_jobs(tasks)
        ((_, subject, body),) = outbox.sent
        assert subject == "New: 2 requests"
        assert all(request.reference in body for request in requests(line))
        leave(line, call="CA3")
        tasks.gather_notices("digest")
        run_jobs(tasks)
        assert outbox.sent[1][1] == "New: 1 request"

    def test_leaves_out_what_is_urgent_or_claimed(self, line, tasks, outbox):
        leave(line)
        set_status(line, RequestStatus.CLAIMED)
        Caller(line, Arrival("CA2", "+16175550142", ""))("2 1 2 1").hang_up()
        run_jobs(tasks)
        assert [subject[:6] for _, subject, _ in outbox.sent] == ["URGENT"]
        tasks.gather_notices("digest")
        assert run_jobs(tasks) == []

    def test_counts_apart_what_callers_left_unfinished(self, line, both, outbox, api):
        for call in ("CA1", "CA2"):
            Caller(line, Arrival(call, "+16175550142", ""))("0").hang_up()
        for _ in range(2):
            both.gather_notices("digest")
            run_jobs(both)
        leave(line, call="CA3")
        Caller(line, Arrival("CA4", "+16175550142", ""))("0").hang_up()
        both.gather_notices("digest")
        run_jobs(both)
        assert [subject for _, subject, _ in outbox.sent] == [
            "Left unfinished: 2 requests", "New: 1 request, and 1 left unfinished",
        ]  # fmt: skip
        lines = {found[:6]: found for found in outbox.sent[1][2].splitlines() if found[:6].isdecimal()}
        sent, unfinished = requests(line)[2:]
        assert "unfinished" not in lines[sent.reference]
        assert lines[unfinished.reference].endswith(", left unfinished")
        assert api.store.messages[0]["Body"].startswith("Left unfinished: 2 requests\n")
        assert len(api.store.messages) == 4

    def test_is_silent_when_everything_was_claimed_before_it_left(self, line, tasks, outbox):
        leave(line)
        tasks.gather_notices("digest")
        set_status(line, RequestStatus.CLAIMED)
        run_jobs(tasks)
        assert outbox.sent == []


def test_overdue_requests_are_escalated_once(line, tasks, outbox, clock):
    leave(line)
    tasks.gather_notices("overdue")
    assert run_jobs(tasks) == []
    clock.now += timedelta(days=3)
    for _ in range(3):
        tasks.gather_notices("overdue")
        run_jobs(tasks)
        clock.now += timedelta(minutes=5)
    ((_, subject, body),) = outbox.sent
    assert subject == "Overdue: 1 request past the promised time"
    assert "waiting 3 days" in body
    assert requests(line)[0].priority is Priority.ROUTINE


def test_nothing_in_a_notice_or_a_job_is_personal(line, both, api, outbox, clock):
    leave(line, APPOINTMENT)
    leave(line, URGENT, "CA2")
    run_jobs(both)
    both.gather_notices("digest")
    run_jobs(both)
    clock.now += timedelta(days=3)
    both.gather_notices("overdue")
    run_jobs(both)
    said = [f"{subject}\n{body}" for _, subject, body in outbox.sent] + [form["Body"] for form in api.store.messages]
    assert len(said) == 9
    kept = [str(one.input) + one.workflow_id for one in line.database.jobs.list_workflows()]
    with line.database.read() as session:
        kept += [str(row) for row in session.connection().exec_driver_sql("SELECT * FROM notices")]
    for text in [*said, *kept]:
        for secret in (
            "6175550142",
            "6175550199",
            "5550142",
            "0142",
            "0199",
            "1948",
            "05171948",
            "May 17",
            "Bay State",
        ):
            assert secret not in text
        for secret in ("6175550177", "nurse@"):
            assert secret not in text
    assert all(len(form["Body"]) <= 1600 for form in api.store.messages)


def test_fifty_requests_fit_into_a_text_message(line, both, api):
    for number in range(60):
        leave(line, call=f"CA{number}")
    both.gather_notices("digest")
    run_jobs(both)
    assert "New: 50 requests" in api.store.messages[0]["Body"]
    assert "and 45 more" in api.store.messages[0]["Body"]
    assert len(api.store.messages[0]["Body"]) < 480
    both.gather_notices("digest")
    run_jobs(both)
    assert "New: 10 requests" in api.store.messages[2]["Body"]


class TestOnlyOnce:
    """The row that guards a notice is committed before it leaves."""

    def test_what_surely_was_not_sent_is_sent_later(self, line, tasks, outbox):
        leave(line, URGENT)
        outbox.failures = [Unavailable("ConnectionRefusedError")]
        with pytest.raises(Unavailable):
            run_jobs(tasks)
        tasks.deliver_notice("urgent", [requests(line)[0].id], "mail", f"urgent-{requests(line)[0].id}-1-mail")
        assert len(outbox.sent) == 1

    def test_what_may_have_been_sent_is_not_sent_again(self, line, both, api):
        leave(line, URGENT)
        api.fault("POST /Messages.json", 500)
        with pytest.raises(Unclear):
            run_jobs(both)
        assert [form["To"] for form in api.store.messages] == ["+16175550178"], "the other number got it"
        request = requests(line)[0].id
        for _ in range(2):
            both.deliver_notice("urgent", [request], "sms", f"urgent-{request}-1-sms")
        assert api.count("POST", "/Messages.json") == 2

    def test_a_busy_carrier_is_asked_again_for_that_number_only(self, line, both, api):
        leave(line, URGENT)
        api.fault("POST /Messages.json", 429)
        with pytest.raises(Unavailable):
            run_jobs(both)
        request = requests(line)[0].id
        both.deliver_notice("urgent", [request], "sms", f"urgent-{request}-1-sms")
        assert sorted(form["To"] for form in api.store.messages) == ["+16175550177", "+16175550178"]

    def test_guards_are_forgotten_when_nothing_can_send_again(self, line, tasks, clock):
        leave(line)
        tasks.gather_notices("digest")
        assert forget_notices(line.database, clock.now) == 0
        assert forget_notices(line.database, clock.now + timedelta(seconds=1)) == 1


def test_without_a_number_to_send_from_the_job_says_so(line, make_tasks):
    from dataclasses import replace

    tasks = make_tasks(line, notify_numbers=("+16175550177",), notify_emails=())
    tasks = replace(tasks, messages=replace(tasks.messages, from_number=""))
    leave(line, URGENT)
    with pytest.raises(Refused, match="SMS_FROM"):
        run_jobs(tasks)
