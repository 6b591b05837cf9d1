"""The voice door under good, wrong and hostile requests: a document or a refusal, never a failure."""

import logging

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from ivr.services.requests.exporting import export_requests
from ivr.simulator import parse, sign
from tests.support.settings import AUTH_TOKEN, BASE_URL

FORM = {
    "AccountSid": "AC" + "0" * 32,
    "CallSid": "CA" + "1" * 32,
    "From": "+16175550142",
    "To": "+16175550100",
    "CallStatus": "in-progress",
}
SIGNED = ["/voice/incoming", "/voice/turn?n=1", "/voice/status", "/voice/recording", "/voice/fallback", "/voice/desk",
          "/voice/desk/accept"]  # fmt: skip


@pytest.fixture
def phone(telephone):
    return telephone()


@pytest.fixture
def client(phone):
    return phone.app.test_client()


def post(client, path, form=None, token=AUTH_TOKEN, base=BASE_URL):
    form = FORM if form is None else form
    return client.post(path, data=form, headers={"X-Twilio-Signature": sign(token, base + path, form)})


class TestSignature:
    """Only the account's own carrier gets in."""

    @pytest.mark.parametrize("path", SIGNED)
    def test_a_signed_request_passes_and_others_do_not(self, client, path):
        assert post(client, path).status_code in {200, 204}
        assert post(client, path, token="another").status_code == 403
        assert client.post(path, data=FORM).status_code == 403
        assert client.post(path, data=FORM, headers={"X-Twilio-Signature": ""}).status_code == 403
        assert client.post(path, data=FORM, headers={"X-Twilio-Signature": "☎".encode()}).status_code == 403

    @pytest.mark.parametrize("query", ["?n=1&next=%2Fa", "?n=1&name=J%C3%B6rg+x", "?n=1&a=%20&a=b"])
    def test_the_query_is_checked_as_it_was_sent(self, client, query):
        assert post(client, f"/voice/turn{query}").status_code == 200

    def test_behind_a_proxy_the_public_address_counts(self, client):
        headers = {"X-Twilio-Signature": sign(AUTH_TOKEN, BASE_URL + "/voice/incoming", FORM)}
        assert (
            client.post("/voice/incoming", data=FORM, headers=headers, base_url="http://10.0.0.7:8000").status_code
            == 200
        )
        assert post(client, "/voice/incoming", base="http://localhost").status_code == 403

    def test_unknown_empty_and_repeated_parameters_are_signed_too(self, client):
        assert (
            post(client, "/voice/incoming", {**FORM, "FromCity": "", "Brand New": " x ", "CallToken": "{}"}).status_code
            == 200
        )

    @pytest.mark.parametrize("path", SIGNED)
    @pytest.mark.parametrize("other", ["AC" + "1" * 32, "ac" + "0" * 32, "AC" + "0" * 33, "", None, "+16175550142"])
    def test_another_account_is_refused_like_a_bad_signature(self, client, path, other):
        """A subaccount is another one; what is logged names no patient, whatever stands there."""
        form = (
            {**FORM, "AccountSid": other} if other is not None else {k: v for k, v in FORM.items() if k != "AccountSid"}
        )
        with capture_logs() as logs:
            refused, bad = post(client, path, form), post(client, path, token="another")
        assert (refused.status_code, refused.data) == (bad.status_code, bad.data) == (403, bad.data)
        [told] = [one for one in logs if one["event"] == "webhook_of_another_account"]
        assert told["account_sid"] == (other if other == "AC" + "1" * 32 else "missing or malformed")
        assert "6175550142" not in str(logs)

    def test_the_account_is_read_from_the_form_alone(self, client):
        path = f"/voice/incoming?AccountSid={FORM['AccountSid']}"
        assert post(client, path, {**FORM, "AccountSid": "AC" + "1" * 32}).status_code == 403

    def test_get_is_refused(self, client):
        assert client.get("/voice/incoming").status_code in {403, 405}


