"""What the line counts for Prometheus: names, numbers and durations of steps, never anything of a person.

Web workers count together: each keeps its numbers in a slot, a file in the folder that `PROMETHEUS_MULTIPROC_DIR`
names (`ivr.serving` makes one), and a scrape adds the slots up. A slot is held by a file lock, so that a worker that
takes the place of a killed one goes on counting in the dead one's slot: nothing is lost, and nothing is left to clean.
"""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, values
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""The histogram's bounds: a turn takes a few thousandths, and after 15 s the carrier gives up."""

OUTAGE_MARK = "latest-outage"
"""A file whose time is that of the latest outage answer of any worker."""

FILE_BYTES = 256 * 1024
"""Room for every name and label there is; a file that needs more grows."""


class _Slots:
    """Gives each process a number that no other living process has; a dead one's number is given again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pid = -1
        self._slot = 0
        self._lock: int | None = None

    def __call__(self) -> int:
        """This process's number; after a fork, a new one."""
        if os.getpid() != self._pid:
            if self._lock is not None:
                os.close(self._lock)
            self._slot, self._lock = self._take()
            self._pid = os.getpid()
        return self._slot

    def _take(self) -> tuple[int, int]:
        for slot in itertools.count():
            lock = os.open(self._folder / f"{slot}.lock", os.O_CREAT | os.O_RDWR, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(lock)
                continue
            self._reserve(slot)
            return slot, lock
        raise AssertionError("counting does not end")

    def _reserve(self, slot: int) -> None:
        """Take the disk space now: a mapped file that meets a full disk later would kill the process."""
        for kind in ("counter", "histogram"):
            with contextlib.suppress(OSError), (self._folder / f"{kind}_{slot}.db").open("ab") as file:
                os.posix_fallocate(file.fileno(), 0, FILE_BYTES)


@dataclass(frozen=True, slots=True)
class GaugeValue:
    """A number as it is now: the value of a gauge for these labels."""

    name: str
    help: str
    value: float
    labels: tuple[tuple[str, str], ...] = ()


class GaugeReader(Protocol):
    """Reads numbers as they are at the moment of a scrape."""

    def __call__(self) -> Iterable[GaugeValue]:
        """All of them."""


class _Gauges:
    """Hands levels to the client library."""

    def __init__(self, read: GaugeReader) -> None:
        self._read = read

    def collect(self) -> Iterator[Metric]:
        for _, levels in itertools.groupby(self._read(), key=lambda level: level.name):
            first, *others = levels
            gauge = GaugeMetricFamily(first.name, first.help, labels=[name for name, _ in first.labels])
            for level in (first, *others):
                gauge.add_metric([value for _, value in level.labels], level.value)
            yield gauge


class _Still(Counter):
    """A counter that nothing moves."""

    def inc(self, amount: float = 1, exemplar: dict[str, str] | None = None) -> None:
        """Count nothing."""


class _StillHistogram(Histogram):
    """The same for durations."""

    def observe(self, amount: float, exemplar: dict[str, str] | None = None) -> None:
        """Count nothing."""


class Metrics:
    """The counters of one web application; with a folder, those of all its workers."""

    counter: type[Counter] = Counter
    histogram: type[Histogram] = Histogram

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._outage_at: float | None = None
        self._registry = CollectorRegistry()
        if folder:
            values.ValueClass = values.MultiProcessValue(_Slots(folder))  # type: ignore[no-untyped-call]
        self.calls = self._counter("ivr_calls", "Calls answered.", "language")
        self.turns = self._counter(
            "ivr_turns", "Turns by the node they were taken at and what came of them.", "node", "outcome"
        )
        self.missed = self._counter(
            "ivr_input_missed",
            "Inputs a node could not use, by kind (no_input, no_match) and attempt.",
            "node",
            "kind",
            "attempt",
        )
        self.requests = self._counter("ivr_requests_saved", "Requests callers sent in a call.", "kind", "priority")
        self.outages = self._counter("ivr_outage_answers", "Webhooks answered without the database, by error.", "error")
        self.refused = self._counter("ivr_signatures_refused", "Webhooks that were not signed by the carrier.")
        self.requests_refused = self._counter(
            "ivr_requests_refused", "Requests that were refused before an application saw them, by reason.", "reason"
        )
        self.statuses = self._counter("ivr_call_statuses", "What the carrier said of calls.", "status")
        self.missing = self._counter(
            "ivr_prompts_missing",
            "Prompts without audio in their release, by what callers heard instead (earlier, carrier).",
            "language",
            "instead",
        )
        self.seconds = self.histogram(
            "ivr_turn_seconds", "From a webhook to its answer.", ["webhook"], buckets=SECONDS, registry=self._registry
        )

    def note_outage(self, error: str) -> None:
        """Count a webhook that was answered without the database, and remember when the latest was."""
        self.outages.labels(error).inc()
        self._outage_at = time.time()
        if self._folder:
            (self._folder / OUTAGE_MARK).touch()

    def seconds_since_outage(self) -> float | None:
        """How long ago a caller of this server last heard the outage announcement; None: not since it started."""
        at = self._outage_at
        if self._folder:
            with contextlib.suppress(OSError):
                at = (self._folder / OUTAGE_MARK).stat().st_mtime
        return None if at is None else max(0.0, time.time() - at)

    def page(self, levels: GaugeReader) -> bytes:
        """Everything, in Prometheus's text format; `levels` are the gauges."""
        registry = self._registry
        if self._folder:
            registry = CollectorRegistry()
            MultiProcessCollector(registry, path=str(self._folder))  # type: ignore[no-untyped-call]
        gauges = CollectorRegistry()
        gauges.register(_Gauges(levels))
        return bytes(generate_latest(registry) + generate_latest(gauges))

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return self.counter(name, text, labels, registry=self._registry)


class Uncounted(Metrics):
    """Counters that stay where they are, for calls that no caller made."""

    counter, histogram = _Still, _StillHistogram


def metrics_folder() -> Path | None:
    """Where the workers of this server count together, or None when this process counts alone."""
    folder = os.environ.get(FOLDER)
    return Path(folder) if folder else None
