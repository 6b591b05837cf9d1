"""That somebody can administer the line."""

from __future__ import annotations

from collections.abc import Iterator

from ivr.db import Database
from ivr.doctor.findings import CheckResult, fault, fine
from ivr.services.accounts.administrators import count_administrators

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
