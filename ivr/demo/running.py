"""The whole line on one machine, with made-up secrets: what `python -m ivr demo` starts and stops."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import click
from cryptography.fernet import Fernet
from dotenv import dotenv_values
from werkzeug.serving import BaseWSGIServer, make_server

from ivr.config import ROOT, Config
from ivr.db import Database, Vault
from ivr.migrations import is_current, upgrade
from ivr.proxies import leads_here
from ivr.services.prompts.releases import Releases
from ivr.simulator import (
    Answers,
    Carrier,
    Exchange,
    FixedDesk,
    PhoneNumber,
    RealClock,
    RecordingStore,
    create_rest_app,
)

FOLDER = Path("var")
SETTINGS = FOLDER / "demo.env"
RECORDINGS = FOLDER / "demo-recordings"
HOST = "127.0.0.1"
NUMBER = "+16175550100"
"""The clinic's number in the demo."""

EVERYBODY = Answers(after=3, keys="1", talks=15)
"""How every telephone behaves that the demo's line rings when staff call back: their own and the patients'."""

PATIENCE_SECONDS = 20.0
"""After how long a start is told to be slow. It is waited for all the same, as long as the web server runs."""

ANSWER_SECONDS = 10.0
STOP_SECONDS = 10.0

NEXT_STEPS = """
The line is answering at {base}

  Call it from your browser:              {base}/phone
  Call it from another terminal:          {python} -m ivr call
  Let a scripted caller do it:            {python} -m ivr call --keys "2 1 4 3 1 2"
  See the requests callers have left:     {python} -m ivr requests export
  Ask for a call online instead:          {base}/request
  Work on them in the console:            {base}/console/
                                          as staff@example.org, lead@example.org or admin@example.org,
                                          password demo-password-only
  Record the prompts in the studio:       {base}/studio/  as admin@example.org
  Do either by phone:                     key 7 in a call; extensions 41, 42 and 43, PIN 274951
  Be the clinic's front desk:             {base}/phone/desk
  See the call tree:                      {python} -m ivr tree
  Check it like a deployment:             {python} -m ivr doctor
  Start it in Spanish too, and with texts to patients, which are shown here:
                                          IVR_LANGUAGES=en-US,es-US TEXTS=on {python} -m ivr demo

Ctrl-C stops it. What is saved stays in {folder}/ until you start with --fresh.
"""

COMPLETE = "Every prompt is rendered, those of the staff too."
"""What is said after the first call could be made: until then `tree --check` and `doctor` miss the staff's prompts."""


class DemoError(click.ClickException):
    """The demo cannot start; the message says what to do."""


def run(port: int, *, fresh: bool, prepare: Callable[[Config], object], complete: Callable[[Config], object]) -> int:
    """Prepare the database and what callers hear, serve until ctrl-C, and complete the rest meanwhile.

    Returns the exit status.
    """
    _refuse_taken(port)
    _refuse_taken(port + 1)
    if fresh:
        for file in (*FOLDER.glob("demo.db*"), *FOLDER.glob("demo-recordings")):
            shutil.rmtree(file) if file.is_dir() else file.unlink()
    settings = {**os.environ, **_settings(port)}
    config = Config.from_env(settings)
    is_used = _is_used(config)
    if not is_used:
        _migrate(config)
        prepare(config)
    signal.signal(signal.SIGTERM, _as_interrupt)
    with _recordings(config, port + 1), _processes(settings, port) as server:
        if is_used:
            prepare(config)
        wait_until_ready(server, port)
        click.echo(NEXT_STEPS.format(base=config.public_base_url, folder=FOLDER, python=_python()))
        with contextlib.suppress(KeyboardInterrupt):
            complete(config)
            click.echo(COMPLETE)
            return server.wait()
    click.echo("Stopped.")
    return 0


def _is_used(config: Config) -> bool:
    """Whether an earlier start has left a database that the line can answer from at once."""
    with contextlib.closing(Database(config.database_url, Vault(config.data_keys))) as database:
        return is_current(database) and Releases(database).latest().id is not None


def _migrate(config: Config) -> None:
    with contextlib.closing(Database(config.database_url, Vault(config.data_keys))) as database:
        upgrade(database)


