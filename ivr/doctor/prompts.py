"""That every language can say everything, and nothing lasts too long."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ivr.callflow import check
from ivr.doctor.findings import CheckResult, fault, fine
from ivr.services.health.watching import prompt_faults
from ivr.services.line import Line
from ivr.services.prompts.releases import measured_seconds
from ivr.services.scripts import Script


def check_prompts(line: Line, scripts: Mapping[str, Script], *, speaks: bool) -> Iterator[CheckResult]:
    """That every language can say everything, and nothing lasts too long. Needs a database that answers."""
    faults = [] if speaks else prompt_faults(line.database, scripts)
    if not faults:
        faults = _tree_faults(line, scripts, speaks)
    for words in faults:
        yield fault("prompts", words, "Run python -m ivr prompts render, then python -m ivr tree --check.")
    if not faults:
        yield fine("prompts", f"Complete in {', '.join(scripts)}.")


def _tree_faults(line: Line, scripts: Mapping[str, Script], speaks: bool) -> list[str]:
    measured = {} if speaks else measured_seconds(line.database, tuple(scripts))
    voices = [
        check.SpokenScript(
            language, script.order, script.has, measured.get(language) or dict.fromkeys(script.prompts, 0.0)
        )
        for language, script in scripts.items()
    ]
    return check.check(line.tree, voices)
