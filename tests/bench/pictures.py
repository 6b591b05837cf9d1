"""Makes the pictures of the documents: the demo's pages as PNG, and a call on the telephone's page as an animated WebP.

A demo of its own is started in a temporary folder and ended again. Run from the project's root:
python tests/bench/pictures.py [--into .github/pictures]
"""

import argparse
import contextlib
import io
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from itertools import pairwise
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.support.takes import take

WINDOW = {"width": 1440, "height": 900}
PICTURE = (1280, 800)
LARGEST_PNG, LARGEST_MOVIE = 250_000, 1_500_000
"""Bytes of a picture: a README is read on telephones too."""

SMALL_WINDOW, SMALL_PICTURE = {"width": 1280, "height": 768}, (960, 576)
LARGEST_SMALL_PNG = 60_000
"""The pictures of the greeting in the own voice, which stand between lines of text."""

GREETING = "Thanks for calling Bay State Pain Associates. In a medical emergency, hang up and dial nine one one."

PATIENCE_SECONDS = 1200
"""The longest wait for what a page shows in a second or two; each ends when it is there, however slow the machine."""

LOOK_AGAIN_SECONDS = 2
FRAME_SECONDS = 0.25
MOVIE_SECONDS, SAVED_SECONDS = 15.0, 2.0
"""How long the film is at least, and how long it shows that the request is saved."""

MOVIE_SIZE = (960, 600)
LOOK_SECONDS = 0.6
"""How long a prompt is shown before its key is pressed."""

LINE = "#transcript li.line"
CALLER = "+16175550142"
CALL = [("call you back", "2"), ("may we call", "1"), ("a bill, insurance", "4"), ("for the morning", "3"),
        ("leave a message at this number", "1"), ("and why you call, press", "2")]  # fmt: skip


@contextlib.contextmanager
def demo():
    """A fresh demo with its made-up week; yields its address."""
    port = free_ports()
    address = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory(prefix="ivr-pictures-") as folder:
        settings = {**os.environ, "PYTHONPATH": str(ROOT)}
        log = Path(folder) / "demo.log"
        command = [sys.executable, "-m", "ivr", "demo", "--port", str(port)]
        with log.open("wb") as out:
            process = subprocess.Popen(command, cwd=folder, env=settings, stdout=out, stderr=out)
        try:
            wait_for(process, address, log)
            yield address
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()


