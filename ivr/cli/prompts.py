"""What callers hear: making audio of the prompts, and printing or checking the call tree."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NoReturn

import click

from ivr import create_line
from ivr.audio.casting import ENGLISH, cast_for
from ivr.audio.clips import PromptClip, make_clips
from ivr.audio.errors import AudioError
from ivr.audio.synthesis import working_voice
from ivr.audio.voices import PLAIN, voice_for
from ivr.callflow import check, drawing, overview
from ivr.callflow.layout import behind
from ivr.callflow.nodes import Tree
from ivr.callflow.tree import build
from ivr.callflow.tree_staff import ENTRANCE
from ivr.cli.settings import configured, migrated, open_database, scripts_of
from ivr.config import PROMPTS, Config
from ivr.services.line import utc_now
from ivr.services.numbers import dialable
from ivr.services.prompts.agreement import Disagreement, disagreements
from ivr.services.prompts.brought import BroughtError, brought_audio
from ivr.services.prompts.releases import measured_seconds, versions_on_air
from ivr.services.prompts.rendering import prompt_texts, render_prompts

PLAYERS = (("afplay",), ("paplay",), ("aplay", "-q"), ("ffplay", "-autoexit", "-nodisp", "-loglevel", "error"))
"""Programs that play a WAV file, on macOS and on Linux, with their options."""

WARNING = "English is spoken by espeak-ng, which is much harder to understand (prompts/README.md, The voice):"


@click.group()
def prompts() -> None:
    """What callers hear."""


@prompts.command(name="render")
@click.option("--table", is_flag=True, help="Print every clip's figures and who spoke it, not only what is wrong.")
@click.option("--hear", metavar="KEY", help="Only speak this prompt and play it; nothing is stored.")
@click.option("--language", help="The language of the prompt to hear; the first one unless given.")
def prompts_render(table: bool, hear: str | None, language: str | None) -> None:
    """Make audio of every prompt that nobody has recorded; only what changed is made again."""
    config = configured()
    if hear:
        _hear(config, hear, language or config.languages[0])
        return
    clips = render(config)
    if table:
        fresh = {(clip.language, clip.key) for clip in clips}
        for clip in clips:
            click.echo(_figures(clip))
        for line in _figures_on_air(config, fresh):
            click.echo(line)
    sys.exit(1 if any(clip.faults for clip in clips) else 0)


def render(config: Config, *, callers_only: bool = False) -> list[PromptClip]:
    """Render with a progress bar, and say what was measured; `callers_only` leaves the staff's prompts for later."""
    database = migrated(open_database(config))
    started = utc_now()
    bars: dict[str, object] = {}

    def show(language: str, done: int, total: int, clip: PromptClip) -> None:
        if language not in bars:
            bars[language] = click.progressbar(length=total, label=f"Rendering {language}", file=sys.stderr)
        bar = bars[language]
        bar.update(1)  # type: ignore[attr-defined]
        if done == total:
            bar.render_finish()  # type: ignore[attr-defined]

    scripts = scripts_of(config, database)
    before = disagreements(database, scripts)
    try:
        clips = render_prompts(database, scripts, started, show, callers_only=callers_only)
    except (AudioError, BroughtError) as error:
        raise click.ClickException(str(error)) from None
    after = disagreements(database, scripts)
    database.close()
    seconds = (utc_now() - started).total_seconds()
    click.echo(_summary(clips, seconds))
    _warn_of_the_plain_voice(clips)
    _tell_what_is_not_as_the_script(before, after)
    for clip in clips:
        for fault in clip.faults:
            click.echo(f"  {clip.key}: {fault}", err=True)
    return clips


def _tell_what_is_not_as_the_script(before: list[Disagreement], after: list[Disagreement]) -> None:
    """What made way for the script's own words, and what the clinic has to look at or record anew."""
    left = {(one.language, one.key) for one in after}
    for one in before:
        if one.misleads and (one.language, one.key) not in left:
            click.echo(f"Taken off the air, the script's words are there instead: {one}", err=True)
    if mine := [one for one in after if one.own]:
        click.echo("The clinic's own, not as the script (the studio lists them under “Not as the script”):", err=True)
        for one in mine:
            click.echo(f"  {one}", err=True)


def _warn_of_the_plain_voice(clips: list[PromptClip]) -> None:
    """Say once that espeak-ng speaks English here, and why."""
    if not any(clip.engine == PLAIN and clip.language == ENGLISH for clip in clips):
        return
    if voice_for(ENGLISH).driver == PLAIN:
        click.echo(f"{WARNING} hibari-tts and onnxruntime are not installed, or not made for this machine.", err=True)
    elif why := working_voice(ENGLISH)[1]:
        click.echo(f"{WARNING} hibari cannot be loaded: {why}", err=True)


