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
    given, port = _prepared(settings, database, folder, changes)
    with web_server(given, workers=1) as (_, address):
        yield _deployment(given, address, port, folder)


@contextlib.contextmanager
def deployed_apart(settings: dict[str, str], database: Path, folder: Path) -> Iterator[tuple[Deployment, str]]:
    """The same with a server for calls and one for pages, which count together; the second one's host and port too."""
    changes = {"PROMETHEUS_MULTIPROC_DIR": str(folder / "metrics")}
    given, port = _prepared(settings, database, folder, changes)
    with (
        web_server(given, workers=1, doors="voice") as (_, voice),
        web_server(given, workers=1, doors="web") as (_, web),
    ):
        yield _deployment(given, voice, port, folder), web.removeprefix("http://")


def _prepared(
    settings: dict[str, str], database: Path, folder: Path, changes: dict[str, str]
) -> tuple[dict[str, str], int]:
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(database, folder / "line.db")
    port = free_port()
    names = {"PUBLIC_BASE_URL": f"https://localhost:{port}", "DATABASE_URL": f"sqlite:///{folder}/line.db"}
    return {**settings, "TRUSTED_PROXIES": "127.0.0.1", **names, **changes}, port


def _deployment(given: dict[str, str], address: str, port: int, folder: Path) -> Deployment:
    certificate = make_certificate(folder, "localhost")
    return Deployment(Config.from_env(given), given, address.removeprefix("http://"), port, certificate)
