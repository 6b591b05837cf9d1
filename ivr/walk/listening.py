"""Listens to everything that is on the air, by its address as the carrier fetches it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ivr.audio.measuring import active_speech_level
from ivr.audio.silence import silence
from ivr.audio.wavefile import RATE, read_wav
from ivr.callflow import check
from ivr.callflow.nodes import Tree
from ivr.services.prompts.releases import DIRECTIONS, SILENCE, Release, own_of
from ivr.services.scripts import Script
from ivr.simulator import Response, Transport
from ivr.walk.findings import FindingKind, WalkFinding

QUIETEST_DBOV = -50.0
"""An active level below which a clip is taken for silence; prompts are mastered to -23."""

STAND_IN = Response(200, "audio/wav", silence(600), {"content-type": "audio/wav"})
"""Played instead of audio that is not to be had, so that the walk goes on behind it."""


@dataclass(slots=True)
class Ear:
    """Carries requests, listens to the prompts among the answers, and puts silence where there is no audio.

    `faults` are what is wrong with prompts, and `seconds` how long they last, by address.
    """

    transport: Transport
    base_url: str
    faults: dict[str, tuple[FindingKind, str]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    pauses: frozenset[str] = frozenset()

    def request(self, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> Response:
        """Send one request; what is no audio is replaced."""
        answer = self.transport.request(method, url, body, headers)
        if not url.startswith(f"{self.base_url}/media/"):
            return answer
        if url.startswith(self.address("")):
            sha256 = url.removeprefix(self.address("")).removesuffix(".wav")
            self._listen(sha256, answer)
            is_bad = self.faults.get(sha256, (FindingKind.SILENT,))[0] is FindingKind.NO_AUDIO
        else:
            is_bad = self._samples(answer) is None
            if is_bad:
                self.faults["recording"] = (
                    FindingKind.NO_AUDIO,
                    f"a recording that a caller is to hear: {_no_audio(answer)}",
                )
        return STAND_IN if is_bad else answer

    def address(self, sha256: str) -> str:
        """Where the carrier finds a prompt."""
        return f"{self.base_url}/media/prompts/{sha256}"

    def fetch(self, sha256: str) -> None:
        """Listen to a prompt that no call has played yet."""
        if sha256 not in self.seconds and sha256 not in self.faults:
            self.request("GET", f"{self.address(sha256)}.wav", b"", {"Accept": "*/*"})

    def _listen(self, sha256: str, answer: Response) -> None:
        if sha256 in self.seconds or sha256 in self.faults:
            return
        found = self._samples(answer)
        if found is None:
            self.faults[sha256] = (FindingKind.NO_AUDIO, _no_audio(answer))
            return
        self.seconds[sha256], level = found
        if sha256 not in self.pauses and level < QUIETEST_DBOV:
            self.faults[sha256] = (FindingKind.SILENT, f"nothing is heard in its {self.seconds[sha256]:.1f} s")

    def _samples(self, answer: Response) -> tuple[float, float] | None:
        """How long a telephone's WAV lasts (seconds) and how loud its speech is (dBov); None for anything else."""
        if answer.status != 200 or not answer.content_type.startswith("audio/"):
            return None
        try:
            samples, rate = read_wav(answer.body)
        except ValueError:
            return None
        if rate != RATE or not len(samples):
            return None
        level, _ = active_speech_level(samples, rate)
        return len(samples) / rate, level


def _no_audio(answer: Response) -> str:
    if answer.status != 200:
        return f"its address answers with status {answer.status}"
    return f"its address gives no telephone audio ({answer.content_type}, {len(answer.body)} bytes)"


def examine(
    ear: Ear, release: Release, tree: Tree, scripts: Mapping[str, Script], *, speaks: bool
) -> Iterator[WalkFinding]:
    """Everything that is wrong with what is on the air: missing, silent, too long. `speaks`: only our own is ours."""
    for language, script in scripts.items():
        wanted = {key for key in check.prompts_of(tree) if script.has(key)}
        aired = release.manifest.get(own_of(language) if speaks else language, {})
        for key in sorted(wanted - set(aired)) if not speaks else ():
            yield WalkFinding(FindingKind.NO_AUDIO, f"{language} {key}: nothing is on the air")
        for key, sha256 in aired.items():
            ear.fetch(sha256)
            if sha256 in ear.faults:
                kind, why = ear.faults[sha256]
                yield WalkFinding(kind, f"{language} {key}: {why}")
        seconds = {key: ear.seconds[sha256] for key, sha256 in aired.items() if sha256 in ear.seconds}
        yield from _too_long(tree, script, seconds, whole=wanted <= set(seconds))
    for name, sha256 in {**release.manifest.get(DIRECTIONS, {}), **release.manifest.get(SILENCE, {})}.items():
        ear.fetch(sha256)
        if sha256 in ear.faults and not speaks:
            kind, why = ear.faults[sha256]
            yield WalkFinding(kind, f"direction or pause {name}: {why}")


def _too_long(tree: Tree, script: Script, seconds: Mapping[str, float], *, whole: bool) -> Iterator[WalkFinding]:
    """Prompts over their own limit; and what a call speaks in one go, where all of it is there to be measured."""
    voice = check.SpokenScript(script.language, script.order, script.has, seconds, script.longest)
    single = [(key, script.longest[key], lasts) for key, lasts in seconds.items() if key in script.longest]
    for what, longest, lasts in dict.fromkeys([*single, *(check.lengths(tree, voice) if whole else ())]):
        if lasts > longest:
            yield WalkFinding(
                FindingKind.TOO_LONG, f"{script.language}: {what} lasts {lasts:.1f} s, more than {longest:g}"
            )
