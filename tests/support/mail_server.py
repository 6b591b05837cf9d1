"""Mail servers on loopback ports: a small one that answers as a test wants it to, and a real one."""

import contextlib
import email
import socket
import socketserver
import ssl
import threading

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from tests.support.processes import free_port
from tests.support.settings import DEADLINE_SECONDS


class Session(socketserver.StreamRequestHandler):
    """Speaks just enough SMTP; `server.replies` replaces the answer to a command, None breaks the line."""

    def handle(self):
        self.say("220 test")
        while command := self.rfile.readline().decode(errors="replace").strip():
            verb = command.split(":")[0].split()[0].upper()
            self.server.commands.append(command)
            reply = self.server.replies.get(
                verb, {"DATA": "354 go", "EHLO": "250-test\r\n250 AUTH PLAIN", "QUIT": "221 bye"}.get(verb, "250 ok")
            )
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


class Inbox:
    """Keeps what a mail server took, and whether it came encrypted and after a password."""

    def __init__(self):
        self.got = []

    async def handle_DATA(self, server, session, envelope):
        self.got.append(
            (envelope.rcpt_tos, server.transport.get_extra_info("cipher") is not None, session.authenticated)
        )
        return "250 queued"


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
