"""Every language beside English: complete for callers, readable, and short and even when it is spoken."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime
from functools import cache
from pathlib import Path

import pytest
from textstat.textstat import textstatistics

from ivr import create_app
from ivr.audio.clips import PromptClip, make_clips
from ivr.callflow import outputs as out
from ivr.callflow.answers import BestTime, Draft, Flow, Kind, Reason, VisitType, Weekday
from ivr.callflow.check import STAFF_PROMPTS, SpokenScript, check, missing
from ivr.callflow.composing import compose
from ivr.callflow.engine import begin
from ivr.callflow.facts import Promise, RequestFacts, RequestSummary
from ivr.callflow.inputs import RequestSaved
from ivr.callflow.nodes import Menu, Value
from ivr.callflow.speaking import spoken
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


def announced(language: str) -> dict[str, str]:
    """The words of every option that a caller hears in a menu, by prompt."""
    menus = [node for node in TREE.nodes.values() if isinstance(node, Menu)]
    keys = {choice.prompt for menu in menus for choice in menu.choices} | {k for m in menus for k in m.global_options}
    return {key: prompt.text for key, prompt in script(language).prompts.items() if key in keys}


@pytest.mark.parametrize("language", OTHERS)
def test_an_option_stands_alone(language: str) -> None:
    """What for, then the key: "no, oprima 2" is heard as "do not press 2", and a bare noun is heard as nothing."""
    options = announced(language)
    assert len(options) > 50
    assert {key: text for key, text in options.items() if not text.startswith(("Para ", "Si ", "Se "))} == {}


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
        ("es-US", out.SpeakTime(12, 0), "las doce del mediodía."),
        ("es-US", out.SpeakTime(12, 15), "las doce y cuarto de la tarde"),
        ("pt-BR", out.SpeakDate("1948-05-17"), "dezessete de maio de mil novecentos e quarenta e oito"),
        ("pt-BR", out.SpeakTime(12, 0), "o meio-dia."),
    ],
)
def test_dates_times_and_numbers_are_said_as_its_speakers_do(language: str, speech: out.Speech, said: str) -> None:
    """In their own order and words."""
    assert texts(language, speech) == said


def texts(language: str, *speech: out.Speech) -> str:
    """What is said, without the pauses."""
    words = script(language)
    parts = [part for one in speech for part in compose(one, words.order, words.has)]
    return " ".join(words.prompts[part.prompt].text for part in parts if isinstance(part, out.Say))


@pytest.mark.parametrize(
    ("language", "hour", "ahead", "half", "said"),
    [
        ("es-US", 13, 0, None, "Le llamaremos hoy, antes de la una de la tarde"),
        ("es-US", 12, 0, None, "Le llamaremos hoy, antes de las doce del mediodía."),
        ("es-US", 12, 0, BestTime.MORNING, "Le llamaremos esta mañana, antes de las doce del mediodía."),
        ("es-US", 17, 0, BestTime.AFTERNOON, "Le llamaremos esta tarde, antes de las cinco de la tarde"),
        ("es-US", 10, 1, BestTime.MORNING, "Le llamaremos mañana, antes de las diez de la mañana"),
        ("es-US", 12, 1, BestTime.MORNING, "Le llamaremos mañana, antes de las doce del mediodía."),
        ("es-US", 14, 1, BestTime.AFTERNOON, "Le llamaremos mañana por la tarde, antes de las dos de la tarde"),
        ("es-US", 10, 3, None, "Le llamaremos el lunes antes de las diez de la mañana"),
        ("es-US", 12, 8, None, "Le llamaremos el lunes veinticuatro de noviembre antes de las doce del mediodía."),
        ("pt-BR", 14, 1, BestTime.AFTERNOON, "Vamos ligar para você amanhã à tarde, até as duas da tarde"),
        ("pt-BR", 12, 1, BestTime.MORNING, "Vamos ligar para você amanhã de manhã, até o meio-dia."),
        ("pt-BR", 12, 3, None, "Vamos ligar para você na segunda-feira até o meio-dia."),
    ],
)
def test_a_promise_is_a_sentence(language: str, hour: int, ahead: int, half: BestTime | None, said: str) -> None:
    """Its pieces fit together at every hour, noon and one o'clock included."""
    promise = Promise(datetime(2025, 11, 24, hour), ahead, half=half)
    request = RequestFacts(summary=RequestSummary(Flow.CALLBACK, date(2025, 11, 21), promise=promise))
    assert texts(language, *spoken(Value.CALL_PROMISE, replace(begin(TREE), request=request))) == said


@pytest.mark.parametrize(
    ("language", "draft", "said"),
    [
        (
            "es-US",
            Draft(Kind.APPOINTMENT, visit_type=VisitType.FRACTURE, weekday=Weekday.MONDAY, visit_time=BestTime.MORNING),
            "Usted pidió una cita un lunes, por la mañana, por una fractura de la columna. Su número de referencia es ",
        ),
        (
            "es-US",
            Draft(Kind.CALLBACK, reason=Reason.BILLING),
            "Usted pidió una llamada sobre una factura, el seguro o un referido médico. Su número de referencia es ",
        ),
        (
            "pt-BR",
            Draft(Kind.APPOINTMENT, visit_type=VisitType.OTHER_PAIN, weekday=Weekday.ANY, visit_time=BestTime.ANY),
            "Você pediu uma consulta em qualquer dia, a qualquer hora, por outro problema de dor. O número do seu ",
        ),
    ],
)
def test_a_receipt_begins_with_a_sentence(language: str, draft: Draft, said: str) -> None:
    """What was asked for, put together from the answers."""
    state = replace(begin(TREE), draft=draft, saved=RequestSaved("482913", None))
    assert texts(language, *spoken(Value.RECEIPT, state)).startswith(said)


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
