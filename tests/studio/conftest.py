"""The staff's pages need accounts, signed-in clients and a server; the studio, prompts, a worker and a microphone."""

import gc
from dataclasses import replace

import pytest

from ivr import create_app
from ivr.jobs.tasks import tasks_of
from ivr.services.prompts.rendering import render_prompts
from tests.support.jobs import run_jobs
from tests.support.staff_pages import Browsers, client, client_as, console, open_page, server, staff
from tests.support.studio import CLINICAL, EN, KEY
from tests.support.takes import take

__all__ = ["client", "client_as", "console", "open_page", "server", "staff"]


@pytest.fixture
def collected():
    """What the test client leaves of large files is gone before the next test: ask for this first."""
    yield
    gc.collect()


@pytest.fixture
def line(make_line, sqlite_url):
    """A line with three prompts, rendered."""
    line = make_line(sqlite_url)
    script = line.scripts[EN]
    few = {key: script.prompts[key] for key in (KEY, CLINICAL, "goodbye")}
    line = replace(line, scripts={EN: replace(script, prompts=few)})
    render_prompts(line.database, line.scripts, line.clock())
    return line


@pytest.fixture
def app(config, line):
    """The whole application: the console is beside the calls."""
    return create_app(config, line)


@pytest.fixture
def worker(config, line):
    """Does what is in the queue."""
    tasks = tasks_of(config, line)
    return lambda: run_jobs(tasks)


@pytest.fixture(scope="module")
def browsers(launch, tmp_path_factory):
    """A Chromium whose microphone plays a sentence once, each time it is switched on.

    It is silent first: on a busy machine the recorder begins some time after its microphone.
    """
    file = tmp_path_factory.mktemp("microphone") / "voice.wav"
    file.write_bytes(take("To have us call you back, please press 2.", quiet=1.5))
    sound = f"--use-file-for-fake-audio-capture={file}%noloop"
    browsers = Browsers(launch, "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", sound)
    yield browsers
    browsers.close()
