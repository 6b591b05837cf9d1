"""Calling a patient back from a request's page: through the clinic's number, or from a phone of one's own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, abort, flash, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue

from ivr.config import Config
from ivr.console import sessions
from ivr.console.access import actor, member, requires, wants_json
from ivr.console.queue import list_args
from ivr.models import BridgeOutcome, BridgeStatus, PatientRequest, Role
from ivr.services.line import Line
from ivr.services.requests import bridging
from ivr.services.requests.case import NoSuchRequest, TriageError
from ivr.services.requests.casefile import ownership

STATES = {
    BridgeStatus.WAITING: "We are about to ring your phone.",
    BridgeStatus.ASKED: "We are about to ring your phone.",
    BridgeStatus.RINGING: "Ringing your phone. Answer it and press 1.",
    BridgeStatus.ACCEPTED: "Ringing the patient.",
    BridgeStatus.CONNECTED: "Connected to the patient.",
    BridgeStatus.ENDED: "The call has ended.",
}

ENDINGS = {
    BridgeOutcome.TALKED: "The call has ended.",
    BridgeOutcome.NO_ANSWER: "The patient did not answer.",
    BridgeOutcome.BUSY: "The patient's line was busy.",
    BridgeOutcome.FAILED: "The patient's number could not be reached.",
    BridgeOutcome.HUNG_UP: "You hung up before the patient answered.",
    BridgeOutcome.NOT_ACCEPTED: "Nobody pressed 1 on your phone, so the patient was not called.",
    BridgeOutcome.STAFF_NO_ANSWER: "Your phone was not answered, so the patient was not called.",
    BridgeOutcome.STAFF_BUSY: "Your phone was busy, so the patient was not called.",
    BridgeOutcome.STAFF_FAILED: "Your phone could not be rung, so the patient was not called.",
    BridgeOutcome.TAKEN: "You no longer have this request, so the patient was not called.",
    BridgeOutcome.TOO_LATE: "Your phone could not be rung in time. Please try again, or dial the number yourself.",
    BridgeOutcome.REFUSED: "The carrier does not place this call. Please dial the number yourself.",
}

UNKNOWN = "We cannot tell whether your phone was rung. Please dial the number yourself."

SUGGESTED = {
    BridgeOutcome.TALKED: "reached",
    BridgeOutcome.NO_ANSWER: "no_answer",
    BridgeOutcome.BUSY: "busy",
}
"""The outcome that a call's end suggests in the form; staff decide."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What the page offers: to ring the phone that ends in `rings`, or, with no such phone, to dial alone.

    `running` is the id of a call that goes on; `dialled_at` is when they began to dial by themselves, while that call
    holds the request.
    """

    rings: str
    running: int | None
    words: str
    dialled_at: datetime | None


def add_routes(console: Blueprint, line: Line, config: Config) -> None:
    """Add the button's address and the one that tells how the call fares."""

    @console.app_context_processor
    def offering() -> dict[str, object]:
        """What the part of the page needs that has the button."""
        return {"call_back_offer": offer}

    def offer(one: PatientRequest) -> Offer:
        now = line.clock()
        running = bridging.running(line, one.id, member().id, now)
        progress = bridging.progress_of(line, running, member().id, now) if running else None
        words = words_of(progress) if progress else ""
        dialled_at = bridging.dialled_at(line, one.id, member().id, now)
        return Offer((member().phone_number or "")[-2:], running, words, dialled_at)

    @console.post("/requests/<id:request_id>/call", endpoint="call_back")
    @requires(Role.STAFF)
    def call_back(request_id: int) -> ResponseReturnValue:
        """Claim the request and ring this member's phone, or note that they dial by themselves.

        Either way the call holds the claim, and the session of this browser, for as long as it may last.
        """
        alone = request.form.get("alone") == "1"
        begin = bridging.dial_alone if alone else bridging.begin
        try:
            begin(line, request_id, actor(), line.clock())
            sessions.hold_for_talk()
        except NoSuchRequest:
            abort(404)
        except TriageError as error:
            if wants_json():
                return jsonify(problem=str(error)), 409
            flash(str(error), "bad")
        anchor = "call-ended" if alone else "call-back"
        here = list_args(request.args)
        page = url_for("console.request", request_id=request_id, **here, _anchor=anchor)
        if wants_json():
            now = ownership(line, request_id, actor())
            return jsonify(version=now.version, newest=now.newest, next=page)
        return redirect(page, 303)

    @console.get("/calls/<id:bridge_id>.json", endpoint="call_progress")
    @requires(Role.STAFF)
    def call_progress(bridge_id: int) -> ResponseReturnValue:
        """How a call of this member's fares, in words; it has no personal data."""
        progress = bridging.progress_of(line, bridge_id, member().id, line.clock())
        if progress is None:
            abort(404)
        suggested = SUGGESTED.get(progress.outcome) if progress.outcome else None
        return jsonify(words=words_of(progress), over=progress.is_over, state=progress.status, suggested=suggested)


def words_of(progress: bridging.BridgeProgress) -> str:
    """How a call fares, as a sentence."""
    if progress.outcome is not None:
        return ENDINGS[progress.outcome]
    return UNKNOWN if progress.stale else STATES[progress.status]
