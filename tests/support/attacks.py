"""What strangers do to silence the line, and whether signed webhooks are answered meanwhile.

Each attack is a coroutine that goes on until it is cancelled. `tests/bench/attack.py` runs them for long,
tests/test_attacks.py for seconds.
"""

import asyncio
import contextlib
import re
import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from urllib.parse import quote_plus, urlsplit

from ivr.simulator import sign

IN_TIME = 3.0
"""Seconds within which a webhook should be answered: the caller hears silence meanwhile."""

CARRIER_SECONDS = 15.0
"""After so many the carrier gives up."""

MARKS = "\u0327\u0301" * 40_000
"""A password of 500 kB, as a form has it, in an order that takes long to put right."""


def run_apart(attack):
    """Run a coroutine to its end in a thread: a browser of other tests may have a loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, attack).result()


@dataclass
class Target:
    """A server: the ports of calls and of pages, which may be the same one, and its settings."""

    env: dict
    voice_port: int
    web_port: int
    clip: str = "0" * 64
    """The address of a clip that it has."""

    answered: list = field(default_factory=list)
    """Seconds of the signed webhooks that were answered well."""

    failed: list = field(default_factory=list)
    """What became of the others."""

    async def call(self):
        """One signed webhook: a call rings."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(CARRIER_SECONDS):
                answer = await exchange(self.voice_port, self.ringing())
        except (OSError, TimeoutError) as error:
            self.failed.append(type(error).__name__)
            return
        if b" 200 " in answer[:20] and b"<Gather" in answer:
            self.answered.append(time.monotonic() - began)
        else:
            self.failed.append(answer[9:12].decode() or "nothing")

    def ringing(self):
        """A signed webhook, as bytes."""
        form = {
            "AccountSid": self.env["TWILIO_ACCOUNT_SID"], "CallSid": "CA" + secrets.token_hex(16), "CallStatus": "ringing",
            "From": f"+1617555{secrets.randbelow(10_000):04}", "To": "+16175550100", "Direction": "inbound",
        }  # fmt: skip
        base = self.env["PUBLIC_BASE_URL"]
        signature = sign(self.env["TWILIO_AUTH_TOKEN"], f"{base}/voice/incoming", form)
        return posted("/voice/incoming", form, f"X-Twilio-Signature: {signature}", host=urlsplit(base).netloc)

    @property
    def in_time(self):
        return sum(seconds <= IN_TIME for seconds in self.answered)

    @property
    def tried(self):
        return len(self.answered) + len(self.failed)


def posted(path, form, *headers, host="localhost"):
    """A form's POST as bytes."""
    body = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in form.items()).encode()
    lines = [f"POST {path} HTTP/1.1", f"Host: {host}", "Content-Type: application/x-www-form-urlencoded",
             f"Content-Length: {len(body)}", "Connection: close", *headers]  # fmt: skip
    return "\r\n".join([*lines, "", ""]).encode() + body


def asked(path, *headers):
    """A GET as bytes."""
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: localhost", "Connection: close", *headers, "", ""]).encode()


async def exchange(port, sent):
    """Send it on a connection of its own; the whole answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(sent)
        return await reader.read()
    finally:
        writer.close()


async def again_and_again(count, act, *given):
    """So many at once, each anew when it is over, whatever came of it."""

    async def one():
        while True:
            with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
                await act(*given)
            await asyncio.sleep(0.01)

    await asyncio.gather(*(one() for _ in range(count)))


async def drip(port, head, rest, pause=2.0):
    """Send the head at once, and the rest a byte at a time, until the server has had enough."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(head)
        for byte in rest:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(reader.read(100), pause)
                return
            writer.write(bytes([byte]))
            await writer.drain()
    finally:
        writer.close()


# ---- The attacks


