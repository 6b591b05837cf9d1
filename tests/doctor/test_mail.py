"""The mail server is really spoken to, and nobody gets a mail."""

from dataclasses import replace

import pytest
from aiosmtpd.controller import Controller

from ivr.doctor.findings import Severity
from ivr.doctor.mail import check_mail
from tests.support.certificates import make_certificate
from tests.support.findings import bad, one
from tests.support.mail_server import mail_server
from tests.support.processes import free_port

TO = ("nurse@example.org", "desk@example.org")


@pytest.fixture
def settings_with(config):
    """The settings of a clinic that sends notices by mail."""

    def make(url, **changes):
        return replace(config, smtp_url=url, mail_from="line@example.org", notify_emails=TO, **changes)

    return make


class Handler:
    """A real server that answers a command with a line of its own, and keeps what it was asked to deliver."""

    def __init__(self, answers):
        self.answers, self.delivered, self.reset = answers, [], 0

    async def handle_MAIL(self, server, session, envelope, address, options):
        if refusal := self.answers.get(address):
            return refusal
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if refusal := self.answers.get(address):
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_RSET(self, server, session, envelope):
        self.reset += 1
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.delivered.append(envelope)
        return "250 queued"


@pytest.fixture
def server():
    """Starts real servers: by address, how each is refused."""
    started = []

    def start(answers=None):
        handler = Handler(answers or {})
        controller = Controller(handler, "127.0.0.1", free_port(), ready_timeout=20)
        controller.start()
        started.append(controller)
        return handler, f"smtp://127.0.0.1:{controller.port}"

    yield start
    for controller in started:
        controller.stop()


def test_a_server_that_takes_all_is_fine_and_gets_nothing(server, settings_with):
    handler, url = server()
    found = list(check_mail(settings_with(url)))
    assert bad(found) == []
    assert found[0].found == "The mail server takes mail for all 2 of NOTIFY_EMAILS."
    assert (handler.delivered, handler.reset) == ([], 1)


@pytest.mark.parametrize(
    ("answers", "level", "words"),
    [
        ({"line@example.org": "550 not yours"}, Severity.FAULT, "refuses the sender line@example.org (550)"),
        ({"nurse@example.org": "550 nobody"}, Severity.FAULT, "refuses to deliver to nurse@example.org (550)"),
        ({"desk@example.org": "554 relay denied"}, Severity.FAULT, "deliver to desk@example.org (554)"),
        ({"desk@example.org": "451 greylisted"}, Severity.WARNING, "puts desk@example.org off for now (451)"),
    ],
)
def test_each_refusal(server, settings_with, answers, level, words):
    handler, url = server(answers)
    found, name, text = one(check_mail(settings_with(url)))
    assert (found, name) == (level, "mail")
    assert words in text
    assert handler.delivered == []


def test_nobody_listens(settings_with):
    level, _, text = one(check_mail(settings_with(f"smtp://127.0.0.1:{free_port()}")))
    assert level is Severity.FAULT
    assert "does not answer as one (ConnectionRefusedError)" in text


def test_something_else_listens(settings_with, serve):
    url = serve(lambda environ, start: [start("200 OK", []) or b""])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ivr.clients.mail.SMTP_SECONDS", 1.0)
        assert "does not answer as one" in one(check_mail(settings_with(url.replace("http:", "smtp:"))))[2]


class TestTls:
    """With TLS and a password, as a real provider has it."""

    @pytest.fixture(params=["smtp", "smtps"])
    def provider(self, request, tmp_path, monkeypatch):
        file = make_certificate(tmp_path, "localhost")
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        with mail_server(request.param, file) as (inbox, url):
            yield inbox, url

    def test_fine(self, provider, settings_with):
        inbox, url = provider
        assert bad(check_mail(settings_with(url))) == []
        assert inbox.got == []

    def test_a_wrong_password(self, provider, settings_with):
        _, url = provider
        text = one(check_mail(settings_with(url.replace("word", "sword"))))[2]
        assert "refuses to let us in (535)" in text
        assert "p@ss" not in text

    def test_a_certificate_that_nobody_vouches_for(self, provider, settings_with, monkeypatch):
        monkeypatch.delenv("SSL_CERT_FILE")
        assert "is not trusted: self-signed certificate" in one(check_mail(settings_with(provider[1])))[2]


def test_a_password_needs_encryption(server, settings_with):
    _, url = server()
    assert "offers no STARTTLS" in one(check_mail(settings_with(url.replace("//", "//user:secret@"))))[2]


@pytest.mark.parametrize(
    ("changes", "check", "words"),
    [
        ({"notify_emails": TO}, "mail", "SMTP_URL is not: mails are only printed"),
        ({"notify_numbers": ("+16175550177",)}, "text messages", "SMS_FROM is not"),
    ],
)
def test_settings_by_which_nobody_is_told(config, changes, check, words):
    level, name, text = one(check_mail(replace(config, **changes)))
    assert (level, name) == (Severity.FAULT, check)
    assert words in text


def test_no_sender(server, settings_with):
    _, url = server()
    level, _, text = one(check_mail(replace(settings_with(url), mail_from="")))
    assert level is Severity.WARNING
    assert "MAIL_FROM is not set" in text
