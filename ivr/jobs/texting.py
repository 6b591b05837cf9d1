"""Sending a text to a patient: the carrier is asked once."""

from __future__ import annotations

from ivr.clients.errors import Refused, Unavailable
from ivr.clients.twilio import TwilioMessages
from ivr.services.line import Line
from ivr.services.requests import texting


def send_text(line: Line, messages: TwilioMessages, voice_url: str, text_id: int) -> None:
    """Text a patient who agreed to it; a text that may have been sent is let be, and a refusal is told to staff.

    Raises:
        Unavailable: the carrier was not asked; another attempt may ask it.
        Unclear: nobody knows whether the text has left, so it is never asked for again.
    """
    text = texting.ask_for(line, text_id, line.clock())
    if text is None:
        return
    try:
        sid = messages.send(text.to, text.body, f"{voice_url}/voice/text/status?t={text_id}")
    except Unavailable:
        texting.unmark_asked(line, text_id)
        raise
    except Refused as refused:
        texting.note_refused(line, text_id, refused.number, line.clock())
        return
    texting.note_sent(line, text_id, sid)
