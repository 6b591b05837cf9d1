"""The English script: it has every word a call can ask for, and callers can take it in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cache
from itertools import product
from pathlib import Path

import pytest
import textstat

from ivr.audio.words import words_in
from ivr.callflow import events as ev
from ivr.callflow import outputs as out
from ivr.callflow.answers import BestTime, Draft, Flow, Kind, Reason, VisitType, Weekday
from ivr.callflow.check import prompts_of
from ivr.callflow.composing import WordOrder, compose
from ivr.callflow.engine import GLOBAL_BACK, GLOBAL_PERSON, GLOBAL_REPEAT, Turn, advance, begin
from ivr.callflow.facts import Handling, Promise, RequestFacts, RequestSummary
from ivr.callflow.inputs import CallStarted, Digits, Found, RequestSaved
from ivr.callflow.nodes import LONGEST_CLIP, LONGEST_INSTRUCTION, LONGEST_MENU, Entry, Menu, Value
from ivr.callflow.speaking import BETWEEN_OPTIONS, opening, options, spoken
from ivr.callflow.tree import build
from ivr.callflow.tree_studio import LONGEST_SCRIPT
from ivr.services.scripts import Script, read_scripts

FOLDER = Path(__file__).parents[2] / "prompts"
LANGUAGE = "en-US"
CLINIC = "Bay State Pain Associates"
NUMBER, REFERENCE, TODAY = "+16175550142", "482913", date(2025, 11, 22)

SCRIPT = read_scripts(FOLDER, [LANGUAGE], CLINIC)[LANGUAGE]
PLAIN = read_scripts(FOLDER, [LANGUAGE], "our clinic")[LANGUAGE]
TREE = build((LANGUAGE, "es-US"), lambda digits: f"+1{digits}")
MENUS = [node for node in TREE.nodes.values() if isinstance(node, Menu)]
RECEIPT = next(menu for menu in MENUS if menu.name == "receipt")
LATER = Promise(datetime(2025, 11, 26, 10, 30), 4)

CLINICAL = {"emergency", "emergency_short", "clip_benefit", "clip_risks", "warning"}
CLINICAL |= {key for key in SCRIPT.prompts if key.startswith(("red_flags_", "urgent_"))}
BLOCK = re.compile(r"(digit|number|oh|month|day|weekday|hour|minute|year|century)_\d+|am|pm|noon")
WORDED = {key: prompt for key, prompt in SCRIPT.prompts.items() if not BLOCK.fullmatch(key)}
STAFF = re.compile("(staff|bridge)_")
"""What our own staff hear: fast and short, and no caller ever."""

KEY_NAMES = {"*": "star", "#": "pound"}
GLOBAL_KEYS = {
    "option_person": GLOBAL_PERSON,
    "option_repeat": GLOBAL_REPEAT,
    "saved_repeat": GLOBAL_REPEAT,
    "option_topics": GLOBAL_BACK,
    "option_main": GLOBAL_BACK,
}

WORDS_A_MINUTE, DIGIT_SECONDS = 135, 0.55


# ---- What the line can ask for


def drafts() -> Iterator[Draft]:
    """A request of every kind, as the receipt tells them apart."""
    for reason in (None, *Reason):
        yield Draft(Kind.CALLBACK, NUMBER, reason=reason)
    for visit, day, time in product(VisitType, Weekday, BestTime):
        yield Draft(Kind.APPOINTMENT, NUMBER, visit_type=visit, weekday=day, visit_time=time)


def promises() -> Iterator[Promise]:
    """A promise of every form, at every weekday and quarter of an hour."""
    yield Promise(datetime(2025, 11, 24), 0, minutes=30)
    for quarter, ahead in product(range(7 * 24 * 4), (0, 1, 3)):
        by = datetime(2025, 11, 24) + timedelta(minutes=15 * quarter)
        yield Promise(by, ahead)
        yield Promise(by, ahead, half=BestTime.MORNING if by.hour < 12 else BestTime.AFTERNOON)


def values() -> Iterator[out.Speech]:
    """Everything that only a call knows: numbers, birth dates, what is saved, and receipts."""
    state = replace(begin(TREE), caller_number=NUMBER)
    yield out.SpeakDigits("0123456789")
    yield from (out.SpeakDate((date(1903, 1, 1) + timedelta(days=day)).isoformat()) for day in range(125 * 366))
    yield from (out.SpeakDate(f"{year}-05-17") for year in range(1900, 2100))
    for draft in drafts():
        yield from spoken(Value.RECEIPT, replace(state, draft=draft, saved=RequestSaved(REFERENCE, None)))
    for promise in promises():
        saved = replace(state, saved=RequestSaved(REFERENCE, promise))
        for value in (Value.SAVED, Value.RECEIPT, Value.URGENT):
            yield from spoken(value, saved)
    for known in stored_requests():
        yield from spoken(Value.OPEN_REQUEST, replace(state, request=known, today=TODAY))


def stored_requests() -> Iterator[RequestFacts]:
    """What a call may know of a stored request, in every form."""
    days = [TODAY - timedelta(days=ago) for ago in (0, 1, 2, 30)]
    promise = Promise(datetime(2025, 11, 26, 10, 45), 4)
    for asked, left, handling in product(Flow, days, Handling):
        for by in (None, promise):
            yield RequestFacts(summary=RequestSummary(asked, left, handling, by))


def in_values() -> set[str]:
    """The prompts those values are made of."""
    said = {part for speech in values() for part in compose(speech, SCRIPT.order, SCRIPT.has)}
    return {part.prompt for part in said if isinstance(part, out.Say)}


def test_the_script_has_every_prompt_a_call_can_ask_for_and_no_other() -> None:
    """The tree, the engine, the doors and the values account for the whole file."""
    assert set(SCRIPT.prompts) == prompts_of(TREE) | in_values()


def test_the_order_of_dates_and_times_is_the_american_one() -> None:
    """November 26, and half past ten in the morning."""
    assert SCRIPT.order == WordOrder()
    assert texts((out.SpeakDate("1905-09-03"), out.SpeakTime(14, 30))) == (
        "September third nineteen oh five two thirty p.m."
    )


# ---- How it is worded


def texts(speech: tuple[out.Speech, ...], script: Script = SCRIPT) -> str:
    """What is said, without the pauses."""
    parts = (part for one in speech for part in compose(one, script.order, script.has))
    return " ".join(script.prompts[part.prompt].text for part in parts if isinstance(part, out.Say))


def grade(text: str) -> float:
    """The Flesch-Kincaid grade, a known word counted as a plain one and an unfinished sentence ended by digits.

    The end of a sentence is read with a beginning.
    """
    text = f"You asked for a visit {text}" if text.split()[0] in ("after", "for") else text
    known = re.compile(rf"\b(?:{'|'.join(sorted(SCRIPT.known_words))})\b", re.IGNORECASE)
    whole = text if text[-1] in ".?,!" else f"{text} 1 2 3 4."
    return float(textstat.flesch_kincaid_grade(known.sub("bone", whole)))


def test_reading_level() -> None:
    """Sixth grade at most, prompt by prompt, for callers; the clinic's name is not ours to choose."""
    grades = {key: grade(PLAIN.prompts[key].text) for key in WORDED if not STAFF.match(key)}
    assert {key: found for key, found in grades.items() if found > 6} == {}


