"""Seeds for words that hibari says better with another one: its breath is noise, and noise has a seed.

What is not here has seed 0. Nothing is yet: seeds have not been compared by what is heard.
"""

from collections.abc import Mapping

SEEDS: Mapping[str, int] = {}


def seed_for(text: str) -> int:
    """The seed by which hibari says these words best."""
    return SEEDS.get(text, 0)
