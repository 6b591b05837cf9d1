"""A small SMTP server on a loopback port, which keeps what it was told and answers as a test wants it to."""

import contextlib
import email
import socket
import socketserver
import threading


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
