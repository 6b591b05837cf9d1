"""Staff accounts, signed-in clients, and a real browser on a real server."""

import base64
import contextlib
import hmac
import json
import os
import re
import secrets
import shutil
import threading
import time
from dataclasses import replace
from html import unescape
from pathlib import Path

import axe_core_python
import psutil
import pytest
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from werkzeug.serving import make_server

from ivr import create_app
from ivr.models import Role, StaffMember
from ivr.services.accounts import devices
from ivr.services.accounts import staff as service
from ivr.services.audit import COMMAND
from tests.support.settings import DEADLINE_SECONDS

PASSWORD = "a-password-for-tests-only"
CHROMIUMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, CHROMIUMS)), None)
"""The one without windows takes a third of the time to open a page."""

HERE_ONLY = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"
"""Keeps the browser on this machine, whose sockets the tests' own guard does not see."""

FEW_LOOKS = "--js-flags=--no-opt,--no-maglev"
"""No page is looked at for long: what V8's optimising compilers make of its scripts, and of axe, is never made use of."""

AXE = (Path(axe_core_python.__file__).parent / "axe.min.js").read_text()


PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
"""A context of a browser that is a phone."""

DIALLER = """addEventListener("click", event => {
    if (event.target.closest("a[href^='tel:']")) event.preventDefault()
})"""
"""Stands in for the phone's own dialler, which takes a number's link: the browser stays in its page."""

TOTP_KEY = base64.b32encode(b"twenty bytes of a key").decode().rstrip("=")


def code_of(key=TOTP_KEY, at=None):
    """What an authenticator app shows (RFC 6238: SHA-1, 30 seconds, six digits)."""
    counter = int((time.time() if at is None else at) // 30)
    secret = base64.b32decode(key + "=" * (-len(key) % 8))
    mac = hmac.digest(secret, counter.to_bytes(8, "big"), "sha1")
    offset = mac[-1] & 15
    return f"{(int.from_bytes(mac[offset : offset + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06d}"


def role_needs_it(role):
    return role is Role.ADMIN


@pytest.fixture
def line(make_line, sqlite_url):
    """Pages are tested on SQLite; the services, on both databases, in tests/services."""
    return make_line(sqlite_url)


@pytest.fixture
def app(config, line):
    """The whole application: the console is beside the calls."""
    return create_app(config, line)


@pytest.fixture
def console(app):
    """The console's own application."""
    return app.extensions["console"]


@pytest.fixture
def staff(line):
    """Makes accounts: `staff(Role.LEAD)`, or with `email`, `name`, `password`.

    Administrators have a second factor unless told otherwise; `code_of` says what their app shows.
    """
    made = []

    def make(role=Role.STAFF, *, email=None, name=None, password=None, second_factor=role_needs_it):
        number = len(made) + 1
        details = service.AccountDetails(
            email or f"{role.value}{number}@example.org", name or f"{role.value.title()} {number}", role
        )
        member = service.create(line.database, COMMAND, details, line.clock())
        made.append(member)
        with line.database.write() as session:
            member = session.get(StaffMember, member.id)
            member.password = password and service.hash_password(password)
            if second_factor(role) if callable(second_factor) else second_factor:
                member.tf_primary_method = "authenticator"
                member.tf_totp_secret = json.dumps({"key": TOTP_KEY, "type": "totp", "v": 1})
                member.mf_recovery_codes = []
        return member

    return make


class StaffClient(FlaskClient):
    """A browser without a window. `send` posts a form with the token that a page of ours has in it."""

    member = None

    def send(self, path, data=None, **options):
        with self.session_transaction() as session:
            raw = session.setdefault("csrf_token", secrets.token_hex(20))
        signer = URLSafeTimedSerializer(self.application.secret_key, salt="wtf-csrf-token")
        return self.post(path, data={**(data or {}), "csrf_token": signer.dumps(raw)}, **options)


@pytest.fixture
def client(console):
    """A client that is signed out."""
    console.test_client_class = StaffClient
    return console.test_client()


@pytest.fixture
def client_as(console, line, staff):
    """Makes clients that are signed in: `client_as(Role.STAFF)`, or as an account made before."""

    def make(who):
        console.test_client_class = StaffClient
        client = console.test_client()
        client.member = staff(who) if isinstance(who, Role) else who
        with line.database.write() as session:
            secret = devices.begin(session, client.member.id, devices.new_device(), line.clock())
        with client.session_transaction() as session:
            session.update(_user_id=client.member.fs_uniquifier, _fresh=True, fs_paa=time.time(), session_secret=secret)
        return client

    return make


@pytest.fixture(scope="session")
def launch():
    """Starts the system's Chromium; where there is none, browser tests are skipped, except in CI."""
    if CHROMIUM is None:
        if os.environ.get("CI") == "true":
            pytest.fail("no Chromium: apt install chromium-headless-shell")
        pytest.skip("no Chromium on this machine: apt install chromium-headless-shell")
    sync = pytest.importorskip("playwright.sync_api")
    with sync.sync_playwright() as playwright:
        yield lambda *args: playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", HERE_ONLY, FEW_LOOKS, *args]
        )


