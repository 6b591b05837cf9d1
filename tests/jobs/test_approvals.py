"""Admins get a mail when prompts wait for a second person, and another when the time of one has come."""

from datetime import timedelta

from ivr.models import PromptAudio, PromptSource, PromptState, PromptVersion, Role, StaffMember
from ivr.services.jobs import Job
from tests.support.studio import CLINICAL, EN


def admin(line, number):
    member = StaffMember(
        email=f"{number}@example.org", name=f"Admin {number}", role=Role.ADMIN, fs_uniquifier=f"u{number}",
        created_at=line.clock(),
    )  # fmt: skip
    with line.database.write() as session:
        session.add(member)


def waits(line, clock, **more):
    """A clinical version that lacks nothing but an approval."""
    version = PromptVersion(
        key=CLINICAL, language=EN, text=line.scripts[EN].prompts[CLINICAL].text, state=PromptState.RECORDED, own=True,
        source=PromptSource.UPLOAD, created_at=clock.now, audio_sha256="0" * 64, seconds=1.0, **more,
    )  # fmt: skip
    with line.database.write() as session:
        session.add(PromptAudio(sha256="0" * 64, data=b"sound", created_at=clock.now))
        session.flush()
        session.add(version)


def tell(tasks):
    tasks.by_job[Job.TELL_APPROVERS]()


def test_admins_learn_of_it_once(tasks, line, clock, outbox):
    waits(line, clock, publish_at=clock.now + timedelta(hours=1))
    tell(tasks)
    assert outbox.sent == [], "there is no administrator yet"
    admin(line, 1)
    admin(line, 2)
    tell(tasks)
    tell(tasks)
    ((recipients, subject, body),) = outbox.sent
    assert recipients == ("1@example.org", "2@example.org")
    assert subject == "To approve: 1 prompt"
    assert "1 prompt waits for approval by a second administrator." in body
    assert "https://line.example.org/studio/waiting" in body
    assert "only administrator" not in body
    clock.now += timedelta(hours=2)
    tell(tasks)
    tell(tasks)
    _, (_, subject, body) = outbox.sent
    assert subject == "Approval is late: 1 of 1"
    assert "should be on the air by now" in body


def test_a_clinic_with_one_administrator_is_told_what_to_do(tasks, line, clock, outbox):
    admin(line, 1)
    waits(line, clock)
    tell(tasks)
    ((_, _, body),) = outbox.sent
    assert "You are the only administrator." in body
    assert "https://line.example.org/console/accounts" in body
