"""How hibari says words that stand alone, where its usual way is not the best: found by the bench of understanding.

Its breath is noise, and noise has a seed: what is not here has seed 0. Digits are said more quickly than other short
prompts: ten of them, with the rests between the groups, are what a caller waits for longest.
"""

from collections.abc import Mapping

SEEDS: Mapping[str, int] = {}
"""Empty: for "twenty-two", which is weak, none of eight seeds was better, and other words were not tried."""

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
RATES: Mapping[str, int] = dict.fromkeys(DIGITS, 184)
"""Nominal rates, see `ivr/audio/pacing.py`. Also hours have these words: the same words are the same sound."""


def seed_for(text: str) -> int:
    """The seed by which hibari says these words best."""
    return SEEDS.get(text, 0)


def rate_for(text: str, usual: int) -> int:
    """The nominal rate at which hibari says these words; only for words too few to have a pace."""
    return RATES.get(text, usual)