def _python() -> str:
    """The interpreter as a reader would type it here."""
    executable = Path(sys.executable)
    return str(executable.relative_to(Path.cwd())) if executable.is_relative_to(Path.cwd()) else str(executable)


def _as_interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def recordings_url(config: Config) -> str:
    """Where a simulated phone hands over what it recorded: the demo's stand-in for the carrier, if that is in use."""
    return config.twilio_api_url if leads_here(config.twilio_api_url) else ""


def _settings(port: int) -> dict[str, str]:
    """The demo's settings, made once and kept beside its data, so that other commands find them."""
    FOLDER.mkdir(exist_ok=True)
    kept = {name: value or "" for name, value in dotenv_values(SETTINGS).items()} if SETTINGS.is_file() else {}
    settings = {
        "SECRET_KEY": secrets.token_urlsafe(48),
        "DATA_KEYS": Fernet.generate_key().decode(),
        "TWILIO_ACCOUNT_SID": f"AC{secrets.token_hex(16)}",
        "TWILIO_AUTH_TOKEN": secrets.token_hex(16),
        "DESK_NUMBERS": "+16175550111",
        **kept,
        "DATABASE_URL": f"sqlite:///{FOLDER.resolve()}/demo.db",
        "PUBLIC_BASE_URL": f"http://{HOST}:{port}",
        "TWILIO_API_URL": f"http://{HOST}:{port + 1}",
        "SMS_FROM": NUMBER,
        "STAFF_SECOND_FACTOR": "nobody",
        "IVR_DEMO": "yes",
    }
    SETTINGS.touch(mode=0o600)
    SETTINGS.write_text("".join(f"{name}='{value}'\n" for name, value in settings.items()))
    return settings


def _refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            raise DemoError(f"Port {port} is taken. Stop what uses it, or choose another: --port 8100") from None


def _show_text(form: Mapping[str, str]) -> None:
    """Show a text message where the demo was started: it goes to no telephone, and it may hold a code or a link."""
    click.echo(f"Text to {form['To']}: {form['Body']}")


@contextlib.contextmanager
def _recordings(config: Config, port: int) -> Iterator[BaseWSGIServer]:
    """The carrier's recordings, served from a folder."""
    store = RecordingStore(RECORDINGS, on_text=_show_text)
    numbers = [PhoneNumber.calling(NUMBER, config.public_base_url)]
    account_sid, token = config.twilio_account_sid, config.twilio_auth_token
    carrier = Carrier(config.public_base_url, account_sid, token, recordings=store, strict=False)
    exchange = Exchange(carrier, FixedDesk(EVERYBODY), store.calls, clock=RealClock)
    app = create_rest_app(store, account_sid, token, numbers=numbers, exchange=exchange)
    server = make_server(HOST, port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()


@contextlib.contextmanager
def _processes(settings: dict[str, str], port: int) -> Iterator[subprocess.Popen[bytes]]:
    """The web server and the worker as in production, with the demo's settings; yields the server. Both end with it."""
    serve = [sys.executable, "-m", "gunicorn", "--config", "python:ivr.serving", "--bind", f"{HOST}:{port}"]
    serve += ["--log-level", "warning", "--graceful-timeout", "3", "wsgi:app"]
    work = [sys.executable, "-m", "ivr", "worker"]
    started = [subprocess.Popen(command, env=settings, cwd=ROOT) for command in (serve, work)]
    try:
        yield started[0]
    finally:
        for process in started:
            process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        for process in started:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_until_ready(server: subprocess.Popen[bytes], port: int) -> None:
    """Wait for the first answer: a busy machine may need minutes, and only a server that has ended never gives one."""
    slow_from = time.monotonic() + PATIENCE_SECONDS
    while server.poll() is None:
        try:
            urlopen(f"http://{HOST}:{port}/healthz", timeout=ANSWER_SECONDS).close()
            return
        except (URLError, OSError):
            time.sleep(0.1)
        if time.monotonic() > slow_from:
            click.echo("Still waiting for the web server: this machine is busy. Ctrl-C gives up.")
            slow_from = float("inf")
    raise DemoError(f"The web server ended with status {server.returncode}; its last words are above.")
