"""The studio with three prompts: their names, an upload, and what was kept last."""

import io

import pytest
from sqlalchemy import select

from ivr.models import PromptVersion
from tests.support.settings import DEADLINE_SECONDS
from tests.support.takes import take

KEY, CLINICAL, EN = "option_callback", "emergency", "en-US"
PAGE = f"/studio/{EN}/{KEY}"


def words(line, key=KEY):
    return line.all_scripts[EN].prompts[key].text


def newest(line, key=None):
    """What the clinic made last, of a prompt or of all."""
    query = select(PromptVersion).where(PromptVersion.own).order_by(PromptVersion.id.desc())
    with line.database.read() as session:
        return session.scalars(query.where(PromptVersion.key == key) if key else query).first()


def upload(client, line, key=KEY, data=None, **form):
    data = take(words(line, key)) if data is None else data
    sent = {"words": words(line, key), "take": (io.BytesIO(data), "take.wav"), **form}
    return client.send(f"/studio/{EN}/{key}/takes", sent, follow_redirects=True)


def until(page, truth, seconds=DEADLINE_SECONDS):
    """Wait in small steps: what Playwright itself offers needs eval, which the pages forbid."""
    for _ in range(seconds * 20):
        if page.evaluate(f"() => {truth}"):
            return
        page.wait_for_timeout(50)
    pytest.fail(f"never true: {truth}")
