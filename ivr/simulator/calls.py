"""Calls as the carrier remembers them, in memory or a folder."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True)
class CallRecord:
    """One call: its ends, its status, and times in UTC; a call that is not over has no end."""

    sid: str
    account_sid: str
    from_address: str
    to_address: str
    status: str
    started_at: datetime
    ended_at: datetime | None = None
    direction: str = "inbound"

    def plain(self) -> dict[str, str | None]:
        """As JSON values."""
        facts = asdict(self) | {"started_at": self.started_at.isoformat()}
        return facts | {"ended_at": self.ended_at.isoformat() if self.ended_at else None}

    @classmethod
    def from_plain(cls, facts: dict[str, str | None]) -> "CallRecord":
        """Read what `plain` wrote; raise TypeError or ValueError for anything else."""
        times = {name: facts.get(name) for name in ("started_at", "ended_at")}
        read = {name: datetime.fromisoformat(value) if value else None for name, value in times.items()}
        return cls(**{**facts, **read})  # type: ignore[arg-type]


class CallStore:
    """Calls by SID; with a folder they outlive the process."""

    def __init__(self, folder: Path | None = None) -> None:
        """Load what the folder holds."""
        self._folder = folder
        files = sorted(folder.glob("CA*.json")) if folder else []
        self._all = {file.stem: CallRecord.from_plain(json.loads(file.read_text())) for file in files}

    def add(self, call: CallRecord) -> None:
        """Keep a call, in place of what was known of it."""
        self._all[call.sid] = call
        if self._folder:
            (self._folder / f"{call.sid}.json").write_text(json.dumps(call.plain()))

    def get(self, sid: str) -> CallRecord | None:
        """Return a call, or None when there is none."""
        return self._all.get(sid)

    def list(self) -> tuple[CallRecord, ...]:
        """All calls, the newest first."""
        return tuple(sorted(self._all.values(), key=lambda one: (one.started_at, one.sid), reverse=True))
