"""That a job worker runs: it fetches recordings and tells staff of requests."""

from __future__ import annotations

from collections.abc import Iterator

from ivr.db import Database
from ivr.doctor.findings import CheckResult, fault, fine
from ivr.jobs.slots import held_places


def check_workers(database: Database) -> Iterator[CheckResult]:
    """Whether anybody holds a worker's place; a lock that ends with its process tells."""
    held = held_places(database)
    if held:
        yield fine("worker", f"{len(held)} job worker{'s run' if len(held) > 1 else ' runs'}.")
    else:
        yield fault(
            "worker", "No job worker runs: recordings are not fetched, and nobody is told of new requests.",
            "Start python -m ivr worker as a service beside the web server, with the same settings.",
        )  # fmt: skip
