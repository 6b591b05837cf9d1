"""Forms of the staff's pages are bounded, each by its address; a page says so."""

import pytest

from ivr import limits

WORDS = "That is too much at once."


@pytest.mark.parametrize(
    ("path", "most"),
    [("/console/sign-in", limits.FORM), ("/console/hours/weekly", limits.FORM), ("/studio/en-US/goodbye/script", limits.FORM),
     ("/console/requests/1/save", limits.LONG_FORM)],
)  # fmt: skip
def test_a_form_may_have_so_much(client, path, most):
    """Signed out: the size is looked at before anything else, and what fits is asked to sign in."""
    assert WORDS not in client.send(path, {"x": "y" * (most - 500)}, follow_redirects=True).text
    refused = client.send(path, {"x": "y" * most})
    assert refused.status_code == 413
    assert WORDS in refused.text
