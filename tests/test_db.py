"""The database of a line, on SQLite and PostgreSQL."""

import pytest
from sqlalchemy import text

from ivr.db import Database
from ivr.vault import Vault
from tests.support.settings import DATA_KEY


def test_a_connection_that_is_in_use_at_the_end_is_closed_afterwards(empty_url):
    database = Database(empty_url, Vault([DATA_KEY]))
    with database.engine.connect() as connection:
        driver = connection.connection.driver_connection
        database.close()
        assert connection.scalar(text("SELECT 1")) == 1, "what is being answered is answered"
    with pytest.raises(Exception, match="closed"):
        driver.execute("SELECT 1")
