"""The pages where accounts are kept: one's own, and everybody's for administrators."""

import re

import pytest

from ivr.models import Role
from ivr.services.accounts import signing_in
from ivr.services.accounts import staff as service
from ivr.services.accounts.attempts import Origin
from tests.support.staff_pages import PASSWORD, assert_accessible


def given(**changes):
    return {
        "email": "new@example.org",
        "name": "New Nurse",
        "role": "staff",
        "extension": "",
        "phone_number": "",
        **changes,
    }


def test_an_administrator_adds_somebody_who_chooses_a_password_by_the_link(client_as, client, line):
    boss = client_as(Role.ADMIN)
    page = boss.send("/console/accounts", given(extension="207", phone_number="(617) 555-0142"))
    link = re.search(r"https://line\.example\.org(/console/welcome/\S+?)<", page.text)[1]
    made = service.find_by_email(line.database, "new@example.org")
    assert (made.extension, made.phone_number) == ("207", "+16175550142")
    assert "new@example.org" in client.get(link).text
    assert "not the same" in client.send(link, {"new": PASSWORD, "again": "another-password"}).text
    assert "12" in client.send(link, {"new": "short", "again": "short"}).text
    assert client.send(link, {"new": PASSWORD, "again": PASSWORD}).location == "/console/sign-in"
    assert client.get(link).status_code == 404
    assert signing_in.check_password(line.database, "new@example.org", PASSWORD, Origin(""), line.clock()).member


@pytest.mark.parametrize(
    ("changes", "words"), [({"email": "x"}, "e-mail"), ({"role": "owner"}, "role"), ({"name": ""}, "name")]
)
def test_mistakes_are_told_and_what_was_typed_stays(client_as, changes, words):
    answer = client_as(Role.ADMIN).send("/console/accounts", given(**changes))
    assert answer.status_code == 422
    assert words in re.search(r'role="alert">([^<]+)', answer.text)[1]
    assert changes.get("name") == "" or 'value="New Nurse"' in answer.text


def test_an_account_is_changed_deactivated_and_taken_into_use_again(client_as, staff, line):
    boss, nurse = client_as(Role.ADMIN), staff()
    address = f"/console/accounts/{nurse.id}"
    assert boss.send(address, given(role="lead")).location == address
    assert service.find(line.database, nurse.id).role is Role.LEAD
    assert boss.send(f"{address}/active", {"active": "no"}).location == address
    assert "deactivated" in boss.get(address).text
    assert boss.send(f"{address}/active", {"active": "yes"}).location == address
    assert service.find(line.database, nurse.id).active


def test_the_last_administrator_cannot_go(client_as, line):
    boss = client_as(Role.ADMIN)
    answer = boss.send(f"/console/accounts/{boss.member.id}/active", {"active": "no"})
    assert answer.status_code == 422
    assert "Somebody has to be an administrator" in answer.text
    assert service.find(line.database, boss.member.id).active


def test_a_reset_unlocks_and_makes_a_link_for_a_new_password(client_as, staff, line):
    boss, nurse = client_as(Role.ADMIN), staff(password=PASSWORD, second_factor=True)
    for _ in range(5):
        signing_in.check_password(line.database, nurse.email, "wrong", Origin(""), line.clock())
    page = boss.send(f"/console/accounts/{nurse.id}/reset", {"password": "on", "second_factor": "on"}).text
    assert "/console/welcome/" in page
    after = service.find(line.database, nurse.id)
    assert (after.password, after.tf_totp_secret, after.locked_until) == (None, None, None)


def test_names_are_shown_harmlessly(client_as, staff):
    staff(name="<script>alert(1)</script>")
    page = client_as(Role.ADMIN).get("/console/accounts").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


def test_a_new_password_keeps_this_browser_and_signs_out_the_others(client_as, staff, line):
    nurse = staff(password=PASSWORD)
    here, there = client_as(nurse), client_as(nurse)
    new = "another-password-entirely"
    assert here.send("/console/account/password", {"current": "wrong", "new": new, "again": new}).status_code == 302
    assert "That is not your password" in here.get("/console/account").text
    here.send("/console/account/password", {"current": PASSWORD, "new": new, "again": new})
    assert "Your password is changed" in here.get("/console/account").text
    assert there.get("/console/account").status_code == 302
    assert signing_in.check_password(line.database, nurse.email, new, Origin(""), line.clock()).member


def test_telephone_and_pin_are_ones_own_to_set(client_as, line):
    nurse = client_as(Role.STAFF)
    nurse.send("/console/account/telephone", {"number": "617 555 0142"})
    nurse.send("/console/account/pin", {"pin": "402917", "again": "402917"})
    assert "has no extension" in nurse.get("/console/account").text
    details = service.AccountDetails(nurse.member.email, "Nurse", Role.STAFF, "207", "+16175550142")
    service.change(line.database, service.Actor("command"), nurse.member.id, details, line.clock())
    nurse.send("/console/account/pin", {"pin": "402917", "again": "402918"})
    assert service.find(line.database, nurse.member.id).pin_hash is None
    nurse.send("/console/account/pin", {"pin": "402917", "again": "402917"})
    kept = service.find(line.database, nurse.member.id)
    assert kept.phone_number == "+16175550142"
    assert service.matches(kept.pin_hash, "402917")


def test_changes_of_accounts_ask_for_the_password_again_when_it_was_long_ago(client_as, staff, line):
    boss = client_as(staff(Role.ADMIN, password=PASSWORD))
    with boss.session_transaction() as session:
        session["fs_paa"] -= 3600
    assert boss.send("/console/accounts", given()).location.startswith("/console/password-again")
    assert (
        "not your password" in boss.send("/console/password-again?next=/console/accounts", {"password": "wrong"}).text
    )
    assert (
        boss.send("/console/password-again?next=/console/accounts", {"password": PASSWORD}).location
        == "/console/accounts"
    )
    assert boss.send("/console/accounts", given()).status_code == 200
    assert service.find_by_email(line.database, "new@example.org")


def test_a_second_factor_is_set_up_and_removed_by_staff_but_not_removed_by_administrators(client_as, staff, line):
    nurse = client_as(staff(second_factor=True))
    assert "Remove the second factor" in nurse.get("/console/second-factor").text
    nurse.send("/console/second-factor", {"setup": "disable"})
    after = service.find(line.database, nurse.member.id)
    assert (after.tf_totp_secret, after.mf_recovery_codes) == (None, None)
    boss = client_as(Role.ADMIN)
    assert "Remove the second factor" not in boss.get("/console/second-factor").text
    boss.send("/console/second-factor", {"setup": "disable"})
    assert service.find(line.database, boss.member.id).tf_totp_secret


def test_the_pages_are_accessible_and_fit_a_telephone(open_page, staff):
    boss = staff(Role.ADMIN)
    page = open_page("/console/accounts", boss)
    for path in ("/console/accounts", f"/console/accounts/{boss.id}", "/console/account"):
        page.set_viewport_size({"width": 1280, "height": 900})
        page.goto(path)
        assert_accessible(page)
        page.set_viewport_size({"width": 360, "height": 740})
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
