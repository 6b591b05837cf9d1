"""The short form of a clinic's worst day: hundreds of calls, forms, kills and a restart, and nothing is lost or done twice."""

import re

from tests.support.processes import postgres_of_its_own
from tests.support.worst_day import CALLS_FOR_A_FORM, worst_day
from tests.support.worst_day_findings import figures, findings

CALLS = 200


def test_nothing_is_lost_and_nothing_done_twice(settings, tmp_path):
    with postgres_of_its_own() as server, (tmp_path / "log").open("w") as log:
        day, database = worst_day(settings, server, log, calls=CALLS, kills_after=6)
        found = findings(day, database)
        told = figures(day, database, found)
        database.close()
    assert found == [], told
    assert told["calls"] == CALLS
    assert min(day.killed["web worker"], day.killed["job worker"], day.restarts) > 0, told
    assert told["marked as left in an outage"] > 0, told
    assert told["told that the request is saved"] > CALLS / 3, told
    assert told["acknowledged answers"] > CALLS, told
    assert told["references heard"] > CALLS / 4, told
    assert told["forms shown as saved"] == CALLS // CALLS_FOR_A_FORM, told
    log = (tmp_path / "log").read_text()
    assert "+16172" not in log, "a caller's number in the log"
    assert not re.search(r"16173\d{6}", log), "the number of a patient online in the log"
