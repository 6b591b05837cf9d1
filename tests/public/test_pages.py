"""The frame of the patients' pages: their headers, their languages, and what goes wrong."""

from dataclasses import replace

import pytest
from sqlalchemy.exc import OperationalError

from ivr import create_app
from ivr.config import PROMPTS
from ivr.public.words import WordsError, read_words

LANGUAGES = [path.stem for path in sorted((PROMPTS / "pages").glob("*.toml"))]


@pytest.fixture
def patients(config, make_line, sqlite_url):
    """Asks as a browser does, with the settings of the test."""

    def client(languages=("en-US", "es-US")):
        settings = replace(config, clinic_number="+16175550199")
        return create_app(settings, make_line(sqlite_url, languages=languages)).test_client()

    return client


def test_every_page_is_kept_nowhere_loads_nothing_and_stands_in_no_frame(patients):
    headers = patients().get("/request/en-US").headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["Content-Security-Policy"].startswith("default-src 'self';")
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "Set-Cookie" not in headers


@pytest.mark.parametrize(
    ("asked", "began"),
    [("es-MX,es;q=0.9", "es-US"), ("en-GB", "en-US"), ("de", "en-US"), ("", "en-US"), ("\x7f,;q=x", "en-US")],
)
def test_it_begins_in_the_language_of_the_browser(patients, asked, began):
    found = patients().get("/request", headers={"Accept-Language": asked})
    assert (found.status_code, found.headers["Location"]) == (302, f"/request/{began}")


def test_a_language_that_is_off_is_no_page(patients):
    client = patients(languages=("en-US",))
    assert client.get("/request/en-US").status_code == 200
    found = client.get("/request/es-US")
    assert found.status_code == 404
    assert "There is no such page." in found.text
    assert 'hreflang="es-US"' not in client.get("/request/en-US").text


def test_the_page_says_first_what_to_do_in_an_emergency(patients):
    client = patients()
    for language, words in (("en-US", "Call 911 now."), ("es-US", "Llame al 911 ahora.")):
        text = client.get(f"/request/{language}").text
        assert f'<html lang="{language}">' in text
        assert text.index(words) < text.index("<h1>")


def test_a_form_in_somebody_elses_page_is_refused(patients):
    client = patients()
    assert client.post("/request/en-US", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_what_breaks_says_that_nothing_is_saved_and_whom_to_call(patients, monkeypatch):
    client = patients()

    def down(*_, **__):
        raise OperationalError("select", {}, OSError("down"))

    monkeypatch.setitem(client.application.extensions["public"].view_functions, "public.start", down)
    found = client.get("/request/es-US", headers={"Accept-Language": "es"})
    assert found.status_code == 503
    assert "Su solicitud no se ha guardado." in found.text
    assert "(617) 555-0199" in found.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_text_with_the_same_gaps(language):
    words = read_words(PROMPTS / "pages", ["en-US", language])
    english, other = words["en-US"], words[language]
    assert english.texts.keys() == other.texts.keys()
    assert {key: english.placeholders(key) for key in english.texts} == {
        key: other.placeholders(key) for key in other.texts
    }


def test_a_language_without_all_words_is_not_offered(tmp_path):
    (tmp_path / "en-US.toml").write_text('[page]\nname = "English"\n[a]\nb = "c"\nd = "e"\n')
    (tmp_path / "es-US.toml").write_text('[page]\nname = "Español"\n[a]\nb = "c"\n')
    assert list(read_words(tmp_path, ["en-US", "es-US", "pt-BR"])) == ["en-US"]
    with pytest.raises(WordsError, match=r"pt-BR\.toml is missing"):
        read_words(tmp_path, ["pt-BR"])


def test_words_that_are_no_toml_are_named(tmp_path):
    (tmp_path / "en-US.toml").write_text("[page]\nnothing\n")
    with pytest.raises(WordsError, match=r"en-US\.toml"):
        read_words(tmp_path, ["en-US"])
