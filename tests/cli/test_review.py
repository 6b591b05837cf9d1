"""What a scripted call tells whoever runs it as a check, of real calls on a real line."""

import pytest

from ivr.callflow.tree import build
from ivr.cli.review import CHECK_KEYS, review
from ivr.config import PROMPTS
from ivr.services.numbers import dialable
from ivr.services.scripts import read_scripts
from tests.support.settings import BASE_URL


@pytest.fixture(params=["synth", "say"])
def told(request, telephone, config):
    """What is told of a call, with rendered clips and with the carrier's own voice."""
    phone = telephone(voice=request.param)
    scripts = read_scripts(PROMPTS, config.languages, config.clinic_name)

    def call(keys, *, before=None, **options):
        if before:
            before(phone)
        transcript = phone.call(keys, **options)
        return review(transcript.entries, build(config.languages, dialable), scripts)

    return call


def test_the_recommended_check(told):
    found = told(CHECK_KEYS)
    heard, key = found.sentences
    assert heard.startswith("Heard: ")
    assert int(heard.split()[3]) > 10, "seconds"
    assert key.startswith("Key 9 was understood. The line answered: ")
    assert not found.is_outage


@pytest.mark.parametrize(
    ("keys", "sentences"),
    [
        ("h", ["No key was pressed, so this does not show that keys arrive. Try --keys \"9 h\"."]),
        ("8 h", ["Key 8 was NOT understood. The line answered: Let's try again."]),
        ("8 8 h", ["Key 8 was NOT understood.", "Key 8 was NOT understood."]),
        ("8 8 8 h", ["Key 8 was NOT understood.", "Key 8 was NOT understood.", "Key 8 was NOT understood."]),
        ("2 1 h", ["Key 2 was understood.", "Key 1 was understood."]),
        ("2 2 123# h", ["Key 2 was understood.", "Key 2 was understood.", "Key 123# was NOT understood."]),
        ("1 1 2 1 13451948 h", [*[f"Key {key} was understood." for key in "1121"], "Key 13451948 was NOT understood."]),
    ],
)  # fmt: skip
def test_each_key_is_judged(told, keys, sentences):
    _, *found = told(keys).sentences
    assert len(found) == len(sentences)
    assert [one for one, words in zip(found, sentences, strict=True) if not one.startswith(words)] == []


def test_an_outage_is_told_though_the_call_goes_through(told):
    def breaks(phone):
        with phone.line.database.engine.begin() as connection:
            connection.exec_driver_sql("DROP TABLE call_turns")

    found = told("9 h", before=breaks)
    assert found.is_outage
    assert "The line said that it has a problem" in found.sentences[-1]


def test_a_key_that_ends_the_call(telephone, config):
    """Whoever answers the desk is talked to: the line says nothing more."""
    transcript = telephone().call("2 h")
    entries = [entry for entry in transcript.entries if entry.who == "caller"]
    found = review(entries, build(config.languages, dialable), read_scripts(PROMPTS, ["en-US"], config.clinic_name))
    assert found.sentences == ("Heard: nothing.", "Key 2 was not answered: the call ended.")
    assert BASE_URL not in "".join(found.sentences)
