"""Mastering: whatever comes in, the same loudness, band and silence come out."""

from collections.abc import Callable

import numpy as np
import pytest

from ivr.audio.decoding import Pcm, telephone_band
from ivr.audio.errors import MasteringError
from ivr.audio.mastering import HEAD_MS, TAIL_MS, master
from ivr.audio.measuring import Measurement, faults, measure
from ivr.audio.wavefile import RATE, read_info, read_wav

SENTENCE = "Fresh snow falls softly. If this is a medical emergency, hang up now and dial 911."
Encode = Callable[[np.ndarray, int, str, str], bytes]


def floats(pcm: Pcm) -> np.ndarray:
    """Samples as amplitudes."""
    return pcm.samples / 32768.0


def measured(source: bytes | Pcm) -> Measurement:
    """Master, measure."""
    return measure(master(source, "key", SENTENCE).wav, SENTENCE, "en-US")


def as_pcm(samples: np.ndarray, rate: int) -> Pcm:
    """Amplitudes as 16-bit samples, clipped as a recorder clips."""
    return Pcm(np.clip(samples * 32768, -32768, 32767).astype(np.int16), rate)


@pytest.mark.parametrize("gain_db", [-35.0, -20.0, 0.0, 12.0])
def test_quiet_and_overloaded_recordings_come_out_alike(speech: Pcm, gain_db: float) -> None:
    result = measured(as_pcm(floats(speech) * 10 ** (gain_db / 20), speech.rate))
    assert faults(result) == []
    assert result.level_dbov == pytest.approx(-23.0, abs=0.3)


@pytest.mark.parametrize("noise_dbov", [-75.0, -60.0, -50.0])
def test_noise_around_the_speech_is_cut_away(speech: Pcm, noise_dbov: float) -> None:
    clean = measured(speech)
    rng = np.random.default_rng(5)
    padded = np.pad(floats(speech), (2 * speech.rate, 3 * speech.rate))
    result = measured(as_pcm(padded + rng.normal(0, 10 ** (noise_dbov / 20), len(padded)), speech.rate))
    assert faults(result) == []
    assert result.seconds == pytest.approx(clean.seconds, abs=0.2)


def test_speech_without_silence_around_it_gets_some(speech: Pcm) -> None:
    loud = np.flatnonzero(np.abs(speech.samples) > 200)
    result = measured(Pcm(speech.samples[loud[0] : loud[-1]], speech.rate))
    assert 20 <= result.head_ms <= 60
    assert 70 <= result.tail_ms <= 120


@pytest.mark.parametrize("side", ["head", "tail"])
def test_quiet_consonants_at_the_edges_are_kept(side: str) -> None:
    rng = np.random.default_rng(3)
    vowel = 0.2 * np.sin(2 * np.pi * 700 * np.arange(0.4 * 16000) / 16000)
    hiss = rng.normal(0, 0.2 * 10 ** (-30 / 20), round(0.12 * 16000))  # an /f/: 27 dB under the vowel
    closure, quiet = np.zeros(round(0.03 * 16000)), np.zeros(16000)
    word = [hiss, closure, vowel] if side == "head" else [vowel, closure, hiss]
    samples, rate = read_wav(master(as_pcm(np.concatenate([quiet, *word, quiet]), 16000), "f", "f").wav)
    assert len(samples) / rate == pytest.approx(0.55 + (HEAD_MS + TAIL_MS) / 1000, abs=0.02)
    forward = samples if side == "head" else samples[::-1]
    begins = ((HEAD_MS if side == "head" else TAIL_MS) + 10) / 1000
    hissing = forward[round(begins * rate) : round((begins + 0.1) * rate)]
    assert np.sqrt(np.mean(hissing**2)) > 0.0005


