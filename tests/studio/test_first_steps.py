"""The first thing a new admin does: the greeting in the own voice, approved by a second person. Every click is counted."""

import time

import pytest
from sqlalchemy import select

from ivr.models import PromptState, PromptVersion, Role
from tests.support.staff_pages import Browsers, assert_accessible
from tests.support.studio import CLINICAL, newest
from tests.support.takes import take

GREETING = "Thanks for calling Bay State Pain Associates. In a medical emergency, hang up and dial nine one one."
MOST_CLICKS, MOST_SECONDS = 6, 180


@pytest.fixture(scope="module")
def browsers(launch, tmp_path_factory):
    """A Chromium whose microphone says the greeting once; it is silent first, as the recorder may begin later."""
    file = tmp_path_factory.mktemp("microphone") / "greeting.wav"
    file.write_bytes(take(GREETING, quiet=1.5))
    sound = f"--use-file-for-fake-audio-capture={file}%noloop"
    browsers = Browsers(launch, "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", sound)
    yield browsers
    browsers.close()


def test_in_a_browser_the_greeting_is_in_the_own_voice_after_few_clicks(open_page, line, worker, capsys):
    clicks = []

    def click(page, role, name):
        page.get_by_role(role, name=name).click()
        clicks.append(name)

    began = time.monotonic()
    first = open_page("/studio/", Role.ADMIN)
    assert_accessible(first)
    click(first, "link", "Record the greeting in your own voice")
    click(first, "button", "Start recording")
    first.get_by_text("Recording: 10 of").wait_for()
    click(first, "button", "Stop and keep")
    first.get_by_text("being made fit").first.wait_for()
    version = newest(line)
    assert version.key == CLINICAL
    worker()
    first.locator("#take-told .player").wait_for()
    assert first.locator(".message.bad").count() == 0, first.locator(".message.bad").inner_text()
    first.goto("/studio/")
    first.get_by_text("A second admin has to approve it").wait_for()
    second = open_page("/studio/", Role.ADMIN)
    click(second, "link", "Listen to the new greeting and approve it")
    click(second, "button", f"Approve version {version.id}")
    click(second, "button", f"Publish version {version.id}")
    second.get_by_text("It is on the air").wait_for()
    seconds = time.monotonic() - began
    with line.database.read() as session:
        on_air = session.scalars(select(PromptVersion).where(PromptVersion.id == version.id)).one()
        assert on_air.state is PromptState.PUBLISHED
    with capsys.disabled():
        print(f"\nthe greeting in the own voice: {len(clicks)} clicks, {seconds:.0f} s: {', '.join(clicks)}")
    assert len(clicks) <= MOST_CLICKS
    assert seconds < MOST_SECONDS
    second.goto("/studio/")
    assert second.get_by_role("link", name="greeting").count() == 0
