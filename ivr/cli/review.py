"""What a scripted call shows an operator: what was heard, and whether the line understood the keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ivr.callflow.entries import Fault
from ivr.callflow.nodes import Entry, Menu, Tree
from ivr.services.scripts import Script
from ivr.simulator import TranscriptEntry

CHECK_KEYS = "9 h"
"""Hears the menu again and hangs up: the shortest script that presses a key, and it leaves no request."""

LONGEST_QUOTE = 100
"""Characters of what the line said that are repeated."""


@dataclass(frozen=True, slots=True)
class Review:
    """Sentences about a call, and whether the line itself was broken."""

    sentences: tuple[str, ...]
    is_outage: bool


def review(entries: Sequence[TranscriptEntry], tree: Tree, scripts: Mapping[str, Script]) -> Review:
    """Look a call through; `scripts` are those of the languages on the air."""
    spoken = [entry for entry in entries if _is_spoken(entry)]
    seconds = sum(entry.seconds for entry in spoken)
    sentences = [f"Heard: {len(spoken)} prompts, {seconds:.0f} s of speech." if spoken else "Heard: nothing."]
    missed = _said_by(_misses(tree), scripts)
    sentences += _keys(entries, missed)
    is_outage = any(_is_one_of(entry, _said_by({"outage_apology"}, scripts)) for entry in spoken)
    if is_outage:
        sentences.append("The line said that it has a problem: callers hear the outage announcement. See its log.")
    return Review(tuple(sentences), is_outage)


def _keys(entries: Sequence[TranscriptEntry], missed: set[str]) -> Iterator[str]:
    """A sentence for each time that the caller pressed keys, or one if that was never."""
    is_pressed = False
    for place, entry in enumerate(entries):
        if entry.who != "caller" or entry.kind not in ("key", "ignored"):
            continue
        is_pressed, key = True, entry.text.split()[1]
        if entry.kind == "ignored":
            yield f"Key {key} was not heard: it was pressed while the line did not listen."
            continue
        answer = _answer(entries[place + 1 :])
        words = " ".join(one.text for one in answer)
        quote = words if len(words) <= LONGEST_QUOTE else f"{words[:LONGEST_QUOTE].rsplit(' ', 1)[0]} …"
        if not answer:
            yield f"Key {key} was not answered: the call ended."
        elif _is_one_of(answer[0], missed):
            yield f"Key {key} was NOT understood. The line answered: {quote}"
        else:
            yield f"Key {key} was understood. The line answered: {quote}"
    if not is_pressed:
        yield f'No key was pressed, so this does not show that keys arrive. Try --keys "{CHECK_KEYS}".'


def _answer(later: Sequence[TranscriptEntry]) -> list[TranscriptEntry]:
    """What the line says next, until the caller does something."""
    spoken: list[TranscriptEntry] = []
    for entry in later:
        if entry.who == "caller" or entry.kind == "error":
            break
        if _is_spoken(entry):
            spoken.append(entry)
    return spoken


def _is_spoken(entry: TranscriptEntry) -> bool:
    return entry.who == "line" and entry.kind in ("say", "play")


def _misses(tree: Tree) -> set[str]:
    """The prompts that begin an answer to keys that are none here."""
    examples = {node.example for node in tree.nodes.values() if isinstance(node, Menu | Entry)}
    return {"again_no_match", "help_is_near", *Fault, *examples}


def _said_by(keys: set[str], scripts: Mapping[str, Script]) -> set[str]:
    """Prompts by what a transcript has of them: their keys, and their words where the carrier's voice says them."""
    prompts = [script.prompts[key] for script in scripts.values() for key in keys if key in script.prompts]
    return keys | {words for prompt in prompts for words in (prompt.text, prompt.sayable)}


def _is_one_of(entry: TranscriptEntry, known: set[str]) -> bool:
    """Whether it is one of these prompts, or begins with one: the carrier's voice says several at once."""
    return entry.title in known or entry.text.startswith(tuple(known))
