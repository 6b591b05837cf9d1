"""Somebody's recording of a prompt: refused with a sentence that helps, or mastered like every other clip."""

import hashlib

import numpy as np

from ivr.audio.clips import PromptClip, PromptText
from ivr.audio.decoding import decoded, in_band, less_noise
from ivr.audio.endpoints import noise_dbov
from ivr.audio.errors import MasteringError, TakeRefused
from ivr.audio.mastering import master_band
from ivr.audio.measuring import (
    FASTEST_WPM,
    FEWEST_WORDS_FOR_PACE,
    SLOWEST_WPM,
    Measurement,
    active_speech_level,
    faults,
    measure,
)
from ivr.audio.wavefile import RATE, Samples
from ivr.audio.words import words_in

UNREADABLE = "This is not a recording we can read. Use a WAV, MP3, M4A, OGG, WebM or FLAC file."
LARGEST_BYTES = 20_000_000
LONGEST_TAKE_SECONDS = 120.0

FLAT = 0.98  # of the peak: samples above it are at the top
SPOKEN = 0.1  # of the peak: samples above it are speech
MOST_FLAT = 0.008  # of the spoken samples; speech that is not clipped has under 0.002
QUIETEST_TAKE_DBOV = -55.0
LEAST_OVER_NOISE_DB = 12.0  # speech over noise: under it, words are lost
CLEAN_OVER_NOISE_DB = 32.0  # above it, nobody hears the noise and nothing is done about it
REDUCTION_DB = 8.0  # gentle: more makes voices sound as under water

FASTEST_WORD_SECONDS, SLOWEST_WORD_SECONDS = 0.25, 1.4  # for prompts of fewer than five words, a word


def finish_take(source: bytes, language: str, prompt: PromptText) -> PromptClip:
    """Master a recording (WAV, MP3, M4A, OGG, WebM, FLAC) of a prompt.

    Raises:
        TakeRefused: it is no audio, clipped, almost silent, too noisy, or too long or too short for its words.
    """
    try:
        band = _checked(source)
    except TakeRefused:
        raise
    except MasteringError as error:
        raise TakeRefused(UNREADABLE) from error
    try:
        wav = master_band(band, title=prompt.key, comment=prompt.text).wav
    except MasteringError as error:
        raise TakeRefused("Nobody speaks in this recording. Check the microphone and record again.") from error
    measurement = measure(wav, prompt.text, language)
    wrong = _length_faults(measurement, prompt, language)
    wrong = wrong or [f"The recording is not fit for the telephone: {fault}." for fault in faults(measurement)]
    if wrong:
        raise TakeRefused(" ".join(wrong))
    return PromptClip(prompt.key, prompt.text, wav, hashlib.sha256(wav).hexdigest(), measurement, ())


def _checked(source: bytes) -> Samples:
    """The recording in the telephone's band, with less noise where that helps."""
    if len(source) > LARGEST_BYTES:
        raise TakeRefused("This file is too large: 20 MB is the most.")
    wide, rate = decoded(source)
    if len(wide) > LONGEST_TAKE_SECONDS * rate:
        raise TakeRefused("This recording is longer than two minutes; no prompt is that long.")
    if _is_clipped(wide):
        raise TakeRefused("The recording is distorted: the voice was too loud. Move back a little and record again.")
    return _cleaned(in_band(wide, rate))


def _cleaned(band: Samples) -> Samples:
    level, activity = active_speech_level(band, RATE)
    if activity == 0.0 or level < QUIETEST_TAKE_DBOV:
        raise TakeRefused("The recording is almost silent. Move closer to the microphone and record again.")
    noise = noise_dbov(band, RATE)
    if level - noise < LEAST_OVER_NOISE_DB:
        raise TakeRefused("The recording is too noisy to understand. Find a quieter room and record again.")
    return less_noise(band, noise, REDUCTION_DB) if level - noise < CLEAN_OVER_NOISE_DB else band


def _is_clipped(wide: Samples) -> bool:
    """Whether the tops of the waves are cut off: far more samples than speech has are at the very peak."""
    amplitude = np.abs(wide)
    peak = float(amplitude.max(initial=0.0))
    spoken = int((amplitude > SPOKEN * peak).sum())
    return bool(spoken) and float((amplitude > FLAT * peak).sum()) / spoken > MOST_FLAT


def _length_faults(measurement: Measurement, prompt: PromptText, language: str) -> list[str]:
    """Longer than its place allows, or longer or shorter than its words could be spoken."""
    words, seconds = words_in(prompt.text, language), measurement.seconds
    if words >= FEWEST_WORDS_FOR_PACE:
        shortest, longest = 60.0 * words / FASTEST_WPM, 60.0 * words / SLOWEST_WPM
    else:
        shortest, longest = FASTEST_WORD_SECONDS * words, 0.6 + SLOWEST_WORD_SECONDS * words
    if seconds < shortest:
        return [f"It lasts {seconds:.1f} seconds: its words take {shortest:.1f} at least. Was it cut off, or too fast?"]
    if seconds > longest:
        return [f"It lasts {seconds:.1f} seconds: its words take {longest:.1f} at most. Speak a little faster."]
    if prompt.longest_seconds is not None and seconds > prompt.longest_seconds:
        return [f"It lasts {seconds:.1f} seconds: its place in the call has {prompt.longest_seconds:g} at most."]
    return []
