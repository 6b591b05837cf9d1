"""The announcement on a host that is not ours."""

import pytest

from ivr.config import PROMPTS
from ivr.services.scripts import read_scripts
from ivr.simulator import parse
from ivr.simulator.verbs import Dial, Record
from ivr.voice.outage import Outage
from tests.support.outages import DESK
from tests.support.settings import BASE_URL


class TestElsewhere:
    """The announcement on a host that is not ours."""

    @pytest.fixture
    def outage(self, config):
        return Outage(BASE_URL, read_scripts(PROMPTS, config.languages, config.clinic_name)["en-US"], DESK)

    def test_it_names_no_address_of_ours_and_is_sound(self, outage):
        for document in (
            outage.elsewhere(),
            outage.elsewhere("https://handler.example.com/twiml/EH1"),
            outage.thanks(),
        ):
            assert parse(document)
            assert "line.example.org" not in document
            assert len(document) < 4000, "what a TwiML Bin holds"

    def test_alone_it_records_nothing_for_that_would_go_round_for_ever(self, outage):
        verbs = parse(outage.elsewhere())
        assert [type(verb) for verb in verbs].count(Dial) == 1
        assert not any(isinstance(verb, Record) for verb in verbs)

    def test_with_a_second_document_a_message_ends(self, outage):
        (record,) = (verb for verb in parse(outage.elsewhere("https://x.example.com/t")) if isinstance(verb, Record))
        assert record.action == "https://x.example.com/t"
        assert not any(isinstance(verb, Record | Dial) for verb in parse(outage.thanks()))