def test_a_click_before_the_speech_is_not_speech(speech: Pcm) -> None:
    padded = np.pad(floats(speech), (speech.rate, speech.rate))
    padded[speech.rate // 4 : speech.rate // 4 + 20] = 0.02
    assert measured(as_pcm(padded, speech.rate)).seconds == pytest.approx(measured(speech).seconds, abs=0.05)


@pytest.mark.parametrize(
    ("container", "codec", "rate"),
    [
        ("wav", "pcm_s16le", 44100),
        ("flac", "flac", 44100),
        ("mp3", "libmp3lame", 44100),
        ("ipod", "aac", 44100),
        ("ogg", "libopus", 48000),
        ("webm", "libopus", 48000),
    ],
)
def test_stereo_recordings_of_every_kind_are_taken(
    speech: Pcm, encode: Encode, container: str, codec: str, rate: int
) -> None:
    positions = np.arange(0, len(speech.samples) - 1, speech.rate / rate)
    mono = np.interp(positions, np.arange(len(speech.samples)), floats(speech))
    source = encode(np.stack([mono, 0.5 * mono]), rate, container, codec)
    result = measured(source)
    assert faults(result) == []
    assert result.seconds == pytest.approx(measured(speech).seconds, abs=0.1)


def tone(hertz: float, rate: int) -> Pcm:
    """A second of a steady tone at half of full scale."""
    return as_pcm(0.5 * np.sin(2 * np.pi * hertz * np.arange(rate) / rate), rate)


def level_after(hertz: float, rate: int) -> float:
    """How many dB a tone is left with by the band filters."""
    kept = telephone_band(tone(hertz, rate))[RATE // 4 : -RATE // 4]
    return float(20 * np.log10(np.sqrt(2 * np.mean(kept**2)) / 0.5 + 1e-9))


@pytest.mark.parametrize("rate", [8000, 22050, 44100, 48000])
def test_the_band_is_300_to_3400_hertz(rate: int) -> None:
    assert level_after(50, rate) < -50
    assert level_after(150, rate) < -20
    for hertz in (500, 1000, 2000, 3000):
        assert level_after(hertz, rate) == pytest.approx(0.0, abs=1.0)
    for hertz in (320, 3350):
        assert level_after(hertz, rate) > -4.0


@pytest.mark.parametrize("rate", [22050, 44100, 48000])
def test_nothing_above_the_band_folds_back_into_it(rate: int) -> None:
    for hertz in (4400, 5000, 6500, 7800, 9000, 10500):
        assert level_after(hertz, rate) < -45, hertz


def band_share(samples: np.ndarray, rate: int, low: float, high: float) -> float:
    """Power between two frequencies, in dB of the power between 300 and 3400 Hz."""
    power = np.abs(np.fft.rfft(samples)) ** 2
    hertz = np.fft.rfftfreq(len(samples), 1 / rate)
    inside = power[(hertz >= 300) & (hertz < 3400)].sum()
    return float(10 * np.log10(power[(hertz >= low) & (hertz < high)].sum() / inside))


def test_the_spectrum_of_finished_speech(speech: Pcm) -> None:
    samples, rate = read_wav(master(speech, "key", SENTENCE).wav)
    before = floats(speech)
    assert band_share(samples, rate, 0, 150) < -20 + band_share(before, speech.rate, 0, 150)
    assert band_share(samples, rate, 3700, 4000) < -35
    consonants = band_share(before, speech.rate, 2000, 3200)
    assert band_share(samples, rate, 2000, 3200) == pytest.approx(consonants, abs=1.0)


def test_peaks_are_held_down_without_clipping(speech: Pcm) -> None:
    spiky = floats(speech)
    thump = 1.0 * np.sin(2 * np.pi * 1000 * np.arange(60) / speech.rate)
    for at in range(speech.rate, len(spiky) - 60, speech.rate):
        spiky[at : at + 60] = thump
    result = master(as_pcm(spiky, speech.rate), "key", SENTENCE)
    samples, _ = read_wav(result.wav)
    assert result.limited_db > 0.3
    assert 20 * np.log10(np.abs(samples).max()) <= -3.0
    top = np.abs(samples) > 0.999 * np.abs(samples).max()
    assert not np.any(top[:-2] & top[1:-1] & top[2:])  # a clipped wave has flat tops
    assert faults(measure(result.wav, SENTENCE, "en-US")) == []


def test_the_same_source_gives_the_same_bytes(speech: Pcm, encode: Encode) -> None:
    source = encode(floats(speech)[np.newaxis], speech.rate, "flac", "flac")
    first = master(source, "main", "Olá, ¿qué tal?").wav
    assert first == master(source, "main", "Olá, ¿qué tal?").wav
    assert read_info(first) == {"INAM": "main", "ICMT": "Olá, ¿qué tal?"}
    assert b"Lavf" not in first


@pytest.mark.parametrize(
    "source",
    [b"", b"not audio at all", bytes(5000), b"#EXTM3U\n#EXTINF:5,\n/etc/hostname\n#EXT-X-ENDLIST\n"],
    ids=["empty", "text", "zeros", "playlist"],
)
def test_what_is_not_audio_is_refused(source: bytes) -> None:
    with pytest.raises(MasteringError):
        master(source, "key", "text")


@pytest.mark.parametrize("samples", [np.zeros(0), np.zeros(22050), np.full(22050, 0.3)], ids=["none", "silence", "dc"])
def test_a_source_without_speech_is_refused(samples: np.ndarray) -> None:
    with pytest.raises(MasteringError, match="holds no"):
        master(as_pcm(samples, 22050), "key", "text")
