"""Above the limit of an address a request is saved with a proof of work: once for each, and for its own form alone."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from limits import parse

from ivr.public import proof_of_work
from ivr.public.proof_of_work import MOST, WrongProof, check_proof, new_challenge
from ivr.services.keeping.erasure import erase_number
from ivr.services.requests.online import TooManyRequests
from tests.support.callers import stored
from tests.support.patients_pages import (
    Patient,
    challenge_of,
    filled,
    heading,
    numbers,
    patients_app,
    send,
    solved,
)
from tests.support.settings import MONDAY_MORNING

SECRET = "a secret key for tests"
COOKIE = "__Secure-request"
SAVED = "Your request is saved"
ONE_MORE = "One more step"
ANSWERS = ("(617) 555-0177", "Ana Ruiz", "My left side hurts.")


@pytest.fixture(autouse=True)
def _cheap(monkeypatch):
    """What the real one costs is seen in a browser."""
    monkeypatch.setattr(proof_of_work, "ROUNDS", 2)


@pytest.fixture
def line(make_line, database_url):
    """Whether a proof was used is kept in the database: both are tried."""
    return make_line(database_url, languages=("en-US", "es-US"))


@pytest.fixture
def app(config, line):
    """Where the address of `send` has sent as much as it may without a proof."""
    app = patients_app(config, line)
    for number in numbers(5):
        assert heading(send(app, number)) == SAVED
    return app


def asked(app, number="6175550177", language="en-US"):
    """Somebody whose request is one too many, and the page that says so."""
    patient = filled(app, number, language=language)
    return patient, patient.post("check")


def twin(app, patient):
    """The same browser, whose button is pressed a second time meanwhile."""
    other = Patient(app)
    other.client.environ_base["REMOTE_ADDR"] = patient.client.environ_base["REMOTE_ADDR"]
    other.client.set_cookie(COOKIE, patient.client.get_cookie(COOKIE, path="/request").value, path="/request")
    return other


def assert_asked_again(page, words):
    """It says what is wrong, keeps all answers, and has another challenge; whom to call stands there as well."""
    assert (page.status_code, heading(page)) == (429, ONE_MORE)
    assert words in page.text
    assert all(answer in page.text for answer in ANSWERS)
    assert "(617) 555-0199" in page.text
    assert challenge_of(page)["signature"]


def test_it_says_why_keeps_the_answers_and_saves_with_a_proof(app, line):
    patient, page = asked(app)
    assert_asked_again(page, "Many requests came from your network in the last hour.")
    assert len(stored(line)) == 5
    assert heading(patient.post("check", altcha=solved(challenge_of(page)))) == SAVED
    assert len(stored(line)) == 6
    assert stored(line)[-1].callback_number == "+16175550177"
    assert heading(patient.open("sent")) == SAVED


def test_it_says_so_in_spanish(app):
    _, page = asked(app, language="es-US")
    assert heading(page) == "Falta un paso"
    assert "usted es una persona" in page.text


def test_without_scripts_it_says_what_is_missing_and_whom_to_call(app, line):
    patient, page = asked(app)
    assert_asked_again(page, "This step needs JavaScript, and it is off in your browser.")
    assert_asked_again(patient.post("check", altcha=""), "It needs JavaScript.")
    assert len(stored(line)) == 5


def test_a_proof_of_another_form_saves_nothing(app, line):
    _, page = asked(app)
    other, _ = asked(app)
    proof = solved(challenge_of(page))
    refused = other.post("check", altcha=proof)
    assert_asked_again(refused, "does not belong to this request")
    assert len(stored(line)) == 5
    assert heading(other.post("check", altcha=solved(challenge_of(refused)))) == SAVED


def test_a_proof_that_was_used_saves_nothing_again(app, line, clock):
    """A form that is sent again is saved once anyway: only where its request was erased could its proof count twice."""
    patient, page = asked(app)
    proof, kept = solved(challenge_of(page)), patient.client.get_cookie(COOKIE, path="/request").value
    for _ in range(2):
        assert heading(patient.post("check", altcha=proof)) == SAVED
        patient.client.set_cookie(COOKIE, kept, path="/request")
    assert len(stored(line)) == 6
    erase_number(line.database, "+16175550177", clock.now, include_open=True)
    refused = patient.post("check", altcha=proof)
    assert_asked_again(refused, "already used")
    assert heading(patient.post("check", altcha=solved(challenge_of(refused)))) == SAVED


def test_a_proof_that_comes_after_ten_minutes_saves_nothing(app, line, clock):
    patient, page = asked(app)
    proof = solved(challenge_of(page))
    clock.now += timedelta(minutes=10, seconds=1)
    refused = patient.post("check", altcha=proof)
    assert_asked_again(refused, "too long ago")
    assert len(stored(line)) == 5
    clock.now += timedelta(minutes=9)
    assert heading(patient.post("check", altcha=solved(challenge_of(refused)))) == SAVED


def test_a_proof_lifts_no_limit_of_a_number(app, line):
    for _ in range(3):
        patient, page = asked(app)
        assert heading(patient.post("check", altcha=solved(challenge_of(page)))) == SAVED
    patient, page = asked(app)
    assert (page.status_code, heading(page)) == (429, "Sorry, that did not work")
    assert "(617) 555-0199" in page.text
    other, page = asked(app, "6175550178")
    other.post("number", number="6175550177")
    refused = other.post("check", altcha=solved(challenge_of(page)))
    assert (refused.status_code, heading(refused)) == (429, "Sorry, that did not work")
    assert len(stored(line)) == 8


def test_an_address_leaves_twenty_with_proofs_and_then_hears_whom_to_call(app, line, clock):
    for number in numbers(26)[5:25]:
        patient, page = asked(app, number)
        assert heading(patient.post("check", altcha=solved(challenge_of(page)))) == SAVED
    patient, page = asked(app)
    assert (page.status_code, heading(page)) == (429, "Sorry, that did not work")
    assert "(617) 555-0199" in page.text
    assert len(stored(line)) == 25
    clock.now += timedelta(hours=1, seconds=1)
    assert heading(patient.post("check")) == SAVED


def test_of_those_that_come_at_once_no_more_are_saved_than_there_is_room_for(app, line, monkeypatch):
    """And whoever is not saved is told so, and none is told so who was saved."""
    monkeypatch.setattr("ivr.public.limiting.OF_PROVEN", parse("3 per hour"))
    waiting = [(each, solved(challenge_of(page))) for each, page in (asked(app, n) for n in numbers(12)[5:])]
    both = [(one, proof) for each, proof in waiting for one in (each, twin(app, each))]
    with ThreadPoolExecutor(len(both)) as threads:
        sent = [threads.submit(patient.post, "check", altcha=proof) for patient, proof in both]
    told = [heading(one.result()) for one in sent]
    assert set(told) == {SAVED, "Sorry, that did not work"}
    assert len(stored(line)) == 8
    assert told.count(SAVED) == 6, "each was sent twice"


def test_below_the_limit_a_proof_is_not_asked_for(app, clock):
    patient, page = asked(app)
    clock.now += timedelta(hours=1, seconds=1)
    assert heading(patient.post("check", altcha="nothing that is a proof")) == SAVED
    assert page.status_code == 429


def test_who_is_one_too_many_while_others_send_is_asked_too(app, line, monkeypatch):
    """What was read before the transaction may be over when it counts."""
    caps = app.extensions["public"].extensions["public_caps"]
    patient = filled(app, "6175550177")
    monkeypatch.setattr(caps, "too_many_of", lambda _: "")
    assert_asked_again(patient.post("check"), "Many requests")
    assert len(stored(line)) == 5


class TestProofs:
    """What counts as a proof."""

    def sent(self, **changes):
        """A proof whose challenge was changed by who sends it, or its solution by `solution`."""
        challenge = dict(new_challenge(SECRET, "form", MONDAY_MORNING))
        proof = json.loads(base64.b64decode(solved(challenge)))
        proof["solution"] |= changes.pop("solution", {})
        proof["challenge"]["parameters"] |= changes
        return base64.b64encode(json.dumps(proof).encode()).decode()

    def refused(self, sent, token="form", now=MONDAY_MORNING, secret=SECRET):
        with pytest.raises(WrongProof) as refused:
            check_proof(secret, token, sent, now)
        return str(refused.value)

    def test_each_challenge_has_one_proof(self):
        proofs = {check_proof(SECRET, "form", self.sent(), MONDAY_MORNING) for _ in range(5)}
        assert len(proofs) == 5

    def test_it_counts_for_ten_minutes(self):
        sent = self.sent()
        assert check_proof(SECRET, "form", sent, MONDAY_MORNING + timedelta(minutes=10))
        assert self.refused(sent, now=MONDAY_MORNING + timedelta(minutes=10, seconds=1)) == "late"

    @pytest.mark.parametrize(
        "changes",
        [
            {"data": {"until": 2**40, "most": MOST}},
            {"cost": 1},
            {"keyPrefix": "00"},
            {"keySignature": None},
            {"nonce": "00" * 16},
            {"salt": "x"},
            {"solution": {"derivedKey": "00" * 32}},
            {"solution": {"derivedKey": ["00"]}},
            {"solution": {"derivedKey": ""}},
        ],
        ids=lambda changes: " ".join(map(str, changes.items())),
    )
    def test_what_was_forged_is_none(self, changes):
        assert self.refused(self.sent(**changes)) == "other"

    def test_it_counts_with_the_key_and_the_form_it_was_made_for_alone(self):
        sent = self.sent()
        assert self.refused(sent, token="another") == "other"
        assert self.refused(sent, secret="another") == "other"

    @given(
        st.text(max_size=60)
        | st.recursive(
            st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["challenge", "solution", "parameters", "nonce", "signature", "data", "__proto__"]),
                    inner,
                    max_size=4,
                )
            ),
            max_leaves=12,
        ).map(lambda value: base64.b64encode(json.dumps(value).encode()).decode())
    )
    @settings(max_examples=200)
    def test_anything_else_is_none(self, sent):
        assert self.refused(sent) == ("other" if sent else "missing")

    def test_a_proof_is_counted_with_the_request_or_not_at_all(self, app, line):
        """When a later limit refuses it, the proof can be sent again."""
        caps = app.extensions["public"].extensions["public_caps"]

        def count(number):
            environ = {"REMOTE_ADDR": "198.51.100.1"}
            with app.extensions["public"].test_request_context(environ_base=environ), line.database.write() as session:
                caps.count(session, number, "proof")
                return "counted"

        for _ in range(3):
            send(app, "6175550188", "198.51.100.9")
        with pytest.raises(TooManyRequests, match="number"):
            count("+16175550188")
        assert count("+16175550189") == "counted"
        with pytest.raises(TooManyRequests, match="used"):
            count("+16175550189")
