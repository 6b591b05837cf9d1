"""The doctor's findings, as tests compare them."""

from ivr.doctor.findings import Severity


def bad(findings):
    """What is not fine: level, check and the words."""
    return [(f.level, f.check, f"{f.found} {f.fix}") for f in findings if f.level is not Severity.FINE]


def one(findings):
    """The only bad one."""
    (found,) = bad(findings)
    return found
