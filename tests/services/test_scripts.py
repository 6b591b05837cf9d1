"""Script files: they parse, or say what is wrong, where, and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivr.callflow.composing import WordOrder
from ivr.services.scripts import ScriptError, read_script, read_scripts

HEADER = '[script]\nlanguage = "xx"\nvoice = "Polly.Joanna-Neural"\nknown_words = ["Kyphoplasty"]\n'
HELLO = '[hello]\ntext = "Hello from {clinic}."\ndirection = "warm"\nlongest = 2\n'
DIGITS = '[blocks.digit]\nstart = 4\ndirection = "even"\nlongest = 1.5\ntexts = ["four", "five"]\n'


def written(folder: Path, text: str, name: str = "xx.toml") -> Path:
    """A script file with that text."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_script_is_read(tmp_path: Path) -> None:
    """Header, sections, blocks and defaults."""
    script = read_script(written(tmp_path, HEADER + HELLO + DIGITS), {"clinic": "{Us}"})
    assert (script.language, script.say_voice, script.known_words) == (
        "xx",
        "Polly.Joanna-Neural",
        frozenset({"kyphoplasty"}),
    )
    assert (script.order, list(script.prompts)) == (WordOrder(), ["hello", "digit_4", "digit_5"])
    hello, five = script.prompts["hello"], script.prompts["digit_5"]
    assert (hello.text, hello.direction, hello.clinical, hello.longest, hello.spoken) == (
        "Hello from {Us}.",
        "warm",
        False,
        2.0,
        None,
    )
    assert (five.text, five.direction, five.longest) == ("five", "even", 1.5)
    assert script.has("hello")
    assert not script.has("bye")


def test_an_order_may_name_prompts(tmp_path: Path) -> None:
    """As the "de" of Spanish dates."""
    text = HEADER + '[script.order]\ndate = ["day", "hello", "month", "year"]\n' + HELLO
    order = read_script(written(tmp_path, text), {"clinic": "us"}).order
    assert order == WordOrder(date=("day", "hello", "month", "year"))


