"""Absurd input to every route of the console, the studio and the telephone, by everybody, on both databases.

The routes come from the map of addresses, the fields from the pages: what is new is tried without being written down
here. No answer may be a 5xx, cost seconds of a core, or leave an exception in the log.
"""

from __future__ import annotations

import contextlib
import json
import logging
from datetime import timedelta
from urllib.parse import quote, urlencode, urlsplit

import pytest
from sqlalchemy import event, select
from structlog.testing import capture_logs

from ivr.audio.silence import silence
from ivr.callflow.tree_information import PLACES
from ivr.models import (
    BridgeCall,
    BridgeStatus,
    ClosureReason,
    Disposition,
    InformationClip,
    Outcome,
    PromptAudio,
    PromptNumber,
    PromptRelease,
    PromptSource,
    PromptState,
    PromptVersion,
    Recording,
    RecordingStatus,
    Role,
    StaffMember,
)
from ivr.services.accounts import signing_in
from ivr.services.audit import Actor
from ivr.services.calendar import ClosedDays
from ivr.services.hours import hours
from ivr.services.recordings.recordings import store_audio
from ivr.services.requests import history, triage
from ivr.services.requests.calendar_feed import renew_address
from tests.support.absurd_input import (
    FAR_AWAY,
    IN_ADDRESSES,
    IN_KINDS,
    IN_PARTS,
    JSON_BODIES,
    JSON_VALUES,
    TEXTS,
    UNKNOWN_FIELDS,
    WORDS,
    absurd_files,
)
from tests.support.absurd_visitor import Visitor, address_of, as_file
from tests.support.kept_requests import put_requests
from tests.support.kept_rows import Rows
from tests.support.staff_pages import PASSWORD

KEY, CLINICAL = "option_callback", "emergency"
WORDS_OF = {KEY: "For a call from a nurse, press 2.", CLINICAL: "In an emergency, hang up and dial 911."}

BY_SCRIPTS = {
    "console.request_standing": {"active": "1"},
    "phone.dial": {"from": "+16175550142", "speed": 1, "microphone": False, "drafts": False},
    "phone.act": {"do": "key", "key": "1", "on": True, "speed": 1},
    "phone.sound": {},
    "phone.rings": {},
}
"""What only scripts of our pages send, with the fields; a route without a form that is new has to be written here."""

SIGNED_OUT = {"security.login", "security.two_factor_token_validation", "security.mf_recovery", "console.welcome"}
"""Where forms lead that nobody sees who is signed in."""

USED_BY_NOBODY = {"security.mf_recovery_codes", "security.tf_select", "security.two_factor_rescue"}
QUERIES = {
    "console.queue": {"at"},
    "console.queue_list": {"at"},
    "console.my_day": {"who"},
    "console.trail": {"before"},
    "console.recording_audio": {"play"},
    "console.request": {"dial"},
    "security.login": {"next"},
}
"""Names in queries that stand neither in forms nor in links of short pages."""

ON_POSTGRESQL = (
    *("one more than a database's integers", "huge", "NUL", "NUL in an address", "no UTF-8", "a lone surrogate"),
    *("overlong UTF-8", "no characters", "long", "the last minute"),
)
"""What one database takes and the other does not."""


@pytest.fixture
def line(request, make_line):
    """A line on the database that a test names; SQLite need not survive a power cut."""
    line = make_line(request.getfixturevalue(getattr(request, "param", "sqlite_url")))
    if line.database.is_sqlite:
        event.listen(line.database.engine, "connect", lambda driver, _: driver.execute("PRAGMA synchronous = OFF"))
    return line


@pytest.fixture
def settled(line, staff):
    """A line with something of everything that pages show; somebody of each role, the administrator's is row 1."""
    members = {role: staff(role, password=PASSWORD) for role in (Role.ADMIN, Role.LEAD, Role.STAFF)}
    admin, now = Actor.of(members[Role.ADMIN], ""), line.clock()
    with line.database.write() as session:
        for extension, member in enumerate(members.values(), start=41):
            kept = session.get(StaffMember, member.id)
            kept.extension, kept.phone_number, kept.last_seen_at = str(extension), "+16175550187", now
    _add_requests(line, members, now)
    hours.add_closure(line, admin, _next_week(line, now), now)
    with line.database.write() as session:
        _add_prompts(session, now)
    renew_address(line.database, admin, members[Role.ADMIN].id, now)
    return members


def _next_week(line, now):
    day = line.calendar.today(now) + timedelta(days=7)
    return ClosedDays(day, day, ClosureReason.WEATHER, "Snow")


