"""Mail, against a small SMTP server on a loopback port."""

import contextlib
import email
import socket
import socketserver
import threading

import pytest

from ivr.clients.errors import Refused, Unavailable, Unclear
from ivr.clients.mail import PrintedMail, SmtpMail, mail_of
from tests.processes import free_port

TO = ["nurse@example.org", "desk@example.org"]


class Session(socketserver.StreamRequestHandler):
    """Speaks just enough SMTP; `server.replies` replaces the answer to a command, None breaks the line."""

    def handle(self):
        self.say("220 test")
        while command := self.rfile.readline().decode().strip():
            verb = command.split(":")[0].split()[0].upper()
            self.server.commands.append(command)
            reply = self.server.replies.get(verb, {"DATA": "354 go", "EHLO": "250-test\r\n250 AUTH PLAIN", "QUIT": "221 bye"}.get(verb, "250 ok"))
            if reply is None:
                return
            self.say(reply)
            if verb == "QUIT":
                return
            if reply.startswith("354"):
                self.take_message()

    def take_message(self):
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line)
        if self.server.replies.get("END", "") is None:
            return self.connection.shutdown(socket.SHUT_RDWR)
        self.server.messages.append(email.message_from_bytes(b"".join(lines)))
        return self.say(self.server.replies.get("END", "250 queued"))

    def say(self, line):
        self.wfile.write(line.encode() + b"\r\n")


@contextlib.contextmanager
def smtp_server(session=Session):
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), session) as listening:
        listening.daemon_threads = True
        listening.commands, listening.messages, listening.replies = [], [], {}
        listening.url = f"smtp://127.0.0.1:{listening.server_address[1]}"
        threading.Thread(target=listening.serve_forever, args=(0.02,), daemon=True).start()
        yield listening
        listening.shutdown()


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
