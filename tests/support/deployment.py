"""A line behind a proxy of its own: the server, its settings, and the address that the world knows it by."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ivr.config import Config
from tests.support.certificates import make_certificate
from tests.support.processes import free_port, web_server


@dataclass(frozen=True)
class Deployment:
    """A running server (`upstream`, host:port) that believes to be https://localhost:`port`, where a proxy may stand."""

    config: Config
    settings: dict[str, str]
    upstream: str
    port: int
    certificate: Path


@contextlib.contextmanager
def deployed(settings: dict[str, str], database: Path, folder: Path, **changes: str) -> Iterator[Deployment]:
    """Run the web server on a copy of a database file."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(database, folder / "line.db")
    port = free_port()
    names = {"PUBLIC_BASE_URL": f"https://localhost:{port}", "DATABASE_URL": f"sqlite:///{folder}/line.db"}
    given = {**settings, "TRUSTED_PROXIES": "127.0.0.1", **names, **changes}
    with web_server(given, workers=1) as (_, address):
        certificate = make_certificate(folder, "localhost")
        yield Deployment(Config.from_env(given), given, address.removeprefix("http://"), port, certificate)
