"""Who may open what: every route of the console, every role, and nobody at all.

A new route fails here until it stands in the table with the least role that may use it, and with 'anybody' when it is
open. Bodies are empty and things do not exist: what counts is whether the door opens, not what is behind it.
"""

import pytest

from ivr.models import Role
from ivr.services.accounts import staff as service

ANYBODY, NOBODY = "anybody", "nobody"

TABLE = {
    "static": ANYBODY,
    "security.login": ANYBODY,
    "security.logout": ANYBODY,
    "security.two_factor_token_validation": ANYBODY,
    "security.two_factor_setup": ANYBODY,
    "security.mf_recovery": ANYBODY,
    "security.verify": Role.STAFF,
    "security.two_factor_setup_validate": Role.STAFF,
    "security.two_factor_rescue": NOBODY,
    "security.tf_select": NOBODY,
    "security.mf_recovery_codes": NOBODY,
    "console.queue": Role.STAFF,
    "console.queue_list": Role.STAFF,
    "console.queue_search": Role.STAFF,
    "console.queue_claim": Role.STAFF,
    "console.call_back": Role.STAFF,
    "console.call_progress": Role.STAFF,
    "console.my_day": Role.STAFF,
    "console.news_of_queue": Role.STAFF,
    "console.handover": Role.LEAD,
    "console.assign_chosen": Role.LEAD,
    "console.move_list": Role.LEAD,
    "console.request": Role.STAFF,
    "console.request_standing": Role.STAFF,
    "console.request_claim": Role.STAFF,
    "console.request_release": Role.STAFF,
    "console.request_next": Role.STAFF,
    "console.request_draft": Role.STAFF,
    "console.request_save": Role.STAFF,
    "console.open_then": Role.STAFF,
    "console.request_reopen": Role.STAFF,
    "console.request_undo": Role.STAFF,
    "console.request_edit": Role.STAFF,
    "console.request_name": Role.STAFF,
    "console.request_assign": Role.STAFF,
    "console.recording_audio": Role.STAFF,
    "console.recording_bars": Role.STAFF,
    "console.request_take-over": Role.LEAD,
    "console.request_reassign": Role.LEAD,
    "console.reports": Role.LEAD,
    "console.report_picture": Role.LEAD,
    "console.report_figures": Role.LEAD,
    "console.report_requests": Role.LEAD,
    "console.calendar": Role.STAFF,
    "console.calendar_feed": ANYBODY,
    "console.trail": Role.ADMIN,
    "console.opening_hours": Role.STAFF,
    "console.weekly_hours": Role.ADMIN,
    "console.clinic_name": Role.ADMIN,
    "console.add_closure": Role.ADMIN,
    "console.close_now": Role.ADMIN,
    "console.open_late": Role.ADMIN,
    "console.lift_closure": Role.ADMIN,
    "console.my_account": Role.STAFF,
    "console.session_left": ANYBODY,
    "console.sign_out_everywhere": Role.STAFF,
    "console.change_password": Role.STAFF,
    "console.change_telephone": Role.STAFF,
    "console.change_pin": Role.STAFF,
    "console.recovery_codes": Role.STAFF,
    "console.second_factor_picture": ANYBODY,
    "console.welcome": ANYBODY,
    "phone.page": Role.ADMIN,
    "phone.slash": Role.ADMIN,
    "phone.desk": Role.ADMIN,
    "phone.dial": Role.ADMIN,
    "phone.act": Role.ADMIN,
    "phone.sound": Role.ADMIN,
    "phone.rings": Role.ADMIN,
    "console.accounts": Role.ADMIN,
    "console.add_account": Role.ADMIN,
    "console.account": Role.ADMIN,
    "console.change_account": Role.ADMIN,
    "console.set_account_active": Role.ADMIN,
    "console.reset_account": Role.ADMIN,
    "studio.matrix": Role.ADMIN,
    "studio.prompt": Role.ADMIN,
    "studio.session": Role.ADMIN,
    "studio.session_prompt": Role.ADMIN,
    "studio.waiting": Role.ADMIN,
    "studio.clips": Role.ADMIN,
    "studio.add_clip": Role.ADMIN,
    "studio.add_clip_words": Role.ADMIN,
    "studio.remove_clip": Role.ADMIN,
    "studio.publish_chosen": Role.ADMIN,
    "studio.roll_back_release": Role.ADMIN,
    "studio.discard": Role.ADMIN,
    "studio.save_script": Role.ADMIN,
    "studio.add_take": Role.ADMIN,
    "studio.approve": Role.ADMIN,
    "studio.publish": Role.ADMIN,
    "studio.schedule": Role.ADMIN,
    "studio.confirm": Role.ADMIN,
    "studio.accept": Role.ADMIN,
    "studio.roll_back": Role.ADMIN,
    "studio.audio": Role.ADMIN,
    "studio.bars": Role.ADMIN,
    "studio.progress": Role.ADMIN,
    "studio.export_language": Role.ADMIN,
    "studio.import_language": Role.ADMIN,
    "studio.imported": Role.ADMIN,
    "studio.import_progress": Role.ADMIN,
}