def free_ports():
    """A port that is free, as is the next one: the demo takes two."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port


def wait_for(process, address, log):
    """Until the demo answers, however slow the machine is; it has failed only when its process is over."""
    while process.poll() is None:
        with contextlib.suppress(urllib.error.URLError, OSError):
            urllib.request.urlopen(f"{address}/healthz", timeout=1).close()
            return
        time.sleep(0.2)
    sys.exit(f"The demo did not start:\n{log.read_text()[-2000:]}")


def sign_in(page, email="admin@example.org"):
    """As somebody of the demo, its administrator unless named."""
    page.goto("/console/")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill("demo-password-only")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Sign out").wait_for()


def request_with_message(page):
    """Open the first request that somebody left a message with, once the worker has fetched its audio.

    Which of the queue's lists has one depends on the time of the day.
    """
    while True:
        links = []
        for tab in ("now", "later", "incomplete"):
            page.goto(f"/console/?tab={tab}")
            listed = page.locator("main a[href*='/console/requests/']")
            links += listed.evaluate_all("all => all.map(one => one.href)")
        for link in dict.fromkeys(links):
            page.goto(link)
            if page.locator(".bars").count():
                _wait_for_bars(page)
                return
        print("No message can be played yet: looking again.", file=sys.stderr)
        time.sleep(LOOK_AGAIN_SECONDS)


def studio_with_all_prompts(page):
    """Open the list of prompts once the demo has made them all: those for staff come after its first call."""
    page.goto("/studio/")
    while not page.get_by_role("link", name="Missing 0", exact=True).count():
        time.sleep(LOOK_AGAIN_SECONDS)
        page.reload()


class Movie:
    """Frames of a page, each with the moment it was taken at."""

    def __init__(self, page):
        self.page, self.frames = page, []

    def take(self):
        began = time.monotonic()
        shot = self.page.screenshot()
        self.frames.append((began, shot))
        time.sleep(max(0, FRAME_SECONDS - (time.monotonic() - began)))

    def save(self, path):
        """Write it, as good as it may be within its size."""
        pictures = [
            Image.open(io.BytesIO(shot)).convert("RGB").resize(MOVIE_SIZE, Image.LANCZOS) for _, shot in self.frames
        ]
        moments = [at for at, _ in self.frames]
        lasting = [round((after - at) * 1000) for at, after in pairwise(moments)] + [2000]
        for quality in (70, 55, 40, 25):
            options = {"duration": lasting, "loop": 0, "quality": quality, "method": 4}
            pictures[0].save(path, save_all=True, append_images=pictures[1:], **options)
            if path.stat().st_size <= LARGEST_MOVIE:
                return
        sys.exit(f"{path} is too large: {path.stat().st_size} bytes")


def film_a_call(page, into):
    """A callback from "Call" to "saved"; on the way, the picture of the telephone in a call."""
    page.goto("/phone")
    page.locator("#from").select_option(CALLER)
    page.locator("#speed").select_option("2.0")
    movie = Movie(page)
    movie.take()
    page.locator("#call").click()
    began = time.monotonic()
    for heard, key in CALL:
        prompt = page.locator(LINE).filter(has_text=re.compile(heard, re.IGNORECASE))
        while not prompt.count():
            movie.take()
        shown = time.monotonic()
        while time.monotonic() - shown < LOOK_SECONDS:
            movie.take()
        if "leave a message" in heard:
            save_png(page, into / "phone.png")
        page.locator(f'[data-key="{key}"]').click()
    page.locator("#saved a").wait_for()
    saved = time.monotonic()
    while time.monotonic() < max(began + MOVIE_SECONDS, saved + SAVED_SECONDS):
        movie.take()
    page.keyboard.press("h")
    movie.save(into / "call.webp")


def save_png(page, path, size=PICTURE, largest=LARGEST_PNG):
    """Keep what the page shows, in few enough colours to be small."""
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB").resize(size, Image.LANCZOS)
    for colours in (256, 128, 64, 32):
        picture.quantize(colours, dither=Image.Dither.NONE).save(path, optimize=True)
        if path.stat().st_size <= largest:
            return
    sys.exit(f"{path} is too large: {path.stat().st_size} bytes")


def record_the_greeting(playwright, chromium, address, into):
    """The first steps in the studio: an admin records the greeting, and a second one listens to it and approves it."""
    with tempfile.TemporaryDirectory(prefix="ivr-microphone-") as folder:
        said = Path(folder) / "greeting.wav"
        said.write_bytes(take(GREETING, quiet=1.5))
        microphone = [f"--use-file-for-fake-audio-capture={said}%noloop", "--use-fake-ui-for-media-stream"]
        microphone += ["--use-fake-device-for-media-stream", "--no-sandbox"]
        browser = playwright.chromium.launch(executable_path=chromium, args=microphone)
        first = _person(browser, address, "admin@example.org")
        _make_an_admin(first, "lead@example.org")
        first.goto("/studio/")
        _save_small(first, into / "greeting-start.png")
        first.get_by_role("link", name="Record the greeting in your own voice").click()
        first.get_by_role("button", name="Start recording").click()
        first.get_by_text("Recording: 4 of").wait_for()
        _save_small(first, into / "greeting-record.png")
        first.get_by_text("Recording: 10 of").wait_for()
        first.get_by_role("button", name="Stop and keep").click()
        first.locator("#take-told .player").wait_for()
        second = _person(browser, address, "lead@example.org")
        second.goto("/studio/")
        second.get_by_role("link", name="Listen to the new greeting and approve it").click()
        _wait_for_bars(second)
        _save_small(second, into / "greeting-approve.png")
        browser.close()


def _person(browser, address, email):
    """A page in a browser of somebody's own, who is signed in."""
    page = browser.new_context(base_url=address, viewport=SMALL_WINDOW, color_scheme="light").new_page()
    page.set_default_timeout(PATIENCE_SECONDS * 1000)
    sign_in(page, email)
    return page


def _make_an_admin(page, email):
    """Give somebody of the demo the role of an admin: it has one, and an approval needs a second."""
    page.goto("/console/accounts")
    page.get_by_role("row").filter(has_text=email).get_by_role("link").click()
    page.get_by_label("Role").select_option("admin")
    page.get_by_role("button", name="Keep the changes").click()
    page.locator(".message.good").wait_for()


def _save_small(page, path):
    save_png(page, path, SMALL_PICTURE, LARGEST_SMALL_PNG)


def _wait_for_bars(page):
    page.locator(".bars").first.wait_for(state="attached")
    page.wait_for_function("() => document.querySelector('.bars').getAttribute('d')?.length > 100")


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--into", type=Path, default=ROOT / ".github" / "pictures")
    into = arguments.parse_args().into
    into.mkdir(parents=True, exist_ok=True)
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with demo() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_context(base_url=address, viewport=WINDOW, color_scheme="light").new_page()
        page.set_default_timeout(PATIENCE_SECONDS * 1000)
        film_a_call(page, into)
        sign_in(page)
        save_png(page, into / "queue.png")
        request_with_message(page)
        save_png(page, into / "request.png")
        studio_with_all_prompts(page)
        save_png(page, into / "studio.png")
        browser.close()
        record_the_greeting(playwright, chromium, address, into)
    for path in sorted(into.iterdir()):
        print(f"{path.name:<14}{path.stat().st_size:>9} bytes")


if __name__ == "__main__":
    main()
