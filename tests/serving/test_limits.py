"""The sizes by address fit what the services take, and what forms hold."""

from urllib.parse import urlencode

from ivr import limits
from ivr.services.prompts.exchange import LARGEST_ZIP
from ivr.services.prompts.versions import LARGEST_TAKE
from ivr.services.requests.case import LONGEST_NOTE


def test_files_fit_with_their_forms():
    assert limits.largest("/studio/en-US/goodbye/takes") >= LARGEST_TAKE + 100_000
    assert limits.largest("/studio/en-US/import") >= LARGEST_ZIP + 100_000
    assert limits.largest("/studio/en-US/import") > limits.LONG_FORM >= limits.largest("/console/requests/1/save")


def test_the_longest_note_fits_its_form():
    assert len(urlencode({"note": "💉" * LONGEST_NOTE})) + 2000 < limits.largest("/console/requests/12/save")


def test_everything_else_is_a_form():
    for path in ("", "/", "/console/sign-in", "/console/requests", "/studio/en-US/goodbye/script", "/media/x", "/odd"):
        assert limits.largest(path) == 16 * 1024
