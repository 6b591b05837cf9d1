"""An own clip from the form to the next caller's ear, into the reports, and out of the tree again."""

from contextlib import closing
from dataclasses import replace

import pytest
from sqlalchemy import select

from ivr import create_line
from ivr.callflow.check import check
from ivr.callflow.tree_information import MOST_AT_A_PLACE, clip_prompt
from ivr.models import PromptState, PromptVersion, Role
from ivr.rehearsal import rehearsing
from ivr.services.audit import COMMAND
from ivr.services.calls.turns import Arrival
from ivr.services.prompts.catalogue import AudioHeard, rows
from ivr.services.prompts.own_clips import add_clip, own_clips
from ivr.services.prompts.releases import Releases
from ivr.services.prompts.releasing import with_drafts
from ivr.services.prompts.rendering import render_prompts
from ivr.walk.edges import goals_of
from tests.support.callers import Caller, prompts
from tests.support.staff_pages import assert_accessible
from tests.support.studio import EN, newest, upload
from tests.support.telephone import Telephone

ES = "es-US"
CLIPS = "/studio/clips"
BRING = "Please bring a list of your medicines, your insurance card, and your latest pictures of the spine."
TRAE = "Traiga una lista de sus medicinas, su tarjeta del seguro y sus imágenes de la columna."
FORM = {"title": "What to bring", "after": "preparing", f"words-{EN}": BRING, f"words-{ES}": TRAE, "clinical": "on"}
KEY = "clip_own_1_what_to_bring"
LISTENS = "1 3 4 3"
"""In English, to the information, the day of the procedure, and what comes after its first clip."""


@pytest.fixture
def line(make_line, sqlite_url):
    """English and Spanish, of which one prompt is rendered: the carrier's voice says the others."""
    line = make_line(sqlite_url, languages=(EN, ES))
    scripts = {
        language: replace(script, prompts={"goodbye": script.prompts["goodbye"]})
        for language, script in line.scripts.items()
    }
    render_prompts(line.database, scripts, line.clock())
    return line


@pytest.fixture
def config(config):
    return replace(config, languages=(EN, ES))


def versions_of(line, language):
    with line.database.read() as session:
        mine = select(PromptVersion).where(PromptVersion.key == KEY, PromptVersion.language == language)
        return session.scalars(mine.order_by(PromptVersion.id.desc())).all()


def approved_and_published(author, other, version):
    other.send(f"/studio/versions/{version.id}/approve")
    page = author.send(f"/studio/versions/{version.id}/publish", follow_redirects=True).text
    assert "calls that begin now hear it" in page


def heard(caller):
    """The clip that a caller is at."""
    return next(key for key in prompts(caller.answer) if key.startswith("clip_"))


def another(line, sid):
    return Caller(line, Arrival(sid, "+16175550142", "+16175550100"))


