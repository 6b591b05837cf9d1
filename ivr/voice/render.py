"""Outputs to TwiML: one small function a kind of output, and nothing decided here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import TypeAlias, TypeGuard

from twilio.twiml import voice_response as twiml

from ivr.callflow import outputs as out
from ivr.callflow.composing import Fragment, compose
from ivr.config import E164
from ivr.services.calls.turns import Answer
from ivr.services.prompts.releases import SILENCE, Release
from ivr.services.scripts import Script, sayable

SKIP_SECONDS = 1
"""How long a skippable prompt waits for a key after it: the shortest the carrier knows."""

SILENCE_SECONDS = 10
"""Silence that ends a recording: slow speakers pause longer than the carrier's 5 seconds."""

Missing: TypeAlias = Callable[[Release, str, str], str | None]
"""Told of a prompt (release, language, key) that has no audio; its answer is the address of an earlier one."""

Parent: TypeAlias = twiml.VoiceResponse | twiml.Gather


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the carrier finds what a document names; all below the public base URL."""

    base: str
    sign_recording: Callable[[str, str], str]
    sign_message: Callable[[int, int, str], str]

    def turn(self, number: int) -> str:
        """The webhook of a call's turn."""
        return f"{self.base}/voice/turn?n={number}"

    def prompt(self, sha256: str) -> str:
        """A prompt's audio."""
        return f"{self.base}/media/prompts/{sha256}.wav"

    def utterance(self, recording_sid: str, language: str) -> str:
        """What a caller recorded, for a few minutes and only by this unguessable address."""
        return f"{self.base}/media/utterances/{self.sign_recording(recording_sid, language)}.wav"

    def message(self, recording_id: int, staff_id: int, language: str) -> str:
        """A patient's message for a member of the staff, likewise."""
        return f"{self.base}/media/messages/{self.sign_message(recording_id, staff_id, language)}.wav"

    def patient(self, number: int) -> str:
        """The document that rings the patient of a claimed request, between two turns of a staff call."""
        return f"{self.base}/voice/patient?n={number}"

    @property
    def recording(self) -> str:
        """The webhook for what becomes of a recording."""
        return f"{self.base}/voice/recording"

    @property
    def desk(self) -> str:
        """The document whoever answers the desk telephone hears."""
        return f"{self.base}/voice/desk"


@dataclass(frozen=True, slots=True)
class Renderer:
    """Renders answers for one deployment. `speaks` is True when prompts nobody recorded are spoken by the carrier.

    The first of the scripts is the default language's: what another one lacks is heard in it.
    """

    addresses: Addresses
    scripts: Mapping[str, Script]
    speaks: bool = False
    missing: Missing = lambda release, language, key: None

    @property
    def default_language(self) -> str:
        """The line's first language."""
        return next(iter(self.scripts))

    def document(self, answer: Answer, release: Release, following: str = "") -> str:
        """An answer as a TwiML document; the next turn's number is in every address it names.

        `following` is where to go on instead, for calls that are no callers'.
        """
        return _Document(self, answer, release, following).render()


def _is_speech(output: out.Output) -> TypeGuard[out.Speech]:
    return isinstance(output, out.Speech)


