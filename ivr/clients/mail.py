"""Mail by SMTP, and a double that prints for development."""

from __future__ import annotations

import contextlib
import smtplib
import ssl
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Protocol
from urllib.parse import unquote, urlsplit

import structlog

from ivr.clients.errors import Refused, Unavailable, Unclear, Untrusted

SMTP_SECONDS = 15.0
DOMAIN = "line.invalid"
"""In message ids and for a sender nobody set: names no machine of ours."""

OKAY, TAKEN = 250, (250, 251)
"""What a server answers to a sender that it takes, and to a recipient."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class MailTrial:
    """What a mail server said when it was tried: the number for a refused sender (0: it took ours), and whom else.

    `refused` has, by address, the number of the answer: 4xx is for now, 5xx for good.
    """

    sender: int
    refused: Mapping[str, int]


class Mail(Protocol):
    """Something that sends mail."""

    def send(self, recipients: Sequence[str], subject: str, body: str) -> None:
        """Send one message to all recipients at once; see `ivr/clients/errors.py` for what is raised."""


@dataclass(frozen=True, slots=True)
class SmtpMail:
    """Mail by a server such as smtp://user:password@mail.example.org:587.

    `smtp` uses STARTTLS when the server offers it, and insists on it before a password is sent; `smtps` is TLS from
    the first byte. With either, the server's certificate must be valid for its name and vouched for by an authority of
    this machine's, or of the file that SSL_CERT_FILE names.
    """

    url: str
    sender: str

    def send(self, recipients: Sequence[str], subject: str, body: str) -> None:
        """Send one message to all recipients at once.

        Raises:
            Unavailable: nothing was sent; Untrusted, one of these, when the server's certificate is not valid for it.
            Unclear: the connection broke after the message was handed over, before the server said yes.
            Refused: the server will not take it.
        """
        if not recipients:
            raise Refused("NOTIFY_EMAILS is not set")
        with self._dialogue() as server:
            refused = server.send_message(_message(self.sender, recipients, subject, body))
        if refused:
            log.warning("mail_partly_refused", refused=len(refused), of=len(recipients))

    def try_out(self, recipients: Sequence[str]) -> MailTrial:
        """Hold the same dialogue up to the recipients, then take it back: the server says whom it would refuse.

        Raises:
            ClientError: as for `send`; Refused, with the number of its answer, when the server lets nobody in.
        """
        with self._dialogue() as server:
            options = () if all(map(str.isascii, (self.sender, *recipients))) else ("SMTPUTF8",)
            sender, _ = server.mail(self.sender, options)
            answers = {one: server.rcpt(one)[0] for one in recipients} if sender == OKAY else {}
            server.rset()
        return MailTrial(
            sender if sender != OKAY else 0, {one: code for one, code in answers.items() if code not in TAKEN}
        )

    @contextlib.contextmanager
    def _dialogue(self) -> Iterator[smtplib.SMTP]:
        """A server that has let us in; what goes wrong with it is told as one of our errors."""
        server: smtplib.SMTP | None = None
        try:
            server = self._connected()
            yield server
        except smtplib.SMTPResponseException as error:
            raise (Unavailable if 400 <= error.smtp_code < 500 else Refused)(str(error.smtp_code)) from None
        except smtplib.SMTPRecipientsRefused as error:
            codes = sorted({code for code, _ in error.recipients.values()})
            temporary = all(400 <= code < 500 for code in codes)
            raise (Unavailable if temporary else Refused)(f"every recipient: {codes}") from None
        except ssl.SSLCertVerificationError as error:
            log.error("mail_server_not_trusted", host=urlsplit(self.url).hostname, why=error.verify_message)
            raise Untrusted(error.verify_message) from None
        except (smtplib.SMTPException, OSError) as error:
            raise (Unavailable if server is None else Unclear)(type(error).__name__) from None
        finally:
            if server is not None:
                _leave(server)

    def _connected(self) -> smtplib.SMTP:
        parts = urlsplit(self.url)
        host, context = parts.hostname or "", ssl.create_default_context()
        server: smtplib.SMTP
        if parts.scheme == "smtps":
            server = smtplib.SMTP_SSL(host, parts.port or 465, timeout=SMTP_SECONDS, context=context)
        else:
            server = smtplib.SMTP(host, parts.port or 587, timeout=SMTP_SECONDS)
        try:
            self._log_in(server, context, encrypted=parts.scheme == "smtps")
        except BaseException:
            server.close()
            raise
        return server

    def _log_in(self, server: smtplib.SMTP, context: ssl.SSLContext, *, encrypted: bool) -> None:
        parts = urlsplit(self.url)
        server.ehlo()
        if not encrypted and server.has_extn("starttls"):
            server.starttls(context=context)
            server.ehlo()
            encrypted = True
        if parts.username:
            if not encrypted:
                raise Refused("the server offers no STARTTLS, and a password is not sent in the clear")
            server.login(unquote(parts.username), unquote(parts.password or ""))


@dataclass(frozen=True, slots=True)
class PrintedMail:
    """Prints instead of sending, for development: nobody gets anything."""

    def send(self, recipients: Sequence[str], subject: str, body: str) -> None:
        """Print to the log."""
        log.info("mail_printed", to=len(recipients), subject=subject, body=body)


def mail_of(smtp_url: str, sender: str) -> Mail:
    """The mail that the settings describe."""
    return SmtpMail(smtp_url, sender or f"appointment-line@{DOMAIN}") if smtp_url else PrintedMail()


def _leave(server: smtplib.SMTP) -> None:
    """Say goodbye; what the server makes of that is no matter."""
    with contextlib.suppress(smtplib.SMTPException, OSError):
        server.quit()
    server.close()


def _message(sender: str, recipients: Sequence[str], subject: str, body: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, ", ".join(recipients), subject
    message["Date"], message["Message-ID"] = formatdate(), make_msgid(domain=DOMAIN)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(body)
    return message
