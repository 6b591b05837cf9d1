"""What a check of the doctor's finds, and how bad it is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad a finding is. Only faults make the doctor's exit status 1."""

    FINE = "fine"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a check found, and how to fix it; no secret is in either."""

    level: Severity
    check: str
    found: str
    fix: str = ""


def fine(name: str, found: str) -> CheckResult:
    """All is well."""
    return CheckResult(Severity.FINE, name, found)


def warning(name: str, found: str, fix: str) -> CheckResult:
    """It works, but perhaps not as it is meant."""
    return CheckResult(Severity.WARNING, name, found, fix)


def fault(name: str, found: str, fix: str) -> CheckResult:
    """Callers or staff are worse off for it."""
    return CheckResult(Severity.FAULT, name, found, fix)
