"""A strict reader of TwiML: what the carrier would refuse, ignore or never reach is an error here."""

from collections.abc import Callable, Mapping
from typing import Any

from ivr.simulator import attributes as a
from ivr.simulator.errors import TwimlError
from ivr.simulator.grammar import ATTRIBUTES, SPEECH
from ivr.simulator.ssml import has_markup, spoken
from ivr.simulator.verbs import (
    Dial,
    Gather,
    Hangup,
    Number,
    Pause,
    Play,
    Prompt,
    Record,
    Redirect,
    Reject,
    Say,
    Verb,
)
from ivr.simulator.xmltree import Element, parse_xml

MAX_BYTES = 64 * 1024


def parse(xml: str | bytes) -> tuple[Verb, ...]:
    """Return the verbs of a TwiML document, or raise TwimlError saying what is wrong and on which line."""
    data = xml.encode() if isinstance(xml, str) else xml
    if len(data) > MAX_BYTES:
        raise TwimlError(f"the document has {len(data)} bytes; the carrier reads {MAX_BYTES} at most", 11750)
    root = parse_xml(data)
    if root.name != "Response":
        raise TwimlError(f"the root element must be <Response>, not {root.where}", 12100)
    if root.attributes:
        raise TwimlError(f"{root.where} takes no attributes", 12200)
    _no_text(root)
    verbs: list[Verb] = []
    for index, element in enumerate(root.elements):
        _reachable(element, index, verbs)
        verbs.append(_verb(element))
    return tuple(verbs)


def _verb(element: Element) -> Verb:
    reader = _READERS.get(element.name)
    if reader is None:
        raise TwimlError(f"{element.where} is not a verb that may stand in <Response>", 12200)
    return reader(element)


def _reachable(element: Element, index: int, before: list[Verb]) -> None:
    if element.name == "Reject" and index:
        raise TwimlError(f"{element.where} works only as the first verb", 12200)
    if before and _never_returns(before[-1]):
        last = type(before[-1]).__name__
        raise TwimlError(f"{element.where} is unreachable: the <{last}> before it never goes on below", 12200)


def _never_returns(verb: Verb) -> bool:
    match verb:
        case Redirect() | Hangup() | Reject():
            return True
        case Gather():
            return verb.action_on_empty_result
        case Dial():
            return bool(verb.action)
        case _:
            return False


def _attributes(element: Element) -> Mapping[str, Any]:
    table = ATTRIBUTES[element.name]
    values = {}
    for name, value in element.attributes.items():
        if name not in table:
            hint = " (this telephone hears keys, no speech)" if name in SPEECH else ""
            raise TwimlError(f"{element.where} has no attribute {name!r}{hint}", 12200)
        field, reader = table[name]
        try:
            read = reader(value)
        except ValueError as error:
            raise TwimlError(f"{element.where}: {name}={value!r} {error}", 12200) from error
        if field:
            values[field] = read
    return values


def _no_text(element: Element) -> None:
    if element.text:
        raise TwimlError(f"{element.where} may hold no text, and holds {element.text[:40]!r}", 12200)


def _no_elements(element: Element) -> None:
    for child in element.elements:
        raise TwimlError(f"{child.where} may not stand inside {element.where}", 12200)


def _needs_action(element: Element) -> None:
    if "action" not in element.attributes:
        raise TwimlError(f"{element.where} needs an action: without one it asks for this document again", 12200)


def _say(element: Element) -> Say:
    values = _attributes(element)
    text, seconds = spoken(element)
    if not text:
        raise TwimlError(f"{element.where} is empty", 13520)
    voice = values.get("voice", "")
    if voice in ("man", "woman") and has_markup(element):
        raise TwimlError(f"{element.where}: the voice {voice} reads no SSML", 13520)
    limit = 3000 if voice.startswith("Polly.") else 5000 if voice.startswith("Google.") else 4096
    if len(text) > limit:
        raise TwimlError(f"{element.where} has {len(text)} characters; its voice reads {limit} at most", 13520)
    return Say(text, seconds, **values)


def _play(element: Element) -> Play:
    values = _attributes(element)
    _no_elements(element)
    if "digits" in values:
        if element.text:
            raise TwimlError(f"{element.where} has both digits and an address", 12200)
        return Play(**values)
    return Play(_address(element), **values)


def _address(element: Element) -> str:
    _no_elements(element)
    try:
        return str(a.url(element.text))
    except ValueError as error:
        raise TwimlError(f"{element.where}: its text {element.text!r} {error}", 12200) from error


def _empty(kind: type[Any]) -> Callable[[Element], Any]:
    def read(element: Element) -> Any:
        _no_text(element)
        _no_elements(element)
        return kind(**_attributes(element))

    return read


def _gather(element: Element) -> Gather:
    values = _attributes(element)
    _needs_action(element)
    _no_text(element)
    prompts: list[Prompt] = []
    for child in element.elements:
        if child.name not in _PROMPTS:
            raise TwimlError(f"{child.where} may not stand inside {element.where}", 12200)
        prompts.append(_PROMPTS[child.name](child))
    return Gather(prompts=tuple(prompts), **values)


def _record(element: Element) -> Record:
    values = _attributes(element)
    _needs_action(element)
    _no_text(element)
    _no_elements(element)
    return Record(**values)


def _dial(element: Element) -> Dial:
    values = _attributes(element)
    if not element.elements:
        return Dial((_number(element, {}),), **values)
    _no_text(element)
    for child in element.elements:
        if child.name != "Number":
            raise TwimlError(f"{child.where} may not stand inside {element.where}", 12200)
    if len(element.elements) > 10:
        raise TwimlError(f"{element.where} rings {len(element.elements)} numbers; 10 at most", 12200)
    return Dial(tuple(_number(child, _attributes(child)) for child in element.elements), **values)


def _number(element: Element, values: Mapping[str, Any]) -> Number:
    _no_elements(element)
    try:
        return Number(a.phone_number(element.text), **values)
    except ValueError as error:
        raise TwimlError(f"{element.where}: {element.text!r} {error}", 13223) from error


def _redirect(element: Element) -> Redirect:
    return Redirect(_address(element), **_attributes(element))


_PROMPTS: dict[str, Callable[[Element], Prompt]] = {"Say": _say, "Play": _play, "Pause": _empty(Pause)}
_READERS: dict[str, Callable[[Element], Verb]] = {
    **_PROMPTS,
    "Gather": _gather,
    "Record": _record,
    "Dial": _dial,
    "Redirect": _redirect,
    "Hangup": _empty(Hangup),
    "Reject": _empty(Reject),
}
