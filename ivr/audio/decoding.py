"""From any recording to the telephone's band by PyAV: mono, 300-3400 Hz, sampled at 8 kHz."""

import io
from collections.abc import Iterator
from dataclasses import dataclass

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.filter import Graph
from numpy.typing import NDArray

from ivr.audio.errors import MasteringError
from ivr.audio.wavefile import FULL_SCALE, RATE, Samples

LONGEST_SECONDS = 600  # of a source: more is no prompt, and a small file can unfold to hours
LOWEST_HZ, HIGHEST_HZ = 300, 3400  # the telephone band (ITU-T G.712)
# Containers a recording may come in. Playlists and the like are left out: they make libav open other files.
FORMATS = "wav,w64,aiff,mp3,mov,mp4,m4a,ogg,matroska,webm,flac,aac,caf"

CANCELLED = 0.03  # of the channels' power is left in their mix: 15 dB are gone

# Quality factors of the sections that make a Butterworth filter of 4th and of 8th order together.
_HIGHPASS_Q = (0.54120, 1.30656)
_LOWPASS_Q = (0.50980, 0.60134, 0.89998, 2.56292)


@dataclass(frozen=True, eq=False)
class Pcm:
    """Raw mono speech: 16-bit samples at a rate in Hz."""

    samples: NDArray[np.int16]
    rate: int


def telephone_band(source: bytes | Pcm) -> Samples:
    """Decode to mono samples at 8 kHz, holding 300-3400 Hz only; raises MasteringError for no audio."""
    return in_band(*decoded(source))


def decoded(source: bytes | Pcm) -> tuple[Samples, int]:
    """Decode to mono at the recording's own rate (Hz); raises MasteringError for no audio."""
    try:
        return _of_pcm(source) if isinstance(source, Pcm) else _of_file(source)
    except (av.FFmpegError, ValueError) as error:
        raise MasteringError(f"cannot be decoded as audio: {error}") from error


def in_band(wide: Samples, rate: int) -> Samples:
    """Bring mono samples down to 8 kHz, holding 300-3400 Hz only; raises MasteringError when they have no such rate."""
    bands = [("highpass", f"f={LOWEST_HZ}:width_type=q:w={q}") for q in _HIGHPASS_Q]
    bands += [("lowpass", f"f={HIGHEST_HZ}:width_type=q:w={q}") for q in _LOWPASS_Q]
    return _through(wide - wide.mean(), rate, [*bands, ("aresample", f"{RATE}:filter_size=128:cutoff=0.92")])


def less_noise(samples: Samples, noise_dbov: float, reduction_db: float) -> Samples:
    """Turn steady noise of that level down by so many dB, in samples at 8 kHz (FFT denoiser of libav)."""
    floor = min(max(noise_dbov, -80.0), -20.0)
    return _through(samples, RATE, [("afftdn", f"nr={reduction_db}:nf={floor:.1f}")])


def duration_seconds(source: bytes) -> float:
    """Decode all of a recording and tell how long it is; raises MasteringError for no audio."""
    try:
        seconds = sum(frame.samples / frame.sample_rate for frame in _frames(source))
    except (av.FFmpegError, ValueError) as error:
        raise MasteringError(f"cannot be decoded as audio: {error}") from error
    if not seconds:
        raise MasteringError("holds no sound")
    return seconds


def are_cancelling(source: bytes, mixed: Samples) -> bool:
    """Whether the channels of a recording are loud each, and next to nothing together; raises MasteringError."""
    try:
        sums: list[tuple[float, int]] = []
        for frame in _frames(source):
            if frame.layout.nb_channels != 2:
                return False
            resampler = AudioResampler(format="dblp", layout="stereo", rate=frame.sample_rate)
            sums += [(float((part.to_ndarray() ** 2).sum()), 2 * part.samples) for part in resampler.resample(frame)]
    except (av.FFmpegError, ValueError) as error:
        raise MasteringError(f"cannot be decoded as audio: {error}") from error
    alone = sum(power for power, _ in sums) / max(1, sum(samples for _, samples in sums))
    return alone > 0 and float((mixed**2).mean()) < CANCELLED * alone


def _of_pcm(source: Pcm) -> tuple[Samples, int]:
    if not len(source.samples):
        raise MasteringError("holds no sound")
    return source.samples / FULL_SCALE, source.rate


def _of_file(source: bytes) -> tuple[Samples, int]:
    """Decode to mono at the rate of the recording."""
    resampler = AudioResampler(format="dbl", layout="mono")
    frames = [part for frame in _frames(source) for part in resampler.resample(frame)]
    frames += resampler.resample(None) if frames else []
    return _joined(frames), frames[0].sample_rate


def _frames(source: bytes) -> Iterator[AudioFrame]:
    options = {"format_whitelist": FORMATS, "protocol_whitelist": ""}
    with av.open(io.BytesIO(source), mode="r", options=options) as container:
        if not container.streams.audio:
            raise MasteringError("holds no sound")
        seconds = 0.0
        for frame in container.decode(container.streams.audio[0]):
            seconds += frame.samples / frame.sample_rate
            if seconds > LONGEST_SECONDS:
                raise MasteringError(f"longer than {LONGEST_SECONDS} s")
            frame.pts = None
            yield frame


def _through(samples: Samples, rate: int, filters: list[tuple[str, str]]) -> Samples:
    """Run mono samples through filters of libav, one after the other."""
    try:
        graph = Graph()
        graph.threads = 1  # one channel leaves nothing to share out
        chain = [graph.add_abuffer(format="dbl", sample_rate=rate, layout="mono")]
        chain += [graph.add(name, options) for name, options in filters]
        chain.append(graph.add("aformat", "sample_fmts=dbl:channel_layouts=mono"))
        chain.append(graph.add("abuffersink"))
        graph.link_nodes(*chain).configure()
        frame = AudioFrame.from_ndarray(samples.reshape(1, -1), format="dbl", layout="mono")
        frame.sample_rate = rate
        graph.push(frame)
        graph.push(None)
        return _joined(list(_pulled(graph)))
    except (av.FFmpegError, ValueError) as error:
        raise MasteringError(f"cannot be filtered as audio: {error}") from error


def _pulled(graph: Graph) -> Iterator[AudioFrame]:
    while True:
        try:
            frame = graph.pull()
        except (av.EOFError, av.BlockingIOError):
            return
        if isinstance(frame, AudioFrame):
            yield frame


def _joined(frames: list[AudioFrame]) -> Samples:
    if not frames:
        raise MasteringError("holds no sound")
    return np.concatenate([frame.to_ndarray().reshape(-1) for frame in frames]).astype(np.float64)
