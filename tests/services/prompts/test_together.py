"""Several prompts in one release, taken back as one; versions that are discarded; what waits for whom."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from ivr.models import AuditEntry, PromptRelease, PromptSource, PromptState, PromptTake, PromptVersion
from ivr.services.prompts import scheduling, versions
from ivr.services.prompts.releases import latest_release
from ivr.services.prompts.takes import master_version
from ivr.services.prompts.together import publish_together, releases_of_several, roll_back_together
from ivr.services.prompts.versions import VersionError
from ivr.services.prompts.waiting import discard, has_one_admin, note_told, to_tell, waiting
from tests.support.studio import CLINICAL, EN, KEY

KEYS = (KEY, "goodbye", "option_appointment")


def manifest(line):
    with line.database.read() as session:
        return latest_release(session).manifest


def releases(line):
    with line.database.read() as session:
        return session.scalar(select(func.count()).select_from(PromptRelease))


def exists(line, version_id):
    with line.database.read() as session:
        return session.get(PromptVersion, version_id) is not None


def test_three_prompts_in_one_release_and_back_in_one(line, admins, clock, recorded):
    before, count = manifest(line), releases(line)
    made = [recorded(admins[0], key) for key in KEYS]
    clock.now += timedelta(minutes=1)
    assert publish_together(line, admins[0], made, clock.now) == 3
    after = manifest(line)
    assert releases(line) == count + 1, "no call hears one of them without the others"
    assert {key for key in before[EN] if before[EN][key] != after[EN][key]} == set(KEYS)
    (told,) = releases_of_several(line)
    assert (told.count, told.still) == (3, 3)
    clock.now += timedelta(minutes=1)
    assert roll_back_together(line, admins[1], told.id, clock.now) == (3, 0)
    assert manifest(line) == before
    assert releases(line) == count + 2
    back, first = releases_of_several(line)
    assert (back.still, first.still) == (3, 0)
    with line.database.read() as session:
        told = session.scalars(select(AuditEntry.detail)).all()
    assert sum("published, 3 in one release" in one for one in told) == 3
    assert sum("with the whole release" in one for one in told) == 3
    assert roll_back_together(line, admins[1], back.id, clock.now) == (3, 0), "and forth again"
    assert manifest(line) == after


def test_what_was_changed_since_stays_when_a_release_is_taken_back(line, admins, clock, recorded):
    made = [recorded(admins[0], key) for key in KEYS]
    publish_together(line, admins[0], made, clock.now)
    clock.now += timedelta(minutes=1)
    versions.roll_back(line, admins[0], EN, KEY, clock.now)
    heard = manifest(line)[EN][KEY]
    (release,) = releases_of_several(line)
    assert roll_back_together(line, admins[0], release.id, clock.now) == (2, 1)
    assert manifest(line)[EN][KEY] == heard
    with pytest.raises(VersionError, match="Nothing can be put back"):
        roll_back_together(line, admins[0], release.id, clock.now)
    with pytest.raises(VersionError, match="no such release"):
        roll_back_together(line, admins[0], 1, clock.now)


def test_one_that_may_not_go_on_the_air_keeps_all_of_them_off_it(line, admins, clock, recorded):
    made, clinical = [recorded(admins[0], key) for key in KEYS], recorded(admins[0], CLINICAL)
    before = manifest(line)
    with pytest.raises(VersionError, match=rf"{CLINICAL} .* second person has to approve it first"):
        publish_together(line, admins[0], [*made, clinical], clock.now)
    with pytest.raises(VersionError, match=f"{KEY} .* several versions"):
        publish_together(line, admins[0], [*made, recorded(admins[0])], clock.now)
    with pytest.raises(VersionError, match="at least one"):
        publish_together(line, admins[0], [], clock.now)
    assert manifest(line) == before


def test_what_waits_for_whom(line, admins, clock, recorded):
    assert not any((waiting(line).to_approve, waiting(line).ready, waiting(line).others))
    older, newer, clinical = recorded(admins[0]), recorded(admins[0]), recorded(admins[0], CLINICAL)
    planned = recorded(admins[0], "goodbye")
    scheduling.schedule(line, admins[0], planned, clock.now + timedelta(hours=1), None, clock.now)
    refused = versions.add_take(
        line, admins[0], EN, "option_appointment", "Press 1.", b"x", PromptSource.UPLOAD, clock.now
    )
    master_version(line, refused, clock.now)
    found = waiting(line)
    assert [one.id for one in found.to_approve] == [clinical]
    assert [one.id for one in found.ready] == [newer]
    assert [one.id for one in found.scheduled] == [planned]
    assert {one.id for one in found.others} == {older, refused}
    assert not has_one_admin(line.database)
    clock.now += timedelta(minutes=1)
    publish_together(line, admins[0], [newer], clock.now)
    assert waiting(line).ready == []
    assert {one.id for one in waiting(line).others} == {older, refused}


def test_refused_and_tried_versions_are_discarded_and_what_was_heard_is_not(line, admins, clock, recorded):
    tried, heard = recorded(admins[0]), recorded(admins[0])
    being_made = versions.save_script(line, admins[0], EN, KEY, "For a call from us, press 2.", clock.now)
    refused = versions.add_take(line, admins[0], EN, KEY, "For us, press 2.", b"x", PromptSource.UPLOAD, clock.now)
    master_version(line, refused, clock.now)
    versions.publish(line, admins[0], heard, clock.now)
    assert discard(line, admins[0], [tried, refused, being_made], clock.now) == 3
    assert not any(exists(line, one) for one in (tried, refused, being_made))
    assert master_version(line, being_made, clock.now) is None
    with pytest.raises(VersionError, match="was on the air is kept"):
        discard(line, admins[0], [heard], clock.now)
    with line.database.read() as session:
        assert session.scalar(select(func.count()).select_from(PromptTake)) == 0
        assert sum("discarded" in one for one in session.scalars(select(AuditEntry.detail))) == 3
        shipped = session.scalars(select(PromptVersion.id).where(PromptVersion.own.is_(False))).first()
        session.expunge_all()
    with line.database.write() as session:
        session.get(PromptVersion, shipped).state = PromptState.RECORDED
    with pytest.raises(VersionError, match="as it was delivered"):
        discard(line, admins[0], [shipped], clock.now)


def test_admins_are_told_once_and_once_more_when_its_time_has_come(line, admins, clock, recorded):
    made = recorded(admins[0], CLINICAL)
    scheduling.schedule(line, admins[0], made, clock.now + timedelta(hours=1), None, clock.now)
    found = to_tell(line, clock.now)
    assert (found.ids, found.new, found.late) == ([made], 1, 0)
    note_told(line, found.ids, clock.now)
    assert not to_tell(line, clock.now).ids
    clock.now += timedelta(hours=2)
    found = to_tell(line, clock.now)
    assert (found.ids, found.new, found.late) == ([made], 0, 1)
    note_told(line, found.ids, clock.now)
    assert not to_tell(line, clock.now).ids
    versions.approve(line, admins[1], made, clock.now)
    assert scheduling.publish_due(line, clock.now) == 1
