"""Mail, against a small SMTP server on a loopback port."""

import pytest

from ivr.clients.errors import Refused, Unavailable, Unclear, Untrusted
from ivr.clients.mail import PrintedMail, SmtpMail, mail_of
from tests.support.certificates import make_certificate
from tests.support.mail_server import Session, mail_server, smtp_server
from tests.support.processes import free_port

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
    named = [command.casefold() for command in server.commands if command.casefold().startswith("rcpt")]
    assert named == [f"rcpt to:<{address}>" for address in TO]


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


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """Makes a certificate for these names that nobody but its own file vouches for; the file, with its key."""
    return lambda *names, days=1: make_certificate(tmp_path_factory.mktemp("certificate"), *names, days=days)


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
