"""Delivers signed webhooks as the carrier does: one retry, redirects followed with GET, faults on request."""

import random
from contextlib import suppress
from dataclasses import dataclass, field, replace
from urllib.parse import urldefrag, urlencode, urljoin

from ivr.simulator.errors import ConnectFailure, TransportError, WebhookError
from ivr.simulator.faults import Faults
from ivr.simulator.parameters import Form
from ivr.simulator.sids import Sids
from ivr.simulator.signature import sign
from ivr.simulator.transport import Response, Transport

MAX_REDIRECTS = 10


@dataclass(frozen=True)
class Delivery:
    """One webhook and every answer to it; `url` is the public one that was signed."""

    url: str
    method: str
    form: Form
    token: str
    answers: tuple[Response, ...] = ()
    turn: bool = True

    @property
    def consistent(self) -> bool:
        """Tell whether all deliveries of this webhook were answered alike."""
        return len({(answer.status, answer.body) for answer in self.answers}) <= 1


@dataclass
class Courier:
    """Carries webhooks for one account; `sign_as` is the public base URL that `base_url` stands in for."""

    transport: Transport
    auth_token: str
    base_url: str
    sign_as: str
    sids: Sids
    faults: Faults = field(default_factory=Faults)
    deliveries: list[Delivery] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Seed the faults."""
        self._random = random.Random(self.faults.seed)

    def deliver(self, url: str, form: Form, method: str = "POST", *, turn: bool = True) -> tuple[Response, str]:
        """Return the answer and the URL that gave it; `turn` marks a webhook that asks for a document."""
        delivery = Delivery(urldefrag(url).url, method, form, self.sids.token(), turn=turn)
        answer, final = self._send_with_retry(delivery)
        answers = [answer]
        if turn and self._random.random() < self.faults.twice:
            answer, final = self._send_with_retry(delivery)
            answers.append(answer)
        self.deliveries.append(replace(delivery, answers=tuple(answers)))
        if turn and self._random.random() < self.faults.stale:
            self._redeliver(self._random.randrange(len(self.deliveries)))
        return answer, final

    def redeliver_last_turn(self) -> None:
        """Deliver the last webhook that asked for a document once more, late; its answer goes nowhere."""
        for index in range(len(self.deliveries) - 1, -1, -1):
            if self.deliveries[index].turn:
                self._redeliver(index)
                return

    @property
    def inconsistent(self) -> tuple[Delivery, ...]:
        """The webhooks whose repeated deliveries got different answers."""
        return tuple(delivery for delivery in self.deliveries if not delivery.consistent)

    def wire(self, url: str) -> str:
        """Return where a public URL is really fetched from."""
        rest = url[len(self.sign_as) :]
        if self.sign_as and url.startswith(self.sign_as) and rest[:1] in ("", "/", "?"):
            return self.base_url + rest
        return url

    def _redeliver(self, index: int) -> None:
        delivery = self.deliveries[index]
        if delivery.turn:
            with suppress(TransportError):
                answer, _ = self._send(delivery)
                self.deliveries[index] = replace(delivery, answers=(*delivery.answers, answer))

    def _send_with_retry(self, delivery: Delivery) -> tuple[Response, str]:
        try:
            return self._send(delivery)
        except ConnectFailure:
            return self._send(delivery)

    def _send(self, delivery: Delivery) -> tuple[Response, str]:
        url, method, form = delivery.url, delivery.method, delivery.form
        if method == "GET":
            url, form = f"{url}{'&' if '?' in url else '?'}{urlencode(form)}", {}
        for _ in range(MAX_REDIRECTS):
            answer = self._send_once(url, method, form, delivery.token)
            if answer.status not in (301, 302, 303) or "location" not in answer.headers:
                return answer, url
            url, method, form = self._public(urljoin(url, answer.headers["location"])), "GET", {}
        raise WebhookError(f"{delivery.url} redirected more than {MAX_REDIRECTS} times", 11215)

    def _send_once(self, url: str, method: str, form: Form, token: str) -> Response:
        headers = {
            "User-Agent": "TwilioProxy/1.1",
            "Accept": "*/*",
            "X-Twilio-Signature": sign(self.auth_token, url, form),
            "I-Twilio-Idempotency-Token": token,
            "X-Home-Region": "us1",
        }
        if method == "POST":
            headers["Content-Type"] = "application/x-www-form-urlencoded; charset=UTF-8"
        body = urlencode(form).encode() if method == "POST" else b""
        return self.transport.request(method, self.wire(url), body, headers)

    def _public(self, url: str) -> str:
        """A server behind a proxy redirects to itself by its inner name: give it its public one again."""
        rest = url[len(self.base_url) :]
        return self.sign_as + rest if self.sign_as and url.startswith(self.base_url + "/") else url
