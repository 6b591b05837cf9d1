"""The words of notices: a reference, a kind, a priority, an age and where to look; never a patient's data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from ivr.services.requests.notices import NoticeFacts, Occasion

MAKE_A_SECOND = "Make an administrator's account for a colleague, for example the physician:"

MOST_IN_TEXT = 5
"""Requests named in one text message."""


def subject(occasion: Occasion, requests: Sequence[NoticeFacts]) -> str:
    """A mail's subject, which is also a text message's first line."""
    some = _counted(len(requests))
    match occasion:
        case Occasion.URGENT:
            return f"URGENT: request {requests[0].reference} is waiting"
        case Occasion.OVERDUE:
            return f"Overdue: {some} past the promised time"
        case Occasion.DIGEST:
            return _digest(requests)


def mail_body(occasion: Occasion, requests: Sequence[NoticeFacts], staff_url: str) -> str:
    """A mail's text."""
    lines = [subject(occasion, requests) + ".", ""]
    lines += [_line(request) for request in requests]
    if occasion is Occasion.URGENT:
        lines += ["", "This notice comes again every 10 minutes until somebody claims the request."]
    return "\n".join([*lines, "", console(staff_url), ""])


def text_body(occasion: Occasion, requests: Sequence[NoticeFacts], staff_url: str) -> str:
    """A text message."""
    named = [_line(request) for request in requests[:MOST_IN_TEXT]]
    more = [f"and {len(requests) - MOST_IN_TEXT} more"] if len(requests) > MOST_IN_TEXT else []
    return "\n".join([subject(occasion, requests), *named, *more, console(staff_url)])


def assigned(references: Sequence[str], staff_url: str) -> tuple[str, str]:
    """Subject and text of the mail to whom requests were assigned."""
    subject = f"Assigned to you: {_counted(len(references))}"
    where = f"{staff_url.rstrip('/')}/console/day"
    return subject, "\n".join([subject + ".", "", *references, "", "They are yours until they are done.", where, ""])


def approvals(new: int, late: int, is_only_admin: bool, staff_url: str) -> tuple[str, str]:
    """Subject and text of the mail to admins: prompts wait for a second person's approval, some past their time."""
    some = "1 prompt waits" if new + late == 1 else f"{new + late} prompts wait"
    lines = [f"{some} for approval by a second administrator."]
    if late:
        are = "1 of them should" if late == 1 else f"{late} of them should"
        lines += ["", f"{are} be on the air by now. Callers hear what was there before until somebody approves."]
    if is_only_admin:
        lines += ["", "You are the only administrator. Nobody may approve what they made themselves.", MAKE_A_SECOND]
        lines.append(f"{staff_url.rstrip('/')}/console/accounts")
    subject = f"Approval is late: {late} of {new + late}" if late else f"To approve: {some.partition(' wait')[0]}"
    return subject, "\n".join([*lines, "", f"{staff_url.rstrip('/')}/studio/waiting", ""])


def console(staff_url: str) -> str:
    """Where staff look."""
    return f"{staff_url.rstrip('/')}/console/"


def age(span: timedelta) -> str:
    """How long a request has been waiting."""
    minutes = int(span.total_seconds() // 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours < 48 else f"{hours // 24} days"


def _digest(requests: Sequence[NoticeFacts]) -> str:
    unfinished = sum(request.unfinished for request in requests)
    if unfinished == len(requests):
        return f"Left unfinished: {_counted(unfinished)}"
    sent = f"New: {_counted(len(requests) - unfinished)}"
    return f"{sent}, and {unfinished} left unfinished" if unfinished else sent


def _counted(count: int) -> str:
    return "1 request" if count == 1 else f"{count} requests"


def _line(request: NoticeFacts) -> str:
    unfinished = ", left unfinished" if request.unfinished else ""
    return f"{request.reference}  {request.kind}, {request.priority}, waiting {age(request.age)}{unfinished}"


def walk_subject(findings: Sequence[str]) -> str:
    """The subject of the mail about a nightly walk."""
    return f"The line: callers stumble over {len(findings)} thing{'s' if len(findings) > 1 else ''}"


def walk_body(findings: Sequence[str]) -> str:
    """Its text: how many findings of each kind, and the command that names them."""
    kinds = [f"  {kind}: {number}" for kind, number in Counter(findings).most_common()]
    how = "Tonight an automatic caller walked every branch of the line. To see what it found, run on the server:"
    return "\n".join([walk_subject(findings) + ":", *kinds, "", how, "", "  python -m ivr walk", ""])