def test_building_blocks_are_too_short_to_have_a_reading_level() -> None:
    """Two words at most: they are numbers, days and months."""
    blocks = [prompt for key, prompt in SCRIPT.prompts.items() if BLOCK.fullmatch(key)]
    assert [block.key for block in blocks if len(block.text.split()) > 2] == []


def test_sentences_are_short() -> None:
    """Nobody has to hold a long one in mind."""
    sentences = [(key, one) for key, prompt in WORDED.items() for one in re.split(r"[.?!:;]\s", prompt.text)]
    assert [(key, sentence) for key, sentence in sentences if len(sentence.split()) > 20] == []


@pytest.mark.parametrize("draft", list(drafts()))
def test_the_receipt_begins_with_one_sentence(draft: Draft) -> None:
    """It starts once, ends once, and says what was asked for, then the reference twice."""
    state = replace(begin(TREE), draft=draft, saved=RequestSaved(REFERENCE, None))
    said = texts(spoken(Value.RECEIPT, state))
    assert re.fullmatch(
        r"(You asked us to call you( about [^.?]+)?\.|We have your message\.|You asked to speak with a person\."
        r"|You asked for a visit on (a \w+day|any day), (in the morning|in the afternoon|at any time), [^.?]*\.)"
        r" Your reference number is (\w+ ){6}Again:( \w+){6}",
        said,
    )


