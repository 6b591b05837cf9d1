"""What a Say holds: its SSML is checked, its words are extracted and their length is estimated."""

import re

from ivr.simulator.errors import TwimlError
from ivr.simulator.xmltree import Element, Text

WORDS_A_SECOND = 150 / 60
_BREAKS = {"none": 0.0, "x-weak": 0.1, "weak": 0.25, "medium": 0.5, "strong": 0.75, "x-strong": 1.0}
_LEVELS = "strong|moderate|reduced|none"
_ANY = r"(?s).+"
_ALLOWED: dict[str, dict[str, str]] = {
    "break": {"strength": "|".join(_BREAKS), "time": r"\d+(\.\d+)?(ms|s)"},
    "emphasis": {"level": _LEVELS},
    "prosody": {"volume": _ANY, "rate": _ANY, "pitch": _ANY},
    "say-as": {"interpret-as": _ANY, "format": _ANY, "role": _ANY},
    "sub": {"alias": _ANY},
    "phoneme": {"alphabet": r"ipa|x-sampa|x-amazon-pinyin", "ph": _ANY},
    "lang": {"xml:lang": r"[a-z]{2,3}-[A-Z]{2}"},
    "p": {},
    "s": {},
    "w": {"role": _ANY},
}
_REQUIRED = {"say-as": "interpret-as", "sub": "alias", "phoneme": "ph", "lang": "xml:lang"}
_SPELT = re.compile(r"\d|[^\W\d]+(?:['’-][^\W\d]+)*")  # noqa: RUF001


def spoken(say: Element) -> tuple[str, float]:
    """Return the words of a <Say> in one line and about how many seconds they take."""
    text = " ".join(_words(say).split())
    seconds = len(_SPELT.findall(text)) / WORDS_A_SECOND + _breaks(say)
    return text, round(seconds, 2)


def has_markup(say: Element) -> bool:
    """Tell whether a <Say> holds SSML at all."""
    return bool(say.elements)


def _words(element: Element) -> str:
    parts = []
    for child in element.children:
        if isinstance(child, Text):
            parts.append(child.value)
            continue
        _check(child, element)
        inside = _words(child)
        words = child.attributes["alias"] if child.name == "sub" else inside
        parts.append(f" {words} " if child.name in ("break", "p", "s") else words)
    return "".join(parts)


def _check(element: Element, parent: Element) -> None:
    if element.name not in _ALLOWED:
        raise TwimlError(f"{element.where} may not stand inside {parent.where}", 12200)
    allowed = _ALLOWED[element.name]
    for name, value in element.attributes.items():
        if name not in allowed:
            raise TwimlError(f"{element.where} has no attribute {name!r}", 12200)
        if not re.fullmatch(allowed[name], value):
            raise TwimlError(f"{element.where}: {name}={value!r} is not a value of this attribute", 12200)
    required = _REQUIRED.get(element.name)
    if required and required not in element.attributes:
        raise TwimlError(f"{element.where} needs the attribute {required}", 12200)
    if element.name == "break" and (element.text or element.elements):
        raise TwimlError(f"{element.where} must be empty", 12200)
    if element.name == "break" and _break_seconds(element) > 10:
        raise TwimlError(f"{element.where}: a break may take 10 s at most", 12200)


def _breaks(element: Element) -> float:
    own = _break_seconds(element) if element.name == "break" else 0.0
    return own + sum(_breaks(child) for child in element.elements)


def _break_seconds(element: Element) -> float:
    time = element.attributes.get("time")
    if time is None:
        return _BREAKS[element.attributes.get("strength", "medium")]
    return float(time[:-2]) / 1000 if time.endswith("ms") else float(time[:-1])