class Browsers:
    """A browser that is started when it is first asked for, and anew when it had to be killed."""

    def __init__(self, launch, *arguments):
        self.launch, self.arguments, self.running = launch, arguments, None

    def get(self):
        if self.running is None or not self.running.is_connected():
            self.running = self.launch(*self.arguments)
        return self.running

    def close(self):
        if self.running is not None and self.running.is_connected():
            with killed_after(CLOSE_SECONDS):
                self.running.close()


CLOSE_SECONDS = 60.0
"""Now and then, on a busy machine, Chromium never answers that it has closed something: after so long it is killed."""


@pytest.fixture(scope="session")
def browsers(launch):
    """One browser for all tests of a process."""
    browsers = Browsers(launch)
    yield browsers
    browsers.close()


@pytest.fixture
def browser(browsers):
    """The browser; each test has a context of its own in it."""
    return browsers.get()


def close_context(context, seconds=CLOSE_SECONDS):
    """Close a browser's context, or kill its browser."""
    with killed_after(seconds):
        try:
            context.close()
        except Exception:
            if context.browser.is_connected():
                raise


@contextlib.contextmanager
def killed_after(seconds):
    """Kill each Chromium that this process has started, unless all is done by then."""
    watchdog = threading.Timer(seconds, kill_browsers)
    watchdog.start()
    try:
        yield
    finally:
        watchdog.cancel()


def kill_browsers():
    """Kill each Chromium that this process has started."""
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if "chrom" in process.name():
                process.kill()


@pytest.fixture
def server(config, line):
    """The application on a port of its own; yields its address."""
    with serving(config, line) as address:
        yield address


LOAD_SECONDS = 10
"""How long a page, and an answer that is on its way, are waited for at a test's end."""


class serving:
    def __init__(self, config, line):
        self.config, self.line = config, line

    def __enter__(self):
        probe = make_server("127.0.0.1", 0, lambda *_: [], threaded=True)
        address = f"http://127.0.0.1:{probe.server_port}"
        probe.app = create_app(replace(self.config, public_base_url=address), self.line)
        self.app, self.server, self.handlers = probe.app, probe, set()
        handle = probe.process_request_thread

        def counted(*request):
            self.handlers.add(threading.current_thread())
            try:
                handle(*request)
            finally:
                self.handlers.discard(threading.current_thread())

        probe.process_request_thread = counted
        self.thread = threading.Thread(target=probe.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()
        return address

    def __exit__(self, *_):
        """What is still being answered keeps a connection to the database, which must be back before it is closed."""
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
        for handler in list(self.handlers):
            handler.join(LOAD_SECONDS)


@pytest.fixture
def open_page(browser, server, client_as):
    """Opens browser pages on the server: `open_page("/console/", Role.STAFF)`; several are several people.

    A page's console errors, failed requests of its own and policy violations fail the test at its end; those that a
    test brings about itself it puts into `open_page.expected`, by a part of their words.
    """
    contexts, faults = [], []

    def make(path, who=None, **options):
        context = browser.new_context(base_url=server, **options)
        context.set_default_timeout(DEADLINE_SECONDS * 1000)
        contexts.append(context)
        if who is not None:
            cookie = client_as(who).get_cookie("__Host-console")
            context.add_cookies([{"name": "console", "value": cookie.value, "url": server, "httpOnly": True}])
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        page.goto(path)
        return page

    make.expected = []
    yield make
    for context in contexts:
        for page in context.pages:  # closed while a page loads, Chromium once never answered
            with contextlib.suppress(Exception):
                page.wait_for_load_state("load", timeout=LOAD_SECONDS * 1000)
        close_context(context)
    faults = [fault for fault in faults if not any(words in fault for words in make.expected)]
    assert not faults, faults


def text_of(page):
    """What the page says, without its tags."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.text)).split())


def assert_accessible(page):
    """axe-core finds nothing against WCAG 2.2 A and AA, in light and in dark."""
    faults = accessibility_faults(page)
    assert not faults, f"{page.url}:\n" + "\n".join(faults)


AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
AXE_RULES_OF_COLOUR = ["color-contrast", "link-in-text-block"]
"""The page is the same in both colour schemes: what else axe-core looks at cannot differ between them."""


def accessibility_faults(page):
    """What axe-core finds against WCAG 2.2 A and AA and its best practice: a line each, with its colour scheme."""
    page.wait_for_load_state()  # a page is there before its style sheet is
    page.evaluate(AXE)
    told = []
    for scheme, rules in (("light", AXE_TAGS), ("dark", AXE_RULES_OF_COLOUR)):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.evaluate("() => Promise.all(document.getAnimations().map(one => one.finished))")
        found = page.evaluate(
            "async rules => (await axe.run({runOnly: rules, resultTypes: ['violations']})).violations", rules
        )
        told += [
            f"{scheme}: {one['id']}: {node['html'][:120]} {node['failureSummary']}"
            for one in found
            for node in one["nodes"]
        ]
    return told