class TestBadInput:
    """What no telephone sends still gets an answer, and what was saved stays."""

    @pytest.mark.parametrize("sid", [None, "", "CA\0", "☎", "x" * 5000, "CA' OR 1=1 --", "../../etc"])
    def test_a_form_without_a_usable_call_is_a_client_error_unless_somebody_waits(self, client, sid):
        form = {key: value for key, value in {**FORM, "CallSid": sid}.items() if value is not None}
        assert post(client, "/voice/status", form).status_code == 400
        for path in ("/voice/incoming", "/voice/turn?n=1"):
            assert b"medical emergency" in post(client, path, form).data

    @pytest.mark.parametrize(
        "digits", ["", "abc", "1; DROP TABLE calls", "5" * 500, "\0", "1\0", "☎", "<Hangup/>", " 1", "-1", "1\n", "٣"]
    )
    def test_odd_digits_and_turns_get_a_document(self, client, digits):
        for call, n in enumerate(["1", "", "-1", "0", "99999999999", "one", "1.5", "%00", "1&n=2"]):
            form = {**FORM, "CallSid": f"CA{call:032d}"}
            post(client, "/voice/incoming", form)
            answer = post(client, f"/voice/turn?n={n}", {**form, "Digits": digits})
            assert answer.status_code == 200, n
            assert parse(answer.data), n

    @pytest.mark.parametrize("missing", ["From", "To", "CallStatus"])
    def test_missing_fields_get_a_document(self, client, missing):
        form = {key: value for key, value in FORM.items() if key != missing}
        assert parse(post(client, "/voice/incoming", form).data)

    def test_an_unknown_call_is_greeted(self, client):
        answer = post(client, "/voice/turn?n=7", {**FORM, "CallSid": "CA" + "9" * 32, "Digits": "2"})
        assert b"/voice/turn?n=1" in answer.data

    @pytest.mark.parametrize(
        "fields",
        [{"RecordingSid": "RE\0"}, {"RecordingSid": ""}, {"RecordingSid": "RE1", "RecordingDuration": "-9" * 400},
         {"RecordingSid": "RE1", "RecordingDuration": "\0"}, {"DialCallStatus": "\0"}, {"DialCallStatus": ""}],
    )  # fmt: skip
    def test_odd_fields_get_a_document(self, client, fields):
        post(client, "/voice/incoming")
        assert parse(post(client, "/voice/turn?n=1", {**FORM, **fields}).data)

    def test_a_huge_form_is_refused(self, client):
        assert post(client, "/voice/incoming", {**FORM, "x": "y" * 100_000}).status_code == 413

    def test_odd_recordings_and_statuses_are_no_failure(self, client):
        post(client, "/voice/incoming")
        assert post(client, "/voice/recording", {**FORM, "RecordingStatus": "completed"}).status_code == 400
        assert post(client, "/voice/recording", {**FORM, "RecordingStatus": "odd"}).status_code == 204
        unknown = {**FORM, "CallSid": "CAx", "RecordingSid": "RE1", "RecordingStatus": "completed"}
        assert post(client, "/voice/recording", unknown).status_code == 204
        assert post(client, "/voice/status", {**FORM, "CallStatus": "\0", "CallDuration": "x"}).status_code == 204

    @settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        st.dictionaries(
            st.sampled_from(["CallSid", "From", "To", "Digits", "FinishedOnKey", "RecordingSid", "RecordingDuration",
                             "DialCallStatus", "DialBridged", "CallStatus", "RecordingStatus", "CallDuration", "x"]),
            st.one_of(st.text(st.characters(codec="utf-8"), max_size=60), st.sampled_from(["CA1", "1", "completed", "RE1", "#"])),
        ),
        st.sampled_from(["/voice/incoming", "/voice/turn", "/voice/status", "/voice/recording", "/voice/fallback"]),
        st.one_of(st.none(), st.integers(-5, 9)),
    )  # fmt: skip
    def test_wild_forms(self, client, form, path, n):
        answer = post(client, path if n is None else f"{path}?n={n}", {**form, "AccountSid": FORM["AccountSid"]})
        assert answer.status_code < 500
        if answer.mimetype == "text/xml":
            assert parse(answer.data)


