"""Twilio's REST side, as far as the line needs it."""

from __future__ import annotations

import time
from dataclasses import dataclass

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
