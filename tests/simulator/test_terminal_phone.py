"""The telephone in a terminal: with keys from a pipe, from a real terminal, and from a script."""

import io
import os
import pty
import threading
from collections.abc import Callable

import pytest
from werkzeug.serving import make_server

from ivr.simulator import Carrier, HttpTransport, run_interactive, run_scripted

MENU = (
    "<Say>Welcome.</Say><Gather action='/turn' numDigits='1' timeout='10'><Say>Press 1.</Say></Gather>"
    "<Say>I heard nothing.</Say><Gather action='/turn' numDigits='1'/><Redirect>/record</Redirect>"
)
PAGES = {
    "/voice/incoming": MENU,
    "/turn": "<Redirect>/record</Redirect>",
    "/record": "<Say>Speak.</Say><Record action='/done'/>",
    "/done": "<Say>Goodbye.</Say>",
}


def hold(carrier: Carrier, typed: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    status = run_interactive(carrier, fast=True, stdin=io.StringIO(typed), stdout=out, stderr=err)
    return status, out.getvalue(), err.getvalue()


# typed | what must be printed
TYPED = [
    ("1\n\n", ["caller  presses 1", "caller  speaks 3 s", "caller  presses #", "line    Goodbye."]),
    ("s\n1\n5\n", ["line    I heard nothing.", "caller  presses 5", "line    Goodbye."]),
    ("1\ns\n", ["caller  speaks 3 s", "line    Goodbye."]),
    ("h\n", ["caller  hangs up"]),
    ("", ["caller  hangs up"]),
    ("1\nh\n", ["caller  speaks 3 s", "caller  hangs up"]),
    ("x\n\n1\n", ["caller  presses 1"]),
]


@pytest.mark.parametrize(("typed", "lines"), TYPED)
def test_keys_from_a_pipe(line, carrier: Callable[..., Carrier], typed: str, lines: list[str]) -> None:
    line.pages = dict(PAGES)
    status, out, err = hold(carrier(), typed)
    assert (status, err) == (0, "")
    assert "line    Welcome." in out
    assert [text for text in lines if text not in out.splitlines()] == []


def test_single_keys_from_a_terminal(line, carrier: Callable[..., Carrier]) -> None:
    line.pages = dict(PAGES)
    master, slave = pty.openpty()
    out = io.StringIO()
    with os.fdopen(slave) as terminal:
        writer = threading.Timer(0.2, os.write, (master, b"s1\n"))
        writer.start()
        status = run_interactive(carrier(), fast=True, stdin=terminal, stdout=out, stderr=io.StringIO())
        writer.join()
    os.close(master)
    assert status == 0
    assert "line    Goodbye." in out.getvalue().splitlines()


def test_a_script(line, carrier: Callable[..., Carrier]) -> None:
    line.pages = dict(PAGES)
    out = io.StringIO()
    assert run_scripted(carrier(), "1 r5", stdout=out) == 0
    assert out.getvalue().splitlines()[-2:] == ["line    Goodbye.", "line    hangs up (end of the document)"]


@pytest.mark.parametrize(
    ("page", "message"),
    [
        (("", 403), "refused the signature"),
        (("", 404), "no such address"),
        (("", 500), "its log says why"),
        ("<Sya/>", "<Sya> on line 1"),
    ],
)
def test_errors_are_explained(line, carrier: Callable[..., Carrier], page: str | tuple[str, int], message: str) -> None:
    line.pages = {"/voice/incoming": page}
    status, _, err = hold(carrier(), "")
    assert status == 1
    assert message in err
    err_file = io.StringIO()
    assert run_scripted(carrier(), "1 x", stdout=io.StringIO(), stderr=err_file) == 1
    assert "'x'" in err_file.getvalue()


def test_over_http_and_nobody_there(line) -> None:
    server = make_server("127.0.0.1", 0, line.app())
    base = f"http://127.0.0.1:{server.server_port}"
    line.public = base
    line.pages = dict(PAGES)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    out, err = io.StringIO(), io.StringIO()
    try:
        assert run_scripted(Carrier(base, line.account, line.token, transport=HttpTransport()), "1 r5", stdout=out) == 0
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert line.refused == []
    assert run_scripted(Carrier(base, line.account, line.token), "1", stdout=io.StringIO(), stderr=err) == 1
    assert f"running at {base}?" in err.getvalue()
    assert base != line.base
