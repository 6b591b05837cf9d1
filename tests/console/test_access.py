"""Signing in and out, and what a session is worth."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from ivr import create_app
from ivr.models import AuditAction, AuditEntry, Role
from ivr.services.accounts import signing_in
from ivr.services.accounts import staff as service
from ivr.services.audit import COMMAND
from tests.support.staff_pages import PASSWORD, StaffClient, assert_accessible, code_of


def sign_in(client, email, password=PASSWORD, **options):
    return client.send("/console/sign-in", {"email": email, "password": password}, **options)


def actions(line):
    with line.database.read() as session:
        return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def test_a_password_signs_in_and_the_button_signs_out(client, staff, line):
    staff(email="nurse@example.org", password=PASSWORD)
    assert client.get("/console/").location == "/console/sign-in?next=/console/"
    assert sign_in(client, "Nurse@Example.org").location == "/console/"
    assert client.get("/console/").status_code == 200
    assert client.send("/console/sign-out").location == "/console/sign-in"
    assert client.get("/console/").status_code == 302
    assert actions(line)[-2:] == [AuditAction.SIGNED_IN, AuditAction.SIGNED_OUT]


def test_a_copied_cookie_is_worth_nothing_after_signing_out(client_as, console):
    client = client_as(Role.STAFF)
    copied = client.get_cookie("__Host-console").value
    client.send("/console/sign-out")
    thief = console.test_client()
    thief.set_cookie("__Host-console", copied)
    assert thief.get("/console/").status_code == 302


def test_every_reason_for_failing_is_told_in_the_same_words(client, staff, line):
    member = staff(email="nurse@example.org", password=PASSWORD)
    pages = [sign_in(client, "nurse@example.org", "wrong"), sign_in(client, "nobody@example.org")]
    with line.database.write() as session:
        session.get(type(member), member.id).active = False
    pages.append(sign_in(client, "nurse@example.org"))
    words = [re.search(r'class="error"[^>]*>([^<]+)', page.text)[1] for page in pages]
    assert len(set(words)) == 1
    assert actions(line).count(AuditAction.SIGN_IN_FAILED) == 3


def test_five_failures_lock_the_account_for_a_quarter_of_an_hour(client, staff, line, clock):
    staff(email="nurse@example.org", password=PASSWORD)
    for _ in range(5):
        assert sign_in(client, "nurse@example.org", "wrong").status_code == 200
    assert sign_in(client, "nurse@example.org").status_code == 200
    assert actions(line).count(AuditAction.LOCKED_OUT) == 1
    clock.now += timedelta(minutes=15)
    assert sign_in(client, "nurse@example.org").location == "/console/"


@pytest.mark.parametrize(("steps", "still"), [([9, 9, 9], True), ([11], False), ([9] * 81, False)])
def test_a_session_ends_when_idle_and_after_twelve_hours(client_as, clock, steps, still):
    client = client_as(Role.STAFF)
    for minutes in steps:
        clock.now += timedelta(minutes=minutes)
        answer = client.get("/console/")
    assert answer.status_code == (200 if still else 302)


def test_a_page_that_refreshes_itself_keeps_no_session_alive(client_as, clock):
    client = client_as(Role.STAFF)
    for _ in range(3):
        clock.now += timedelta(minutes=4)
        answer = client.get("/console/", headers={"X-Background": "yes"})
    assert answer.status_code == 401


def test_forms_without_their_token_are_refused(client_as):
    answer = client_as(Role.STAFF).post("/console/sign-out")
    assert answer.status_code == 400
    assert "reload" in answer.text


def test_every_page_has_the_headers_and_the_cookie_its_flags(client, staff):
    staff(email="nurse@example.org", password=PASSWORD)
    answers = [client.get("/console/sign-in"), client.get("/console/nothing"), sign_in(client, "nurse@example.org")]
    for answer in answers:
        assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    cookies = answers[-1].headers.getlist("Set-Cookie")
    assert {cookie.partition("=")[0] for cookie in cookies} == {"__Host-console", "__Host-device"}
    for cookie in cookies:
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("https://line.example.org", "max-age=31536000"),
        ("http://127.0.0.1:8000", None),
        ("https://localhost:8443", None),
    ],
)
def test_browsers_are_told_to_use_https_where_it_is(config, line, address, told):
    app = create_app(replace(config, public_base_url=address), line)
    for path in ("/console/sign-in", "/phone", "/studio/", "/healthz", "/nothing"):
        assert app.test_client().get(path).headers.get("Strict-Transport-Security") == told, path


def test_calls_know_nothing_of_the_console(app):
    answer = app.test_client().get("/healthz")
    assert "Content-Security-Policy" not in answer.headers
    assert "Set-Cookie" not in answer.headers


def test_signing_in_with_the_keyboard(open_page, staff, server):
    staff(email="nurse@example.org", password=PASSWORD)
    page = open_page("/console/")
    assert_accessible(page)
    page.keyboard.type("nurse@example.org")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{server}/console/")
    page.get_by_role("button", name="Sign out").wait_for()
    assert_accessible(page)


def sign_in_with_code(client, code, email="boss@example.org"):
    assert sign_in(client, email).location.startswith("/console/sign-in/code")
    return client.send("/console/sign-in/code", {"code": code})


def test_an_administrator_is_asked_for_a_code_which_is_good_once(client, console, staff):
    staff(Role.ADMIN, email="boss@example.org", password=PASSWORD)
    code = code_of()
    assert client.get("/console/").status_code == 302
    assert sign_in_with_code(client, code).location == "/console/"
    assert client.get("/console/").status_code == 200
    thief = console.test_client()
    assert "That did not work" in sign_in_with_code(thief, code).text


def test_a_password_alone_opens_nothing_where_a_code_is_asked_for(client, staff):
    staff(Role.ADMIN, email="boss@example.org", password=PASSWORD)
    sign_in(client, "boss@example.org")
    for path in ("/console/", "/console/accounts", "/console/second-factor", "/console/account"):
        assert client.get(path).location.startswith("/console/sign-in")


def test_five_wrong_codes_lock_the_account_for_passwords_codes_and_recovery_codes(client, staff, line, clock):
    member = staff(Role.ADMIN, email="boss@example.org", password=PASSWORD)
    recovery = signing_in.make_recovery_codes(line.database, COMMAND, member.id, clock.now)
    sign_in(client, "boss@example.org")
    for _ in range(5):
        client.send("/console/sign-in/code", {"code": "000000"})
    assert client.send("/console/sign-in/code", {"code": code_of()}).status_code == 200
    assert client.send("/console/sign-in/recovery", {"code": recovery[0]}).status_code == 200
    assert sign_in(client, "boss@example.org").status_code == 200


def test_a_recovery_code_signs_in_once(client, staff, line, clock):
    member = staff(Role.ADMIN, email="boss@example.org", password=PASSWORD)
    code, *_ = signing_in.make_recovery_codes(line.database, COMMAND, member.id, clock.now)
    for works in (True, False):
        sign_in(client, "boss@example.org")
        answer = client.send("/console/sign-in/recovery", {"code": code})
        assert (answer.location == "/console/") is works
        client.send("/console/sign-out")


def test_half_a_sign_in_is_void_after_ten_minutes(client, staff, clock):
    staff(Role.ADMIN, email="boss@example.org", password=PASSWORD)
    sign_in(client, "boss@example.org")
    clock.now += timedelta(minutes=11)
    assert client.send("/console/sign-in/code", {"code": code_of()}).location == "/console/sign-in"


@pytest.mark.parametrize(
    ("policy", "role", "asked"),
    [("admins", Role.LEAD, False), ("everyone", Role.STAFF, True), ("nobody", Role.ADMIN, False)],
)
def test_the_setting_says_who_needs_a_second_factor(config, line, staff, policy, role, asked):
    staff(role, email="nurse@example.org", password=PASSWORD, second_factor=False)
    console = create_app(replace(config, staff_second_factor=policy), line).extensions["console"]
    console.test_client_class = StaffClient
    client = console.test_client()
    assert sign_in(client, "nurse@example.org").location == ("/console/second-factor" if asked else "/console/")


def test_who_becomes_an_administrator_sets_up_a_second_factor_before_anything_else(client_as, line, staff, clock):
    staff(Role.ADMIN)
    nurse = staff()
    client = client_as(nurse)
    details = service.AccountDetails(nurse.email, nurse.name, Role.ADMIN)
    service.change(line.database, COMMAND, nurse.id, details, clock.now)
    assert client.get("/console/").location == "/console/second-factor"
    assert client.get("/console/accounts").location == "/console/second-factor"


def test_a_deactivated_account_is_out_with_its_next_click(client_as, staff, line, clock):
    nurse = staff()
    client = client_as(nurse)
    assert client.get("/console/").status_code == 200
    service.set_active(line.database, COMMAND, nurse.id, False, clock.now)
    assert client.get("/console/").status_code == 302


def test_one_address_tries_twenty_times_a_minute(client):
    answers = [sign_in(client, f"n{n}@example.org", "x").status_code for n in range(21)]
    assert answers == [200] * 20 + [429]


def test_the_second_factors_secret_is_unreadable_in_the_database_and_the_cookie(client, staff, line):
    staff(Role.ADMIN, email="boss@example.org", password=PASSWORD, second_factor=False)
    sign_in(client, "boss@example.org")
    page = client.send("/console/second-factor", {"setup": "authenticator"}).text
    key = re.search(r"<code>([A-Z2-7-]+)</code>", page)[1].replace("-", "")
    with client.session_transaction() as session:
        assert key not in str(dict(session))
    assert client.get("/console/second-factor.svg").mimetype == "image/svg+xml"
    assert client.send("/console/sign-in/code", {"code": code_of(key)}).location == "/console/"
    with line.database.engine.connect() as connection:
        kept = connection.exec_driver_sql("SELECT tf_totp_secret FROM staff_members").scalar_one()
    assert key.encode() not in bytes(kept)
    assert client.get("/console/").location == "/console/account/recovery-codes"


def test_a_page_reads_without_waiting_for_a_writer(client_as, line):
    """A console page must never make a caller wait, nor wait for one."""
    client = client_as(Role.ADMIN)
    client.get("/console/")
    with line.database.write() as session:
        session.execute(select(AuditEntry.id))
        for path in ("/console/", "/console/account", "/console/accounts"):
            assert client.get(path).status_code == 200


def test_an_administrator_signs_in_for_the_first_time_with_keys_alone(open_page, staff, server, line, clock):
    member = staff(Role.ADMIN, email="boss@example.org", second_factor=False)
    page = open_page(f"/console/welcome/{signing_in.make_link('s' * 40, member, clock.now)}")
    assert_accessible(page)
    page.locator("#new").focus()
    for word in (PASSWORD, PASSWORD):
        page.keyboard.type(word)
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.locator("#email:focus").wait_for()
    page.keyboard.type("boss@example.org")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{server}/console/second-factor")
    assert_accessible(page)
    page.get_by_role("button", name="Set up an app").focus()
    page.keyboard.press("Enter")
    page.locator(".qr").wait_for()
    assert page.locator(".qr").evaluate("image => image.decode().then(() => image.naturalWidth)") > 100
    assert_accessible(page)
    key = page.locator("code").inner_text().replace("-", "")
    page.locator("input:focus").wait_for()
    page.keyboard.type(code_of(key))
    page.keyboard.press("Enter")
    page.wait_for_url(f"{server}/console/account/recovery-codes")
    page.get_by_role("button", name="Make new recovery codes").focus()
    page.keyboard.press("Enter")
    page.locator(".codes").wait_for()
    assert_accessible(page)
    recovery = page.locator(".codes code").first.inner_text()
    page.get_by_role("button", name="Sign out").focus()
    page.keyboard.press("Enter")
    page.locator("#email:focus").wait_for()
    page.keyboard.type("boss@example.org")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Your code").wait_for()
    assert_accessible(page)
    page.get_by_role("link", name="Use a recovery code").focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Recovery code").wait_for()
    assert_accessible(page)
    page.locator("input:focus").wait_for()
    page.keyboard.type(recovery)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{server}/console/")
