"""Recording prompts by telephone, for admins: a branch of the staff's menu that begins at `staff_studio`.

The state's `staff` holds who has signed in, `studio` whose words are recorded and what was. Every question looks up
what that person may do.
"""

from __future__ import annotations

from ivr.callflow.facts import Fact
from ivr.callflow.nodes import Choice, Consult, Entry, Exit, Field, Menu, Node, Question, Recorder, Value

LONGEST_TAKE = 45
"""Seconds after the beep; the longest clip may last 30."""

LONGEST_SCRIPT = 60.0
"""Seconds in which a prompt is read out, with how to say it and what can be done with it."""


def build_studio(staff_menu: Exit, languages: tuple[str, ...]) -> tuple[Node, ...]:
    """The nodes; `staff_menu` is where * leads, and those who may not record.

    The call stays in its language. With more than one of `languages` the first key chooses whose words are recorded.
    """
    several = len(languages) > 1
    return (
        _consult(
            "staff_studio", Question.STUDIO, {"ready": "studio_language" if several else "studio_number"}, staff_menu
        ),
        *([_language(languages, staff_menu)] if several else []),
        Entry(
            "studio_number",
            level=3,
            holds=Field.PROMPT,
            prompt="studio_number",
            example="studio_number_example",
            most_keys=3,
            to="studio_find",
            skip="studio_walk",
            failed=staff_menu,
            keeps=Fact.PROMPT_NUMBER,
        ),
        _consult(
            "studio_find", Question.PROMPT_BY_NUMBER, {"found": "studio_prompt", "none": "studio_number"}, staff_menu
        ),
        _consult("studio_walk", Question.NEXT_PROMPT, {"found": "studio_prompt", "none": "studio_number"}, staff_menu),
        Menu(
            "studio_prompt",
            level=3,
            opening=(Value.SCRIPT,),
            choices=(
                Choice("1", "studio_record", "studio_record"),
                Choice("2", "studio_walk", "studio_walk"),
                Choice("3", "studio_other", "studio_number"),
                Choice("4", "studio_air", "studio_air"),
            ),
            example="studio_prompt_example",
            back=staff_menu,
            failed=staff_menu,
            longest=LONGEST_SCRIPT,
        ),
        Recorder(
            "studio_record",
            level=3,
            notice="studio_beep",
            longest=LONGEST_TAKE,
            to="studio_taken",
            failed=staff_menu,
            keeps=Fact.TAKE,
        ),
        _consult(
            "studio_taken",
            Question.PROMPT_TAKEN,
            {"may_publish": "studio_take", "needs_approval": "studio_clinical_take"},
            staff_menu,
        ),
        _take("studio_take", (Choice("2", "studio_publish", "studio_keep", facts={Fact.PUBLISH: True}),), later=True),
        _take("studio_clinical_take", (Choice("2", "studio_keep", "studio_keep", facts={Fact.PUBLISH: False}),)),
        _consult(
            "studio_keep", Question.KEEP_TAKE, {"kept": "studio_number", "published": "studio_number"}, staff_menu
        ),
        _consult("studio_again", Question.DROP_TAKE, {"dropped": "studio_record"}, staff_menu),
        _consult("studio_leave", Question.DROP_TAKE, {"dropped": staff_menu}, staff_menu),
        Menu(
            "studio_air",
            level=3,
            opening=(),
            choices=(
                Choice("1", "studio_publish_newest", "studio_publish"),
                Choice("2", "studio_roll_back", "studio_roll_back"),
            ),
            example="studio_air_example",
            back="studio_prompt",
            failed=staff_menu,
        ),
        _consult(
            "studio_publish",
            Question.PUBLISH_HEARD,
            dict.fromkeys(("on_air", "not_ready", "needs_another"), "studio_number"),
            staff_menu,
        ),
        _consult(
            "studio_roll_back", Question.ROLL_BACK, dict.fromkeys(("rolled_back", "first"), "studio_number"), staff_menu
        ),
    )


LEADS = {
    "not_allowed": "studio_not_allowed",
    "none": "studio_no_such",
    "kept": "studio_kept",
    "published": "studio_published",
    "on_air": "studio_on_air",
    "not_ready": "studio_not_ready",
    "needs_another": "studio_needs_another",
    "rolled_back": "studio_rolled_back",
    "first": "studio_first",
}
"""What is said when a question has these answers."""


def _language(languages: tuple[str, ...], staff_menu: Exit) -> Menu:
    """Each language in its own words, as callers choose it."""
    return Menu(
        "studio_language",
        level=3,
        opening=("studio_language",),
        choices=tuple(
            Choice(str(key), "language_option", "studio_number", spoken_in=language, facts={Fact.RECORDED_IN: language})
            for key, language in enumerate(languages, start=1)
        ),
        example="language_example",
        back=staff_menu,
        failed=staff_menu,
    )


def _take(name: str, keep: tuple[Choice, ...], *, later: bool = False) -> Menu:
    """What to do with what was just recorded; `later`: it may also be kept without going on the air.

    Who presses nothing, or hangs up, keeps it as a draft: a recording that somebody made is not lost.
    """
    draft = (Choice("4", "studio_draft", "studio_keep", facts={Fact.PUBLISH: False}),) if later else ()
    return Menu(
        name,
        level=3,
        opening=(),
        choices=(
            Choice("1", "studio_hear", name, then_say=Value.TAKE),
            *keep,
            Choice("3", "studio_again", "studio_again"),
            *draft,
        ),
        example="studio_take_example",
        back="studio_leave",
        failed="studio_keep",
    )


def _consult(name: str, asks: Question, to: dict[str, Exit], staff_menu: Exit) -> Consult:
    lead = {finding: prompt for finding, prompt in LEADS.items() if finding in to or finding == "not_allowed"}
    return Consult(name, asks, {**to, "not_allowed": staff_menu}, lead)