@pytest.mark.parametrize(
    ("promise", "said"),
    [
        (Promise(datetime(2025, 11, 24, 9), 0, minutes=30), "We will call you within thirty minutes."),
        (Promise(datetime(2025, 11, 24, 12), 0), "We will call you today by noon."),
        (Promise(datetime(2025, 11, 24, 17), 1, None, BestTime.AFTERNOON), "tomorrow afternoon, by five p.m."),
        (Promise(datetime(2025, 11, 24, 12), 1, None, BestTime.MORNING), "tomorrow morning, by noon."),
        (Promise(datetime(2025, 11, 24, 14, 30), 3), "We will call you on Monday by two thirty p.m."),
    ],
)
def test_what_is_saved_is_told_with_its_promise(promise: Promise, said: str) -> None:
    """The promise follows at once, as a sentence; noon has no half of a day."""
    state = replace(begin(TREE), saved=RequestSaved(REFERENCE, promise))
    whole = texts(spoken(Value.SAVED, state))
    assert whole.startswith("Your request is saved. We will call you ")
    assert f"{said} You may hang up now." in whole


FACTS = {
    "clip_fracture": "vertebral bodies|blocks|compression fracture|squeezed|rectangular|painful|One or more|collapse",
    "clip_causes": "common result|osteoporosis|density|mass|strength|porous|breaks easily|Cancer|weaken|vertebrae",
    "clip_vertebroplasty": "minimally invasive|painful|vertebral compression fractures|pictures|fluoroscopy|live x-ray"
    "|bone cement|hollow needle|broken bone|steady the fracture|One or more vertebrae",
    "clip_benefit": "vertebroplasty|about 75 percent|lost mobility|more active|practice's figure"
    "|Results differ; ask your doctor what to expect",
    "clip_kyphoplasty": "painful compression fractures|live x-ray|guide|hollow needle|broken bone|small balloon"
    "|make a space|taken out|cement fills the space",
    "clip_preparing": "lie face down|may get medicine|relax|put to sleep|anesthesia",
    "clip_needle": "needle|through the skin of your back|fluoroscope|moving x-ray picture|guides|collapsed bone",
    "clip_cement": "injected|fills the broken spaces|second injection|next hour|hardens|strengthens|steadies the spine",
    "clip_afterwards": "needle is taken out|lie on your back|hardens|doctor tells you how to recover",
    "clip_risks": "every procedure has risks|infection|bleeding|cement leaking|new fracture|doctor goes through them"
    "|call us|fever|draining wound|worsening pain|dial 911|weakness in your legs|bladder or bowel|chest pain|breathing",
    "disclaimer": "general information|not advice|your own case",
    "emergency": f"{CLINIC}|medical emergency|hang up and dial 911",
    "emergency_short": "medical emergency|hang up and dial 911",
    "red_flags_911": "new weakness in your legs|bladder or bowel control|chest pain|trouble breathing"
    "|hang up and dial 911 now",
    "red_flags_question": "fever|draining wound|pain that is getting worse",
    "warning": "new weakness in your legs|loss of bladder or bowel control|do not wait for us|hang up and dial 911",
    "urgent_open": "staff|alert",
    "urgent_closed": "closed|your request comes first",
    "urgent_calling": "calling our nurse on call",
    "urgent_worse": "gets worse|cannot wait|nearest emergency room|dial 911",
    "saved_stay": "hang up now|short questions",
    "recording_notice": "message is recorded|staff|after the beep",
    "leave_message_opening": "we miss you|leave a message|names our clinic|at this number",
    "voicemail": "your name|phone number|how we can help",
    "outage_apology": "sorry",
    "outage_message": "name|number|message|after the beep",
    "outage_thanks": "staff will listen",
}


