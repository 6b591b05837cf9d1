"""A line with four prompts, two admins, and recordings of theirs."""

from dataclasses import replace

import pytest

from ivr.models import PromptSource, PromptState, Role, StaffMember
from ivr.services.audit import Actor
from ivr.services.prompts import versions
from ivr.services.prompts.rendering import render_prompts
from ivr.services.prompts.takes import master_version
from tests.support.studio import CLINICAL, EN, KEY
from tests.support.takes import take


@pytest.fixture
def line(line):
    """A line with four prompts, rendered."""
    script = line.scripts[EN]
    few = {key: script.prompts[key] for key in (KEY, CLINICAL, "goodbye", "option_appointment")}
    line = replace(line, scripts={EN: replace(script, prompts=few)})
    render_prompts(line.database, line.scripts, line.clock())
    return line


@pytest.fixture
def admins(line):
    """Two who may approve each other's prompts."""
    with line.database.write() as session:
        made = [
            StaffMember(
                email=f"{n}@example.org",
                name=f"Admin {n}",
                role=Role.ADMIN,
                fs_uniquifier=f"u{n}",
                created_at=line.clock(),
            )
            for n in (1, 2)
        ]
        session.add_all(made)
        session.flush()
        return [Actor.of(member, "test") for member in made]


@pytest.fixture
def recorded(line):
    """Somebody records a prompt, and it is mastered; the version's id."""

    def record(who, key=KEY, text=None):
        text = text or line.scripts[EN].prompts[key].text
        made = versions.add_take(line, who, EN, key, text, take(text), PromptSource.UPLOAD, line.clock())
        assert master_version(line, made, line.clock()) is PromptState.RECORDED
        return made

    return record