def _add_requests(line, members, now):
    """The first is new and has a message, the second closed, then one is each role's."""
    admin = Actor.of(members[Role.ADMIN], "")
    new, closed, *own = put_requests(line, *[{}] * 5, now=now)
    triage.close(line, closed, admin, now, disposition=Disposition.ANSWERED)
    for request_id, member in zip(own, members.values(), strict=True):
        actor = Actor.of(member, "")
        history.add_note(line, request_id, actor, now, text="A note.")
        triage.record_attempt(line, request_id, actor, now, outcome=Outcome.BUSY)
        triage.claim(line, request_id, actor, now)
    with line.database.write() as session:
        kept = Recording(sid="RE1", call_id=1, request_id=new, status=RecordingStatus.READY, created_at=now)
        bridge = BridgeCall(request_id=new, staff_id=1, status=BridgeStatus.WAITING, created_at=now)
        session.add_all([kept, bridge])
    store_audio(line.database, "RE1", silence(600), 1, now)


def _add_prompts(session, now):
    """Two prompts, one of them clinical, with versions in every state, and one that is refused as read too fast.

    Their words name the script's keys, so that they may go on the air; the script has changed since they were made.
    """
    clip = PromptAudio(sha256="a" * 64, data=silence(600), created_at=now)
    figures = {"seconds": 0.6, "level_dbov": -20, "peak_dbfs": -9, "head_ms": 1, "tail_ms": 1}
    clips = {"after": PLACES[0], "clinical": False, "created_at": now}
    session.add(InformationClip(node="own_bring", title="What to bring", words={}, **clips))
    session.add_all([clip, PromptRelease(manifest={"en-US": {KEY: clip.sha256}}, created_at=now)])
    for number, key in enumerate((KEY, CLINICAL), start=100):
        session.add(PromptNumber(number=number, key=key))
        known = {"key": key, "language": "en-US", "text": WORDS_OF[key], "source": PromptSource.UPLOAD, "own": True}
        known |= {"shipped_text": "Earlier words.", "created_at": now, "published_at": now, "retired_at": now}
        audio = {"audio_sha256": clip.sha256, **figures}
        for state in PromptState:
            session.add(PromptVersion(state=state, **known, **({} if state is PromptState.DRAFT else audio)))
        session.add(PromptVersion(state=PromptState.DRAFT, problem="Too fast.", refused_as="fast", **known, **audio))
    session.flush()
    _publish_together(session, now)


def _publish_together(session, now):
    """A release that put both on the air, so that its page has the button that takes it back."""
    versions = select(PromptVersion.key, PromptVersion.id)
    aired = dict(session.execute(versions.where(PromptVersion.state == PromptState.PUBLISHED)).all())
    before = dict(session.execute(versions.where(PromptVersion.state == PromptState.RETIRED)).all())
    together = [[aired[key], before[key]] for key in (KEY, CLINICAL)]
    session.add(PromptRelease(manifest={"en-US": {KEY: "a" * 64}}, created_at=now, together=together))


