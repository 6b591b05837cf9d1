"""That DATA_KEYS read what is stored."""

from __future__ import annotations

from collections.abc import Iterator

from ivr.db import Database
from ivr.doctor.findings import CheckResult, fault, fine
from ivr.services.keeping.key_notes import noted_keys
from ivr.services.keeping.keys import look_at_some


def check_keys(database: Database) -> Iterator[CheckResult]:
    """Try the newest values and a few others of every table; `keys rotate --check` tries them all."""
    looked = look_at_some(database)
    if not looked.unreadable:
        tried = f"DATA_KEYS read all of {looked.values} stored values that were tried."
        yield fine("data keys", tried if looked.values else "Nothing is stored yet that needs DATA_KEYS.")
        return
    has = ", ".join(database.vault.fingerprints)
    missing = [key for key in noted_keys(database) if key not in database.vault.fingerprints]
    which = f"the key {', '.join(missing)} is missing" if missing else "a key is missing"
    yield fault(
        "data keys",
        f"DATA_KEYS cannot read {looked.unreadable} of {looked.values} stored values that were tried "
        f"({', '.join(looked.tables)}): {which}; there is only {has} (fingerprints).",
        "Put the missing key back, behind the first one, and restart all processes; then python -m ivr keys rotate.",
    )
