"""How well the voice is understood: what a recogniser makes of our prompts, heard over the telephone.

    pip install --no-deps -r tests/bench/requirements.txt
    python -m tests.bench.understanding [--language es-US] [--engine espeak] [--every N] [--worst N] [--blocks] [--seeds N]

Whole prompts are spoken, mastered as for the line, sent through the telephone's codec (G.711 mu-law), once as they are and
once in a room's noise 10 dB below them, and given to Whisper: `tiny.en` for English, `base` for Spanish and Portuguese. The
word error rate is the words left out, put in or mistaken, over the words there are. Numbers, times, weekdays and dates are
put together from clips as the line does it, and count as right when every word of them is. `--blocks` proves each of the
building blocks instead; with `--seeds` it looks for a better seed of those that are weak, for `ivr/audio/single_words.py`.
"""

import argparse
import re
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ivr.audio import single_words
from ivr.audio.casting import Cast, cast_for
from ivr.audio.clips import make_clips
from ivr.audio.voices import HIBARI_VOICES, PIPER_VOICES, VOICES, voice_for
from ivr.services.prompts.brought import brought_audio
from ivr.services.prompts.rendering import prompt_texts
from ivr.services.scripts import Script, read_scripts
from tests.bench.hearing import CONDITIONS, Recogniser, alike, time_words, words, wrong_words
from tests.bench.joined import Item, every_block, fragments, items, joined, said

CLINIC = "Bay State Pain Associates"
SCRIPTS = Path(__file__).parents[2] / "prompts"
FEWEST_WORDS = 4
"""Shorter prompts are building blocks, which a caller hears in a row and never alone."""


def spoken(script: Script, cast: Cast, keys: Sequence[str]) -> dict[str, bytes]:
    """Clips of some prompts by their keys, as they are on the line."""
    lines = [line for line in prompt_texts(script) if line.key in keys]
    clips = list(make_clips(script.language, lines, cast=cast))
    for clip in clips:
        if clip.faults or clip.remark:
            sys.stdout.write(f"    {clip.key}: {clip.engine} {'; '.join((*clip.faults, clip.remark))}\n")
    return {clip.key: clip.wav for clip in clips}


def whole_prompts(
    script: Script, cast: Cast, recogniser: Recogniser, every: int, worst: int, only: re.Pattern[str]
) -> None:
    """The word error rate of every n-th prompt that is a sentence."""
    chosen = [p for p in script.prompts.values() if len(p.text.split()) >= FEWEST_WORDS and only.match(p.key)][::every]
    clips = spoken(script, cast, [prompt.key for prompt in chosen])
    rows = []
    for condition, noise in CONDITIONS.items():
        for prompt in chosen:
            heard = recogniser.hear(clips[prompt.key], noise)
            rows.append((condition, prompt, heard, *wrong_words(prompt.text, heard, script.language)))
        wrong, there = zip(*((row[3], row[4]) for row in rows if row[0] == condition), strict=True)
        perfect = statistics.mean(error == 0 for error in wrong)
        sys.stdout.write(
            f"{condition}: {sum(wrong) / sum(there):.1%} of {sum(there)} words wrong, "
            f"{perfect:.0%} of {len(wrong)} prompts without a fault\n"
        )
    for condition, prompt, heard, wrong, _ in sorted(rows, key=lambda row: -row[3])[:worst]:
        sys.stdout.write(f"{wrong:3} {condition} {prompt.key}: {prompt.text}\n    {heard}\n")


def heard_right(item: Item, script: Script, heard: str) -> bool:
    """Whether what must be exact is in what was heard, word by word; of a time, whether it is the same time."""
    as_said = time_words if item.kind in ("times", "time") else words
    wanted = alike(as_said(said(item.exact, script), script.language))
    return any(_contains(alike(as_said(heard, script.language, years=years)), wanted) for years in (True, False))


def _contains(heard: Sequence[str], wanted: Sequence[str]) -> bool:
    return any(list(heard[at : at + len(wanted)]) == list(wanted) for at in range(len(heard) - len(wanted) + 1))


def put_together(script: Script, cast: Cast, recogniser: Recogniser, every: int, worst: int) -> None:
    """The share of each kind that is heard exactly right."""
    chosen = items(every)
    keys = {one.prompt for item in chosen for one in fragments(item.parts, script) if hasattr(one, "prompt")}
    clips = spoken(script, cast, sorted(keys))
    for condition, noise in CONDITIONS.items():
        right: dict[str, list[bool]] = {}
        for item in chosen:
            heard = recogniser.hear(joined(item.parts, script, clips), noise)
            is_right = heard_right(item, script, heard)
            right.setdefault(item.kind, []).append(is_right)
            if not is_right and worst:
                sys.stdout.write(f"    {condition} {said(item.parts, script)}\n        {heard}\n")
        told = ", ".join(f"{kind} {sum(found)} of {len(found)}" for kind, found in right.items())
        sys.stdout.write(f"{condition}: {told}\n")


