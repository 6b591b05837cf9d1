"""Every language beside English: complete for callers, readable, and short and even when it is spoken."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from textstat.textstat import textstatistics

from ivr import create_app
from ivr.audio.clips import PromptClip, make_clips
from ivr.callflow import outputs as out
from ivr.callflow.check import STAFF_PROMPTS, SpokenScript, check, missing
from ivr.callflow.composing import compose
from ivr.callflow.tree import build
from ivr.config import PROMPTS, Config, ConfigError
from ivr.services.prompts.rendering import prompt_texts
from ivr.services.scripts import Script, read_scripts

ENGLISH, OTHERS = "en-US", ["es-US", "pt-BR"]
CLINIC = "Bay State Pain Associates"
TREE = build((ENGLISH, *OTHERS), lambda digits: f"+1{digits}")
EASY = 70
"""Fernandez Huerta's scale for Spanish: 70 to 80 is a sixth-grader's reading ("bastante facil"), more is easier."""


@cache
def script(language: str, clinic: str = CLINIC) -> Script:
    """A language's script; its key in the language menu is its place, which no rule here depends on."""
    return read_scripts(PROMPTS, [language], clinic)[language]


@cache
def clips(language: str) -> dict[str, PromptClip]:
    """Every prompt as the voice says it."""
    return {clip.key: clip for clip in make_clips(language, prompt_texts(script(language)))}


def sentences(language: str) -> list[str]:
    """The keys of prompts that are more than a building block."""
    return [key for key, prompt in script(language).prompts.items() if len(prompt.text.split()) > 3]


@pytest.mark.parametrize("language", OTHERS)
def test_it_has_what_callers_hear_and_nothing_else(language: str) -> None:
    """What only staff hear stays in English; a language may add words of its own to its dates."""
    assert missing(TREE, language, script(language).has) == []
    own = set(script(language).prompts) - set(script(ENGLISH).prompts)
    assert own <= {item for items in (script(language).order.date, script(language).order.time) for item in items}
    assert not [key for key in script(language).prompts if key.startswith(STAFF_PROMPTS)]


@pytest.mark.parametrize("language", OTHERS)
def test_the_same_prompts_are_clinical(language: str) -> None:
    """A second person approves in every language what one approves in English."""
    for key, prompt in script(language).prompts.items():
        if key in script(ENGLISH).prompts:
            assert prompt.clinical == script(ENGLISH).prompts[key].clinical, key


@pytest.mark.parametrize("language", OTHERS)
def test_the_keys_named_are_the_english_ones(language: str) -> None:
    """A translation never moves an option: the last key a prompt names is the same, 0 to 9."""
    for key in sentences(ENGLISH):
        prompt = script(ENGLISH).prompts[key].text
        named = re.search(r"press (?:the )?(\d)(?: key)?\.$", prompt)
        if named and script(language).has(key):
            there = re.findall(r"\d", script(language).prompts[key].text)
            assert there[-1:] == [named[1]], key


@pytest.mark.parametrize("language", OTHERS)
def test_sentences_are_short(language: str) -> None:
    """At most 20 words, as in English."""
    for key in sentences(language):
        parts = re.split(r"[.?!:;]\s", script(language).prompts[key].text)
        assert max(len(part.split()) for part in parts) <= 20, key


def test_spanish_is_easy_to_read() -> None:
    """By Fernandez Huerta's formula, over each clip and notice; shorter prompts are too short for it."""
    counted = textstatistics()
    counted.set_lang("es")
    plain = script("es-US", "la clínica")
    known = re.compile(rf"\b(?:{'|'.join(sorted(plain.known_words))})\b", re.IGNORECASE)
    longer = {key: prompt.text for key, prompt in plain.prompts.items() if len(prompt.text.split()) >= 15}
    assert len(longer) > 15
    hard = {key: counted.fernandez_huerta(known.sub("hueso", text)) for key, text in longer.items()}
    assert {key: grade for key, grade in hard.items() if grade < EASY} == {}


@pytest.mark.parametrize("language", OTHERS)
def test_every_prompt_is_level_paced_and_short_enough(language: str) -> None:
    """The telephone's limits for each clip, and the contract's for what a call says in one go."""
    assert {key: clip.faults for key, clip in clips(language).items() if clip.faults} == {}
    seconds = {key: clip.measurement.seconds for key, clip in clips(language).items()}
    words = script(language)
    alone = SpokenScript(language, words.order, words.has, seconds, words.longest)
    assert check(TREE, [alone]) == []


@pytest.mark.parametrize(
    ("language", "speech", "said"),
    [
        ("es-US", out.SpeakDate("1948-05-17"), "diecisiete de mayo de mil novecientos cuarenta y ocho"),
        ("es-US", out.SpeakDate("1905-01-01"), "primero de enero de mil novecientos cinco"),
        ("es-US", out.SpeakDate("2000-02-29"), "veintinueve de febrero de dos mil"),
        ("es-US", out.SpeakDate("2026-11-30", year=False), "treinta de noviembre"),
        ("es-US", out.SpeakTime(14, 30), "las dos y media de la tarde"),
        ("es-US", out.SpeakTime(13, 0), "la una de la tarde"),
        ("es-US", out.SpeakTime(8, 45), "las ocho y cuarenta y cinco de la mañana"),
        ("es-US", out.SpeakDigits("6175550142", (3, 3, 4)), "seis uno siete cinco cinco cinco cero uno cuatro dos"),
        ("pt-BR", out.SpeakDate("1948-05-17"), "dezessete de maio de mil novecentos e quarenta e oito"),
    ],
)
def test_dates_times_and_numbers_are_said_as_its_speakers_do(language: str, speech: out.Speech, said: str) -> None:
    """In their own order and words."""
    words = script(language)
    parts = compose(speech, words.order, words.has)
    assert " ".join(words.prompts[part.prompt].text for part in parts if isinstance(part, out.Say)) == said


def test_a_draft_is_refused_by_the_settings(settings: dict[str, str]) -> None:
    """Portuguese is complete, and stays off until its draft mark is taken out."""
    assert script("pt-BR").is_draft
    assert not script("es-US").is_draft
    with pytest.raises(ConfigError, match=r"IVR_LANGUAGES.*pt-BR\.toml is a draft; once it is approved"):
        Config.from_env({**settings, "IVR_LANGUAGES": "en-US,pt-BR"})


def test_an_incomplete_language_is_not_offered(
    config: Config, make_line, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Callers hear English only; the platform is told."""
    for language in (ENGLISH, "es-US"):
        text = (PROMPTS / f"{language}.toml").read_text("utf-8")
        (tmp_path / f"{language}.toml").write_text(
            text.replace("[saved]", "[not_saved]") if language != ENGLISH else text
        )
    monkeypatch.setattr("ivr.PROMPTS", tmp_path)
    line = make_line(sqlite_url, languages=(ENGLISH, "es-US"), voice="say")
    assert line.tree.languages == (ENGLISH,)
    app = create_app(replace(config, languages=(ENGLISH, "es-US"), voice="say"), line)
    answer = app.test_client().get("/readyz")
    assert (answer.status_code, "es-US is off the air" in answer.text) == (503, True)
