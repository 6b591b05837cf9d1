"""Twilio's REST side, as far as the line needs it: recordings, calls and text messages of one account."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, cast
from urllib.parse import urljoin

import requests
import structlog

from ivr.clients.errors import ClientError, NotThere, Refused, Unavailable, Unclear

CONNECT_SECONDS, READ_SECONDS = 3.0, 5.0
JOB_READ_SECONDS = 15.0
DOWNLOAD_SECONDS = 60.0
READY_TRIES = 3
"""A recording may not be ready when its caller asks to hear it, see ivr/docs/twilio.md#not-ready-yet."""

READY_WAIT = 0.7
LARGEST_RECORDING = 4 * 1024 * 1024
"""Bytes: 120 s of 16-bit mono at 16 kHz is 3.8 MB."""

CHUNK = 64 * 1024
PAGE = 200
MOST_PAGES = 100
LONGEST_MESSAGE = 1600
PROGRESS = ("initiated", "ringing", "answered", "completed")
"""What Twilio is to tell of a call it places."""

log = structlog.get_logger(__name__)


class TooLarge(ClientError):
    """A recording is larger than any the line can have asked for."""


@dataclass(frozen=True, slots=True)
class TwilioAccount:
    """One account: its own host and nothing else, with its credentials and time-outs."""

    api_url: str
    account_sid: str
    auth_token: str

    def get_json(self, path: str, query: Mapping[str, str] | None = None) -> dict[str, Any]:
        """What is known of one thing, or a page of a list."""
        response = self._ask("GET", path, params=query)
        try:
            return cast(dict[str, Any], response.json())
        except requests.JSONDecodeError:
            raise Unavailable("an answer that is no JSON") from None

    def pages(self, path: str, query: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        """Every page of a list; the address of the next one is taken only when it stays with this account."""
        page = self.get_json(path, {**query, "PageSize": str(PAGE)})
        for _ in range(MOST_PAGES):
            yield page
            following = page.get("next_page_uri")
            if not following:
                return
            url = urljoin(self.api_url, following)
            if not url.startswith(f"{self._account}/"):
                raise Refused("a next page that is not this account's")
            page = self.get_json(url.removeprefix(self._account))
        raise Refused(f"more than {MOST_PAGES} pages")

    def delete(self, path: str) -> None:
        """Delete one thing; one that is gone already is fine."""
        try:
            self._ask("DELETE", path)
        except NotThere:
            return

    def download(self, path: str, largest: int) -> bytes:
        """A file of at most `largest` bytes.

        Raises:
            TooLarge: as soon as it proves larger.
        """
        deadline = time.monotonic() + DOWNLOAD_SECONDS
        data = bytearray()
        with self._ask("GET", path, stream=True) as response:
            try:
                for chunk in response.iter_content(CHUNK):
                    data += chunk
                    if len(data) > largest:
                        raise TooLarge(f"more than {largest} bytes")
                    if time.monotonic() > deadline:
                        raise Unavailable("too slow")
            except requests.RequestException as error:
                raise Unavailable(type(error).__name__) from None
        return bytes(data)

    def post(self, path: str, form: Mapping[str, str | Sequence[str]]) -> dict[str, Any]:
        """Ask for something to be done, exactly once.

        Raises:
            Unavailable: nothing was done: it could not be asked, or had no time.
            Unclear: it may have been done, so it must not be asked again by itself.
            Refused: it will not be done.
        """
        try:
            response = self._request("POST", path, data=form)
        except requests.ConnectTimeout as error:
            raise Unavailable(type(error).__name__) from None
        except requests.RequestException as error:
            if _never_connected(error):
                raise Unavailable(type(error).__name__) from None
            raise Unclear(type(error).__name__) from None
        if response.status_code == 429:
            raise Unavailable("429")
        if response.status_code >= 500:
            raise Unclear(str(response.status_code))
        if response.status_code not in (200, 201):
            raise Refused(_reason(response), number=_error_of(response))
        try:
            return cast(dict[str, Any], response.json())
        except requests.JSONDecodeError:
            return {}

    def _ask(self, method: str, path: str, **options: Any) -> requests.Response:
        """A request that may be made again: it changes nothing, or nothing more."""
        try:
            response = self._request(method, path, **options)
        except requests.RequestException as error:
            raise Unavailable(type(error).__name__) from None
        if response.status_code in (200, 204):
            return response
        response.close()
        if response.status_code == 404:
            raise NotThere("404")
        if response.status_code == 429 or response.status_code >= 500:
            raise Unavailable(str(response.status_code))
        raise Refused(str(response.status_code))

    def _request(self, method: str, path: str, **options: Any) -> requests.Response:
        return requests.request(
            method,
            f"{self._account}{path}",
            auth=(self.account_sid, self.auth_token),
            timeout=(CONNECT_SECONDS, JOB_READ_SECONDS),
            allow_redirects=False,
            **options,
        )

    @property
    def _account(self) -> str:
        return f"{self.api_url}/2010-04-01/Accounts/{self.account_sid}"


@dataclass(frozen=True, slots=True)
class TwilioRecordings:
    """Recordings of one account, fetched by SID from Twilio's own host and nowhere else."""

    api_url: str
    account_sid: str
    auth_token: str

    def fetch(self, recording_sid: str) -> bytes | None:
        """A recording's WAV bytes for somebody who waits for them; None when it is not to be had in a moment."""
        for attempt in range(READY_TRIES):
            if attempt:
                time.sleep(READY_WAIT)
            try:
                response = requests.get(
                    f"{self.api_url}/2010-04-01/Accounts/{self.account_sid}/Recordings/{recording_sid}.wav",
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

    def download(self, recording_sid: str) -> bytes:
        """A recording's WAV bytes.

        Raises:
            NotThere: not ready yet, or deleted.
            TooLarge: larger than what 120 s can be.
        """
        return self._twilio.download(f"/Recordings/{recording_sid}.wav", LARGEST_RECORDING)

    def show(self, recording_sid: str) -> dict[str, Any]:
        """What Twilio knows of a recording."""
        return self._twilio.get_json(f"/Recordings/{recording_sid}.json")

    def delete(self, recording_sid: str) -> None:
        """Delete Twilio's copy; one that is gone already is fine."""
        self._twilio.delete(f"/Recordings/{recording_sid}.json")

    def since(self, day: date) -> Iterator[dict[str, Any]]:
        """What Twilio knows of the recordings made on that day (UTC) or later, the newest first."""
        for page in self._twilio.pages("/Recordings.json", {"DateCreated>": day.isoformat()}):
            yield from page.get("recordings", ())

    @property
    def _twilio(self) -> TwilioAccount:
        return TwilioAccount(self.api_url, self.account_sid, self.auth_token)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOrder:
    """A call to be placed: E.164 numbers, the address of its document and of its status callback, seconds to ring."""

    to: str
    from_: str
    url: str
    status_url: str
    ring_seconds: int


@dataclass(frozen=True, slots=True)
class TwilioCalls:
    """Calls of one account, as Twilio remembers them, and calls it is to place."""

    twilio: TwilioAccount

    def create(self, order: CallOrder) -> str:
        """Place a call; its SID. Never asks twice: see `TwilioAccount.post` for what is raised."""
        form: dict[str, str | Sequence[str]] = {
            "To": order.to,
            "From": order.from_,
            "Url": order.url,
            "Method": "POST",
            "StatusCallback": order.status_url,
            "StatusCallbackMethod": "POST",
            "StatusCallbackEvent": PROGRESS,
            "Timeout": str(order.ring_seconds),
        }
        return str(self.twilio.post("/Calls.json", form).get("sid", ""))

    def show(self, call_sid: str) -> dict[str, Any]:
        """What Twilio knows of a call."""
        return self.twilio.get_json(f"/Calls/{call_sid}.json")

    def since(self, day: date) -> Iterator[dict[str, Any]]:
        """What Twilio knows of the calls that began on that day (UTC) or later, the newest first."""
        for page in self.twilio.pages("/Calls.json", {"StartTime>": day.isoformat()}):
            yield from page.get("calls", ())


@dataclass(frozen=True, slots=True)
class TwilioMessages:
    """Text messages, sent from one number or one messaging service of the account."""

    twilio: TwilioAccount
    from_number: str

    def send(self, to_number: str, body: str, status_url: str = "") -> str:
        """Send a text message; its SID. Never asks twice: see `TwilioAccount.post` for what is raised.

        Twilio tells `status_url`, if there is one, what becomes of it.
        """
        if not self.from_number:
            raise Refused("SMS_FROM is not set")
        sender = "MessagingServiceSid" if self.from_number.startswith("MG") else "From"
        form = {"To": to_number, sender: self.from_number, "Body": body[:LONGEST_MESSAGE]}
        if status_url:
            form["StatusCallback"] = status_url
        return str(self.twilio.post("/Messages.json", form).get("sid", ""))


@dataclass(frozen=True, slots=True)
class TwilioFacts:
    """What Twilio knows of the account itself, read and never changed."""

    twilio: TwilioAccount

    def account(self) -> dict[str, Any]:
        """The account's own facts, such as its `status` and `type`."""
        return self.twilio.get_json(".json")

    def numbers(self) -> list[dict[str, Any]]:
        """The account's telephone numbers and where each sends its calls."""
        pages = self.twilio.pages("/IncomingPhoneNumbers.json", {})
        return [number for page in pages for number in page.get("incoming_phone_numbers", ())]


def _never_connected(error: requests.RequestException) -> bool:
    """Whether a failed request never reached the other side: a refused connection or an unknown host."""
    inner = error.args[0] if error.args else None
    reason = getattr(inner, "reason", None)
    return type(reason).__name__ in {"NewConnectionError", "NameResolutionError", "ConnectTimeoutError"}


def _reason(response: requests.Response) -> str:
    """The number of Twilio's error; its words may quote a telephone number."""
    number = _error_of(response)
    return f"{response.status_code}, error {number}" if number else str(response.status_code)


def _error_of(response: requests.Response) -> str:
    """The number of Twilio's error, '' for none."""
    try:
        return str(response.json().get("code") or "")
    except (requests.JSONDecodeError, AttributeError):
        return ""
