"""A telephone that texts the line, and what the carrier does with texts on the way: STOP, answers, delivery reports."""

from dataclasses import dataclass, field

from ivr.simulator.courier import Courier
from ivr.simulator.errors import TwimlError, WebhookError
from ivr.simulator.parameters import API_VERSION, Form
from ivr.simulator.recordings import RecordingStore
from ivr.simulator.sids import Sids
from ivr.simulator.transport import Transport
from ivr.simulator.xmltree import parse_xml

STOP = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})
START = frozenset({"START", "UNSTOP", "YES"})
LONGEST = 1600


@dataclass
class TextPhone:
    """One telephone and its carrier. `answers` are the texts that came back from the line."""

    transport: Transport
    base_url: str
    account_sid: str
    auth_token: str
    number: str
    line_number: str
    store: RecordingStore = field(default_factory=RecordingStore)
    answers: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Sign as the account."""
        self._courier = Courier(self.transport, self.auth_token, self.base_url, "", Sids(1))
        self._written = 0

    def write(self, body: str, *, pictures: int = 0, again: bool = False) -> list[str]:
        """Text the line; what it answers, as far as it arrives. `again`: the last one, delivered a second time.

        The carrier keeps its own list of who has said STOP: nothing reaches them.
        """
        self._written += 0 if again else 1
        word = body.strip().upper()
        if word in STOP:
            self.store.stopped.add(self.number)
        elif word in START:
            self.store.stopped.discard(self.number)
        sid = f"SM{self._written:031x}0"
        form = self._form(sid) | {"Body": body, "NumMedia": str(pictures), "NumSegments": "1"}
        answer, _ = self._courier.deliver(f"{self.base_url}/voice/text", form)
        if answer.status != 200 or answer.content_type not in ("text/xml", "application/xml"):
            raise WebhookError(f"a text was answered with {answer.status} {answer.content_type}", 12300)
        replies = messages_in(answer.body)
        arrived = [] if self.number in self.store.stopped else replies
        self.answers += arrived
        return arrived

    def report(self, sent: int, status: str, error: str = "") -> int:
        """Tell the line what became of the text that it sent as number `sent` (from 1); its answer's status."""
        form = self.store.messages[sent - 1]
        told = {"MessageSid": f"SM{sent:032x}", "SmsSid": f"SM{sent:032x}", "MessageStatus": status}
        told |= {"AccountSid": self.account_sid, "ApiVersion": API_VERSION, "From": form["From"], "To": form["To"]}
        told |= {"ErrorCode": error} if error else {}
        answer, _ = self._courier.deliver(form["StatusCallback"], told, turn=False)
        return answer.status

    def _form(self, sid: str) -> Form:
        return {
            "AccountSid": self.account_sid,
            "ApiVersion": API_VERSION,
            "MessageSid": sid,
            "SmsSid": sid,
            "SmsMessageSid": sid,
            "SmsStatus": "received",
            "From": self.number,
            "To": self.line_number,
            "FromCity": "",
            "FromState": "MA",
            "FromZip": "",
            "FromCountry": "US",
        }


def messages_in(document: bytes) -> list[str]:
    """The texts of a document that answers one; only <Message> with words may stand in it."""
    root = parse_xml(document)
    if root.name != "Response":
        raise TwimlError(f"{root.where} should be <Response>", 12100)
    for one in root.elements:
        if one.name != "Message" or one.elements or not 0 < len(one.text) <= LONGEST:
            raise TwimlError(f"{one.where} is no text message of 1 to {LONGEST} characters", 12200)
    return [one.text for one in root.elements]
