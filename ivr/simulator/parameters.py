"""What the carrier tells about a call: the form fields of each kind of webhook."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime

API_VERSION = "2010-04-01"
Form = dict[str, str]


@dataclass(frozen=True)
class Party:
    """One end of a call: a number, a word such as `anonymous` or a `sip:` address, and its place."""

    address: str
    city: str = ""
    state: str = ""
    zip: str = ""
    country: str = "US"

    @property
    def is_sip(self) -> bool:
        """Tell whether the call comes over SIP, which has no geography."""
        return self.address.startswith(("sip:", "sips:"))

    def geography(self, role: str) -> Form:
        """The four fields of `role` (From, To, Caller, Called), present even when empty."""
        return {
            f"{role}City": self.city,
            f"{role}State": self.state,
            f"{role}Zip": self.zip,
            f"{role}Country": self.country,
        }


@dataclass(frozen=True)
class CallFacts:
    """What stays the same through one leg of a call; `extra` is sent with every webhook as it is."""

    account_sid: str
    call_sid: str
    caller: Party
    called: Party
    direction: str = "inbound"
    parent_sid: str = ""
    bare: bool = False
    extra: Mapping[str, str] = field(default_factory=dict)

    def form(self, call_status: str) -> Form:
        """The fields that come with every webhook of this leg."""
        form = {
            "AccountSid": self.account_sid,
            "ApiVersion": API_VERSION,
            "CallSid": self.call_sid,
            "CallStatus": call_status,
            "Direction": self.direction,
            "From": self.caller.address,
            "To": self.called.address,
            "Caller": self.caller.address,
            "Called": self.called.address,
        }
        if self.caller.is_sip or self.called.is_sip:
            form |= self._sip()
        else:
            form |= self.caller.geography("From") | self.caller.geography("Caller")
            form |= self.called.geography("To") | self.called.geography("Called")
        if self.parent_sid:
            form["ParentCallSid"] = self.parent_sid
        return form | dict(self.extra)

    def _sip(self) -> Form:
        domain = self.called.address.partition("@")[2].partition(":")[0]
        return {
            "SipCallId": f"{self.call_sid[2:18]}@simulator",
            "SipDomain": domain or "simulator.sip.twilio.com",
            "SipDomainSid": "SD" + self.account_sid[2:],
            "SipSourceIp": "192.0.2.10",
        }


def gathered(digits: str, finished_on: str, *, bare: bool) -> Form:
    """The fields that Gather's action adds; `bare` leaves out what is undocumented and empty digits."""
    if bare:
        return {"Digits": digits} if digits else {}
    return {"Digits": digits, "FinishedOnKey": finished_on, "msg": "Gather End"}


def ended(status: str, seconds: float, at: datetime, sequence: int) -> Form:
    """The fields that the status callback adds at the end of a call: seconds, and minutes as billed."""
    whole = round(seconds)
    return {
        "CallStatus": status,
        "CallDuration": str(whole),
        "Duration": str(-(-whole // 60)),
        "CallbackSource": "call-progress-events",
        "SequenceNumber": str(sequence),
        "SipResponseCode": {"busy": "486", "no-answer": "603"}.get(status, "200"),
        "Timestamp": rfc2822(at),
    }


def recorded(facts: CallFacts, sid: str, url: str, seconds: int, status: str, started: datetime) -> Form:
    """The whole form of a recording status callback, which knows neither From nor To."""
    form = {
        "AccountSid": facts.account_sid,
        "CallSid": facts.call_sid,
        "RecordingSid": sid,
        "RecordingUrl": url,
        "RecordingStatus": status,
        "RecordingChannels": "1",
        "RecordingSource": "RecordVerb",
        "RecordingTrack": "both",
        "RecordingStartTime": rfc2822(started),
        "ErrorCode": "0",
    }
    if status == "completed":
        form["RecordingDuration"] = str(seconds)
    return form


def rfc2822(at: datetime) -> str:
    """Write a time as the carrier does: `Mon, 02 Nov 2026 15:00:00 +0000`."""
    return format_datetime(at)
