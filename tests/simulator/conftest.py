"""A telephone that calls canned lines without a socket."""

from collections.abc import Callable
from typing import Any

import pytest

from ivr.simulator import Carrier, ScriptedCaller, Transcript, WsgiTransport
from tests.simulator.canned import ACCOUNT, BASE, TOKEN, Line, Page, clip


@pytest.fixture
def line() -> Line:
    return Line()


@pytest.fixture
def carrier(line: Line) -> Callable[..., Carrier]:
    """Make a carrier whose number points to `line`."""

    def make(**options: Any) -> Carrier:
        return Carrier(
            options.pop("base_url", BASE),
            ACCOUNT,
            TOKEN,
            **({"transport": WsgiTransport(line.app()), "seed": 1} | options),
        )

    return make


@pytest.fixture
def call(line: Line, carrier: Callable[..., Carrier]) -> Callable[..., Transcript]:
    """Call the line with a script and pages; options go to the carrier or to the call."""

    def place(script: str = "", pages: dict[str, Page] | None = None, **options: Any) -> Transcript:
        line.pages |= pages or {}
        for_call = {key: options.pop(key) for key in ("desk", "from_", "to", "extra") if key in options}
        script_options = {key: options.pop(key) for key in ("barge_in", "hang_up_at") if key in options}
        transcript = carrier(**options).call(ScriptedCaller.parse(script, **script_options), **for_call)
        assert not line.refused
        return transcript

    return place


@pytest.fixture
def make_clip() -> Callable[..., bytes]:
    return clip