@pytest.mark.parametrize("key", FACTS)
def test_facts(key: str) -> None:
    """What the clips and the notices must carry, no promise among it."""
    text = SCRIPT.prompts[key].text.lower()
    assert [fact for fact in FACTS[key].split("|") if fact.lower() not in text] == []
    assert not re.search(r"\bcures?\b|\bwill (help|heal|work)\b|guarantee|the patient\b", text)


def test_clinical_wording_is_marked() -> None:
    """Exactly the prompts that need a second person's approval."""
    assert {key for key, prompt in SCRIPT.prompts.items() if prompt.clinical} == CLINICAL


def announced() -> Iterator[tuple[str, str]]:
    """Each option of each menu with the key behind it; languages have a key each, in their own script."""
    for menu in MENUS:
        for choice in menu.choices:
            if choice.prompt and not (choice.language or choice.spoken_in):
                yield choice.prompt, choice.key
        yield from ((prompt, GLOBAL_KEYS[prompt]) for prompt in menu.global_options)


def test_options_end_with_their_key() -> None:
    """Function first, key last; star by its name."""
    ends = {(prompt, key): f", press {KEY_NAMES.get(key, key)}." for prompt, key in announced()}
    assert [option for option, end in ends.items() if not SCRIPT.prompts[option[0]].text.endswith(end)] == []


@pytest.mark.parametrize("menu", [menu for menu in MENUS if menu.name != "language"], ids=lambda menu: menu.name)
def test_examples_name_a_key_that_works_there(menu: Menu) -> None:
    """The second reprompt of a menu."""
    found = re.fullmatch(r"For example, .*press the (\w+) key\.", SCRIPT.prompts[menu.example].text)
    assert found
    assert menu.choice(found[1]) or found[1] == GLOBAL_REPEAT


def test_the_words_suit_a_voice() -> None:
    """No braces, symbols or abbreviations, and 911 is respelled digit by digit."""
    for_eyes = re.compile(r"[{}&/%$*#]|\b(Dr|St|e\.g|i\.e|approx|appt)\b\.?")
    prompts = SCRIPT.prompts.values()
    assert [(prompt.key, prompt.text) for prompt in prompts if for_eyes.search(prompt.text)] == []
    respelled = [prompt.key for prompt in prompts if "nine one one" in (prompt.spoken or "")]
    assert respelled == [prompt.key for prompt in prompts if "911" in prompt.text]


def test_placeholders_are_filled() -> None:
    """The clinic's name and, per language, its key in the language menu."""
    assert SCRIPT.prompts["emergency"].text.startswith(f"Thanks for calling {CLINIC}.")
    assert CLINIC in (SCRIPT.prompts["emergency"].spoken or "")
    assert SCRIPT.prompts["language_option"].text == "For English, press 1."


# ---- How long it takes


def seconds(*speech: out.Speech) -> float:
    """How long speech takes, by rule of thumb."""
    return round(sum(_seconds(part) for one in speech for part in compose(one, SCRIPT.order, SCRIPT.has)), 1)


@cache
def _seconds(part: out.Speech) -> float:
    match part:
        case out.Pause(milliseconds):
            return milliseconds / 1000
        case out.Say(prompt) if prompt.startswith("digit_"):
            return DIGIT_SECONDS
        case out.Say(prompt):
            return words_in(SCRIPT.prompts[prompt].text, LANGUAGE) * 60 / WORDS_A_MINUTE
    return 0.0


def test_longest_is_realistic() -> None:
    """A prompt fits into its own limit."""
    taken = {key: seconds(out.Say(key)) for key in SCRIPT.prompts}
    assert {key: took for key, took in taken.items() if took > SCRIPT.prompts[key].longest} == {}


LIMITS = {"emergency": 10, "disclaimer": 8, "recording_notice": 5, "clip_benefit": 20}
LIMITS |= {f"clip_{clip}": 30 for clip in ("vertebroplasty", "risks")}
LIMITS |= {
    f"clip_{clip}": 25 for clip in ("fracture", "causes", "kyphoplasty", "preparing", "needle", "cement", "afterwards")
}


