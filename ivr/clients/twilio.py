"""Twilio's REST side, as far as the line needs it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import requests
import structlog

CONNECT_SECONDS, READ_SECONDS = 3.0, 5.0
READY_TRIES = 3
"""A recording may not be ready when its caller asks to hear it (TWILIO.md, trap 9)."""

READY_WAIT = 0.7
LARGEST_RECORDING = 4 * 1024 * 1024
"""Bytes: 120 s of 16-bit mono at 16 kHz is 3.8 MB."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class TwilioRecordings:
    """Recordings of one account, fetched by SID from Twilio's own host and nowhere else."""

    api_url: str
    account_sid: str
    auth_token: str

    def fetch(self, recording_sid: str) -> bytes | None:
        """A recording's WAV bytes; None when it is not to be had in a moment."""
        for attempt in range(READY_TRIES):
            if attempt:
                time.sleep(READY_WAIT)
            try:
                response = requests.get(
                    f"{self._account}/Recordings/{recording_sid}.wav",
                    auth=(self.account_sid, self.auth_token),
                    timeout=(CONNECT_SECONDS, READ_SECONDS),
                    allow_redirects=False,
                    stream=True,
                )
            except requests.RequestException as error:
                log.warning("recording_not_fetched", recording_sid=recording_sid, error=type(error).__name__)
                continue
            if response.status_code == 200:
                data = response.raw.read(LARGEST_RECORDING + 1, decode_content=True)
                return data if len(data) <= LARGEST_RECORDING else None
        return None

    @property
    def _account(self) -> str:
        return f"{self.api_url}/2010-04-01/Accounts/{self.account_sid}"


class TwilioError(Exception):
    """Twilio did not give what was asked; `status` is its HTTP status, or None when it was not reached at all."""

    def __init__(self, status: int | None) -> None:
        super().__init__(f"HTTP status {status}" if status else "not reached")
        self.status = status


@dataclass(frozen=True, slots=True)
class TwilioAccount:
    """What Twilio knows of one account, read and never changed."""

    api_url: str
    account_sid: str
    auth_token: str

    def account(self) -> dict[str, Any]:
        """The account's own facts, such as its `status` and `type`.

        Raises:
            TwilioError: the credentials are refused, or Twilio is not reached.
        """
        return self._get(f"/2010-04-01/Accounts/{self.account_sid}.json")

    def numbers(self) -> list[dict[str, Any]]:
        """The account's telephone numbers and where each sends its calls.

        Raises:
            TwilioError: see `account`.
        """
        found: list[dict[str, Any]] = []
        path = f"/2010-04-01/Accounts/{self.account_sid}/IncomingPhoneNumbers.json?PageSize=1000"
        while path:
            page = self._get(path)
            found += page["incoming_phone_numbers"]
            path = page.get("next_page_uri") or ""
        return found

    def _get(self, path: str) -> dict[str, Any]:
        try:
            response = requests.get(
                self.api_url + path,
                auth=(self.account_sid, self.auth_token),
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,
            )
            facts: dict[str, Any] = response.json()
        except (requests.RequestException, ValueError):
            raise TwilioError(None) from None
        if response.status_code != 200:
            raise TwilioError(response.status_code)
        return facts
