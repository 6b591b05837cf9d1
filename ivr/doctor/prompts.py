"""That every language can say everything, that nothing lasts too long, and that all agrees with the script."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ivr.callflow import check
from ivr.doctor.findings import CheckResult, fault, fine, warning
from ivr.services.health.watching import NAMED, prompt_faults
from ivr.services.line import Line
from ivr.services.prompts.agreement import Disagreement, disagreements
from ivr.services.prompts.releases import measured_seconds
from ivr.services.scripts import Script


def check_prompts(line: Line, scripts: Mapping[str, Script], *, speaks: bool) -> Iterator[CheckResult]:
    """That every language can say everything, with the script's keys and in its time. Needs a database."""
    faults = [] if speaks else prompt_faults(line.database, scripts)
    scripts = line.with_clips(scripts)
    if not faults:
        faults = _tree_faults(line, scripts, speaks)
    for words in faults:
        yield fault("prompts", words, "Run python -m ivr prompts render, then python -m ivr tree --check.")
    changed = [] if speaks else disagreements(line.database, scripts)
    yield from _changed(changed)
    if not faults and not changed:
        yield fine("prompts", f"Complete in {', '.join(scripts)}.")


def _changed(changed: Sequence[Disagreement]) -> Iterator[CheckResult]:
    """What is on the air and does not agree with the script, each by itself."""
    for one in changed:
        if one.misleads:
            yield fault("prompts", str(one), "Roll it back in the studio, or run python -m ivr prompts render.")
        elif one.own:
            yield warning("prompts", str(one), "Record it anew in the studio, or say there that it is still right.")
    if earlier := [one for one in changed if not one.own and not one.misleads]:
        named = ", ".join(f"{one.language} {one.key}" for one in earlier[:NAMED])
        more = f" and {len(earlier) - NAMED} more" if earlier[NAMED:] else ""
        yield fault("prompts", f"Of an earlier script: {named}{more}.", "Run python -m ivr prompts render.")


def _tree_faults(line: Line, scripts: Mapping[str, Script], speaks: bool) -> list[str]:
    measured = {} if speaks else measured_seconds(line.database, tuple(scripts))
    voices = [
        check.SpokenScript(
            language, script.order, script.has, measured.get(language) or dict.fromkeys(script.prompts, 0.0)
        )
        for language, script in scripts.items()
    ]
    return check.check(line.on_air().tree, voices)
