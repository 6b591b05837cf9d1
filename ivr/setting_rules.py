"""Rules of settings that rest on more than their own text: on a script, or on other settings."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path

TELLING = re.compile(
    r"\b(?:(?:for|of|the|and|in) )*(?:pain|spin|ortho|neuro|surg|medic|rehab|intervention)\w*", re.IGNORECASE
)
"""Where a clinic's name begins to tell what it treats."""


def texts_of(env: Mapping[str, str]) -> Callable[[str], bool]:
    """Where TEXTS is not set, the setting SMS_REFERENCE of earlier versions still counts."""
    carried_over = not env.get("TEXTS", "").strip() and env.get("SMS_REFERENCE", "").strip().lower() == "yes"

    def parse(text: str) -> bool:
        if text.lower() not in {"on", "off"}:
            raise ValueError("it should be on or off")
        return carried_over or text.lower() == "on"

    return parse


def text_name_of(env: Mapping[str, str]) -> Callable[[str], str]:
    """A text is read by whoever sees the telephone: without a name of its own, it has the clinic's up to "Pain"."""

    def parse(text: str) -> str:
        if not text.isprintable():
            raise ValueError("it contains unprintable characters")
        name = text or TELLING.split(env.get("CLINIC_NAME", "").strip() or "Bay State Pain Associates")[0].strip()
        if not name and texts_of(env)(env.get("TEXTS", "").strip() or "off"):
            raise ValueError("texts need a name that tells nothing of what you treat, such as Bay State")
        return name

    return parse


def is_draft(script: Path) -> bool:
    """Whether a script says so itself; whatever else is wrong with it is told when it is read."""
    try:
        header = tomllib.loads(_first_section(script.read_text("utf-8-sig"))).get("script")
    except (UnicodeDecodeError, tomllib.TOMLDecodeError):
        return False
    return isinstance(header, dict) and header.get("status") == "draft"


def _first_section(text: str) -> str:
    """A TOML file up to its second table: its header, without the cost of reading all the prompts."""
    lines = text.splitlines(keepends=True)
    tables = [number for number, line in enumerate(lines) if line.startswith("[")]
    return "".join(lines[: tables[1]] if len(tables) > 1 else lines)
