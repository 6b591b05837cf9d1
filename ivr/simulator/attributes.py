"""Readers for attribute values: each returns a typed value or raises ValueError saying what is wanted."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

Reader = Callable[[str], Any]

_LOCALE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?-([A-Z]{2}|\d{3})")
_VOICE = re.compile(r"man|woman|Polly\.[A-Z][a-z]+(-Neural|-Generative)?|Google\.[a-z]{2,3}-[A-Z]{2}-[A-Za-z0-9-]+")
_NUMBER = re.compile(r"\+[1-9]\d{6,14}")
_BLANK = re.compile(r"[\s\x00-\x1f]")


def whole(low: int, high: int) -> Reader:
    """Read a whole number from `low` to `high`."""

    def read(value: str) -> int:
        if not re.fullmatch(r"[0-9]{1,6}", value) or not low <= int(value) <= high:
            raise ValueError(f"wants a whole number from {low} to {high}")
        return int(value)

    return read


def choice(*allowed: str) -> Reader:
    """Read one of the words `allowed`."""

    def read(value: str) -> str:
        if value not in allowed:
            raise ValueError(f"wants {' or '.join(allowed)}")
        return value

    return read


def choices(*allowed: str) -> Reader:
    """Read some of the words `allowed`, separated by blanks."""

    def read(value: str) -> tuple[str, ...]:
        words = tuple(value.split())
        if not words or not set(words) <= set(allowed):
            raise ValueError(f"wants some of: {' '.join(allowed)}")
        return words

    return read


def characters(allowed: str, most: int, least: int = 0) -> Reader:
    """Read `least` to `most` characters out of `allowed`."""

    def read(value: str) -> str:
        if not least <= len(value) <= most or not set(value) <= set(allowed):
            raise ValueError(f"wants {least} to {most} of the characters {allowed}")
        return value

    return read


def boolean(value: str) -> bool:
    """Read `true` or `false`."""
    if value not in ("true", "false"):
        raise ValueError("wants true or false")
    return value == "true"


def locale(value: str) -> str:
    """Read a language with its region, such as en-US; a bare `en` is refused."""
    if not _LOCALE.fullmatch(value):
        raise ValueError("wants a locale such as en-US")
    return value


def voice(value: str) -> str:
    """Read the name of a voice: man, woman, Polly.* or Google.*."""
    if not _VOICE.fullmatch(value):
        raise ValueError("wants man, woman, Polly.<Name>[-Neural|-Generative] or Google.<locale>-<Name>")
    return value


def phone_number(value: str) -> str:
    """Read a telephone number in E.164."""
    if not _NUMBER.fullmatch(value):
        raise ValueError("wants a number in E.164, such as +16175550123")
    return value


def url(value: str) -> str:
    """Read an absolute http(s) or a relative address."""
    if not value:
        raise ValueError("wants an address, and is empty: the carrier would ask for the same document again")
    if _BLANK.search(value):
        raise ValueError("has a blank in its address")
    try:
        parts = urlsplit(value)
    except ValueError as error:
        raise ValueError(f"wants an address ({error})") from error
    if parts.scheme not in ("", "http", "https") or (parts.scheme and not parts.hostname):
        raise ValueError("wants an http or https address")
    if "_" in (parts.hostname or ""):
        raise ValueError("has a host name with an underscore, which the carrier refuses")
    return value


method: Reader = choice("GET", "POST")
finish_key: Reader = characters("0123456789*#", 1)
