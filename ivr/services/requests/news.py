"""What an open page asks for again and again: how much is urgent, and what is new for whoever looks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select

from ivr.models import Tab
from ivr.services.line import Line
from ivr.services.requests.order import REQUESTS, QueueTab, sections
from ivr.services.requests.queue import COUNTED, moment_of


@dataclass(frozen=True, slots=True)
class News:
    """How many urgent requests are to be called now, up to `COUNTED`, and the newest one's id.

    `assigned` counts what is assigned to the member, `assigned_at` is when the last of it was; both tell nothing of a
    patient.
    """

    urgent: int
    newest_urgent: int | None
    assigned: int
    assigned_at: datetime | None


def read_news(line: Line, member_id: int, now: datetime) -> News:
    """The news for a member of the staff. It shows nothing of a patient and leaves no trace."""
    pressing = [one.condition for one in sections(QueueTab.NOW, moment_of(line, now)) if one.number == 0]
    urgent = select(func.count(), func.max(REQUESTS.id)).where(or_(*pressing))
    theirs = select(func.count(), func.max(REQUESTS.assigned_at)).where(
        REQUESTS.assigned_to_id == member_id, REQUESTS.tab.in_((Tab.OPEN, Tab.INCOMPLETE))
    )
    with line.database.read() as session:
        count, newest = session.execute(urgent).one()
        assigned, assigned_at = session.execute(theirs).one()
    return News(min(int(count), COUNTED), newest, int(assigned), assigned_at)
