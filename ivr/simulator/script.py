"""Callers written down: a line of tokens, one for each time that the line waits."""

import re
import time
from collections.abc import Iterable

from ivr.simulator.caller import GatherPlan, HangUp, Keys, PlannedCaller, RecordPlan, Silence, Speak, Wait

CUT_IN_SECONDS = 0.5
SAME_KEY_SECONDS = 0.8
SKIPPABLE_SECONDS = 1  # a Gather that waits no longer is there to let a key cut its words
_TOKEN = re.compile(
    r"(?:w(?P<after>\d+(?:\.\d+)?):)?(?:(?P<keys>[0-9*#]+)|(?P<hang>h))"
    r"|(?P<silence>s)|r(?P<speech>\d+(?:\.\d+)?)(?P<end>[sh]?)"
)
_HELP = "keys such as 2 or 05171948#, s (silence), h (hang up), r12 r12s r12h (speak), or w2.5: before keys or h"


class ScriptedCaller(PlannedCaller):
    """Uses one token at each wait; when none is left, listens to the prompts and hangs up."""

    def __init__(self, tokens: Iterable[str], *, barge_in: bool = False, hang_up_at: float | None = None) -> None:
        """Check every token; with `barge_in` keys are pressed half a second into the prompts."""
        super().__init__(hang_up_at)
        self._moves = [_move(token) for token in tokens]
        self._cut = CUT_IN_SECONDS if barge_in else None

    @classmethod
    def parse(cls, script: str, *, barge_in: bool = False, hang_up_at: float | None = None) -> "ScriptedCaller":
        """Read a script such as `2 1 617*6175550199 s r12 w2.5:1 h`; raise ValueError naming a bad token."""
        return cls(script.split(), barge_in=barge_in, hang_up_at=hang_up_at)

    @property
    def unused(self) -> tuple[str, ...]:
        """The tokens that no wait has asked for yet."""
        return tuple(move.group() for move in self._moves)

    def at_gather(self, wait: Wait) -> GatherPlan:
        """Press the next token's keys; speech waits for a Record, and words that are only there to be cut are heard."""
        if self._moves and self._moves[0]["speech"]:
            return Silence()
        if wait.verb.timeout <= SKIPPABLE_SECONDS and not (self._moves and self._moves[0]["after"]):
            return Silence()
        move = self._moves.pop(0) if self._moves else None
        if move is None:
            return HangUp()
        cut = float(move["after"]) if move["after"] else self._cut
        if move["keys"]:
            return Keys(move["keys"], cut)
        return HangUp(float(move["after"]) if move["after"] else None) if move["hang"] else Silence()

    def at_record(self, wait: Wait) -> RecordPlan:
        """Speak as the next token says; plain keys mean three seconds of speech, then those keys."""
        move = self._moves.pop(0) if self._moves else None
        if move is None or move["hang"]:
            return HangUp()
        if move["keys"]:
            return Speak(3.0, move["keys"])
        if move["silence"]:
            return Silence()
        return Speak(float(move["speech"]), "" if move["end"] else "#", hang_up=move["end"] == "h")


class UnhurriedCaller(ScriptedCaller):
    """Lets a moment really pass before the key that it pressed last: a line could take that for a slip of the finger.

    For lines that have the computer's time, while the call's own passes at once.
    """

    _pressed = ""

    def at_gather(self, wait: Wait) -> GatherPlan:
        """Press the next token's keys, the same one again after a moment."""
        plan = super().at_gather(wait)
        if isinstance(plan, Keys):
            if plan.keys == self._pressed:
                time.sleep(SAME_KEY_SECONDS)
            self._pressed = plan.keys[-1:]
        return plan


def _move(token: str) -> re.Match[str]:
    match = _TOKEN.fullmatch(token)
    if match is None:
        raise ValueError(f"the script's token {token!r} is none: write {_HELP}")
    return match
