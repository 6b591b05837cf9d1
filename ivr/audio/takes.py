"""Somebody's recording of a prompt: refused with a sentence that helps, or mastered like every other clip."""

import hashlib
from dataclasses import replace

from ivr.audio.clips import PromptClip, PromptText
from ivr.audio.decoding import are_cancelling, decoded, in_band, less_noise
from ivr.audio.distortion import is_distorted
from ivr.audio.edges import speech_range
from ivr.audio.endpoints import noise_dbov
from ivr.audio.errors import MasteringError, TakeFault, TakeRefused
from ivr.audio.mastering import master_band
from ivr.audio.measuring import (
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

QUIETEST_TAKE_DBOV = -55.0
LEAST_OVER_NOISE_DB = 12.0  # speech over noise: under it, words are lost
CLEAN_OVER_NOISE_DB = 32.0  # above it, nobody hears the noise and nothing is done about it
REDUCTION_DB = 8.0  # gentle: more makes voices sound as under water

CALM_WPM, FASTEST_READ_WPM = 150.0, 170.0  # above the first: a remark; above the second: an admin decides
CUT_OFF_WPM = 230.0  # nobody reads a prompt so fast: words are missing
TWICE_WPM = 80.0  # so slow is nobody: something was said twice
FASTEST_WORD_SECONDS, SLOWEST_WORD_SECONDS = 0.25, 1.4  # for prompts of fewer than five words, a word


def finish_take(source: bytes, language: str, prompt: PromptText) -> PromptClip:
    """Master a recording (WAV, MP3, M4A, OGG, WebM, FLAC) of a prompt.

    Its `faults` are what an admin may overrule: that it is read too fast. Its `remark` is advice for the next time.

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
        words = "Nobody speaks in this recording. Check the microphone and record again."
        raise TakeRefused(words, TakeFault.QUIET) from error
    measurement = measure(wav, prompt.text, language)
    _check_length(measurement, prompt, language)
    if wrong := faults(replace(measurement, words_per_minute=None)):
        raise TakeRefused(f"The recording is not fit for the telephone: {'; '.join(wrong)}.")
    too_fast, remark = _pace(measurement)
    sha256 = hashlib.sha256(wav).hexdigest()
    return PromptClip(prompt.key, prompt.text, wav, sha256, measurement, too_fast, remark=remark)


def _checked(source: bytes) -> Samples:
    """The recording in the telephone's band, with less noise where that helps."""
    if len(source) > LARGEST_BYTES:
        raise TakeRefused("This file is too large: 20 MB is the most.")
    wide, rate = decoded(source)
    if len(wide) > LONGEST_TAKE_SECONDS * rate:
        raise TakeRefused("This recording is longer than two minutes; no prompt is that long.", TakeFault.LONG)
    if are_cancelling(source, wide):
        words = "Left and right cancel each other out: the plug of one is the wrong way round. Record with one channel."
        raise TakeRefused(words, TakeFault.QUIET)
    band = in_band(wide, rate)
    begin, end = speech_range(band)
    if is_distorted(wide[begin * rate // RATE : end * rate // RATE], rate):
        words = "The recording is distorted: the voice was too loud. Move back a little and record again."
        raise TakeRefused(words, TakeFault.DISTORTED)
    return _cleaned(band[begin:end])


def _cleaned(band: Samples) -> Samples:
    level, activity = active_speech_level(band, RATE)
    if activity == 0.0 or level < QUIETEST_TAKE_DBOV:
        words = "The recording is almost silent. Move closer to the microphone and record again."
        raise TakeRefused(words, TakeFault.QUIET)
    noise = noise_dbov(band, RATE)
    if level - noise < LEAST_OVER_NOISE_DB:
        words = "The recording is too noisy to understand. Find a quieter room and record again."
        raise TakeRefused(words, TakeFault.NOISY)
    return less_noise(band, noise, REDUCTION_DB) if level - noise < CLEAN_OVER_NOISE_DB else band


def _check_length(measurement: Measurement, prompt: PromptText, language: str) -> None:
    """Refuse what is longer than its place allows, or longer or shorter than its words could be spoken."""
    words, seconds = words_in(prompt.text, language), measurement.seconds
    if words >= FEWEST_WORDS_FOR_PACE:
        shortest, longest, twice = (60.0 * words / pace for pace in (CUT_OFF_WPM, SLOWEST_WPM, TWICE_WPM))
    else:
        shortest, longest = FASTEST_WORD_SECONDS * words, 0.6 + SLOWEST_WORD_SECONDS * words
        twice = 2 * longest
    lasts = f"It lasts {seconds:.1f} seconds: its words take"
    if seconds < shortest:
        raise TakeRefused(f"{lasts} {shortest:.1f} at least. Was it cut off?", TakeFault.SHORT)
    if seconds > twice:
        words_twice = "Was something said twice, or before or after the words? Record it again."
        raise TakeRefused(f"{lasts} {longest:.1f} at most. {words_twice}", TakeFault.LONG)
    if seconds > longest:
        raise TakeRefused(
            f"{lasts} {longest:.1f} at most. Speak a little faster, and say each word once.", TakeFault.LONG
        )
    if prompt.longest_seconds is not None and seconds > prompt.longest_seconds:
        place = f"its place in the call has {prompt.longest_seconds:g} at most."
        raise TakeRefused(f"It lasts {seconds:.1f} seconds: {place}", TakeFault.LONG)


def _pace(measurement: Measurement) -> tuple[tuple[str, ...], str]:
    """Why somebody has to decide whether it is too fast, if so; and advice, if it is only a little fast."""
    pace = None if measurement.words_per_minute is None else round(measurement.words_per_minute)
    if pace is None or pace <= CALM_WPM:
        return (), ""
    told = f"{pace} words a minute. Callers who hear badly follow {CALM_WPM:.0f} at most."
    if pace > FASTEST_READ_WPM:
        return (f"It is too fast: {told}",), ""
    return (), f"A little fast: {told}"
