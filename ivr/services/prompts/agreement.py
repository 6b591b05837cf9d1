"""Whether what callers hear agrees with the script of today: keys, the clinic's name, and words at the right place.

The script is what the call tree was written with. The clinic may say everything in its own words, but not send callers
to other keys than the tree has, and not go on with the words of an earlier script unnoticed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import load_only

from ivr.callflow.named_keys import name_the_same_keys, sure_keys
from ivr.db import Database
from ivr.models import PromptState, PromptVersion
from ivr.services.prompts.releases import latest_release
from ivr.services.scripts import Script

NO_PLACE = "This has no place in the call: it is not one of the script's prompts."
A_DIRECTION = "These words tell how a prompt is said. Callers are not to hear them."


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A prompt on the air that does not agree with the script, and why; `misleads`: callers are told something false.

    `own`: the clinic made it itself. Otherwise it is of an earlier script, and rendering makes it anew.
    """

    language: str
    key: str
    why: str
    misleads: bool
    own: bool

    def __str__(self) -> str:
        """As a line of a report."""
        return f"{self.language} {self.key}: {self.why}"


def key_fault(script: Script | None, key: str, words: str) -> str:
    """What is false about some words for a prompt, a sentence; empty when callers may hear them."""
    prompt = script.prompts.get(key) if script else None
    if prompt is None:
        return NO_PLACE
    if words != prompt.text and script is not None and words in _directions(script):
        return A_DIRECTION
    if name_the_same_keys(prompt.text, words):
        return ""
    return f"These words name {_named(words)}. Here the call has {_named(prompt.text)}, as in “{prompt.text}”"


def outdated(script: Script, version: PromptVersion) -> str:
    """Why a version may be of an earlier script, a sentence; empty when it is of today's, or was looked at since."""
    prompt = script.prompts.get(version.key)
    if prompt is None or version.text == prompt.text:
        return ""
    if not version.own:
        return f"It is of an earlier script, which said “{version.text}”"
    if version.shipped_text is None:
        clinic = script.clinic
        says = not clinic or clinic not in prompt.text or clinic in version.text
        return "" if says else f"The script says the clinic's name, “{clinic}”, and this does not."
    if version.shipped_text != prompt.text:
        return f"The script has changed since: it says “{prompt.text}” now."
    return ""


def disagreements(database: Database, scripts: Mapping[str, Script]) -> list[Disagreement]:
    """Everything on the air that does not agree with the scripts, what misleads first."""
    with database.read() as session:
        release = latest_release(session)
        manifest = release.manifest if release else {}
        columns = load_only(
            *(PromptVersion.key, PromptVersion.language, PromptVersion.audio_sha256, PromptVersion.text),
            *(PromptVersion.own, PromptVersion.shipped_text, PromptVersion.state),
        )
        query = select(PromptVersion).options(columns).where(PromptVersion.audio_sha256.is_not(None))
        found = {
            (version.language, version.key, version.audio_sha256): version
            for version in sorted(
                session.scalars(query.where(PromptVersion.language.in_(scripts)).order_by(PromptVersion.id)),
                key=lambda one: one.state is PromptState.PUBLISHED,
            )
        }
        session.expunge_all()
    told = []
    for language, script in scripts.items():
        for key, sha256 in manifest.get(language, {}).items():
            version = found.get((language, key, sha256))
            if version is not None and key in script.prompts:
                told += _disagreement(script, version)
    return sorted(told, key=lambda one: not one.misleads)


def _disagreement(script: Script, version: PromptVersion) -> list[Disagreement]:
    """None or one."""
    place = version.language, version.key
    if fault := key_fault(script, version.key, version.text):
        return [Disagreement(*place, fault, misleads=True, own=version.own)]
    if why := outdated(script, version):
        return [Disagreement(*place, why, misleads=False, own=version.own)]
    return []


def _directions(script: Script) -> frozenset[str]:
    return frozenset(prompt.direction for prompt in script.prompts.values())


def _named(words: str) -> str:
    """The keys in some words, for people."""
    keys = sure_keys(words)
    if not keys:
        return "no key"
    return f"the key{'s' if len(keys) > 1 else ''} {', '.join(keys)}"
