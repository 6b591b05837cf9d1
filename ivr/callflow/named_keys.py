"""Which keys a prompt's words name, and whether two wordings send callers to the same ones.

"For an appointment, press 5" under key 1 sends callers astray, and nothing else of the line would notice: the tree
decides by key, and callers by ear. English, Spanish and Portuguese are known best; of other languages at least keys
that stand alone in their clause ("Tuesday, 2;") and the emergency number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

EMERGENCY = "911"
STAR, POUND = "star", "pound"

SPELLED: Mapping[str, str] = {
    word: str(digit)
    for words in (
        ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
        ("cero", "uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve"),
        ("zero", "um", "dois", "três", "quatro", "cinco", "seis", "sete", "oito", "nove"),
    )
    for digit, word in enumerate(words)
} | {"oh": "0"}

SIGNS: Mapping[str, str] = {
    **dict.fromkeys(("*", "asterisk", "asterisco"), STAR),
    **dict.fromkeys(("#", "pound", "hash", "numeral", "cerquilha", "jogo_da_velha", "number_sign"), POUND),
}
"""Words for the two other keys that mean nothing else."""

LIKELY_SIGNS: Mapping[str, str] = {
    **dict.fromkeys(("star", "estrella", "estrela"), STAR),
    **dict.fromkeys(("gato", "almohadilla", "quadrado"), POUND),
}
"""Words for them that also mean something else: they count where a key is spoken of."""

PRESS = re.compile(
    r"press(ing)?|push|hit|tap|touch|keys?|dial|enter|select|choose|type"
    r"|oprim\w+|presion\w+|puls[ea]\w*|marque|marca|marcar|tecl\w+|digit[ea]\w*|toque|toca|elij[ao]|aprie\w+"
    r"|apert\w+|pression\w+|disque|discar|escolha"
    r"|appuy\w+|tapez|composez|drück\w*|wähl\w*|prem[ai]\w*"
)
REACH = 4
"""Words after "press" among which its key is: "press the number 5", "oprima la tecla 5"."""

COUNTED = re.compile(r"digits?|keys|numbers?|letters|times|seconds|minutes|dígitos?|números?|teclas|letras|segundos")
"""What is counted by a number before it, which is then no key: "enter the six digits"."""

GOES_ON = {"and", "or", "then", "y", "o", "e", "ou", "luego", "depois", "the", "key", "la", "a", "tecla", "if", "for"}
"""Words between two keys that are named with one "press", and after a key that is spelled out."""

AFTER_SPELLED = GOES_ON | {"to", "para", "se", "si", "now", "again", "ahora", "agora"}

LONGEST_SERIES = 2
"""Digits in a row that are still keys of a menu; more are something to enter: "press 0 5, 1 7"."""

WORD = re.compile(r"\d+|[^\W\d_]+(?:['\u2019_][^\W\d_]+)*|[*#]|[.,;:!?…]")
PHRASES = {"jogo da velha": "jogo_da_velha", "number sign": "number_sign"}
STOPS, CLAUSES = frozenset(".;!?…"), frozenset(",:")


@dataclass(frozen=True, slots=True)
class NamedKey:
    """A key in some words: a digit, `star`, `pound` or `911`; unless `sure`, perhaps only a number or a star."""

    key: str
    sure: bool


@cache
def named_keys(words: str) -> tuple[NamedKey, ...]:
    """The keys that some words name, in their order; the same one twice in a row is one."""
    found: list[NamedKey] = []
    for one in _Reader(_parts(words)).read():
        if found and found[-1].key == one.key:
            found[-1] = replace(one, sure=one.sure or found[-1].sure)
        else:
            found.append(one)
    return tuple(found)


def sure_keys(words: str) -> tuple[str, ...]:
    """The keys that some words name beyond doubt, in their order."""
    return tuple(one.key for one in named_keys(words) if one.sure)


def name_the_same_keys(shipped: str, words: str) -> bool:
    """Whether both wordings name the same keys in the same order; what may be no key need not be in both.

    A number that stands alone ("one", with which numbers are read back) has to stay that number.
    """
    one, other = named_keys(shipped), named_keys(words)
    if (alone := SPELLED.get(shipped.lower())) is not None:
        return [key.key for key in other] == [alone]
    ahead, seen = [(0, 0)], {(0, 0)}
    while ahead:
        left, right = ahead.pop()
        if left == len(one) and right == len(other):
            return True
        following = []
        if left < len(one) and not one[left].sure:
            following.append((left + 1, right))
        if right < len(other) and not other[right].sure:
            following.append((left, right + 1))
        if left < len(one) and right < len(other) and one[left].key == other[right].key:
            following.append((left + 1, right + 1))
        ahead += [step for step in following if step not in seen]
        seen.update(following)
    return False


def _parts(words: str) -> Sequence[str]:
    text = words.lower()
    for phrase, part in PHRASES.items():
        text = text.replace(phrase, part)
    return WORD.findall(text)


class _Reader:
    """Goes through the parts of a text: `reach` is how far "press" still goes, `chained`: the last part was a key."""

    def __init__(self, parts: Sequence[str]) -> None:
        self._parts = parts
        self._reach = 0
        self._chained = False

    def read(self) -> Iterator[NamedKey]:
        """The keys, one after the other."""
        at = 0
        while at < len(self._parts):
            part = self._parts[at]
            series = self._series(at)
            if part == EMERGENCY or [_digit(one) for one in series[:3]] == ["9", "1", "1"]:
                yield NamedKey(EMERGENCY, sure=True)
                at += 1 if part == EMERGENCY else 3
            elif len(_digits(series)) > LONGEST_SERIES:
                at += len(series)
            else:
                if (key := self._key(at)) is not None:
                    yield key
                self._go_on(part, key)
                at += 1

    def _series(self, at: int) -> Sequence[str]:
        """The digits from here on that only commas part."""
        end = at
        while end < len(self._parts) and (_digit(self._parts[end]) or (end > at and self._parts[end] == ",")):
            end += 1
        return self._parts[at:end]

    def _key(self, at: int) -> NamedKey | None:
        part, following = self._parts[at], self._parts[at + 1] if at + 1 < len(self._parts) else "."
        here = self._reach > 0 or self._chained or (self._begins_clause(at) and _ends(following))
        if part in SIGNS or part in LIKELY_SIGNS:
            return NamedKey(SIGNS.get(part) or LIKELY_SIGNS[part], sure=part in SIGNS or here)
        digit = _digit(part)
        if digit is None or COUNTED.fullmatch(following):
            return None
        plain = part.isdigit() or _ends(following) or following in AFTER_SPELLED
        return NamedKey(digit, sure=here and plain)

    def _begins_clause(self, at: int) -> bool:
        return at > 0 and self._parts[at - 1] in CLAUSES

    def _go_on(self, part: str, key: NamedKey | None) -> None:
        if key is not None and key.sure:
            self._reach, self._chained = 0, True
        elif part in STOPS:
            self._reach, self._chained = 0, False
        elif part in CLAUSES:
            self._reach = 0
        elif PRESS.fullmatch(part) and not (part == "key" and self._chained):
            self._reach, self._chained = REACH, False
        else:
            self._reach = max(0, self._reach - 1)
            self._chained = self._chained and part in GOES_ON


def _digit(part: str) -> str | None:
    return part if len(part) == 1 and part.isdigit() else SPELLED.get(part)


def _digits(series: Sequence[str]) -> Sequence[str]:
    return [part for part in series if part != ","]


def _ends(part: str) -> bool:
    return part in STOPS or part in CLAUSES
