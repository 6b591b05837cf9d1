"""Hearing one prompt, and being told of a machine on which English has only the plain voice."""

from pathlib import Path

import pytest

from ivr.audio import voices
from ivr.audio.clips import PromptText, make_clips
from ivr.cli import prompts


def test_one_prompt_is_spoken_and_its_file_is_named_where_nothing_plays_it(command, monkeypatch, tmp_path):
    monkeypatch.setattr(prompts.tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(prompts.shutil, "which", lambda _: None)
    heard = command("prompts", "render", "--hear", "information_kyphoplasty")
    assert heard.exit_code == 0
    assert "information_kyphoplasty" in heard.output
    assert voices.voice_for("en-US").driver in heard.output
    assert Path(heard.output.split("Listen to ")[1].strip()).read_bytes()[:4] == b"RIFF"


@pytest.mark.parametrize("words", [("nothing",), ("emergency", "--language", "pt-BR")])
def test_a_prompt_that_is_not_there_is_an_error(command, words):
    heard = command("prompts", "render", "--hear", *words)
    assert (heard.exit_code, "has no prompt" in heard.output) == (1, True)


def test_a_machine_without_onnxruntime_is_told_once_how_its_english_sounds(monkeypatch, capsys):
    monkeypatch.setattr(voices, "find_spec", lambda _: None)
    clips = list(make_clips("en-US", [PromptText("a", "one"), PromptText("b", "two")]))
    assert {clip.engine for clip in clips} == {"espeak"}
    prompts._warn_of_the_plain_voice(clips)
    assert capsys.readouterr().err.count("espeak-ng") == 1


def test_spanish_by_espeak_is_no_reason_to_warn(capsys):
    prompts._warn_of_the_plain_voice(list(make_clips("es-US", [PromptText("a", "uno")])))
    assert capsys.readouterr().err == ""
