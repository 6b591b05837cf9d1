"""What may go wrong between the carrier and the line, made to go wrong on purpose."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Faults:
    """How often, from 0 to 1, or whether, each mishap happens; `seed` makes a run repeatable.

    `twice` delivers a webhook again with the same idempotency token and goes on with the second answer;
    `stale` delivers an earlier webhook of the call again, out of order, and drops its answer;
    `completed_early` lets the status callback overtake the call's last webhook;
    `drop_status` never delivers the status callback.
    """

    twice: float = 0.0
    stale: float = 0.0
    completed_early: bool = False
    drop_status: bool = False
    seed: int = 0
