"""That somebody can administer the line, and who those are that are on call."""

from __future__ import annotations

from collections.abc import Iterator

from ivr.db import Database
from ivr.doctor.findings import CheckResult, fault, fine, warning
from ivr.services.accounts.administrators import count_administrators
from ivr.services.line import OnCall
from ivr.services.requests.on_call import member_at

FIRST = "python -m ivr staff add EMAIL --name NAME --role admin"


def check_administrators(database: Database) -> Iterator[CheckResult]:
    """Whether an administrator is active and has a password."""
    found = count_administrators(database)
    if found.able:
        yield fine("administrators", f"{found.able} can sign in.")
    elif found.without_password:
        yield fault(
            "administrators", "No administrator has chosen a password yet, so nobody can sign in as one.",
            "Let them open the link that staff add printed; a new one: python -m ivr staff reset EMAIL",
        )  # fmt: skip
    elif found.inactive:
        yield fault(
            "administrators", "Every administrator is deactivated.", f"python -m ivr staff reactivate EMAIL, or {FIRST}"
        )
    else:
        yield fault("administrators", "There is no administrator: nobody can make accounts or prompts.", FIRST)


def check_on_call(database: Database, on_call: OnCall) -> Iterator[CheckResult]:
    """Whether each telephone on call is an account's, so that what is taken there has a name. Numbers are not told."""
    with database.read() as session:
        places = [place for place, number in enumerate(on_call.numbers, 1) if member_at(session, number) is None]
    if places:
        which = ", ".join(str(place) for place in places)
        yield warning(
            "on call accounts",
            f"Number {which} of ON_CALL_NUMBERS is no account's: who takes a request there has no name.",
            "Let its owner sign in and give the number on their account's page.",
        )
    elif on_call.numbers:
        yield fine("on call accounts", "Each telephone on call is an account's.")
