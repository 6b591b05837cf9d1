"""What a caller hears when something here is broken: made of nothing but settings, so that nothing can break it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from twilio.twiml import voice_response as twiml

from ivr.callflow.inputs import DialEnded, Recorded
from ivr.services.scripts import Script
from ivr.voice.parse import turn_input

DESK_SECONDS = 20
LONGEST_MESSAGE = 120
SILENCE_SECONDS = 10
MOST_DESKS = 10
"""Numbers that the carrier rings at once."""


@dataclass(frozen=True, slots=True)
class Outage:
    """The emergency notice, an apology, the desk, and a message when nobody answers; all in the default language."""

    base: str
    script: Script
    desk_numbers: tuple[str, ...] = ()

    def document(self, form: Mapping[str, str] | None = None) -> str:
        """The document for where a caller is in the outage; the form of an earlier step of it tells."""
        given = turn_input(form or {})
        if isinstance(given, Recorded):
            return self.thanks()
        if isinstance(given, DialEnded):
            return self._goodbye() if given.connected else self._message()
        return self._begin()

    def elsewhere(self, thanks_url: str = "") -> str:
        """The document for a host that is not ours, such as a TwiML Bin: it names no address of this server.

        Such a host decides nothing, it always answers the same. So the desk is put through without being asked to
        press a key, and a message can only be recorded with the address of a second document that ends the call:
        without one the carrier would ask for this document again after each message, for ever.
        """
        response = self._opening()
        if self.desk_numbers:
            self._say(response, "outage_connecting")
            dial = response.dial(timeout=DESK_SECONDS)
            for number in self.desk_numbers[:MOST_DESKS]:
                dial.number(number)
        if thanks_url:
            self._say(response, "outage_message")
            self._say(response, "recording_notice")
            response.record(action=thanks_url, method="POST", max_length=LONGEST_MESSAGE, timeout=SILENCE_SECONDS)
        self._say(response, "goodbye")
        return str(response)

    def thanks(self) -> str:
        """The document after a message; it names no address either."""
        response = twiml.VoiceResponse()
        self._say(response, "outage_thanks")
        self._say(response, "goodbye")
        return str(response)

    def desk_whisper(self, warned: bool = False, spoken: Script | None = None) -> str:
        """What whoever answers the desk telephone hears: key 1 takes the call, nothing leaves it to the next.

        `warned`: the caller has named a warning sign. `spoken` is the script of the caller's language, where that is
        another one.
        """
        response = twiml.VoiceResponse()
        gather = twiml.Gather(
            input="dtmf", action=f"{self.base}/voice/desk/accept", method="POST", num_digits=1, timeout=8
        )
        if warned:
            self._say(gather, "staff_desk_warning")
        if spoken:
            self._say(gather, "staff_desk_language")
            gather.say(spoken.prompts["language_name"].sayable, voice=spoken.say_voice, language=spoken.language)
        self._say(gather, "desk_whisper")
        response.append(gather)
        response.hangup()
        return str(response)

    def desk_accepted(self, keys: str) -> str:
        """An empty document connects the two; anything but key 1 hangs up this leg."""
        response = twiml.VoiceResponse()
        if keys != "1":
            response.hangup()
        return str(response)

    def _opening(self) -> twiml.VoiceResponse:
        response = twiml.VoiceResponse()
        self._say(response, "emergency")
        self._say(response, "outage_apology")
        return response

    def _begin(self) -> str:
        response = self._opening()
        if not self.desk_numbers:
            return self._message(response)
        self._say(response, "outage_connecting")
        dial = twiml.Dial(action=self._next, method="POST", timeout=DESK_SECONDS)
        for number in self.desk_numbers[:MOST_DESKS]:
            dial.number(number, url=f"{self.base}/voice/desk", method="POST")
        response.append(dial)
        return str(response)

    def _message(self, response: twiml.VoiceResponse | None = None) -> str:
        response = response or twiml.VoiceResponse()
        self._say(response, "outage_message")
        self._say(response, "recording_notice")
        response.record(
            action=self._next,
            method="POST",
            max_length=LONGEST_MESSAGE,
            timeout=SILENCE_SECONDS,
            recording_status_callback=f"{self.base}/voice/recording",
            recording_status_callback_method="POST",
            recording_status_callback_event="completed absent",
        )
        self._say(response, "goodbye")
        return str(response)

    def _goodbye(self) -> str:
        response = twiml.VoiceResponse()
        self._say(response, "goodbye")
        return str(response)

    @property
    def _next(self) -> str:
        return f"{self.base}/voice/fallback"

    def _say(self, parent: twiml.VoiceResponse | twiml.Gather, prompt: str) -> None:
        voice, language = self.script.say_voice, self.script.language
        parent.say(self.script.prompts[prompt].sayable, voice=voice, language=language)
