"""What a walk found, in words for whoever is called at night."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class FindingKind(StrEnum):
    """The kinds of findings, the worst first."""

    OUTAGE = "outage"
    REFUSED = "refused document"
    DEAD_END = "dead end"
    FALSE_WORDS = "false words"
    NO_AUDIO = "no audio"
    SILENT = "silent audio"
    TOO_LONG = "too long"
    TREE = "tree"
    NOT_REACHED = "not reached"


@dataclass(frozen=True, slots=True)
class WalkFinding:
    """One thing that callers stumble over; `keys` lead there in a call as `scene` says. No personal data is in it."""

    kind: FindingKind
    what: str
    scene: str = ""
    keys: str = ""

    def __str__(self) -> str:
        """As lines of a report."""
        where = f"\n    in a call from {self.scene!r}, after the keys: {self.keys or 'none'}" if self.scene else ""
        return f"{self.kind.upper()}: {self.what}{where}"


@dataclass(frozen=True, slots=True)
class Walked:
    """What was walked in one language; `seconds` is what callers listened to."""

    language: str
    nodes: int
    edges: int
    of: int
    calls: int
    seconds: float


@dataclass(frozen=True, slots=True)
class WalkReport:
    """A whole walk: what of the tree was walked, which edges no call took, what was found, and how long it took."""

    walked: tuple[Walked, ...]
    untaken: tuple[str, ...]
    findings: tuple[WalkFinding, ...]
    took_seconds: float

    def plain(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)

    def lines(self) -> Iterator[str]:
        """As a person reads it: what to mend first, then what was walked."""
        yield from summary(self.findings)
        yield from (f"  {finding}" for finding in self.findings)
        yield ""
        for one in self.walked:
            minutes = one.seconds / 60
            yield (
                f"{one.language}: {one.nodes} nodes, {one.edges} of {one.of} ways, {one.calls} calls,"
                f" {minutes:.0f} minutes listened."
            )
        if self.untaken:
            yield f"Ways that no call took ({len(self.untaken)}):"
            yield from (f"  {edge}" for edge in self.untaken)
        yield f"Walked in {self.took_seconds:.0f} s."


def summary(findings: Sequence[WalkFinding]) -> Iterator[str]:
    """How many findings of each kind there are, or that there are none."""
    if not findings:
        yield "Every call went well: nothing was found."
        return
    yield f"Callers stumble over {len(findings)} thing{'s' if len(findings) > 1 else ''}:"
    for kind in FindingKind:
        if number := sum(1 for finding in findings if finding.kind is kind):
            yield f"  {kind}: {number}"


def in_order(findings: Sequence[WalkFinding]) -> tuple[WalkFinding, ...]:
    """Each finding once, the worst first."""
    first: dict[tuple[FindingKind, str], WalkFinding] = {}
    for finding in findings:
        first.setdefault((finding.kind, finding.what), finding)
    return tuple(sorted(first.values(), key=lambda one: list(FindingKind).index(one.kind)))
