"""Codes to a number, asked for online: what the worker makes of them, and what arrives at the telephone."""

import re

from sqlalchemy import select

from ivr.models import NumberCode, TextKind, TextMessage
from ivr.services.requests import proving, texting

DIGITS = re.compile(r"\b\d{6}\b")


def asked(line):
    """What is kept of the codes that were asked for, in order."""
    with line.database.read() as session:
        return list(session.scalars(select(NumberCode).order_by(NumberCode.id)))


def work(line):
    """Do what the worker does with codes that wait; the texts that leave."""
    for code in asked(line):
        proving.text_code(line, code.id, line.clock())
    with line.database.read() as session:
        waiting = list(session.scalars(select(TextMessage.id).where(TextMessage.kind == TextKind.CODE)))
    return [text for text in (texting.ask_for(line, one, line.clock()) for one in waiting) if text]


def arrived(line):
    """The digits of the one code that arrives."""
    [text] = work(line)
    [digits] = DIGITS.findall(text.body)
    return digits


def wrong(digits):
    """Six other digits."""
    return f"{(int(digits) + 1) % 10**6:06d}"