class TestWhenSomethingBreaks:
    """The caller hears the static document; the log has the call and nothing personal."""

    @pytest.mark.parametrize("path", ["/voice/incoming", "/voice/turn?n=1"])
    def test_the_caller_hears_the_emergency_notice_and_an_apology(self, phone, monkeypatch, path, caplog):
        def broken(*_):
            raise OperationalError("SELECT +16175550142", {"number": "+16175550142"}, Exception("+16175550142"))

        monkeypatch.setattr("ivr.voice.views.start_call", broken)
        monkeypatch.setattr("ivr.voice.views.take_turn", broken)
        with capture_logs() as logs, caplog.at_level(logging.DEBUG):
            answer = post(phone.app.test_client(), path)
        assert answer.status_code == 200
        assert b"medical emergency" in answer.data
        assert b"<Record" in answer.data
        (entry,) = logs
        assert (entry["event"], entry["call_sid"]) == ("voice_door_failed", FORM["CallSid"])
        assert "6175550142" not in str(logs) + caplog.text

    def test_the_database_is_gone_and_the_message_is_still_taken(self, phone, tmp_path):
        phone.line.database.close()
        for file in tmp_path.glob("rendered.db*"):
            file.unlink()
        with capture_logs():
            transcript = phone.call("r12")
        assert transcript.said.startswith("Thanks for calling Bay State Pain Associates. In a medical emergency")
        assert [entry.kind for entry in transcript.entries if entry.kind in {"beep", "speech"}] == ["beep", "speech"]
        assert transcript.ended_by == "line"
        assert [error.split("/voice/")[1] for error in transcript.errors] == [
            "recording answered with status 503",
            "status answered with status 503",
        ]

    def test_the_fallback_dials_the_desk_and_then_takes_a_message(self, telephone):
        phone = telephone(desk_numbers=("+16175550111",))
        phone.line.database.close()
        document = post(
            phone.app.test_client(), "/voice/fallback", {**FORM, "ErrorCode": "11200", "ErrorUrl": "x"}
        ).data
        assert document.index(b"medical emergency") < document.index(b"<Dial")
        later = post(phone.app.test_client(), "/voice/fallback", {**FORM, "DialCallStatus": "no-answer"}).data
        assert b"<Record" in later
        thanks = post(phone.app.test_client(), "/voice/fallback", {**FORM, "RecordingSid": "RE1"}).data
        assert b"<Record" not in thanks


class TestMedia:
    """Prompts by content address."""

    def address(self, phone):
        from ivr.services.prompts.releases import Releases

        return Releases(phone.line.database).get(1).audio("en-US", "main_information")

    def test_audio_is_immutable_and_has_ranges_and_an_etag(self, phone, client):
        path = f"/media/prompts/{self.address(phone)}.wav"
        whole = client.get(path)
        assert (whole.status_code, whole.mimetype) == (200, "audio/wav")
        assert whole.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert whole.headers["Accept-Ranges"] == "bytes"
        assert client.get(path, headers={"If-None-Match": whole.headers["ETag"]}).status_code == 304
        part = client.get(path, headers={"Range": "bytes=10-19"})
        assert (part.status_code, part.data) == (206, whole.data[10:20])
        assert client.get(path, headers={"Range": "bytes=99999999-"}).status_code == 416
        assert client.head(path).status_code == 200

    @pytest.mark.parametrize("name", ["0" * 64, "x", "..%2f..%2fivr.db", "0" * 63, ""])
    def test_what_is_no_prompt_is_not_found(self, client, name):
        assert client.get(f"/media/prompts/{name}.wav").status_code == 404

    @pytest.mark.parametrize("token", ["RE1", "x.y.z", ""])
    def test_a_recording_needs_its_token(self, client, token):
        assert client.get(f"/media/utterances/{token}.wav").status_code == 404


def test_whoever_answers_the_desk_takes_the_call_with_one(client):
    assert b"Gather" in post(client, "/voice/desk").data
    assert b"Hangup" not in post(client, "/voice/desk/accept", {**FORM, "Digits": "1"}).data
    assert b"Hangup" in post(client, "/voice/desk/accept", {**FORM, "Digits": "2"}).data


def test_nothing_of_these_tests_became_a_request(client, phone):
    post(client, "/voice/incoming")
    assert list(export_requests(phone.line.database)) == []