SAFE_FOR_ANYBODY = {
    "static": "files without data",
    "security.login": "signing in",
    "security.logout": "ends nothing where nothing is",
    "security.two_factor_token_validation": "needs a password given before; sends to sign-in without",
    "security.two_factor_setup": "needs a password given before; sends to sign-in without",
    "security.mf_recovery": "needs a password given before; sends to sign-in without",
    "console.second_factor_picture": "404 unless a second factor is being set up",
    "console.session_left": "tells only whether this browser is signed in",
    "console.welcome": "404 without a valid link",
    "console.calendar_feed": "404 without a valid secret",
}
VALUES = {
    "member_id": 987654,
    "link": "nonsense",
    "token": "nonsense",
    "filename": "console.css",
    "name": "week",
    "scheme": "dark",
    "form": "csv",
}
"""What stands for the parts of an address."""


def routes(console):
    """Every route and method, with an address to call."""
    adapter = console.url_map.bind("localhost", url_scheme="https")
    for rule in console.url_map.iter_rules():
        values = {name: VALUES.get(name, 987654) for name in rule.arguments}
        for method in sorted(rule.methods - {"OPTIONS", "HEAD"}):
            yield rule.endpoint, method, adapter.build(rule.endpoint, values, method=method)


def test_every_route_is_in_the_table_and_nothing_else_is(console):
    assert {endpoint for endpoint, *_ in routes(console)} == set(TABLE)


def test_what_is_open_to_anybody_says_why():
    assert {endpoint for endpoint, who in TABLE.items() if who == ANYBODY} == set(SAFE_FOR_ANYBODY)


@pytest.mark.parametrize("who", [None, *Role], ids=lambda who: who or "signed out")
def test_doors_open_for_those_in_the_table_alone(console, client, staff, client_as, line, who):
    """Each door is tried with a session of its own: some of them end it."""
    member = staff(who) if who else None
    for endpoint, method, address in routes(console):
        caller = client_as(service.find(line.database, member.id)) if member else client
        answer = caller.get(address) if method == "GET" else caller.send(address)
        answer.close()
        least, told = TABLE[endpoint], f"{who}: {method} {address} gave {answer.status_code} {answer.location}"
        to_sign_in = answer.status_code == 302 and answer.location.startswith("/console/sign-in")
        if least == NOBODY:
            assert answer.status_code == 404, told
        elif least == ANYBODY:
            assert answer.status_code not in {401, 403}, told
        elif member is None:
            assert to_sign_in, told
        elif member.role.includes(least):
            assert answer.status_code != 403, told
            assert not to_sign_in, told
        else:
            assert answer.status_code == 403, told


def test_pages_that_name_a_role_name_the_one_in_the_table(console):
    for endpoint, view in console.view_functions.items():
        if role := getattr(view, "required_role", None):
            assert TABLE[endpoint] == role, endpoint


def test_every_form_needs_its_token(console, client, staff, client_as):
    admin = staff(Role.ADMIN)
    for endpoint, method, address in routes(console):
        if method != "GET" and TABLE[endpoint] != NOBODY:
            assert client_as(admin).post(address).status_code == 400, address
            assert client.post(address).status_code == 400, address
