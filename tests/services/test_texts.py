"""The words of text messages: every language has all of them, and none tells what a patient asked for."""

import re
from datetime import date, datetime, timedelta

import pytest

from ivr.callflow.answers import BestTime
from ivr.callflow.facts import Promise
from ivr.callflow.speaking import promised
from ivr.config import PROMPTS, Config, ConfigError
from ivr.services.scripts import ScriptError, read_scripts
from ivr.services.texts.words import FOLDER, SLOTS, read_texts, written, written_day

LANGUAGES = tuple(sorted(path.stem for path in PROMPTS.glob("*.toml") if path.stem != "titles"))
PROMISES = (
    (Promise(datetime(2026, 11, 24, 15), 0), "We will call you today by 3:00 PM.", "Le llamaremos hoy, antes de las 3:00 p. m."),
    (
        Promise(datetime(2026, 11, 24, 13), 1, half=BestTime.AFTERNOON),
        "We will call you tomorrow afternoon, by 1:00 PM.",
        "Le llamaremos mañana por la tarde, antes de la 1:00 p. m.",
    ),
    (Promise(datetime(2026, 11, 24, 12), 1), "We will call you tomorrow by noon.", "Le llamaremos mañana, antes de las doce del mediodía."),
    (
        Promise(datetime(2026, 12, 1, 10, 15), 9),
        "We will call you on Tuesday December 1 by 10:15 AM.",
        "Le llamaremos el martes 1 de diciembre antes de las 10:15 a. m.",
    ),
    (Promise(datetime(2026, 11, 24, 12), 0, minutes=30), "We will call you within thirty minutes.", "Le llamaremos en treinta minutos o menos."),
)  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_text_and_none_is_telling(language):
    script = read_texts(PROMPTS, [language])[language]
    assert set(script.texts) == set(SLOTS)
    telling = r"pain|dolor|dor\b|spine|columna|coluna|vertebr|fract|kypho|cifo|callback|appointment|cita|consulta"
    assert not [name for name, text in script.texts.items() if re.search(telling, text, re.IGNORECASE)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_fits_into_four_parts(language):
    """Letters outside the telephone's alphabet leave 67 to a part instead of 153."""
    values = {
        "name": "Bay State", "reference": "123456", "number": "(617) 555-0100",
        "promise": "p" * 60, "link": "https://line.example.org/r/" + "x" * 22, "day": "d" * 25, "code": "123456",
    }  # fmt: skip
    script = read_texts(PROMPTS, [language])[language]
    for name in SLOTS:
        text = script.filled(name, **values)
        assert len(text) <= (4 * 153 if language == "en-US" else 5 * 67), (name, len(text))


@pytest.mark.parametrize(("promise", "english", "spanish"), PROMISES)
def test_promises_are_written_as_they_are_spoken(promise, english, spanish):
    scripts, texts = read_scripts(PROMPTS, ["en-US", "es-US"], "Bay State"), read_texts(PROMPTS, ["en-US", "es-US"])
    assert [written(promised(promise), scripts[one], texts[one]) for one in scripts] == [english, spanish]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda text: text.replace("{link}", ""), "saved must name"),
        (lambda text: text.replace("{name}: We are", "{reason}: We are"), "calling must name"),
        (lambda text: text.replace("changed =", "chanced ="), "chanced is unknown|changed is missing"),
        (lambda text: text.replace('"en-US"', '"es-US"'), "language must be"),
        (lambda text: "[", "cannot be read"),
    ],
)
def test_a_wrong_file_is_told_with_its_name(tmp_path, change, told):
    (tmp_path / FOLDER).mkdir()
    good = (PROMPTS / FOLDER / "en-US.toml").read_text()
    (tmp_path / FOLDER / "en-US.toml").write_text(change(good))
    with pytest.raises(ScriptError, match=told):
        read_texts(tmp_path, ["en-US"])


@pytest.mark.parametrize(
    ("given", "is_on", "name"),
    [
        ({}, False, "Bay State"),
        ({"TEXTS": "on"}, True, "Bay State"),
        ({"SMS_REFERENCE": "yes"}, True, "Bay State"),
        ({"SMS_REFERENCE": "yes", "TEXTS": "off"}, False, "Bay State"),
        ({"TEXTS": "on", "CLINIC_NAME": "Back Bay Center for Spine Care"}, True, "Back Bay Center"),
        ({"TEXTS": "on", "CLINIC_NAME": "Pain Clinic", "TEXT_NAME": "Dr. Pakzad"}, True, "Dr. Pakzad"),
        ({"CLINIC_NAME": "Pain Clinic"}, False, ""),
    ],
)
def test_the_name_in_texts_tells_nothing_of_what_is_treated(settings, given, is_on, name):
    config = Config.from_env({**settings, **given})
    assert (config.texts, config.text_name) == (is_on, name)


@pytest.mark.parametrize(
    "given", [{"TEXTS": "yes"}, {"TEXTS": "on", "CLINIC_NAME": "Pain Clinic"}, {"TEXT_NAME": "a\x00b"}]
)
def test_what_cannot_be_used_is_told(settings, given):
    with pytest.raises(ConfigError, match=r"TEXTS is malformed|TEXT_NAME is malformed"):
        Config.from_env({**settings, **given})


@pytest.mark.parametrize(
    ("language", "days"),
    [
        ("en-US", ["today", "yesterday", "Friday", "November 18"]),
        ("es-US", ["de hoy", "de ayer", "del viernes", "del 18 de noviembre"]),
        ("pt-BR", ["de hoje", "de ontem", "de sexta-feira", "de 18 de novembro"]),
    ],
)
def test_days_gone_by_are_written_as_that_language_says_them(language, days):
    script, texts = read_scripts(PROMPTS, [language], "Bay State")[language], read_texts(PROMPTS, [language])[language]
    today = date(2026, 11, 25)
    written_days = [written_day(today - timedelta(days=ago), today, script, texts) for ago in (0, 1, 5, 7)]
    assert written_days == days
