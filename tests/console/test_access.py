"""Signing in and out, and what a session is worth."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from ivr.models import Action, AuditEntry, Role
from tests.console.conftest import PASSWORD, assert_accessible


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
    assert actions(line)[-2:] == [Action.SIGNED_IN, Action.SIGNED_OUT]


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
    assert actions(line).count(Action.SIGN_IN_FAILED) == 3


def test_five_failures_lock_the_account_for_a_quarter_of_an_hour(client, staff, line, clock):
    staff(email="nurse@example.org", password=PASSWORD)
    for _ in range(5):
        assert sign_in(client, "nurse@example.org", "wrong").status_code == 200
    assert sign_in(client, "nurse@example.org").status_code == 200
    assert actions(line).count(Action.LOCKED_OUT) == 1
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
    cookie = answers[-1].headers["Set-Cookie"]
    assert cookie.startswith("__Host-console=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))


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
    assert page.get_by_role("button", name="Sign out").is_visible()
    assert_accessible(page)
