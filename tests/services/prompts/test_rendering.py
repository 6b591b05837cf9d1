"""Rendering on a machine where the own voice fails for a while: the plain one stands in, and not for good."""

from dataclasses import replace

import pytest

from ivr.audio.errors import SynthesisError
from ivr.audio.synthesis import Synthesizer
from ivr.audio.voices import PLAIN
from ivr.services.prompts.releases import DIRECTIONS, Releases
from ivr.services.prompts.rendering import render_prompts
from tests.support.studio import EN


class BusySynthesizer(Synthesizer):
    """On a machine so busy that the own voice never answers in time."""

    def _say(self, voice, key, text, spoken, pace):
        if voice.driver != PLAIN:
            raise SynthesisError(key, "the voice took too long")
        return super()._say(voice, key, text, spoken, pace)


@pytest.fixture
def line(make_line, sqlite_url):
    """A line with two prompts, of which nothing is rendered."""
    line = make_line(sqlite_url)
    script = line.scripts[EN]
    few = {key: script.prompts[key] for key in ("goodbye", "option_callback")}
    return replace(line, scripts={EN: replace(script, prompts=few)})


def test_what_the_plain_voice_said_meanwhile_is_spoken_anew_by_the_own_one(line, monkeypatch):
    def render():
        clips = render_prompts(line.database, line.scripts, line.clock())
        release = Releases(line.database).latest().manifest
        return {clip.key: clip.engine for clip in clips}, dict(release[EN]), dict(release[DIRECTIONS])

    with monkeypatch.context() as busy:
        busy.setattr("ivr.audio.clips.Synthesizer", BusySynthesizer)
        engines, meanwhile, said_meanwhile = render()
    assert engines == {"goodbye": PLAIN, "option_callback": PLAIN}
    assert set(meanwhile) == {"goodbye", "option_callback"}, "callers hear it all the same"
    engines, after, said_after = render()
    assert engines == {"goodbye": "hibari", "option_callback": "hibari"}
    assert not set(after.values()) & set(meanwhile.values()), "and the own voice once it can speak"
    assert said_meanwhile.keys() == said_after.keys()
    assert not set(said_after.values()) & set(said_meanwhile.values())
    assert render() == ({}, after, said_after)
