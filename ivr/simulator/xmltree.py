"""A small XML tree with line numbers, which refuses document types and entities."""

from dataclasses import dataclass, field
from typing import NoReturn
from xml.parsers import expat

from ivr.simulator.errors import TwimlError


@dataclass(frozen=True)
class Text:
    """Characters between tags, with the line on which they begin."""

    value: str
    line: int


@dataclass(frozen=True)
class Element:
    """A tag with its attributes and, in order, what stands inside it."""

    name: str
    attributes: dict[str, str]
    line: int
    children: "list[Element | Text]" = field(default_factory=list)

    @property
    def where(self) -> str:
        """Name the place for an error message, such as `<Gather> on line 3`."""
        return f"<{self.name}> on line {self.line}"

    @property
    def elements(self) -> "tuple[Element, ...]":
        """The child elements without the text."""
        return tuple(child for child in self.children if isinstance(child, Element))

    @property
    def text(self) -> str:
        """The text directly inside this element, stripped at both ends."""
        return "".join(child.value for child in self.children if isinstance(child, Text)).strip()


class _Builder:
    """Collects expat's events into a tree."""

    def __init__(self) -> None:
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.ProcessingInstructionHandler = self._instruction
        self.root: Element | None = None
        self._open: list[Element] = []

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        element = Element(name, attributes, self.parser.CurrentLineNumber)
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)

    def _end(self, _name: str) -> None:
        self._open.pop()

    def _text(self, value: str) -> None:
        if self._open:
            self._open[-1].children.append(Text(value, self.parser.CurrentLineNumber))

    def _doctype(self, *_: object) -> NoReturn:
        line = self.parser.CurrentLineNumber
        raise TwimlError(f"a document type or entity declaration on line {line} is not allowed", 12100)

    def _instruction(self, target: str, _data: str) -> NoReturn:
        line = self.parser.CurrentLineNumber
        raise TwimlError(f"the processing instruction <?{target}?> on line {line} is not allowed", 12100)


def parse_xml(xml: bytes) -> Element:
    """Return the root element of `xml`, or raise TwimlError 12100 with the parser's line and column."""
    builder = _Builder()
    try:
        builder.parser.Parse(xml, True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise TwimlError(f"the document is not well-formed XML: {error}", 12100) from error
    if builder.root is None:  # pragma: no cover - expat refuses a document without a root
        raise TwimlError("the document is empty", 12100)
    return builder.root