@pytest.mark.parametrize(
    ("text", "section", "message"),
    [
        ("[script\n", "", "is not valid TOML"),
        (HEADER + HELLO + HELLO, "hello", "is not valid TOML"),
        (HELLO, "[script]", "the section is missing; add it"),
        (HEADER + "[blocks]\nhello_1 = 1\n", "[blocks.hello_1]", "must be a section of its own"),
        ("hello = 1\n" + HEADER, "[hello]", "must be a section of its own"),
        (HEADER.replace("language", "lang"), "[script]", "unknown field lang; the fields are language, voice"),
        (HEADER.replace("voice", "# voice"), "[script]", "voice is missing; add it"),
        (HEADER.replace('["Kyphoplasty"]', '"Kyphoplasty"'), "[script]", "known_words must be a list of texts"),
        (HEADER + '[script.order]\ntime = ["hour", "day"]\n', "[script.order]", "'day' is no slot (half, hour"),
        (HEADER + '[script.order]\nyear = ["year"]\n', "[script.order]", "unknown field year"),
        (HEADER + HELLO + "lenght = 2\n", "[hello]", "unknown field lenght; the fields are text, direction"),
        (HEADER + HELLO.replace("text =", "# text ="), "[hello]", "text is missing; add it"),
        (HEADER + HELLO.replace("direction =", "# direction ="), "[hello]", "direction is missing; add it"),
        (HEADER + HELLO.replace("longest =", "# longest ="), "[hello]", "longest is missing; add it"),
        (HEADER + HELLO.replace("= 2", "= 0"), "[hello]", "longest must be a number of seconds above 0"),
        (HEADER + HELLO.replace("= 2", "= -1.5"), "[hello]", "longest must be a number of seconds above 0"),
        (HEADER + HELLO.replace("= 2", "= nan"), "[hello]", "longest must be a number of seconds above 0"),
        (HEADER + HELLO.replace("= 2", "= inf"), "[hello]", "longest must be a number of seconds above 0"),
        (HEADER + HELLO.replace("= 2", "= true"), "[hello]", "longest must be a number of seconds above 0"),
        (HEADER + HELLO.replace('"warm"', '" "'), "[hello]", "direction must be a text that is not empty"),
        (HEADER + HELLO + 'clinical = "yes"\n', "[hello]", "clinical must be true or false"),
        (HEADER + HELLO + "spoken = 5\n", "[hello]", "spoken must be a text"),
        (HEADER + HELLO + 'spoken = "{who}"\n', "[hello]", "spoken has the unknown placeholder {who}; use one of: {cl"),
        (HEADER + HELLO.replace("{clinic}", "{name}"), "[hello]", "unknown placeholder {name}"),
        (HEADER + HELLO.replace("{clinic}", "{clinic.x}"), "[hello]", "unknown placeholder {clinic.x}"),
        (HEADER + HELLO.replace("{clinic}", "{clinic!r}"), "[hello]", "unknown placeholder {clinic}"),
        (HEADER + HELLO.replace("{clinic}", "{clinic"), "[hello]", "a brace too many or too few"),
        (HEADER + DIGITS.replace("digit", "a") + DIGITS.replace("start = 4", ""), "[blocks.digit]", "start is missing"),
        (HEADER + DIGITS.replace("start = 4", "start = -1"), "[blocks.digit]", "start must be a whole number"),
        (HEADER + DIGITS.replace('["four", "five"]', '["four", ""]'), "[blocks.digit]", "texts must be a list"),
        (HEADER + DIGITS + HELLO.replace("hello", "digit_5"), "[digit_5]", "the key is there twice"),
    ],
)
def test_a_fault_is_named(tmp_path: Path, text: str, section: str, message: str) -> None:
    """The message has the file, the section and what to do."""
    path = written(tmp_path, text)
    with pytest.raises(ScriptError) as error:
        read_script(path, {"clinic": "us"})
    assert str(error.value).startswith(str(path))
    assert section in str(error.value)
    assert message in str(error.value)


def test_a_file_that_is_not_text_is_named(tmp_path: Path) -> None:
    """Wrong encoding, or no file at all."""
    path = tmp_path / "xx.toml"
    with pytest.raises(ScriptError, match="cannot be read"):
        read_script(path, {})
    path.write_bytes(HEADER.encode() + b"# caf\xe9\n")
    with pytest.raises(ScriptError, match="save it as UTF-8"):
        read_script(path, {})
    path.write_bytes(b"\xef\xbb\xbf" + HEADER.encode())
    assert read_script(path, {}).language == "xx"


def test_languages_are_numbered_as_they_are_listed(tmp_path: Path) -> None:
    """The key of each in the language menu."""
    press = '[language_option]\ntext = "Press {language_key}."\ndirection = "even"\nlongest = 2\n'
    for name in ("xx", "yy"):
        written(tmp_path, HEADER.replace("xx", name) + press, f"{name}.toml")
    scripts = read_scripts(tmp_path, ["yy", "xx"], "us")
    said = [(name, script.prompts["language_option"].text) for name, script in scripts.items()]
    assert said == [("yy", "Press 1."), ("xx", "Press 2.")]


def test_a_language_without_a_script_is_refused(tmp_path: Path) -> None:
    """With the scripts there are, so that a slip of the pen is seen."""
    with pytest.raises(ScriptError, match=r"no script for 'zz'.*: none"):
        read_scripts(tmp_path, ["zz"], "us")
    written(tmp_path, HEADER)
    written(tmp_path, HEADER, "yy.toml")
    with pytest.raises(ScriptError, match=r"no script for 'zz'.*: xx, yy"):
        read_scripts(tmp_path, ["xx", "zz"], "us")
    with pytest.raises(ScriptError, match=r"\[script\]: language is 'xx'; make it 'yy'"):
        read_scripts(tmp_path, ["yy"], "us")
