"""Mail, against a small SMTP server on a loopback port."""

import contextlib
import ssl
from datetime import UTC, datetime, timedelta

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from ivr.clients.errors import Refused, Unavailable, Unclear, Untrusted
from ivr.clients.mail import PrintedMail, SmtpMail, mail_of
from tests.support.mail_server import Session, smtp_server
from tests.support.processes import free_port
from tests.support.settings import DEADLINE_SECONDS

TO = ["nurse@example.org", "desk@example.org"]


@pytest.fixture
def server():
    with smtp_server() as listening:
        yield listening


def send(server, url=None):
    SmtpMail(url or server.url, "line@example.org").send(TO, "New: 1 request", "123455\nhttps://x/console/\n")


def test_one_message_to_everybody(server):
    send(server)
    (message,) = server.messages
    assert (message["Subject"], message["From"], message["To"]) == ("New: 1 request", "line@example.org", ", ".join(TO))
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_payload().splitlines()[0] == "123455"
    assert [command for command in server.commands if command.upper().startswith("RCPT")] == [
        f"rcpt TO:<{address}>" for address in TO
    ]


def test_one_wrong_recipient_keeps_nobody_else_from_it(server, monkeypatch):
    original = Session.say
    seen = []

    def say(self, line):
        if self.server.commands and "nurse" in self.server.commands[-1] and "nurse" not in seen:
            seen.append("nurse")
            line = "550 who"
        original(self, line)

    monkeypatch.setattr(Session, "say", say)
    send(server)
    assert len(server.messages) == 1


@pytest.mark.parametrize(
    ("verb", "reply", "error"),
    [
        ("MAIL", "451 later", Unavailable), ("MAIL", "550 never", Refused), ("RCPT", "450 later", Unavailable),
        ("RCPT", "550 never", Refused), ("DATA", "452 full", Unavailable), ("END", "451 later", Unavailable),
        ("END", "554 spam", Refused), ("END", None, Unclear),
    ],
)  # fmt: skip
def test_what_a_server_may_answer(server, verb, reply, error):
    server.replies[verb] = reply
    with pytest.raises(error):
        send(server)


def test_nobody_listens():
    with pytest.raises(Unavailable):
        SmtpMail(f"smtp://127.0.0.1:{free_port()}", "a@example.org").send(TO, "s", "b")


@pytest.mark.parametrize("reply", [None, "250 odd", "421 late"])
def test_an_odd_farewell_is_no_failure(server, reply):
    server.replies["QUIT"] = reply
    send(server)
    assert len(server.messages) == 1


def test_a_password_is_not_sent_in_the_clear(server):
    with pytest.raises(Refused, match="STARTTLS"):
        send(server, server.url.replace("//", "//user:secret@"))
    assert not any("AUTH" in command.upper() for command in server.commands)


def test_without_recipients_it_says_so(server):
    with pytest.raises(Refused, match="NOTIFY_EMAILS"):
        SmtpMail(server.url, "a@example.org").send([], "s", "b")


def test_without_a_server_it_prints(capsys):
    mail = mail_of("", "")
    assert isinstance(mail, PrintedMail)
    mail.send(TO, "New: 1 request", "123455")
    said = capsys.readouterr().out
    assert "mail_printed" in said
    assert "nurse" not in said


class Inbox:
    """Keeps what a mail server took, and whether it came encrypted and after a password."""

    def __init__(self):
        self.got = []

    async def handle_DATA(self, server, session, envelope):
        self.got.append(
            (envelope.rcpt_tos, server.transport.get_extra_info("cipher") is not None, session.authenticated)
        )
        return "250 queued"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """Makes a certificate for these names that nobody but its own file vouches for; the file, with its key."""

    def make(*names, days=1):
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail test")])
        now = datetime.now(UTC)
        built = (
            x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=9)).not_valid_after(now + timedelta(days=days))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(key, hashes.SHA256())
        )  # fmt: skip
        file = tmp_path_factory.mktemp("certificate") / "mail.pem"
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        file.write_bytes(private + built.public_bytes(Encoding.PEM))
        return file

    return make


@contextlib.contextmanager
def mail_server(scheme, certificate):
    """A server that takes mail by TLS only, from a user with a password."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    inbox = Inbox()

    def login(server, session, envelope, mechanism, given):
        return AuthResult(success=(given.login, given.password) == (b"line", b"p@ss:word"), handled=False)

    options = {"authenticator": login, "ready_timeout": DEADLINE_SECONDS}
    if scheme == "smtps":
        controller = Controller(inbox, "localhost", 0, ssl_context=context, auth_require_tls=False, **options)
    else:
        controller = Controller(
            inbox, "localhost", 0, tls_context=context, require_starttls=True, auth_required=True, **options
        )
    controller.port = free_port()
    controller.start()
    try:
        yield inbox, f"{scheme}://line:p%40ss%3Aword@localhost:{controller.port}"
    finally:
        controller.stop()


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
class TestTls:
    """Against a real server with a certificate of its own making."""

    def test_mail_goes_encrypted_to_a_trusted_server(self, scheme, certificate, monkeypatch):
        trusted = certificate("localhost")
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
        with mail_server(scheme, trusted) as (inbox, url):
            send(None, url)
        assert inbox.got == [(TO, True, True)]

    @pytest.mark.parametrize(
        ("names", "days", "trusted", "why"),
        [
            (["localhost"], 1, False, "self-signed certificate"),
            (["mail.example.org"], 1, True, "Hostname mismatch"),
            (["localhost"], -1, True, "certificate has expired"),
        ],
        ids=["nobody vouches", "another name", "expired"],
    )
    def test_none_goes_to_one_that_is_not(self, scheme, certificate, monkeypatch, capsys, names, days, trusted, why):
        file = certificate(*names, days=days)
        if trusted:
            monkeypatch.setenv("SSL_CERT_FILE", str(file))
        with mail_server(scheme, file) as (inbox, url), pytest.raises(Untrusted, match=why):
            send(None, url)
        assert inbox.got == []
        said = capsys.readouterr().out
        assert "mail_server_not_trusted" in said
        assert why in said
        assert "p@ss" not in said

    def test_a_wrong_password_is_refused(self, scheme, certificate, monkeypatch):
        trusted = certificate("localhost")
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
        with mail_server(scheme, trusted) as (inbox, url), pytest.raises(Refused, match="535"):
            send(None, url.replace("word", "sword"))
        assert inbox.got == []


def test_a_server_that_speaks_no_tls_is_not_spoken_to(server):
    with pytest.raises(Unavailable, match="SSLError"):
        send(server, server.url.replace("smtp:", "smtps:"))
