"""Clips to be played: fetched once each, checked as the carrier does, and read for the words they speak."""

from dataclasses import dataclass

from ivr.simulator.errors import MediaError, TransportError
from ivr.simulator.transport import Response, Transport
from ivr.simulator.wave_info import read_wave

AUDIO_TYPES = frozenset(
    f"audio/{kind}" for kind in ("mpeg", "wav", "wave", "x-wav", "aiff", "x-aifc", "x-aiff", "x-gsm", "gsm", "ulaw")
)
WAV_TYPES = frozenset({"audio/wav", "audio/wave", "audio/x-wav"})


@dataclass(frozen=True)
class Clip:
    """A piece of audio: `seconds` is None when its format does not tell, `text` is empty for silence."""

    url: str
    seconds: float | None
    text: str = ""
    title: str = ""
    audio: bytes = b""


class Media:
    """The carrier's cache of clips, by URL; what may not be stored is fetched each time."""

    def __init__(self, transport: Transport) -> None:
        """Fetch through `transport`; media requests are not signed and carry no parameters."""
        self._transport = transport
        self._clips: dict[str, Clip] = {}

    def fetch(self, url: str) -> Clip:
        """Return the clip at `url`, or raise MediaError."""
        if url in self._clips:
            return self._clips[url]
        answer = self._get(url)
        clip = _clip(url, answer)
        if "no-store" not in answer.headers.get("cache-control", ""):
            self._clips[url] = clip
        return clip

    def _get(self, url: str) -> Response:
        try:
            return self._transport.request("GET", url, b"", {"User-Agent": "TwilioProxy/1.1", "Accept": "*/*"})
        except TransportError as error:
            raise MediaError(f"the clip cannot be fetched: {error}", 11200) from error


def _clip(url: str, answer: Response) -> Clip:
    if answer.status != 200:
        raise MediaError(f"the clip {url} answered with status {answer.status}", 11200)
    if answer.content_type not in AUDIO_TYPES:
        raise MediaError(f"the clip {url} is of type {answer.content_type!r}, which is no audio", 13420)
    if answer.content_type not in WAV_TYPES:
        return Clip(url, None, audio=answer.body)
    try:
        info = read_wave(answer.body)
    except ValueError as error:
        raise MediaError(f"the clip {url} cannot be read: {error}", 13420) from error
    return Clip(url, round(info.seconds, 3), info.comment, info.title, answer.body)