def _hear(config: Config, key: str, language: str) -> None:
    """Speak one prompt as the script has it now, and play it with whatever this machine has."""
    script = scripts_of(config).get(language)
    line = next((line for line in prompt_texts(script) if line.key == key), None) if script else None
    if line is None:
        raise click.ClickException(f"{language} has no prompt {key}.")
    try:
        (clip,) = make_clips(language, [line], cast=cast_for(language, brought_audio(PROMPTS, language)))
    except (AudioError, BroughtError) as error:
        raise click.ClickException(str(error)) from None
    click.echo(_figures(clip))
    with tempfile.NamedTemporaryFile(prefix=f"{key}-", suffix=".wav", delete=False) as file:
        file.write(clip.wav)
    for player, *options in PLAYERS:
        if shutil.which(player) and not subprocess.run([player, *options, file.name], check=False).returncode:
            Path(file.name).unlink()
            return
    click.echo(f"No player works here. Listen to {file.name}")


def _summary(clips: list[PromptClip], seconds: float) -> str:
    if not clips:
        return "All prompts are rendered already."
    levels = [clip.measurement.level_dbov for clip in clips]
    paces = [clip.measurement.words_per_minute for clip in clips if clip.measurement.words_per_minute]
    return (
        f"Rendered {len(clips)} prompts in {seconds:.1f} s: level {min(levels):.1f} to {max(levels):.1f} dBov, "
        f"peak {max(clip.measurement.peak_dbfs for clip in clips):.1f} dBFS at most, "
        f"head {max(clip.measurement.head_ms for clip in clips):.0f} ms and "
        f"tail {max(clip.measurement.tail_ms for clip in clips):.0f} ms at most, "
        f"{min(paces, default=0):.0f} to {max(paces, default=0):.0f} words a minute."
    )


def _figures_on_air(config: Config, without: set[tuple[str, str]]) -> Iterator[str]:
    """The figures of what is on the air already, a line each; a person's recordings too."""
    for one in versions_on_air(migrated(open_database(config)), config.languages):
        if (one.language, one.key) not in without:
            pace = f"{one.words_per_minute:4.0f}" if one.words_per_minute else "   -"
            figures = (
                f"{one.seconds or 0:5.1f} s {one.level_dbov or 0:6.1f} dBov {one.peak_dbfs or 0:6.1f} dBFS"
                f" {one.head_ms or 0:4.0f} {one.tail_ms or 0:4.0f} ms"
            )
            yield f"{one.key:<28} {figures} {pace} wpm  {'person' if one.source.is_human else 'kept'}"


def _figures(clip: PromptClip) -> str:
    m = clip.measurement
    pace = f"{m.words_per_minute:4.0f}" if m.words_per_minute else "   -"
    figures = (
        f"{m.seconds:5.1f} s {m.level_dbov:6.1f} dBov {m.peak_dbfs:6.1f} dBFS {m.head_ms:4.0f} {m.tail_ms:4.0f} ms"
    )
    notes = "; ".join((*clip.faults, *([clip.remark] if clip.remark else [])))
    return f"{clip.key:<28} {figures} {pace} wpm  {clip.engine:<6} {notes}".rstrip()


def _overview(tree: Tree) -> str:
    return overview.as_overview(tree, without=behind(tree, ENTRANCE))


DRAWINGS: Mapping[str, Callable[[Tree], str]] = {
    "text": drawing.as_text,
    "mermaid": drawing.as_mermaid,
    "overview": _overview,
}
WRITE_HELP = f"Put the overview into this document, between {overview.BEGIN} and {overview.END}."


@click.command()
@click.option("--format", "form", type=click.Choice([*DRAWINGS]), default="text", show_default=True)
@click.option("--check", "lint", is_flag=True, help="Look for what is wrong with the tree instead of printing it.")
@click.option("--languages", default="en-US", show_default=True, help="Which languages the printed tree offers.")
@click.option("--write", type=click.Path(exists=True, dir_okay=False, path_type=Path), help=WRITE_HELP)
def tree(form: str, lint: bool, languages: str, write: Path | None) -> None:
    """Print the call tree, or check it: exit status 1 when a call could go wrong.

    As text and as `mermaid` it is whole; the `overview` is a Mermaid picture of what callers meet.
    """
    if lint:
        _say_faults(_lint(configured()))
    printed = build(tuple(languages.split(",")), dialable)
    if write is None:
        click.echo(DRAWINGS[form](printed))
        return
    try:
        write.write_text(overview.insert(write.read_text("utf-8"), _overview(printed)), "utf-8")
    except ValueError as error:
        raise click.ClickException(f"{write}: {error}") from None
    click.echo(f"{write} has the tree of today.")


def _say_faults(faults: list[str]) -> NoReturn:
    for fault in faults:
        click.echo(fault)
    click.echo(f"{len(faults)} faults." if faults else "The tree is sound.")
    sys.exit(1 if faults else 0)


def _lint(config: Config) -> list[str]:
    line = create_line(config)
    seconds = measured_seconds(migrated(line.database), config.languages)
    scripts = line.with_clips(scripts_of(config, line.database))
    voices = [
        check.SpokenScript(language, script.order, script.has, seconds[language], script.longest)
        for language, script in scripts.items()
    ]
    false = [str(one) for one in disagreements(line.database, scripts) if one.misleads]
    return check.check(line.on_air().tree, voices) + false