def test_recorded_approved_heard_seen_in_the_report_and_removed(client_as, line, config, worker):
    author, other = client_as(Role.ADMIN), client_as(Role.ADMIN)
    page = author.send(CLIPS, FORM, follow_redirects=True).text
    assert "The clip is a draft now" in page
    assert "After “Information: preparing for the day”" in page
    worker()
    upload(author, line, KEY)
    worker()
    mine = newest(line, KEY)
    assert (mine.language, mine.state) == (EN, PromptState.RECORDED), mine.problem
    assert "a second person" in author.send(f"/studio/versions/{mine.id}/publish", follow_redirects=True).text
    approved_and_published(author, other, mine)
    assert heard(another(line, "CA1")(LISTENS)) == "clip_needle", "Spanish callers would hear nothing"
    assert "not heard yet" in author.get(CLIPS).text
    approved_and_published(author, other, versions_of(line, ES)[0])
    assert "heard by callers" in author.get(CLIPS).text

    telephone = Telephone(config, line)
    transcript = telephone.call(f"{LISTENS} h")
    assert any(mine.audio_sha256 in (entry.url or "") for entry in transcript.entries)
    spanish = versions_of(line, ES)[0].audio_sha256
    transcript = telephone.call("2 3 4 3 3 h", carrier=replace(telephone.carrier(), seed=2))
    assert any(spanish in (entry.url or "") for entry in transcript.entries), transcript.render()

    report = client_as(Role.LEAD).get("/console/reports?days=7").text
    assert '<th scope="row">Information: what to bring</th>' in report
    assert "Information: what to" in client_as(Role.LEAD).get("/console/reports/tree-light.svg?days=7").text
    on_air = line.on_air().tree
    assert check(on_air, ()) == []
    assert any(goal.edge.to == "own_1_what_to_bring" for goal in goals_of(on_air)), "the walk has it to do"
    with rehearsing(config, line.database) as rehearsed, closing(create_line(rehearsed).database) as copy:
        rehearsed_line = replace(line, database=copy, clips_heard={})
        assert rehearsed_line.on_air().tree == on_air
        assert rehearsed_line.all_scripts[EN].prompts[KEY].text == BRING

    under_way = another(line, "CA8")("1 3 4")
    clip = own_clips(line)[0].clip
    upload(author, line, KEY)
    page = author.send(f"{CLIPS}/{clip.id}/remove", follow_redirects=True).text
    assert "“What to bring” is removed" in page
    assert heard(under_way("3")) == KEY, "a call goes on with what it began with"
    assert Releases(line.database).get(under_way.answer.release_id).audio(EN, KEY) == mine.audio_sha256
    assert heard(under_way("3")) == "clip_needle"
    under_way.hang_up()
    assert heard(another(line, "CA9")(LISTENS)) == "clip_needle"
    assert author.get(f"/studio/{EN}/{KEY}").status_code == 404
    assert "There are no own clips." in author.get(CLIPS).text
    assert KEY not in author.get("/studio/waiting").text, "its drafts are gone"
    assert "There is no such clip any more." in author.send(f"{CLIPS}/{clip.id}/remove", follow_redirects=True).text
    approved = author.send(f"/studio/versions/{mine.id}/publish", follow_redirects=True)
    assert (approved.status_code, KEY in Releases(line.database).latest().manifest[EN]) == (404, False)
    assert "Information: what to bring" in client_as(Role.LEAD).get("/console/reports?days=7").text


def test_drafts_are_tried_on_the_telephone_and_rendering_keeps_what_is_on_the_air(client_as, line, worker, clock):
    admin = client_as(Role.ADMIN)
    form = {name: value for name, value in FORM.items() if name != "clinical"}
    admin.send(CLIPS, form)
    worker()
    with line.database.read() as session:
        manifest, _ = with_drafts(session)
    assert KEY in manifest[EN]
    for language in (EN, ES):
        admin.send(f"/studio/versions/{versions_of(line, language)[0].id}/publish")
    assert heard(another(line, "CA1")(LISTENS)) == KEY
    goodbye = {one: replace(s, prompts={"goodbye": s.prompts["goodbye"]}) for one, s in line.scripts.items()}
    render_prompts(line.database, goodbye, clock.now)
    assert heard(another(line, "CA2")(LISTENS)) == KEY


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"title": " "}, "Give the clip a title"),
        ({"title": "T" * 61}, "Give the clip a title"),
        ({"after": "main"}, "Choose a place"),
        ({"after": ""}, "Choose a place"),
        ({f"words-{ES}": ""}, "Spanish: Write the words"),
        (
            {f"words-{EN}": "For the way to us, press 5."},
            "English: A clip names no keys: the menu after it names them. Take out: 5.",
        ),
        ({f"words-{EN}": "x" * 601}, "letters are the most"),
    ],
)
def test_what_is_no_clip_is_refused_and_stays_typed(client_as, line, changed, said):
    page = client_as(Role.ADMIN).send(CLIPS, {**FORM, **changed})
    assert (page.status_code, said in page.text) == (422, True)
    assert changed.get("title") or "What to bring" in page.text
    assert own_clips(line) == []


def test_a_place_takes_three(client_as, line):
    admin = client_as(Role.ADMIN)
    for number in range(MOST_AT_A_PLACE):
        admin.send(CLIPS, {**FORM, "title": f"Clip {number}"})
    page = admin.send(CLIPS, FORM)
    assert (page.status_code, "3 clips stand there already" in page.text) == (422, True)
    assert [one.clip.title for one in own_clips(line)] == ["Clip 0", "Clip 1", "Clip 2"]
    assert next(clip_prompt(one.clip.node) for one in own_clips(line)) in line.all_scripts[EN].prompts


