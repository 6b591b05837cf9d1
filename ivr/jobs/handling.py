"""How a method says that it does a job, and when the clock calls for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from ivr.services.jobs import Job

Method = TypeVar("Method", bound=Callable[..., None])


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a job is enqueued by itself: its name in the database, the clinic's time as cron has it, its arguments.

    `cron` is minute, hour, day of month, month, weekday.
    """

    name: str
    cron: str
    arguments: tuple[str, ...] = ()


def handles(job: Job, *schedules: Schedule) -> Callable[[Method], Method]:
    """Declare that a method does a job, and when it is due without anybody asking for it."""

    def declare(method: Method) -> Method:
        method.handled_job = job  # type: ignore[attr-defined]
        method.schedules = schedules  # type: ignore[attr-defined]
        return method

    return declare


def handlers_of(kind: type[Any]) -> dict[Job, str]:
    """The name of the method of a class that does each job.

    Raises:
        TypeError: when two methods do the same one.
    """
    found: dict[Job, str] = {}
    for name, method in vars(kind).items():
        job = getattr(method, "handled_job", None)
        if job in found:
            raise TypeError(f"{name} and {found[job]} both do {job}")
        if job is not None:
            found[job] = name
    return found


def clock_of(kind: type[Any]) -> Mapping[str, tuple[str, list[str]]]:
    """When what is enqueued, by the schedule's name: cron, then the job and its arguments."""
    return {
        schedule.name: (schedule.cron, [getattr(kind, method).handled_job, *schedule.arguments])
        for method in handlers_of(kind).values()
        for schedule in getattr(kind, method).schedules
    }
