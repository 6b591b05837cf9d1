"""Names under which recordings come back from a studio outside, and the script as somebody edited it."""

import pytest

from ivr.services.prompts.delivery import is_clutter, is_sound, key_of, words_of_sheet

NUMBERS = {100: "emergency", 101: "emergency_short", 102: "option_callback", 103: "clip_next"}


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("audio/102-option_callback.wav", "option_callback"),
        ("Delivery 3/AUDIO/102-OPTION_CALLBACK.WAV", "option_callback"),
        ("prompts-en-US/102 option callback (take 2).mp3", "option_callback"),
        ("102.flac", "option_callback"),
        ("Jane_102_final.m4a", "option_callback"),
        ("emergency.wav", "emergency"),
        ("emergency-short v2.wav", "emergency_short"),
        ("103 102.wav", None),
        ("999.wav", None),
        ("hello.wav", None),
        ("1021.wav", None),
    ],
)
def test_a_file_is_known_by_its_key_or_its_number(name, key):
    assert key_of(name, NUMBERS) == key
    assert is_sound(name)


@pytest.mark.parametrize("name", ["a/", "__MACOSX/a/._102.wav", "a/.DS_Store", "b/Thumbs.db", "._102.wav"])
def test_what_computers_add_by_themselves(name):
    assert is_clutter(name)


def test_an_edited_script_has_new_words_for_some_prompts():
    sheet = """102  option_callback  (at most 4.5 s)\r
    To be called by us,\r
    press 2.\r
    How: friendly\r
\r
-  clip_next  (at most 4 s)
    To hear more, press 3.
    How: clear
a note of the studio
"""
    assert words_of_sheet(sheet) == {
        "option_callback": "To be called by us, press 2.",
        "clip_next": "To hear more, press 3.",
    }
