"""The nightly walk: the automatic caller in a process of its own, so that no job of the worker's waits for it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence

Walker = Callable[[float], Sequence[str]]
"""Walks for so many seconds at most; the kind of each finding."""


class WalkFailed(Exception):
    """The automatic caller could not walk, or did not come back."""


def walk_apart(seconds: float) -> Sequence[str]:
    """Walk in another process with this one's settings; the kind of each finding.

    Raises:
        WalkFailed: when it could not walk or took too long.
    """
    command = [sys.executable, "-m", "ivr", "walk", "--json"]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=seconds, check=False)
        report = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, ValueError) as error:
        raise WalkFailed(type(error).__name__) from None
    return [finding["kind"] for finding in report["findings"]]
