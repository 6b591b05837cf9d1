"""Only a wished sign-out ends anything, only where it was asked for; and nobody locks out somebody else."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from ivr.models import AuditAction, AuditEntry, Role
from ivr.services.accounts import signing_in
from tests.support.staff_pages import PASSWORD, StaffClient, code_of, text_of

NURSE, NOBODY = "nurse@example.org", "nobody@example.org"
SESSION, DEVICE = "__Host-console", "__Host-device"


@pytest.fixture
def browser_of(console):
    """Makes browsers, each with cookies of its own."""
    console.test_client_class = StaffClient
    return console.test_client


@pytest.fixture
def nurse(staff):
    return staff(email=NURSE, password=PASSWORD)


def sign_in(client, email=NURSE, password=PASSWORD, address="192.0.2.7"):
    answer = client.send(
        "/console/sign-in", {"email": email, "password": password}, environ_overrides={"REMOTE_ADDR": address}
    )
    for limiter in client.application.extensions["limiter"]:
        limiter.reset()
    return answer


def is_signed_in(client):
    return client.get("/console/").status_code == 200


def why(page):
    return re.search(r'class="error"[^>]*>([^<]+)', page.text)[1]


def signed_out(line):
    with line.database.read() as session:
        ended = select(AuditEntry.detail).where(AuditEntry.action == AuditAction.SIGNED_OUT)
        return list(session.scalars(ended.order_by(AuditEntry.id)))


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", ["/console/sign-in/code", "/console/sign-in/recovery", "/console/sign-in"])
def test_pages_of_signing_in_sign_nobody_out(client_as, line, method, path):
    client = client_as(Role.ADMIN)
    send = client.get if method == "GET" else client.send
    assert send(path).status_code == 302
    assert is_signed_in(client)
    assert signed_out(line) == []


def test_a_link_does_not_sign_out(client_as, line):
    client = client_as(Role.STAFF)
    assert client.get("/console/sign-out").status_code == 405
    assert client.post("/console/sign-out").status_code == 400, "nor a form of another site"
    assert is_signed_in(client)
    assert signed_out(line) == []


def test_the_button_signs_out_of_this_device_alone(browser_of, nurse, line):
    ward, office = browser_of(), browser_of()
    assert {sign_in(ward).location, sign_in(office).location} == {"/console/"}
    copied = ward.get_cookie(SESSION).value
    assert ward.send("/console/sign-out").location == "/console/sign-in"
    assert (is_signed_in(ward), is_signed_in(office)) == (False, True)
    thief = browser_of()
    thief.set_cookie(SESSION, copied)
    assert not is_signed_in(thief)
    assert (is_signed_in(office), signed_out(line)) == (True, [""])


def test_an_idle_device_does_not_end_the_work_of_another(browser_of, nurse, line, clock):
    idle, busy = browser_of(), browser_of()
    sign_in(idle), sign_in(busy)
    for _ in range(3):
        clock.now += timedelta(minutes=4)
        assert is_signed_in(busy)
    assert "signed out after 10 minutes" in text_of(idle.get("/console/", follow_redirects=True))
    assert is_signed_in(busy)
    assert signed_out(line) == ["after 10 minutes without activity"]


def test_an_old_cookie_ends_nothing(browser_of, nurse, line, clock):
    """Of this session, which goes on, and of one before it in the same browser."""
    busy, replayed = browser_of(), browser_of()
    sign_in(busy)
    before = busy.get_cookie(SESSION).value
    busy.send("/console/sign-out")
    sign_in(busy)
    old = busy.get_cookie(SESSION).value
    for _ in range(3):
        clock.now += timedelta(minutes=4)
        assert is_signed_in(busy)
    for cookie in (before, old):
        replayed.set_cookie(SESSION, cookie)
        replayed.get("/console/")
        assert is_signed_in(busy)
    assert signed_out(line) == [""]


def test_who_has_to_wait_is_told_until_when_in_the_clinics_time(browser_of, nurse, clock):
    """It is ten in Boston; and the words are the same whether there is an account or not."""
    told = {}
    for email in (NURSE, NOBODY):
        tried = browser_of()
        told[email] = [why(sign_in(tried, email, "wrong")) for _ in range(6)]
        clock.now += timedelta(minutes=3)
        told[email].append(why(sign_in(tried, email, PASSWORD)))
        clock.now -= timedelta(minutes=3)
    assert told[NURSE] == told[NOBODY]
    assert "locked" not in told[NURSE][3]
    assert told[NURSE][4:] == ["There were too many wrong tries: locked until 10:15."] * 3


def test_a_stranger_does_not_lock_out_the_owner(browser_of, nurse):
    stranger, known, new = browser_of(), browser_of(), browser_of()
    sign_in(known)
    known.send("/console/sign-out")
    for _ in range(5):
        page = sign_in(stranger, password="wrong", address="203.0.113.9")
    assert "locked until" in page.text
    assert sign_in(new).location == "/console/", "from another address"
    assert sign_in(known, address="203.0.113.9").location == "/console/", "from behind the same one"


def test_a_device_is_known_by_what_we_signed(browser_of, nurse):
    forger = browser_of()
    forger.set_cookie(DEVICE, "abc")
    for _ in range(5):
        sign_in(forger, password="wrong")
    assert "locked until" in sign_in(browser_of(), password="wrong").text, "it counted for the network"
    known = browser_of()
    sign_in(known, address="198.51.100.1")
    device = known.get_cookie(DEVICE)
    assert (device.http_only, device.secure, device.same_site, device.max_age) == (True, True, "Lax", 400 * 24 * 3600)
    assert sign_in(forger, address="192.0.2.7").status_code == 200


def test_wrong_codes_of_a_stranger_do_not_lock_out_the_owners_device(browser_of, staff, line, clock):
    staff(Role.ADMIN, email="boss@example.org", password=PASSWORD)
    owner, stranger = browser_of(), browser_of()
    sign_in(owner, "boss@example.org")
    assert owner.send("/console/sign-in/code", {"code": code_of()}).location == "/console/"
    owner.send("/console/sign-out")
    sign_in(stranger, "boss@example.org", address="203.0.113.9")
    for _ in range(5):
        page = stranger.send("/console/sign-in/code", {"code": "000000"})
    assert "locked until 10:15" in page.text
    assert "locked until 10:15" in stranger.send("/console/sign-in/recovery", {"code": "0"}).text
    codes = signing_in.make_recovery_codes(line.database, signing_in.Actor("command"), 1, clock.now)
    sign_in(owner, "boss@example.org")
    assert owner.send("/console/sign-in/recovery", {"code": codes[0]}).location == "/console/"


def test_a_new_password_signs_out_the_other_devices_and_not_this_one(browser_of, nurse):
    here, other = browser_of(), browser_of()
    sign_in(here), sign_in(other)
    new = "nine tomatoes on a kettle"
    here.send("/console/account/password", {"current": PASSWORD, "new": new, "again": new})
    assert (is_signed_in(here), is_signed_in(other)) == (True, False)


def test_an_easily_guessed_password_is_refused_with_the_reason(browser_of, nurse, staff, line, clock):
    here = browser_of()
    sign_in(here)
    weak = {"current": PASSWORD, "new": "Bay State Pain 26", "again": "Bay State Pain 26"}
    here.send("/console/account/password", weak)
    assert "easily guessed, because it is mostly the clinic&#39;s name" in here.get("/console/account").text
    link = signing_in.make_link("s" * 40, staff(email="new@example.org", name="Anna"), clock.now)
    page = browser_of().send(f"/console/welcome/{link}", {"new": "aaaaaaaaaaaa", "again": "aaaaaaaaaaaa"})
    assert "it repeats itself" in page.text
