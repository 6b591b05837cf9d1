"""The language menu: only where the line speaks more than one, and shorter for a number that has called before.

What is to be said of a closed or short day comes after it, in the language that the call is held in then.
"""

from __future__ import annotations

from ivr.callflow.nodes import Choice, Exit, Fork, Menu, Node, On, Value

GREETED: Exit = Fork(On.LANGUAGES, {"one": "main", "many": "language", "known": "language_known"})
"""Where a call goes once it was greeted."""


def language_nodes(languages: tuple[str, ...], staff: Choice) -> tuple[Node, ...]:
    """The menu for whoever calls for the first time, and the one that offers the other languages only."""
    offered = tuple(
        Choice(str(key), "language_option", "main", language=language, then_say=Value.CLOSURE)
        for key, language in enumerate(languages, start=1)
    )
    return (
        _menu("language", (*offered, staff), wait=10),
        _menu("language_known", (*offered, staff), wait=3, other_languages=True),
    )


def _menu(name: str, offered: tuple[Choice, ...], *, wait: int, other_languages: bool = False) -> Menu:
    """Each language in its own words; whoever says nothing goes on in the call's language, which is no miss."""
    return Menu(
        name,
        level=1,
        opening=(),
        choices=offered,
        example="language_example",
        back=name,
        wait=wait,
        on_silence="main",
        silence_says=Value.CLOSURE,
        other_languages=other_languages,
    )