def blocks(script: Script, cast: Cast, recogniser: Recogniser, every: int, tries: int) -> None:
    """Each building block in something it is used for; those that were not understood, and a seed for them."""
    chosen = list(every_block())[::every]
    keys = {one.prompt for _, item in chosen for one in fragments(item.parts, script) if hasattr(one, "prompt")}
    clips = spoken(script, cast, sorted(keys))
    weak: set[str] = set()
    for condition, noise in CONDITIONS.items():
        proved: dict[str, list[bool]] = {}
        for block, item in chosen:
            heard = recogniser.hear(joined(item.parts, script, clips), noise)
            proved.setdefault(block, []).append(understood(block, item, script, heard))
            if not proved[block][-1]:
                weak.add(block)
                sys.stdout.write(f"    {condition} {block}: {said(item.exact, script)}\n        {heard}\n")
        times = sum(map(len, proved.values()))
        sys.stdout.write(
            f"{condition}: {sum(all(found) for found in proved.values())} of {len(proved)} blocks always right, "
            f"{sum(map(sum, proved.values()))} of {times} times\n"
        )
        sys.stdout.flush()
    for block in sorted(weak) if tries else ():
        try_seeds(script, cast, recogniser, block, [item for name, item in chosen if name == block], clips, tries)


def understood(block: str, item: Item, script: Script, heard: str) -> bool:
    """Whether a block was: a digit only with all beside it, others also alone."""
    if heard_right(item, script, heard):
        return True
    wanted = words(script.prompts[block].text, script.language)
    return item.kind != "digit" and any(
        _contains(words(heard, script.language, years=years), wanted) for years in (True, False)
    )


def try_seeds(
    script: Script,
    cast: Cast,
    recogniser: Recogniser,
    block: str,
    items: Sequence[Item],
    clips: Mapping[str, bytes],
    tries: int,
) -> None:
    """Speak a block with one seed after the other, until it is always understood, clean and in noise."""
    text, before = script.prompts[block].text, single_words.SEEDS
    found = {}
    for seed in dict.fromkeys([before.get(text, 0), *range(tries)]):
        single_words.SEEDS = {**before, text: seed}
        with_it = {**clips, **spoken(script, cast, [block])}
        hearings = [
            understood(block, item, script, recogniser.hear(joined(item.parts, script, with_it), noise))
            for item in items
            for noise in CONDITIONS.values()
        ]
        found[seed] = sum(hearings)
        if all(hearings):
            break
    single_words.SEEDS = before
    times = len(items) * len(CONDITIONS)
    told = ", ".join(f"{seed}: {right}" for seed, right in found.items())
    sys.stdout.write(f"{block} ({text!r}), understood so often of {times}, by its seed: {told}\n")
    sys.stdout.flush()


def main() -> None:
    """Measure one voice and print what was found."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--language", default="en-US")
    parser.add_argument("--engine", choices=["hibari", "piper", "espeak"])
    for setting in ("pitch", "gap", "rate"):
        parser.add_argument(f"--{setting}", type=int)
    parser.add_argument("--voice")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--worst", type=int, default=0)
    parser.add_argument("--zip", type=Path, help="what a language brings; the one beside the script unless given")
    parser.add_argument("--keys", help="only prompts whose keys match")
    parser.add_argument("--blocks", action="store_true")
    parser.add_argument("--seeds", type=int, default=0, help="how many seeds to try for a block that is not understood")
    parser.add_argument("--no-prompts", action="store_true")
    parser.add_argument("--no-joined", action="store_true")
    given = parser.parse_args()
    engines = {"hibari": HIBARI_VOICES, "piper": PIPER_VOICES, "espeak": VOICES}
    voice = engines[given.engine][given.language] if given.engine else voice_for(given.language)
    changed = {"pitch": given.pitch, "gap": given.gap, "rate": given.rate, "identifier": given.voice}
    voice = replace(voice, **{name: value for name, value in changed.items() if value is not None})
    found = {} if given.engine else brought_audio(SCRIPTS, given.language)
    if given.zip:
        found = brought_audio(given.zip.parent, given.language)
    cast = replace(cast_for(given.language, found), own=voice)
    script = read_scripts(SCRIPTS, [given.language], CLINIC)[given.language]
    recogniser, started = Recogniser(given.language), time.monotonic()
    sys.stdout.write(f"{given.language} by {voice}, {len(found)} files brought, heard by Whisper {recogniser.name}\n")
    if given.blocks:
        blocks(script, cast, recogniser, given.every, given.seeds)
    else:
        if not given.no_prompts:
            whole_prompts(script, cast, recogniser, given.every, given.worst, re.compile(given.keys or "."))
        if not given.no_joined:
            put_together(script, cast, recogniser, given.every, given.worst)
    sys.stdout.write(f"{time.monotonic() - started:.0f} s\n")


if __name__ == "__main__":
    main()
