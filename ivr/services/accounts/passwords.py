"""Passwords that are easily guessed are refused, with the reason.

What is common, repeated, in a row or a date is found by zxcvbn and its lists; what is mostly the clinic's name, or the
name or address of whose password it is, here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

STRONG = 4
"""zxcvbn's best score: more than ten thousand million guesses."""

LOOKED_AT = 32
"""Characters that zxcvbn looks at; its time grows with their square, and a password only gets better behind them."""

LEFT = 8
"""Characters that a password must have besides words that belong to the clinic or its owner."""

SHORTEST_WORD = 3

REASONS = {
    "repeat": "it repeats itself",
    "sequence": "it is a row of letters or digits",
    "spatial": "it is a row of neighbouring keys",
    "date": "it is mostly a date",
    "dictionary": "it is made of common passwords and words",
    "bruteforce": "it is too simple",
}
"""By the kinds of patterns that zxcvbn tells."""

LOOKS_LIKE = str.maketrans("@4310$5!7", "aaeiossit")
"""Digits and signs that stand for letters."""


@dataclass(frozen=True, slots=True)
class PasswordOwner:
    """What a password must not be made of: the clinic's name, and the name and e-mail address of whose it is."""

    clinic: str
    name: str
    email: str

    def words(self) -> Iterator[tuple[str, str]]:
        """Each word, and what it is, in words; of a word that is several things the last counts."""
        for told, text in (("your address", self.email), ("your name", self.name), ("the clinic's name", self.clinic)):
            yield from ((word, told) for word in _words(text))


def weakness(password: str, owner: PasswordOwner) -> str | None:
    """Why a password is easily guessed, as the end of a sentence; None when it is not."""
    return _about_owner(password.casefold(), dict(owner.words())) or _pattern(password, owner)


def _words(text: str) -> Iterable[str]:
    parts = re.findall(r"[^\W_]+", text.casefold())
    return [word for word in (*parts, "".join(parts)) if len(word) >= SHORTEST_WORD]


def _about_owner(password: str, words: Mapping[str, str]) -> str | None:
    """What a password is mostly made of, when little is left without its owner's words."""
    for spelled in (password, password.translate(LOOKS_LIKE)):
        left, found = spelled, Counter[str]()
        for word in sorted(words, key=len, reverse=True):
            found[words[word]] += left.count(word) * len(word)
            left = left.replace(word, " ")
        [(told, most)] = found.most_common(1) or [("", 0)]
        if most and len(re.findall(r"[^\W_]", left)) < LEFT:
            return f"it is mostly {told}"
    return None


def _pattern(password: str, owner: PasswordOwner) -> str | None:
    from zxcvbn import zxcvbn

    found = zxcvbn(password[:LOOKED_AT], user_inputs=[word for word, _ in owner.words()])
    return None if found["score"] >= STRONG else REASONS[_main_pattern(found["sequence"])]


def _main_pattern(matches: Sequence[Mapping[str, str]]) -> str:
    """The kind of pattern that covers most of a password; where there is any, what has none does not count."""
    covered = Counter[str]()
    for match in matches:
        covered[match["pattern"]] += len(match["token"])
    del covered["bruteforce"]
    [(pattern, _)] = covered.most_common(1) or [("bruteforce", 0)]
    return pattern if pattern in REASONS else "bruteforce"