@contextlib.contextmanager
def judged(visitor, caplog):
    """Nothing may fail, or be logged as an exception, meanwhile."""
    with caplog.at_level(logging.ERROR), capture_logs() as events:
        yield
    assert not visitor.failures
    assert not [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert not [one for one in events if one["log_level"] in ("error", "critical")]


def try_each_field(visitor, texts=TEXTS):
    """Each field of each form with what is absurd in its kind, while the others could be right."""
    for form in visitor.forms.values():
        for name in form.names:
            kind = form.kinds[name]
            tried = {text: TEXTS[text] for text in IN_KINDS[kind] if text in texts}
            for told, value in {**tried, **(absurd_files() if kind == "file" else {})}.items():
                visitor.post(form, f"{name}: {told}", {name: value})
        visitor.post(form, "each twice", {name: ["1", form.fields[name]] for name in form.names})
        visitor.post(form, "files", {name: as_file(b"\0") for name in form.names})


def try_all_fields(visitor, texts):
    """All fields of each form at once, unknown ones too."""
    for form in visitor.forms.values():
        for text in texts:
            visitor.post(form, text, dict.fromkeys((*form.names, *UNKNOWN_FIELDS), TEXTS[text]))


def try_token(visitor, texts):
    """The token that every form has."""
    for text in texts:
        visitor.post(visitor.any_form, f"csrf_token: {text}", {"csrf_token": TEXTS[text]})


def try_queries(visitor, texts):
    """Every page with a query, of unknown names and with them; where names are known each text is tried."""
    for endpoint, pages in visitor.pages.items():
        known = visitor.queries[endpoint] | QUERIES.get(endpoint, set())
        path = urlsplit(next(iter(pages.values()))).path
        visitor.get(f"{path}?{urlencode(dict.fromkeys(UNKNOWN_FIELDS, 'x'))}")
        values = [FAR_AWAY, *(TEXTS[text][:IN_ADDRESSES] for text in texts)]
        for value in values if known else values[:2]:
            visitor.get(f"{path}?{urlencode(dict.fromkeys((*sorted(known), *UNKNOWN_FIELDS), value))}")


def try_parts(visitor, texts):
    """Each part of each address with each text; what is posted is a form with its token and nothing else."""
    for rule in visitor.console.url_map.iter_rules():
        for part in rule.arguments:
            for text in texts:
                address = address_of(rule, **{part: quote(TEXTS[text][:IN_ADDRESSES], safe="") or "%20"})
                if "GET" in rule.methods:
                    visitor.get(address, text)
                if "POST" in rule.methods:
                    visitor.post(visitor.any_form, text, {}, address)


def try_bodies(visitor):
    """What scripts send: bodies that are none, and each field with each value."""
    for endpoint, fields in BY_SCRIPTS.items():
        rule = next(visitor.console.url_map.iter_rules(endpoint))
        address = address_of(rule, token="a" * 24)
        for body in JSON_BODIES:
            visitor.post_body(address, body)
        for name, value in ((name, value) for name in fields for value in JSON_VALUES):
            visitor.post_body(address, json.dumps({**fields, "from": "nobody", name: value}).encode())


@pytest.fixture
def visitor(console, client_as, client, line, settled):
    """Makes visitors: of a role, signed out, or at the second step of signing in."""

    with contextlib.ExitStack() as kept:

        def make(who=None):
            browser = client_as(settled[who]) if who else client
            rows = kept.enter_context(contextlib.closing(Rows(line.database)))  # with the session that has begun
            return Visitor(console, browser, rows)

        yield make


def test_an_admin_tries_everything(console, visitor, caplog):
    """Each field of each form, each part of each address, each query, and what scripts send.

    A route that takes something is found by the form that leads there, or stands in the table of those that only
    scripts use.
    """
    admin = visitor(Role.ADMIN)
    taking = {rule.endpoint for rule in console.url_map.iter_rules() if "POST" in rule.methods}
    assert taking - admin.endpoints - SIGNED_OUT == set(BY_SCRIPTS) | USED_BY_NOBODY
    with judged(admin, caplog):
        try_each_field(admin)
        try_token(admin, WORDS)
        try_queries(admin, TEXTS)
        try_parts(admin, IN_PARTS)
        try_bodies(admin)
    assert admin.sent > 1000


@pytest.mark.parametrize("who", [Role.STAFF, Role.LEAD])
def test_staff_try_what_they_find_and_every_address(visitor, caplog, who):
    found = visitor(who)
    texts = list(TEXTS)[who is Role.LEAD :: 4]
    with judged(found, caplog):
        try_all_fields(found, texts)
        try_queries(found, texts[:2])
        try_parts(found, IN_PARTS[:1])


def test_somebody_signed_out_tries_what_is_open_and_every_address(visitor, caplog, line, config, settled):
    """Signing in, the link of somebody new, and the doors of everything else."""
    stranger = visitor()
    link = signing_in.make_link(config.secret_key, settled[Role.STAFF], line.clock())
    stranger.open(f"/console/welcome/{link}")
    assert {"security.login", "console.welcome"} <= stranger.endpoints
    with judged(stranger, caplog):
        try_each_field(stranger)
        try_queries(stranger, WORDS)
        try_parts(stranger, IN_PARTS)
        try_bodies(stranger)


@pytest.mark.parametrize(
    ("second_factor", "forms"),
    [
        (True, {"security.two_factor_token_validation", "security.mf_recovery"}),
        (False, {"security.two_factor_setup", "security.two_factor_token_validation"}),
    ],
)
def test_between_password_and_code(visitor, caplog, staff, client, second_factor, forms):
    """Whoever has given the password: asked for a code, or to set up the second factor that the role needs."""
    member = staff(Role.ADMIN, password=PASSWORD, second_factor=second_factor)
    client.get("/console/sign-in")
    client.send("/console/sign-in", {"email": member.email, "password": PASSWORD})
    halfway = visitor()
    assert forms <= halfway.endpoints
    with judged(halfway, caplog):
        try_each_field(halfway)


@pytest.mark.parametrize("line", ["postgres_url"], indirect=True)
def test_on_postgresql(visitor, caplog):
    """It takes other things than SQLite does, and refuses others."""
    admin, stranger = visitor(Role.ADMIN), visitor()
    for found in (admin, stranger):
        with judged(found, caplog):
            try_each_field(found, ON_POSTGRESQL)
            try_queries(found, ON_POSTGRESQL)
            try_parts(found, [text for text in ON_POSTGRESQL if text in IN_PARTS])