async def slow_bodies(target, count=60):
    """Unsigned, signed wrongly, and to the pages: a byte every two seconds."""
    length = "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 3000\r\n\r\n"
    heads = [
        (target.voice_port, f"POST /voice/turn?n=1 HTTP/1.1\r\nHost: x\r\n{length}"),
        (target.voice_port, f"POST /voice/turn?n=1 HTTP/1.1\r\nHost: x\r\nX-Twilio-Signature: x\r\n{length}"),
        (target.web_port, f"POST /console/sign-in HTTP/1.1\r\nHost: x\r\n{length}"),
    ]
    each = count // len(heads)
    await asyncio.gather(*(again_and_again(each, drip, port, head.encode(), b"x" * 3000) for port, head in heads))


async def slow_heads(target, count=60):
    """Headers that do not end, a byte every two seconds."""
    head = b"POST /voice/incoming HTTP/1.1\r\nX-Slow: "
    ports = (target.voice_port, target.web_port)
    await asyncio.gather(*(again_and_again(count // 2, drip, port, head, b"x" * 3000) for port in ports))


async def silent_connections(target, count=600):
    """Connections on which nothing is ever sent."""
    await again_and_again(count, drip, target.voice_port, b"", b"x" * 9, 60.0)


async def large_sign_ins(target, count=8):
    """500 kB of a password each."""
    await again_and_again(count, sign_in, target, {"email": "a@example.org", "password": MARKS})


async def largest_sign_ins(target, count=8):
    """As much of such a password as a form may have."""
    form = {"email": "a@example.org", "password": MARKS[:2500]}
    await again_and_again(count, sign_in, target, form)


async def hash_heavy(target, count=32):
    """Guesses from everywhere, each of which costs a hash."""
    await again_and_again(count, sign_in, target, {"email": "a@example.org", "password": "a wrong password"})


async def sign_in(target, form):
    """One try, from an address of its own."""
    source = f"X-Forwarded-For: 198.51.{secrets.randbelow(256)}.{secrets.randbelow(256)}"
    page = (await exchange(target.web_port, asked("/console/sign-in", source))).decode()
    token, cookie = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page), re.search(r"Set-Cookie: ([^;]+)", page)
    if token and cookie:
        sent = posted("/console/sign-in", {**form, "csrf_token": token[1]}, source, f"Cookie: {cookie[1]}")
        await exchange(target.web_port, sent)


async def page_flood(target, count=100):
    """Many want the first page."""
    await again_and_again(count, exchange, target.web_port, asked("/console/sign-in"))


async def unknown_clips(target, count=16):
    """Addresses of clips that are not there."""

    async def ask():
        await exchange(target.voice_port, asked(f"/media/prompts/{secrets.token_hex(32)}.wav"))

    await again_and_again(count, ask)


async def slow_readers(target, count=40):
    """Who asks for a clip again and again on one connection, and does not take it."""

    async def ask():
        reader, writer = await asyncio.open_connection("127.0.0.1", target.voice_port, limit=1)
        writer.transport.pause_reading()
        writer.write(f"GET /media/prompts/{target.clip}.wav HTTP/1.1\r\nHost: x\r\n\r\n".encode() * 50)
        await asyncio.sleep(60)
        del reader

    await again_and_again(count, ask)


async def slow_uploads(target, count=20):
    """Files that come slowly."""
    head = b"POST /studio/en-US/goodbye/takes HTTP/1.1\r\nHost: x\r\nContent-Length: 20000000\r\n\r\n"
    await again_and_again(count, drip, target.web_port, head, b"x" * 3000)


ATTACKS = (
    slow_bodies, slow_heads, silent_connections, large_sign_ins, largest_sign_ins, hash_heavy, page_flood, unknown_clips,
    slow_readers, slow_uploads,
)  # fmt: skip


async def under(attack, target, *, seconds, pause, head_start=1.0):
    """Ring the line every so often while an attack goes on; what became of the calls is in the target."""
    attacking = asyncio.create_task(attack(target)) if attack else None
    await asyncio.sleep(head_start)
    calls = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        calls.append(asyncio.create_task(target.call()))
        await asyncio.sleep(pause)
    await asyncio.gather(*calls)
    if attacking:
        attacking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await attacking
