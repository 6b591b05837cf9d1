"""A telephone line reduced to its engine."""

import pytest

from tests.support.engine_call import EngineCall


@pytest.fixture
def call():
    """Makes calls."""
    return EngineCall