def test_a_language_that_is_turned_on_later_keeps_the_clip_off_until_it_has_words(client_as, line, make_line, worker):
    english = make_line(str(line.database.engine.url), languages=(EN,))
    admin = client_as(Role.ADMIN)
    add_clip(english, COMMAND, "What to bring", "preparing", {EN: BRING}, clinical=False, now=line.clock())
    worker()
    admin.send(f"/studio/versions/{versions_of(line, EN)[0].id}/publish")
    assert heard(another(english, "CA1")("3 4 3")) == KEY
    assert heard(another(line, "CA2")(LISTENS)) == "clip_needle"
    page = admin.get(CLIPS).text
    assert "It has no words in Spanish yet" in page
    admin.send(f"{CLIPS}/1/words", {"language": ES, "words": TRAE})
    worker()
    admin.send(f"/studio/versions/{versions_of(line, ES)[0].id}/publish")
    assert heard(another(line, "CA3")(LISTENS)) == KEY


def test_from_a_new_clip_one_goes_on_in_the_other_language_and_back_to_the_clips(client_as, line, worker):
    admin = client_as(Role.ADMIN)
    page = admin.send(CLIPS, FORM, follow_redirects=True).text
    assert "Do so in each language: callers hear it once all have it." in page
    assert "callers do not hear this clip until it is published in every language" in page
    assert f'href="/studio/{ES}/{KEY}"' in page
    assert f'<a href="{CLIPS}">Own clips</a>' in page
    assert f'<a href="{CLIPS}">' not in admin.get(f"/studio/{EN}/goodbye").text
    worker()
    assert '<span class="badge accent">To approve</span>' in admin.get(f"/studio/{ES}/{KEY}").text


def test_words_that_a_language_has_not_are_not_missing_in_it(client_as, line):
    admin = client_as(Role.ADMIN)
    row = admin.get("/studio/?find=oh_5").text
    assert "Not in Spanish" in row
    assert f"/studio/{ES}/oh_5" not in row, "that page does not exist"
    heard = {one.key: {cell.language: cell.heard for cell in one.cells} for one in rows(line)}
    assert heard["oh_5"] == {EN: AudioHeard.MISSING, ES: AudioHeard.UNUSED}
    assert heard["pm"] == {EN: AudioHeard.MISSING, ES: AudioHeard.MISSING}


@pytest.mark.parametrize("address", ["/studio/", CLIPS, "/studio/waiting", f"/studio/{ES}/session", f"/studio/{ES}/pm"])
def test_every_page_of_the_studio_is_a_part_of_the_prompts(client_as, line, address):
    here = "page" if address == "/studio/" else "true"
    assert f'aria-current="{here}">Prompts</a>' in client_as(Role.ADMIN).get(address).text


def test_in_a_browser_a_clip_is_added_and_removed_for_good(open_page, line):
    page = open_page(CLIPS, Role.ADMIN, viewport={"width": 390, "height": 844})
    assert_accessible(page)
    page.get_by_label("Title").fill("What to bring")
    page.get_by_label("Place").select_option("preparing")
    page.get_by_label("Words in English").fill(BRING)
    page.get_by_label("Words in Spanish").fill(TRAE)
    page.get_by_role("button", name="Add as a draft").click()
    page.get_by_role("link", name="Spanish").click()
    page.get_by_text("About 7.4 seconds.").wait_for()
    assert not page.locator("#words-told.error").count(), "no reading level is known of Spanish"
    assert_accessible(page)
    page.goto("/studio/?find=bring")
    assert page.locator("caption").bounding_box()["width"] > 250
    page.get_by_role("link", name="Own clips").click()
    remove = page.get_by_role("button", name="Remove the clip What to bring for good")
    assert not remove.is_visible(), "one slip of the finger removes no recordings"
    page.get_by_text("Remove this clip").click()
    assert_accessible(page)
    remove.click()
    page.get_by_text("“What to bring” is removed").wait_for()
    page.get_by_text("There are no own clips.").wait_for()
