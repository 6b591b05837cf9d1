"""The clinic's name, as an admin chooses it: kept, spoken anew by the worker, and what people have to record anew."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ivr.models import AuditAction, ClinicName
from ivr.services.audit import Actor, add_audit_entry
from ivr.services.jobs import Job, enqueue
from ivr.services.line import Line
from ivr.services.prompts.agreement import disagreements

LONGEST_NAME = 40
"""Letters: the greeting has to be over in ten seconds, and says 911 behind the name."""

_SPOKEN = re.compile(r"[^\W\d_](?:[^\W\d_]|[ .,&'\u2019-])*")


class ClinicNameRefused(ValueError):
    """The line cannot be called that; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class OldName:
    """A recording of the clinic's own, on the air, that no longer agrees with a script that says the name."""

    language: str
    key: str


def choose_name(line: Line, actor: Actor, name: str, now: datetime) -> None:
    """Call the clinic so from now on, and let the worker speak anew what says the name; '' is the settings' name.

    Until that is done callers hear the name before.

    Raises:
        ClinicNameRefused: it cannot be spoken, or is too long.
    """
    wanted = _checked(name)
    with line.database.write() as session:
        if (wanted or line.calendars.settings.clinic) == line.calendars.read_in(session).clinic:
            return
        chosen = ClinicName(name=wanted, created_at=now, created_by=actor.staff_id)
        session.add(chosen)
        session.flush()
        detail = f"the clinic is called “{wanted}”" if wanted else "the clinic is called as the settings say"
        add_audit_entry(session, actor, AuditAction.HOURS_CHANGED, "clinic", now, detail)
        if not line.speaks:  # the carrier's voice says the new words as they are
            key = f"{Job.RENDER_PROMPTS}-{chosen.id}"
            enqueue(line.database, session.connection(), Job.RENDER_PROMPTS, chosen.id, key=key)
    line.calendars.forget()


def to_record_anew(line: Line) -> Sequence[OldName]:
    """The clinic's own recordings on the air that say another name, or did not change with it."""
    scripts = line.all_scripts
    return [
        OldName(one.language, one.key)
        for one in disagreements(line.database, scripts)
        if one.own and line.clinic in scripts[one.language].prompts[one.key].text
    ]


def _checked(name: str) -> str:
    wanted = " ".join(name.split()).rstrip(".,")
    if not wanted:
        return ""
    if len(wanted) > LONGEST_NAME:
        raise ClinicNameRefused(
            f"This name has {len(wanted)} letters, and may have {LONGEST_NAME}: the greeting says it before 911."
        )
    if not _SPOKEN.fullmatch(wanted):
        raise ClinicNameRefused("The line speaks this name: use letters only, and write numbers as words.")
    return wanted
