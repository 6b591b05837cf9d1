"""Two servers on one machine share nothing by accident."""

import pytest

from ivr.config import ROOT
from tests.support.processes import web_server


@pytest.mark.parametrize("home", ["HOME", "XDG_RUNTIME_DIR"])
def test_servers_leave_no_control_socket(settings, sqlite_url, tmp_path, home):
    (tmp_path / "home").mkdir()
    env = {**settings, "DATABASE_URL": sqlite_url, "HOME": str(tmp_path), home: str(tmp_path / "home")}
    with web_server(env, workers=1), web_server(env, workers=1):
        found = [path for folder in (ROOT, tmp_path) for path in folder.rglob("*") if path.is_socket()]
    assert found == []
