"""The whole walk: a rehearsed line, call after call in every scene, and a report."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from werkzeug.serving import WSGIRequestHandler, make_server

from ivr.callflow import check
from ivr.callflow.nodes import End
from ivr.config import Config
from ivr.db import Database
from ivr.rehearsal import rehearsing
from ivr.services.line import Line, OnCall, utc_now
from ivr.services.prompts.agreement import disagreements
from ivr.services.prompts.releases import SILENCE, Releases
from ivr.simulator import (
    Answers,
    Carrier,
    FixedDesk,
    RecordingStore,
    SimulatorError,
    Transcript,
    Unreached,
    WsgiTransport,
    create_rest_app,
)
from ivr.walk.caller import Walker
from ivr.walk.edges import Goal, goals_of
from ivr.walk.errands import errands_of
from ivr.walk.findings import FindingKind, Walked, WalkFinding, WalkReport, in_order
from ivr.walk.guide import Guide
from ivr.walk.listening import Ear, examine
from ivr.walk.scenes import Scene, moments_of, scenes_of
from ivr.walk.stage import CLINIC, SceneSetter, Time

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

DESK, STAFF, NURSE = "+16175550111", "+16175550101", "+16175550102"
"""Made-up numbers for a line that has no desk, or none for staff to call; and somebody to be on call.

