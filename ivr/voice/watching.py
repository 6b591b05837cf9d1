"""What the voice door tells of its work: counters, and one log line a webhook without anything a caller keyed."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

import structlog
from flask import g

from ivr.callflow import events as ev
from ivr.metrics import Metrics
from ivr.services.calls.turns import ENDED, Answer, Arrival
from ivr.services.numbers import masked
from ivr.services.prompts.releases import Release
from ivr.services.requests.saving import priority_of

PERSON = frozenset({"person", "closed"})
"""Nodes that mean that the caller is on the way to somebody."""

log = structlog.get_logger(__name__)


def begin() -> None:
    """Note when a webhook arrived."""
    g.voice_began = time.perf_counter()


def answered(metrics: Metrics, webhook: str, arrival: Arrival, answer: Answer) -> None:
    """Count and log an answer. Nothing that goes wrong here may reach the caller."""
    with contextlib.suppress(Exception):
        seconds, outcome = _seconds(), outcome_of(answer)
        metrics.seconds.labels(webhook).observe(seconds)
        metrics.turns.labels(answer.node, outcome).inc()
        if outcome == "started":
            metrics.calls.labels(answer.language).inc()
        _count_events(metrics, answer)
        log.info(
            "turn",
            call_sid=arrival.sid,
            turn=answer.turn,
            node=answer.node,
            outcome=outcome,
            ms=round(seconds * 1000, 1),
            from_number=masked(arrival.from_number),
        )


def outcome_of(answer: Answer) -> str:
    """What came of a turn, in a word: started, again, no_input, no_match, saved, recorded, person or ok."""
    if not answer.fresh:
        return "again"
    if answer.turn == 0:
        return "started"
    found = "ok"
    for event in answer.events:
        match event:
            case ev.InputMissed():
                return event.kind
            case ev.RequestConfirmed():
                return "saved"
            case ev.RecordingMade():
                found = "recorded"
            case ev.NodeEntered(node) if node in PERSON:
                found = "person"
    return found


def nameless(path: str) -> None:
    """Log a signed webhook that names no call."""
    log.warning("webhook_without_a_call", path=path)


def broken(metrics: Metrics, path: str, error: Exception, where: str, call_sid: str) -> None:
    """Count and log what broke; an exception's own words may quote what a caller keyed, so they are left out."""
    with contextlib.suppress(Exception):
        name = type(error).__name__
        metrics.note_outage(name)
        milliseconds = round(_seconds() * 1000, 1)
        log.error("voice_door_failed", path=path, error=name, where=where, call_sid=call_sid, ms=milliseconds)


class MissingPrompts:
    """Answers for prompts that their release has no audio of: an earlier release's, or None for the carrier's voice.

    Each time is counted; each prompt of a release is logged once, as an error that somebody has to mend.
    """

    def __init__(self, metrics: Metrics, find: Callable[[int | None, str, str], str | None]) -> None:
        self._metrics = metrics
        self._find = find
        self._logged: set[tuple[int | None, str, str]] = set()

    def __call__(self, release: Release, language: str, key: str) -> str | None:
        """The address of the audio to play instead; a failing database means none, never a failing call."""
        earlier = None
        with contextlib.suppress(Exception):
            earlier = self._find(release.id, language, key)
        with contextlib.suppress(Exception):
            instead = "earlier" if earlier else "carrier"
            self._metrics.missing.labels(language, instead).inc()
            if (release.id, language, key) not in self._logged:
                self._logged.add((release.id, language, key))
                log.error("prompt_missing", prompt=key, language=language, release=release.id, instead=instead)
        return earlier


def refused(metrics: Metrics, path: str) -> None:
    """Count and log a webhook that the carrier did not sign."""
    with contextlib.suppress(Exception):
        metrics.refused.inc()
        log.warning("signature_refused", path=path)


def ended(metrics: Metrics, call_sid: str, status: str, seconds: int | None) -> None:
    """Count and log what the carrier says of a call."""
    with contextlib.suppress(Exception):
        known = status if status in ENDED else "other"
        metrics.statuses.labels(known).inc()
        log.info("call_status", call_sid=call_sid, status=known, seconds=seconds, ms=round(_seconds() * 1000, 1))


def _count_events(metrics: Metrics, answer: Answer) -> None:
    for event in answer.events:
        match event:
            case ev.InputMissed(node, kind, attempt):
                metrics.missed.labels(node, kind, str(attempt)).inc()
            case ev.RequestConfirmed(draft):
                metrics.requests.labels((draft.kind or "callback"), priority_of(draft).value).inc()


def _seconds() -> float:
    return time.perf_counter() - float(g.get("voice_began", time.perf_counter()))
