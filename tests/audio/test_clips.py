"""The whole way, with the real voice: every clip of a set is within every limit."""

import hashlib

import pytest

from ivr.audio.clips import PromptClip, PromptText, fingerprint, make_clips
from ivr.audio.measuring import WIDEST_SPREAD_DB, spread_db
from ivr.audio.wavefile import read_info

ENGLISH = (
    "Thank you for calling Bay State Pain Associates. If this is a medical emergency, hang up now and dial 911.",
    "For an appointment, press 1.",
    "For a call back from our staff, press 2.",
    "Vertebroplasty is a treatment for a broken bone in the spine.",
    "After vertebroplasty, about 75 percent of patients move more easily and become more active.",
    "You lie face down. You may get medicine to relax, or be put to sleep.",
    "If you have a fever, a wound that is draining, or pain that is getting worse, press 1. If not, press 2.",
    "Your request is saved. Our staff will call you within one business day.",
    "Feel free to speak after the tone.",
    "five",
    "six",
    "November",
    "seventeenth",
    "press",
    "zero",
    "May",
)
SPANISH = (
    "Gracias por llamar a Bay State Pain Associates. Si esto es una emergencia médica, cuelgue y marque el 911.",
    "Para una cita, oprima el 1.",
    "noviembre",
)
OTHERS = {
    "pt-BR": ("Obrigado por ligar. Se for uma emergência médica, desligue e ligue para 911.", "novembro"),
    "ht": ("Mèsi dèske ou rele. Si se yon ijans medikal, rakwoche epi rele 911.", "novanm"),
}


def rendered(language: str, texts: tuple[str, ...]) -> list[PromptClip]:
    """All clips of a language."""
    return list(make_clips(language, [PromptText(f"line_{at}", text, 15.0) for at, text in enumerate(texts)]))


@pytest.mark.parametrize(
    ("language", "texts"),
    [("en-US", ENGLISH), ("es-US", SPANISH), *OTHERS.items()],
    ids=lambda value: str(value)[:5],
)
def test_every_clip_is_within_every_limit(language: str, texts: tuple[str, ...]) -> None:
    clips = rendered(language, texts)
    assert [clip.text for clip in clips] == list(texts)
    assert {clip.key: clip.faults for clip in clips if clip.faults} == {}
    assert spread_db(clip.measurement for clip in clips) <= WIDEST_SPREAD_DB
    for clip in clips:
        assert clip.sha256 == hashlib.sha256(clip.wav).hexdigest()
        assert read_info(clip.wav) == {"INAM": clip.key, "ICMT": clip.text}
        assert (clip.measurement.words_per_minute is None) == (clip.measurement.words < 5)


def test_progress_is_told_as_lines_are_finished_and_clips_come_in_order() -> None:
    told: list[tuple[int, int, PromptClip]] = []
    lines = [PromptText("one", "one"), PromptText("two", "two"), PromptText("three", "three")]
    clips = make_clips("en-US", lines, lambda *progress: told.append(progress))
    assert [clip.key for clip in clips] == ["one", "two", "three"]
    assert [(done, total) for done, total, _ in told] == [(1, 3), (2, 3), (3, 3)]
    assert {clip.key for _, _, clip in told} == {"one", "two", "three"}


def test_giving_up_half_way_leaves_nothing_behind() -> None:
    clips = make_clips("en-US", [PromptText(str(at), "five") for at in range(40)])
    next(clips)
    clips.close()


def test_a_clip_that_is_too_long_says_so() -> None:
    (clip,) = make_clips("en-US", [PromptText("k", "For an appointment, press 1.", longest_seconds=1.0)])
    assert clip.faults == (f"too long: {clip.measurement.seconds:.1f} s, at most 1 s",)


def test_a_respelling_is_spoken_but_not_written_down() -> None:
    (clip,) = make_clips("en-US", [PromptText("k", "kyphoplasty", spoken="kai fo plas tee")])
    assert read_info(clip.wav)["ICMT"] == "kyphoplasty"
    assert clip.measurement.words == 1


def test_a_fingerprint_changes_with_all_that_is_heard_and_nothing_else() -> None:
    line = PromptText("k", "text")
    assert fingerprint("en-US", line) == fingerprint("en-US", PromptText("k", "text", longest_seconds=9.0))
    different = {
        fingerprint("en-US", line),
        fingerprint("es-US", line),
        fingerprint("en-US", PromptText("l", "text")),
        fingerprint("en-US", PromptText("k", "other")),
        fingerprint("en-US", PromptText("k", "text", spoken="tekst")),
    }
    assert len(different) == 5
