"""Frozen dataclasses as plain JSON values and back, by their type hints. What is as at the start is left out."""

from __future__ import annotations

import types
from collections.abc import Callable, Hashable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")

Reader = Callable[[Any], Any]


def to_plain(value: Any, leave_out: frozenset[str] = frozenset()) -> dict[str, Any]:
    """A dataclass as JSON values: its fields that differ from their defaults, but those to `leave_out`."""
    plain = {}
    for name, default in _defaults(cast(Hashable, type(value))):
        mine = getattr(value, name)
        if mine != default and name not in leave_out:
            plain[name] = _plain(mine)
    return plain


def from_plain(kind: type[T], plain: Mapping[str, Any]) -> T:
    """The dataclass that `to_plain` described; names it does not know, of an older or newer version, are passed over.

    Raises:
        TypeError: when a field without a default is missing.
        ValueError: when a value is none that its field can have.
    """
    readers = _readers(cast(Hashable, kind))
    return kind(**{name: readers[name](value) for name, value in plain.items() if name in readers})


def _plain(value: Any) -> Any:
    match value:
        case datetime() | date():
            return value.isoformat()
        case tuple():
            return [_plain(one) for one in value]
        case None | str() | int():
            return value
        case _:
            return to_plain(value)


@cache
def _defaults(kind: Hashable) -> tuple[tuple[str, Any], ...]:
    return tuple(
        (one.name, one.default_factory() if one.default_factory is not MISSING else one.default)
        for one in fields(cast(Any, kind))
    )


@cache
def _readers(kind: Hashable) -> Mapping[str, Reader]:
    hints = get_type_hints(kind)
    return {one.name: _reader(hints[one.name]) for one in fields(cast(Any, kind))}


def _reader(hint: Any) -> Reader:
    """What makes a value of this type out of JSON."""
    if get_origin(hint) in (Union, types.UnionType):
        inner = [one for one in get_args(hint) if one is not type(None)]
        read = _reader(inner[0]) if len(inner) == 1 else _as_it_is
        return lambda value: None if value is None else read(value)
    if get_origin(hint) is tuple:
        read_one = _reader(get_args(hint)[0])
        return lambda values: tuple(read_one(value) for value in values)
    if is_dataclass(hint) and isinstance(hint, type):
        return lambda value: from_plain(hint, value)
    if isinstance(hint, type) and issubclass(hint, datetime | date):
        return hint.fromisoformat
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return hint
    return _as_it_is


def _as_it_is(value: Any) -> Any:
    return value
