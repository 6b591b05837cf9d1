"""That the carrier gets the clips it is told to play."""

from __future__ import annotations

from collections.abc import Iterator

import requests

from ivr.config import Config
from ivr.doctor.asking import SECONDS
from ivr.doctor.findings import CheckResult, fault, fine
from ivr.services.line import Line
from ivr.services.prompts.releases import read_any_clip

PASS_MEDIA = "Pass /media on to the same server as /voice."


def check_media(config: Config, line: Line) -> Iterator[CheckResult]:
    """Fetch a clip that is on the air by its public address, and compare; silent where nothing is rendered."""
    clip = read_any_clip(line.database, config.languages[0])
    if clip is None:
        return
    sha256, data = clip
    try:
        response = requests.get(
            f"{config.public_base_url}/media/prompts/{sha256}.wav", timeout=SECONDS, allow_redirects=False
        )
    except requests.RequestException as error:
        yield fault("media", f"A clip cannot be fetched by its public address ({type(error).__name__}).", PASS_MEDIA)
        return
    yield _judge_clip(response, data)


def _judge_clip(response: requests.Response, data: bytes) -> CheckResult:
    kind = response.headers.get("Content-Type", "none")
    if response.status_code != 200:
        return fault("media", f"A clip's public address is answered with {response.status_code}.", PASS_MEDIA)
    if response.content != data:
        size = f"{len(response.content)} bytes instead of {len(data)}"
        return fault("media", f"A clip's public address gives something else: {size}.", PASS_MEDIA)
    if not kind.startswith("audio/"):
        return fault(
            "media", f"Clips arrive as {kind}: Twilio would not play them (error 13420).",
            "Let the proxy pass the Content-Type of /media on.",
        )  # fmt: skip
    return fine("media", "A clip's public address gives the clip.")
