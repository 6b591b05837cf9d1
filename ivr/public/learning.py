"""What the line tells about the procedures, to read and to hear: the words and the audio that callers hear now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from flask import Blueprint, Response, abort
from flask.typing import ResponseReturnValue

from ivr.callflow.nodes import Menu, Tree
from ivr.config import Config
from ivr.public.pages import here, page, speak
from ivr.services.line import Line
from ivr.services.prompts.releases import read_current, versions_on_air

DISCLAIMER = "disclaimer"


@dataclass(frozen=True, slots=True)
class TopicClip:
    """A piece of information: its prompt's key, and the words; whether it can be heard."""

    key: str
    text: str
    has_audio: bool


def add_routes(public: Blueprint, line: Line, config: Config) -> None:
    """Add the page of all topics, and the audio of each clip."""
    topics = topics_of(line.tree)
    heard = frozenset(key for keys in topics.values() for key in keys)

    @public.get("/request/<language>/learn")
    def learn(language: str) -> ResponseReturnValue:
        words = speak(language)
        on_air = {version.key: version.text for version in versions_on_air(line.database, (words.language,))}
        script = line.scripts[words.language]
        clips = {
            topic: [TopicClip(key, on_air.get(key) or script.prompts[key].text, key in on_air) for key in keys]
            for topic, keys in topics.items()
        }
        return page("learn.html", clips=clips, disclaimer=on_air.get(DISCLAIMER) or script.prompts[DISCLAIMER].text)

    @public.get("/request/<language>/learn/<key>.wav")
    def clip(language: str, key: str) -> ResponseReturnValue:
        words = speak(language)
        audio = read_current(here().line.database, key, words.language) if key in heard else None
        return Response(audio, mimetype="audio/wav") if audio else abort(404)


def topics_of(tree: Tree) -> Mapping[str, Sequence[str]]:
    """The prompts of each topic, as callers hear them in a row, by topic; none where there is no information."""
    menu = tree.nodes.get("information")
    offered = menu.choices if isinstance(menu, Menu) else ()
    firsts = [choice.to for choice in offered if isinstance(choice.to, str)]
    return {first: tuple(_chain(tree, first)) for first in firsts if _is_clip(tree, first)}


def _is_clip(tree: Tree, name: str) -> bool:
    node = tree.nodes.get(name)
    return isinstance(node, Menu) and node.clip is not None


def _chain(tree: Tree, name: str | None) -> Iterator[str]:
    while name and isinstance(node := tree.nodes.get(name), Menu) and node.clip:
        yield f"clip_{node.clip}"
        after = node.choice("3")
        name = after.to if after and isinstance(after.to, str) else None
