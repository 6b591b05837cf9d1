"""Recordings as the carrier keeps them: in memory or a folder, handed over in this process or by HTTP."""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import urlencode

from ivr.simulator.calls import CallRecord, CallStore
from ivr.simulator.errors import CallError
from ivr.simulator.transport import Transport

PUBLIC_API = "https://api.twilio.com"


@dataclass(frozen=True)
class Recording:
    """One recording: whole seconds, times in UTC, and its WAV; a deleted one has no audio any more."""

    sid: str
    account_sid: str
    call_sid: str
    seconds: int
    started_at: datetime
    audio: bytes
    deleted: bool = False

    @property
    def path(self) -> str:
        """Its address at the API, without host and extension."""
        return recording_path(self.account_sid, self.sid)


class RecordingStore:
    """Recordings by SID, with the calls they are from; with a folder they outlive the process.

    `messages` are the forms of text messages that were sent, `stopped` the numbers that have told the carrier STOP.
    """

    def __init__(
        self, folder: Path | None = None, on_text: Callable[[Mapping[str, str]], object] | None = None
    ) -> None:
        """Load what the folder holds. `on_text` is told the form of each text message that is sent."""
        self._folder = folder
        self._on_text = on_text
        self._all: dict[str, Recording] = {}
        self.messages: list[dict[str, str]] = []
        self.stopped: set[str] = set()
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
        self.calls = CallStore(folder)
        if folder:
            for file in sorted(folder.glob("RE*.json")):
                self._load(file)

    def add_message(self, form: dict[str, str]) -> int:
        """Keep the form of a text message; how many there are now."""
        self.messages.append(form)
        if self._on_text:
            self._on_text(form)
        return len(self.messages)

    def add(self, recording: Recording) -> None:
        """Keep a recording, in place of one with the same SID."""
        self._all[recording.sid] = recording
        if self._folder:
            facts = asdict(recording) | {"started_at": recording.started_at.isoformat()}
            del facts["audio"]
            self._file(recording.sid, ".wav").write_bytes(recording.audio)
            self._file(recording.sid, ".json").write_text(json.dumps(facts))

    def get(self, sid: str, *, include_deleted: bool = False) -> Recording | None:
        """Return a recording, or None when there is none (any more)."""
        found = self._all.get(sid)
        return found if found and (include_deleted or not found.deleted) else None

    def list(self, *, include_deleted: bool = False) -> tuple[Recording, ...]:
        """All recordings, the newest first."""
        kept = (one for one in tuple(self._all.values()) if include_deleted or not one.deleted)
        return tuple(sorted(kept, key=lambda one: (one.started_at, one.sid), reverse=True))

    def delete(self, sid: str) -> bool:
        """Erase a recording's audio and keep that it existed; tell whether it was there."""
        found = self.get(sid)
        if found is None:
            return False
        self.add(replace(found, audio=b"", deleted=True))
        return True

    def _file(self, sid: str, extension: str) -> Path:
        assert self._folder
        return self._folder / f"{sid}{extension}"

    def _load(self, file: Path) -> None:
        facts = json.loads(file.read_text())
        facts["started_at"] = datetime.fromisoformat(facts["started_at"])
        self._all[file.stem] = Recording(**facts, audio=file.with_suffix(".wav").read_bytes())


class RecordingSink(Protocol):
    """Takes a finished recording and says at which URL (without extension) it can be had; hears of calls, too."""

    def keep(self, recording: Recording) -> str:
        """Keep the recording and return its RecordingUrl."""

    def keep_call(self, call: CallRecord) -> None:
        """Keep what is known of a call by now."""


class LocalRecorder:
    """Keeps recordings in a store of this process."""

    def __init__(self, store: RecordingStore, api_url: str = PUBLIC_API) -> None:
        """Publish the recordings of `store` under `api_url`."""
        self.store = store
        self._api_url = api_url.rstrip("/")

    def keep(self, recording: Recording) -> str:
        """Add to the store."""
        self.store.add(recording)
        return self._api_url + recording.path

    def keep_call(self, call: CallRecord) -> None:
        """Add to the store."""
        self.store.calls.add(call)


class RemoteRecorder:
    """Hands recordings over to a REST side in another process."""

    def __init__(self, transport: Transport, rest_url: str, auth_token: str) -> None:
        """PUT to `rest_url`, logged in with the account and its token."""
        self._transport = transport
        self._rest_url = rest_url.rstrip("/")
        self._token = auth_token

    def keep(self, recording: Recording) -> str:
        """PUT the WAV, with what is known of it in the query."""
        url = self._rest_url + recording.path
        started = recording.started_at.astimezone(UTC).isoformat()
        query = urlencode({"CallSid": recording.call_sid, "Duration": recording.seconds, "StartTime": started})
        self._put(recording.account_sid, f"{url}.wav?{query}", recording.audio, "audio/wav")
        return url

    def keep_call(self, call: CallRecord) -> None:
        """PUT what is known of the call."""
        url = f"{self._rest_url}/2010-04-01/Accounts/{call.account_sid}/Calls/{call.sid}.json"
        self._put(call.account_sid, url, json.dumps(call.plain()).encode(), "application/json")

    def _put(self, account_sid: str, url: str, body: bytes, kind: str) -> None:
        login = base64.b64encode(f"{account_sid}:{self._token}".encode()).decode()
        answer = self._transport.request("PUT", url, body, {"Authorization": f"Basic {login}", "Content-Type": kind})
        if answer.status not in (200, 201, 204):
            where = url.partition("?")[0]
            raise CallError(f"the call cannot be handed over: {where} answered with status {answer.status}")


def recording_path(account_sid: str, sid: str) -> str:
    """The API's path of a recording."""
    return f"/2010-04-01/Accounts/{account_sid}/Recordings/{sid}"
