"""From an answer of the line's server to a document that can be carried out."""

from dataclasses import dataclass, field
from urllib.parse import urljoin

from ivr.simulator.courier import Courier
from ivr.simulator.errors import TwimlError, WebhookError
from ivr.simulator.parameters import Form
from ivr.simulator.transport import Response
from ivr.simulator.twiml import parse
from ivr.simulator.verbs import Method, Play, Say, Verb

TWIML_TYPES = ("text/xml", "application/xml", "text/html")


@dataclass(frozen=True)
class Goto:
    """A request for the next document: an absolute URL and the fields to add to the call's own."""

    url: str
    method: Method = "POST"
    form: Form = field(default_factory=dict)


@dataclass(frozen=True)
class Document:
    """Verbs, the URL that relative addresses start from, and the source for those who debug."""

    url: str
    verbs: tuple[Verb, ...]
    source: str = ""

    def resolve(self, url: str) -> str:
        """Make an address of this document absolute."""
        return urljoin(self.url, url)


def fetch_document(courier: Courier, goto: Goto, form: Form) -> Document:
    """Ask for a document, or raise TransportError, WebhookError or TwimlError."""
    answer, url = courier.deliver(goto.url, form | goto.form, goto.method)
    if answer.status >= 300 or answer.status < 200:
        raise WebhookError(f"{goto.url} answered with status {answer.status}", 11200)
    try:
        verbs = _verbs(answer, url)
    except TwimlError as error:
        error.add_note(f"The document came from {url}:\n{answer.body.decode('utf-8', 'replace')}")
        raise
    return Document(url, verbs, answer.body.decode("utf-8", "replace"))


def _verbs(answer: Response, url: str) -> tuple[Verb, ...]:
    if answer.content_type in TWIML_TYPES:
        return parse(answer.body)
    if answer.content_type.startswith("audio/"):
        return (Play(url),)
    if answer.content_type == "text/plain":
        return _plain(answer.body)
    raise WebhookError(f"{url} answered with the content type {answer.content_type!r}", 12300)


def _plain(body: bytes) -> tuple[Verb, ...]:
    text = body.decode("utf-8", "replace").strip()
    if text.startswith("<"):
        return parse(body)
    if not text:
        raise TwimlError("the answer is empty", 12100)
    return (Say(text, round(len(text.split()) / 2.5, 2)),)