@pytest.mark.parametrize("key", LIMITS)
def test_limits_of_the_contract(key: str) -> None:
    """Notices and clips; the studio refuses recordings above these."""
    assert SCRIPT.prompts[key].longest <= min(LIMITS[key], LONGEST_CLIP)


@pytest.mark.parametrize("node", [node for node in TREE.nodes.values() if isinstance(node, Entry)])
def test_instructions_are_short(node: Entry) -> None:
    """What a caller hears before keying a number."""
    assert SCRIPT.prompts[node.prompt].longest <= LONGEST_INSTRUCTION
    assert SCRIPT.prompts[node.example].longest <= LONGEST_INSTRUCTION


@cache
def menus_as_composed() -> list[tuple[str, float, float]]:
    """Each menu's name, its length as a caller hears it at its longest, and its limit; a clip is a limit of its own."""
    composed = []
    saved = RequestSaved(REFERENCE, LATER)
    for menu in MENUS:
        entered = "1948-05-17" if menu.name == "check_birth_date" else NUMBER
        state = replace(begin(TREE), caller_number=NUMBER, entered=entered, saved=saved)
        states = [replace(state, draft=draft) for draft in drafts()]
        states += [replace(state, request=known, today=TODAY) for known in stored_requests()]
        openings = [()] if menu.clip else [opening(menu, state) for state in states]
        longest = max(seconds(*first, *_pause_after(first), *options(menu)) for first in openings)
        composed.append((menu.name, longest, menu.longest))
    return composed


def _pause_after(first: tuple[out.Speech, ...]) -> tuple[out.Speech, ...]:
    return (BETWEEN_OPTIONS,) if first and first[-1] != BETWEEN_OPTIONS else ()


def test_menus_are_short() -> None:
    """24 s at most; 30 where a stored request is told first, 45 with a receipt, 60 where a prompt is read out."""
    assert [menu for menu in menus_as_composed() if menu[1] > menu[2]] == []
    limits = {limit for _, _, limit in menus_as_composed()}
    assert limits == {LONGEST_MENU, LONGEST_CLIP, RECEIPT.longest, LONGEST_SCRIPT}


def heard(keys: list[str]) -> tuple[float, float]:
    """Seconds from the first word to "your request is saved", and to the end of the receipt's words.

    Every prompt is heard to its end; the caller's own time, to think and to key, is not counted.
    """
    tree = build((LANGUAGE,), lambda digits: f"+1{digits}")
    turn = advance(tree, begin(tree).at(TODAY, ()), CallStarted(NUMBER))
    said = list(_speech(turn))
    for key in keys:
        turn = advance(tree, turn.state.at(TODAY, ()), Digits(key))
        said += _speech(turn)
        while answer := next(filter(None, map(answer_to, turn.events)), None):
            turn = advance(tree, turn.state, answer)
            said += _speech(turn)
    assert turn.state.node == "receipt"
    saved = seconds(*said[: said.index(out.Say("saved")) + 1])
    return saved, seconds(*said) - seconds(*options(RECEIPT))


def answer_to(event: ev.Event) -> Found | RequestSaved | None:
    """What the services say to the engine's questions: no request is open but the one that is saved."""
    if isinstance(event, ev.Asked):
        return Found({"standing": "open", "texting": "skip"}.get(event.question, "none"))
    return RequestSaved(REFERENCE, LATER, id=1) if isinstance(event, ev.RequestConfirmed) else None


def _speech(turn: Turn) -> Iterator[out.Speech]:
    for output in turn.outputs:
        if isinstance(output, out.Gather | out.Skippable):
            yield from output.speech
        elif isinstance(output, out.Speech):
            yield output


@pytest.mark.parametrize(
    ("keys", "most"),
    [
        pytest.param("2 1 4 3 1 2", 119, id="callback"),
        pytest.param("1 1 1 1 05171948 1 6 3 1 2", 174, id="appointment"),
    ],
)
def test_a_whole_call_is_brief(keys: str, most: float) -> None:
    """Nobody in pain should listen longer than this, even without ever cutting a prompt short."""
    saved, received = heard(keys.split())
    assert (saved <= 40.5, received <= most) == (True, True), (saved, received)
