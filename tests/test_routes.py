"""Every route is signed or on the list of public ones."""

import pytest

PUBLIC = {
    "media.prompt", "media.utterance", "media.message", "operations.healthz", "operations.readyz",
    "operations.metrics_page", "start",
}  # fmt: skip


@pytest.fixture
def app(telephone):
    return telephone().app


def test_every_route_is_signed_or_listed_as_public(app):
    client = app.test_client()
    for rule in app.url_map.iter_rules():
        if rule.endpoint in PUBLIC:
            continue
        path = rule.rule
        assert "<" not in path, f"{rule.endpoint}: say in this test how to call it"
        for method in rule.methods - {"OPTIONS"}:
            assert client.open(path, method=method).status_code == 403, f"{method} {path} is open to everybody"


def test_public_routes_exist(app):
    assert {rule.endpoint for rule in app.url_map.iter_rules()} >= PUBLIC


def test_no_route_redirects_a_missing_or_extra_slash(app):
    """A redirect would turn the carrier's POST into a GET and lose its data."""
    client = app.test_client()
    for rule in app.url_map.iter_rules():
        if "<" not in rule.rule:
            assert client.post(f"{rule.rule}/").status_code == 404