class _Document:
    """One document being written."""

    def __init__(self, renderer: Renderer, answer: Answer, release: Release, following: str) -> None:
        self.renderer = renderer
        self.answer = answer
        self.release = release
        self.next_turn = following or renderer.addresses.turn(answer.turn + 1)
        self.response = twiml.VoiceResponse()

    def render(self) -> str:
        for is_speech, outputs in groupby(self.answer.outputs, key=_is_speech):
            if is_speech:
                self._speak(self.response, filter(_is_speech, outputs))
            else:
                for output in outputs:
                    self._write(output)
        return str(self.response)

    def _write(self, output: out.Output) -> None:
        match output:
            case out.Gather():
                self._gather(output)
            case out.Skippable(speech):
                gather = twiml.Gather(
                    input="dtmf", action=self.next_turn, method="POST", num_digits=1, timeout=SKIP_SECONDS
                )
                self._speak(gather, speech)
                self.response.append(gather)
            case out.Record(longest):
                self._record(longest)
            case out.Dial():
                self._dial(output)
            case out.CallPatient():
                self.response.redirect(self.renderer.addresses.patient(self.answer.turn + 1), method="POST")
            case out.Hangup():
                self.response.hangup()

    def _gather(self, output: out.Gather) -> None:
        gather = twiml.Gather(
            input="dtmf",
            action=self.next_turn,
            method="POST",
            num_digits=output.most_keys,
            timeout=output.timeout,
            finish_on_key=output.finish_key,
            action_on_empty_result=True,
        )
        self._speak(gather, output.speech)
        self.response.append(gather)

    def _record(self, longest: int) -> None:
        self.response.record(
            action=self.next_turn,
            method="POST",
            max_length=longest,
            timeout=SILENCE_SECONDS,
            play_beep=True,
            recording_status_callback=self.renderer.addresses.recording,
            recording_status_callback_method="POST",
            recording_status_callback_event="completed absent",
        )
        self.response.redirect(self.next_turn, method="POST")

    def _dial(self, output: out.Dial) -> None:
        caller_id = {"caller_id": self.answer.to_number} if E164.fullmatch(self.answer.to_number) else {}
        dial = twiml.Dial(action=self.next_turn, method="POST", timeout=output.timeout, **caller_id)
        dial.number(output.number, url=self.renderer.addresses.desk, method="POST")
        self.response.append(dial)

    def _speak(self, parent: Parent, speech: Iterable[out.Speech]) -> None:
        """Play what has audio; let the carrier's voice say the rest, neighbours in one go."""
        unheard: list[Fragment] = []
        language = self.answer.language
        for fragment in self._fragments(speech):
            spoken_in = self._spoken_in(fragment)
            address = self._address(fragment, spoken_in)
            if address is None and spoken_in == language:
                unheard.append(fragment)
                continue
            self._say(parent, unheard, language)
            unheard.clear()
            if address is None:
                self._say(parent, [fragment], spoken_in)
            else:
                parent.play(address)
        self._say(parent, unheard, language)

    def _spoken_in(self, fragment: Fragment) -> str:
        """A prompt for staff is written in the default language only, and heard in it."""
        if not isinstance(fragment, out.Say | out.SayOwn):
            return self.answer.language
        language = fragment.language or self.answer.language
        if isinstance(fragment, out.SayOwn):
            return language
        written = self.renderer.scripts[language].has(fragment.prompt)
        return language if written or self.release.audio(language, fragment.prompt) else self.renderer.default_language

    def _fragments(self, speech: Iterable[out.Speech]) -> Iterator[Fragment]:
        script = self.renderer.scripts[self.answer.language]
        for part in speech:
            for fragment in compose(part, script.order, script.has):
                yield self._sayable(fragment)

    def _sayable(self, fragment: Fragment) -> Fragment:
        """Words of the clinic's own that have no audio yet give way to the standard sentence."""
        if isinstance(fragment, out.SayOwn) and fragment.sha256 is None and not self.renderer.speaks:
            return out.Say(fragment.otherwise, fragment.language)
        return fragment

    def _address(self, fragment: Fragment, language: str) -> str | None:
        match fragment:
            case out.PlayRecording(recording_sid):
                return self.renderer.addresses.utterance(recording_sid, language)
            case out.PlayMessage(recording_id, staff_id):
                return self.renderer.addresses.message(recording_id, staff_id, language)
            case out.Say(prompt) if self.renderer.speaks:
                sha256 = self.release.own(language, prompt)
            case _ if self.renderer.speaks:
                return None
            case out.SayOwn():
                sha256 = fragment.sha256
            case out.Say(prompt):
                sha256 = self.release.audio(language, prompt) or self.renderer.missing(self.release, language, prompt)
            case out.Pause(milliseconds):
                sha256 = self.release.audio(SILENCE, str(milliseconds))
        return self.renderer.addresses.prompt(sha256) if sha256 else None

    def _say(self, parent: Parent, fragments: list[Fragment], language: str) -> None:
        """One `<Say>` with a break for each pause; never an empty one, which the carrier would refuse."""
        script = self.renderer.scripts[language]
        if not any(isinstance(fragment, out.Say | out.SayOwn) for fragment in fragments):
            if fragments:
                parent.pause(length=1)
            return
        say = parent.say(voice=script.say_voice, language=script.language)
        words: list[str] = []
        for fragment in fragments:
            if isinstance(fragment, out.Say):
                words.append(script.prompts[fragment.prompt].sayable)
            elif isinstance(fragment, out.SayOwn):
                words.append(sayable(fragment.words))
            elif isinstance(fragment, out.Pause):
                say.append(" ".join(words))
                words.clear()
                say.break_(time=f"{fragment.milliseconds}ms")
        say.append(" ".join(words))
