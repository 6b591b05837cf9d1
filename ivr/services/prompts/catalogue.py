"""What the studio shows: every prompt in every language, its versions, and where it is heard."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from sqlalchemy import select

from ivr.models import PromptAudio, PromptNumber, PromptSource, PromptState, PromptVersion, StaffMember
from ivr.services.line import Line
from ivr.services.prompts.agreement import disagreements
from ivr.services.prompts.versions import prompt_of, words_to_record
from ivr.services.scripts import Script


class AudioHeard(StrEnum):
    """What callers hear of a prompt in a language."""

    PERSON = "person"
    SYNTHETIC = "synthetic"
    MISSING = "missing"
    UNUSED = "unused"
    """The language has no such words, such as “oh five” in Spanish, or only staff hear them."""


@dataclass(frozen=True, slots=True)
class PromptCell:
    """A prompt in one language: what is on the air and for how many seconds, and what waits to go there.

    `words` are those on the air, of the version `version_id`. `disagrees` says why they do not agree with the script, a
    sentence. `drafts` are versions that could go on the air or are being made, `refused` recordings that cannot.
    """

    language: str
    heard: AudioHeard = AudioHeard.MISSING
    seconds: float | None = None
    disagrees: str = ""
    drafts: int = 0
    refused: int = 0
    scheduled: int = 0
    words: str = ""
    version_id: int | None = None


@dataclass(frozen=True, slots=True)
class PromptRow:
    """A prompt in all languages; `number` is what is keyed on the telephone, None until it is given at rendering.

    `words` are what callers hear of it in the first language that has it; `direction` is how it is said.
    """

    key: str
    number: int | None
    words: str
    clinical: bool
    longest: float
    cells: tuple[PromptCell, ...]
    direction: str = ""


@dataclass(frozen=True, slots=True)
class PromptDetails:
    """A prompt in a language with its versions, the newest first.

    `shipped` are the words of the script, `words` those on the air, `to_record` those of the newest draft, if there is
    one.
    """

    row: PromptRow
    language: str
    shipped: str
    words: str
    to_record: str
    direction: str
    versions: tuple[PromptVersion, ...]
    names: Mapping[int, str]

    @property
    def cell(self) -> PromptCell:
        """The prompt in this language, as the matrix shows it."""
        return next(cell for cell in self.row.cells if cell.language == self.language)

    @property
    def on_air(self) -> PromptVersion | None:
        """The version that callers hear."""
        return next((version for version in self.versions if version.state is PromptState.PUBLISHED), None)

    @property
    def has_before(self) -> bool:
        """Whether something was on the air before that."""
        return any(version.state is PromptState.RETIRED for version in self.versions)


def rows(line: Line) -> list[PromptRow]:
    """Every prompt, in the order of the first language's script."""
    cells = _cells(line)
    scripts = line.all_scripts
    for one in disagreements(line.database, scripts):
        place = one.language, one.key
        cells[place] = replace(cells[place], language=one.language, disagrees=one.why)
    with line.database.read() as session:
        numbers = {row.key: row.number for row in session.scalars(select(PromptNumber))}
    known = dict.fromkeys(key for script in scripts.values() for key in script.prompts)
    return [_row(scripts, key, numbers.get(key), cells) for key in known]


def _row(
    scripts: Mapping[str, Script], key: str, number: int | None, cells: Mapping[tuple[str, str], PromptCell]
) -> PromptRow:
    prompt = next(script.prompts[key] for script in scripts.values() if key in script.prompts)
    each = tuple(_cell(cells, language, key, script) for language, script in scripts.items())
    words = next((cell.words for cell in each if cell.words), prompt.text)
    return PromptRow(key, number, words, prompt.clinical, prompt.longest, each, prompt.direction)


def _cell(cells: Mapping[tuple[str, str], PromptCell], language: str, key: str, script: Script) -> PromptCell:
    if key not in script.prompts:
        return PromptCell(language, AudioHeard.UNUSED)
    return cells.get((language, key), PromptCell(language))


def _cells(line: Line) -> dict[tuple[str, str], PromptCell]:
    query = select(
        PromptVersion.language,
        PromptVersion.key,
        PromptVersion.state,
        PromptVersion.source,
        PromptVersion.seconds,
        PromptVersion.problem,
        PromptVersion.publish_at,
        PromptVersion.text,
        PromptVersion.id,
    ).where(PromptVersion.state != PromptState.RETIRED)
    cells: dict[tuple[str, str], PromptCell] = defaultdict(lambda: PromptCell(""))
    with line.database.read() as session:
        for language, key, state, source, seconds, problem, publish_at, text, version_id in session.execute(query):
            cell = replace(cells[language, key], language=language)
            if state is PromptState.PUBLISHED:
                heard = AudioHeard.SYNTHETIC if source is PromptSource.SYNTHESIS else AudioHeard.PERSON
                cell = replace(cell, heard=heard, seconds=seconds, words=text, version_id=version_id)
            elif problem:
                cell = replace(cell, refused=cell.refused + 1)
            else:
                cell = replace(cell, drafts=cell.drafts + 1, scheduled=cell.scheduled + bool(publish_at))
            cells[language, key] = cell
    return cells


def details(line: Line, language: str, key: str) -> PromptDetails:
    """A prompt's page.

    Raises:
        VersionError: there is no such prompt.
    """
    prompt = prompt_of(line, language, key)
    row = next(row for row in rows(line) if row.key == key)
    with line.database.read() as session:
        query = select(PromptVersion).where(PromptVersion.language == language, PromptVersion.key == key)
        versions = tuple(session.scalars(query.order_by(PromptVersion.id.desc())))
        session.expunge_all()
        to_record, _ = words_to_record(session, line, language, key)
        names = {one.id: one.name for one in session.scalars(select(StaffMember))}
    words = next((one.text for one in versions if one.state is PromptState.PUBLISHED), prompt.text)
    return PromptDetails(row, language, prompt.text, words, to_record, prompt.direction, versions, names)


def heard_on_air(line: Line, language: str) -> Mapping[str, tuple[str, int | None]]:
    """What callers hear of each prompt of a language: the words, and the version with the sound, if there is one."""
    on_air = select(PromptVersion.key, PromptVersion.text, PromptVersion.id).where(
        PromptVersion.language == language, PromptVersion.state == PromptState.PUBLISHED
    )
    with line.database.read() as session:
        heard = {key: (text, version_id) for key, text, version_id in session.execute(on_air)}
    return {key: (prompt.text, None) for key, prompt in line.all_scripts[language].prompts.items()} | heard


def find_version(line: Line, version_id: int) -> PromptVersion | None:
    """A version by its id."""
    with line.database.read() as session:
        version = session.get(PromptVersion, version_id)
        session.expunge_all()
        return version


def version_audio(line: Line, version_id: int) -> bytes | None:
    """A version's clip as the telephone carries it; None while it has none."""
    with line.database.read() as session:
        query = select(PromptAudio.data).join(PromptVersion, PromptVersion.audio_sha256 == PromptAudio.sha256)
        return session.scalar(query.where(PromptVersion.id == version_id))