They are on call in what are usually opening hours, so on days off and not at night: callers meet both.
"""

MOST_CALLS = 60
"""Calls in one scene: far more than any needs."""

MOST_FRUITLESS_CALLS = 4
"""Calls in a row that come to nothing new: each learns where its plans do not lead, so the next may find a way."""

MakeLine = Callable[[Config], Line]
MakeApp = Callable[[Config, Line], "WSGIApplication"]


def walk(config: Config, database: Database, make_line: MakeLine, make_app: MakeApp) -> WalkReport:
    """Walk what is on the air, from every side; the clinic's database is only read.

    Raises:
        NothingOnAir: no prompts were ever published.
    """
    began = time.monotonic()
    with rehearsing(config, database) as rehearsed, _carrier_api(rehearsed) as (store, url):
        rehearsed = replace(
            rehearsed,
            twilio_api_url=url,
            desk_numbers=config.desk_numbers or (DESK,),
            staff_number=config.staff_number or STAFF,
            texts=True,
        )
        line = make_line(rehearsed)
        with closing(line.database):
            on_call = OnCall((NURSE,), line.calendar.hours)
            line = replace(line, clock=Time(moments_of(line.calendar, utc_now())), on_call=on_call)
            ear = Ear(WsgiTransport(make_app(rehearsed, line)), config.public_base_url)
            walking = _Walking(rehearsed, line.on_air(), ear, store)
            walking.listen()
            walking.call_all()
            return walking.report(time.monotonic() - began)


@dataclass(slots=True)
class _Walking:
    """A walk under way."""

    config: Config
    line: Line
    ear: Ear
    store: RecordingStore
    findings: list[WalkFinding] = field(default_factory=list)
    calls: list[tuple[str, float]] = field(default_factory=list)
    guide: Guide = field(init=False)
    goals: frozenset[Goal] = field(init=False)

    def __post_init__(self) -> None:
        """All is still to be walked."""
        self.goals = frozenset(goals_of(self.line.tree))
        self.guide = Guide(self.line.tree, set(self.goals))

    def listen(self) -> None:
        """Look at the tree, and hear all that is on the air."""
        self.findings += (WalkFinding(FindingKind.TREE, fault) for fault in check.check(self.line.tree, ()))
        release = Releases(self.line.database).latest()
        self.ear.pauses = frozenset(release.manifest.get(SILENCE, {}).values())
        scripts = self.line.with_clips(self.line.scripts)
        scripts = {language: scripts[language] for language in self.line.tree.languages}
        told = [one for one in disagreements(self.line.database, scripts) if one.misleads]
        self.findings += (WalkFinding(FindingKind.FALSE_WORDS, str(one)) for one in told)
        self.findings += examine(self.ear, release, self.line.tree, scripts, speaks=self.line.speaks)

    def call_all(self) -> None:
        """Call in every scene for as long as its calls come to anything new."""
        clock = self.line.clock
        assert isinstance(clock, Time)
        stage = SceneSetter(self.line, clock)
        numbers = frozenset(filter(None, (CLINIC, self.config.clinic_number, self.config.staff_number)))
        carrier = Carrier(
            self.config.public_base_url,
            self.config.twilio_account_sid,
            self.config.twilio_auth_token,
            transport=self.ear,
            recordings=self.store,
            caller_ids=numbers,
        )
        for errand in errands_of(self.line.tree):
            self._call(carrier, stage, clock, errand.scene, errand.does)
        for scene in scenes_of(self.line.tree):
            fruitless = 0
            for _ in range(MOST_CALLS):
                fruitless = 0 if self._call(carrier, stage, clock, scene) else fruitless + 1
                if fruitless == MOST_FRUITLESS_CALLS or not self.guide.left:
                    break

    def _call(self, carrier: Carrier, stage: SceneSetter, time: Time, scene: Scene, errand: str = "") -> bool:
        """Place one call; whether it came to anything new."""
        part = stage.set(scene)
        walker = Walker(self.line, self.guide, stage, scene, part, errand)
        desk = FixedDesk(Answers() if scene.desk_answers else Unreached())
        transcript: Transcript | None = None
        try:
            transcript = carrier.call(walker, from_=part.caller_id, to=part.dials, clock=time.clock, desk=desk)
        except SimulatorError as error:
            self._found(FindingKind.REFUSED, f"{walker.node}: {error}", scene, walker)
        walker.look()
        if transcript is not None:
            self.calls.append((walker.language, transcript.seconds_listened))
            for kind, what in self._faults(transcript, walker):
                self._found(kind, what, scene, walker)
        return walker.gained

    def _found(self, kind: FindingKind, what: str, scene: Scene, walker: Walker) -> None:
        self.findings.append(WalkFinding(kind, what, scene.name, " ".join(walker.done[-12:])))

    def _faults(self, transcript: Transcript, walker: Walker) -> Iterator[tuple[FindingKind, str]]:
        """What went wrong in a call that came to its end."""
        yield from ((FindingKind.OUTAGE, f"{walker.node}: {error}") for error in transcript.errors)
        script = self.line.scripts[self.line.tree.languages[0]]
        spoken = [entry for entry in transcript.entries if entry.who == "line" and entry.kind == "say"]
        if any(entry.text == script.prompts["outage_apology"].sayable for entry in spoken):
            yield FindingKind.OUTAGE, f"{walker.node}: callers hear the outage announcement"
        elif spoken and not self.line.speaks and not any(one.kind is FindingKind.NO_AUDIO for one in self.findings):
            yield FindingKind.NO_AUDIO, f"{walker.node}: the carrier's voice says “{spoken[0].text[:60]}”"
        if transcript.ended_by == "line":
            yield from self._ending(transcript, walker)

    def _ending(self, transcript: Transcript, walker: Walker) -> Iterator[tuple[FindingKind, str]]:
        """Only an end of the tree may hang up, and not without a word."""
        if not isinstance(self.line.tree.nodes.get(walker.node), End):
            yield FindingKind.DEAD_END, f"{walker.node}: the line hangs up, and this is no end of the tree"
            return
        documents = [n for n, entry in enumerate(transcript.entries) if entry.kind == "webhook" and entry.document]
        last = documents[-1] if documents else 0
        if not any(entry.kind in ("say", "play") for entry in transcript.entries[last:]):
            yield FindingKind.DEAD_END, f"{walker.node}: the line hangs up without a word"

    def report(self, took_seconds: float) -> WalkReport:
        """What was walked, and what was found."""
        if recording := self.ear.faults.get("recording"):
            self.findings.append(WalkFinding(*recording))
        reached = {goal.edge.to for goal in self.guide.walked} | {goal.edge.node for goal in self.guide.walked}
        wanted = {goal.edge.node for goal in self.goals}
        self.findings += (
            WalkFinding(FindingKind.NOT_REACHED, f"{node}: no call came here") for node in sorted(wanted - reached)
        )
        untaken = tuple(f"{goal.language} {goal.edge}" for goal in sorted(self.guide.left))
        walked = tuple(map(self._walked, self.line.tree.languages))
        return WalkReport(walked, untaken, in_order(self.findings), took_seconds)

    def _walked(self, language: str) -> Walked:
        wanted = {goal for goal in self.goals if goal.language == language}
        taken = wanted - self.guide.left
        listened = [seconds for spoken, seconds in self.calls if spoken == language]
        nodes = len({goal.edge.node for goal in taken})
        return Walked(language, nodes, len(taken), len(wanted), len(listened), round(sum(listened), 1))


class _Quiet(WSGIRequestHandler):
    """A server without a log."""

    def log(self, type: str, message: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def _carrier_api(config: Config) -> Iterator[tuple[RecordingStore, str]]:
    """The carrier's recordings, which the line fetches when a caller wants to hear what they said; on this machine."""
    store = RecordingStore()
    app = create_rest_app(store, config.twilio_account_sid, config.twilio_auth_token)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield store, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
