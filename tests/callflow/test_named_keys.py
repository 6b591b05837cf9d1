"""Which keys words name, and which new wordings would send callers astray."""

import re

import pytest

from ivr.callflow.named_keys import name_the_same_keys, sure_keys
from ivr.config import PROMPTS
from ivr.services.scripts import read_script

RESPELLED = re.compile(r"\[([^\]]*)\]\([^)]*\)")


@pytest.mark.parametrize(
    ("words", "keys"),
    [
        ("For an appointment, press 1.", "1"),
        ("To have us call you back, press the two key.", "2"),
        ("For Monday, press 1; Tuesday, 2; Wednesday, three. For any day, press 6.", "1 2 3 6"),
        ("For extension 12, press 1, 2, pound.", "1 2 pound"),
        ("To go back, press star. To skip this, press the number sign.", "star pound"),
        ("Para omitirla, oprima numeral. Para volver, la tecla asterisco.", "pound star"),
        ("Para pular, aperte jogo da velha. Para uma consulta, aperte um.", "pound 1"),
        ("Hang up and dial 911. Dial nine one one.", "911"),
        ("Marque el nueve uno uno.", "911"),
        ("For May 17th, 1948, press 0 5, 1 7, 1 9 4 8.", ""),
        ("Please press the six digits of your reference.", ""),
        ("About 75 percent of patients. One or more blocks may collapse.", ""),
        ("We open at 8. One moment. You are our star.", ""),
    ],
)
def test_keys_that_words_name(words, keys):
    assert sure_keys(words) == tuple(keys.split())


SHIPPED = "For an appointment, press 1."


@pytest.mark.parametrize(
    ("shipped", "words"),
    [
        (SHIPPED, "Appointments, press one."),
        (SHIPPED, "Would you like to see a doctor? Then please press the number 1 now."),
        (SHIPPED, "An appointment takes one hour. To make one, press 1."),
        (SHIPPED, "Appointments: 1."),
        (SHIPPED, "To see us at 8 in the morning or later, press 1."),
        ("Oprima la tecla 2.", "Oprima la tecla número dos, por favor."),
        ("Please press the six digits of your reference. If you do not have it, press pound.",
         "Key your reference. It has six digits. No reference? Press pound."),
        ("For May 17th, 1948, press 0 5, 1 7, 1 9 4 8.", "For June 2nd, 1950, press 0 6, 0 2, 1 9 5 0."),
        ("We are closed today.", "We are closed today. We open at 8 tomorrow."),
        ("oh", "zero"),
    ],
)  # fmt: skip
def test_other_words_for_the_same_keys(shipped, words):
    assert name_the_same_keys(shipped, words)


@pytest.mark.parametrize(
    ("shipped", "words"),
    [
        (SHIPPED, "Appointments, press 5."),
        (SHIPPED, "Five for appointments."),
        (SHIPPED, "Appointments: 5."),
        (SHIPPED, "For an appointment, press 1. For anything else, press 7."),
        (SHIPPED, "For an appointment, press star."),
        (SHIPPED, "For an appointment, stay on the line."),
        ("For Monday, press 1; Tuesday, 2.", "For Tuesday, press 1; Monday, press 3."),
        ("For Monday, press 1; Tuesday, 2.", "For Monday, press 2; Tuesday, 1."),
        ("Hang up and dial 911.", "Hang up and dial 912."),
        ("Hang up and dial 911.", "Hang up and go to a hospital."),
        ("To skip this, press pound.", "To skip this, press star."),
        ("Key your extension, then pound.", "Key your extension, then star."),
        ("Para una cita, oprima 1.", "Para una cita, marque el cinco."),
        ("Para uma consulta, aperte 1.", "Para uma consulta, aperte dois."),
        ("We are closed today.", "We are closed today. For our other office, press 3."),
        ("one", "two"),
    ],
)
def test_words_that_would_send_callers_astray(shipped, words):
    assert not name_the_same_keys(shipped, words)


@pytest.mark.parametrize("language", ["en-US", "es-US", "pt-BR"])
def test_what_the_machine_is_given_to_say_names_the_same_keys_as_the_text(language):
    script = read_script(PROMPTS / f"{language}.toml", {"clinic": "A Clinic", "language_key": "2"})
    spoken = {key: RESPELLED.sub(r"\1", prompt.spoken) for key, prompt in script.prompts.items() if prompt.spoken}
    assert not [key for key, words in spoken.items() if not name_the_same_keys(script.prompts[key].text, words)]
    assert sure_keys(script.prompts["option_person"].text) == ("0",)
    assert sure_keys(script.prompts["emergency"].text) == ("911",)
