"""Audio that a language brings: taken while the words are the same, told in the table, and made anew when it changes."""

import io
import json
import wave
import zipfile

import numpy as np
import pytest

from ivr.audio.casting import Cast, PromptText, SpokenPart, cast_for, fingerprint, parts_of
from ivr.audio.clips import make_clips
from ivr.audio.voices import plain_voice
from ivr.services.prompts.brought import BroughtError, brought_audio

SPANISH = "es-US"
CLINIC = "Bay State Pain Associates"
LINE = PromptText("option", "Para una cita, oprima el 1.", 8.0)
OTHER = PromptText("other", "Para otra cosa, oprima el 2.", 8.0)
NAMED = PromptText("emergency", f"Gracias por llamar a {CLINIC}. Marque el 911.", 12.0, None, False, CLINIC)


def recording(seconds=1.5):
    """A WAV file with something like a voice in it."""
    at = np.arange(int(24000 * seconds)) / 24000
    tone = np.sin(2 * np.pi * 200 * at) * (0.3 + 0.3 * np.sin(2 * np.pi * 3 * at)) + 0.2 * np.sin(2 * np.pi * 1200 * at)
    sink = io.BytesIO()
    with wave.open(sink, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(24000)
        file.writeframes((tone * 12000).astype("<i2").tobytes())
    return sink.getvalue()


@pytest.fixture
def folder(tmp_path):
    """A folder with a zip for one line."""
    entry = {"key": LINE.key, "text": LINE.text, "file": "audio/1.wav"}
    entry["words_sha256"] = SpokenPart(SPANISH, LINE.text).words_sha256
    with zipfile.ZipFile(tmp_path / f"{SPANISH}.zip", "w") as archive:
        archive.writestr("manifest.json", json.dumps({"language": SPANISH, "prompts": [entry]}))
        archive.writestr("audio/1.wav", recording())
    return tmp_path


def test_the_rest_is_spoken_by_the_languages_own_voice(folder):
    cast = cast_for(SPANISH, brought_audio(folder, SPANISH))
    first, second = make_clips(SPANISH, [LINE, OTHER], cast=cast)
    assert (first.engine, second.engine) == ("file", "espeak")
    assert abs(first.measurement.level_dbov - second.measurement.level_dbov) < 0.2


def test_a_line_whose_words_changed_is_spoken(folder):
    cast = cast_for(SPANISH, brought_audio(folder, SPANISH))
    (clip,) = make_clips(SPANISH, [PromptText(LINE.key, "Para una cita, oprima el 2.")], cast=cast)
    assert clip.engine == "espeak"


def test_clips_are_made_anew_when_the_file_changes():
    plain = plain_voice(SPANISH)
    words = SpokenPart(SPANISH, LINE.text).words_sha256
    prints = {fingerprint(SPANISH, LINE, Cast(plain, plain, brought)) for brought in ({}, {words: b"1"}, {words: b"2"})}
    assert len(prints) == 3


def test_the_clinics_name_is_a_part_of_its_own_in_every_language_but_english():
    assert [(part.language, part.text) for part in parts_of(SPANISH, NAMED)] == [
        (SPANISH, "Gracias por llamar a"),
        ("en-US", CLINIC),
        (SPANISH, "Marque el 911."),
    ]
    assert [part.text for part in parts_of("en-US", NAMED)] == [NAMED.text]


def test_a_line_with_the_name_in_it_is_one_clip_of_two_voices():
    (clip,) = make_clips(SPANISH, [NAMED])
    names = cast_for(SPANISH).names.driver
    assert clip.engine == "+".join(dict.fromkeys(("espeak", names)))
    assert clip.faults == ()


def test_without_a_zip_nothing_is_brought(tmp_path):
    assert brought_audio(tmp_path, SPANISH) == {}


@pytest.mark.parametrize("damage", ["no zip", "other language", "no manifest", "file missing"])
def test_a_zip_that_cannot_be_used_says_so(folder, damage):
    path = folder / f"{SPANISH}.zip"
    if damage == "no zip":
        path.write_bytes(b"nothing")
    else:
        with zipfile.ZipFile(path, "w") as archive:
            if damage == "other language":
                archive.writestr("manifest.json", json.dumps({"language": "pt-BR", "prompts": []}))
            elif damage == "file missing":
                entry = {"file": "audio/9.wav", "words_sha256": "0"}
                archive.writestr("manifest.json", json.dumps({"language": SPANISH, "prompts": [entry]}))
    with pytest.raises(BroughtError, match=r"es-US\.zip"):
        brought_audio(folder, SPANISH)
