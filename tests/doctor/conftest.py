"""What the doctor's tests share: what is bad in its findings, servers of applications, and accounts at the carrier."""

import threading

import pytest
from werkzeug.serving import make_server

from ivr.simulator import RecordingStore, create_rest_app
from tests.support.settings import ACCOUNT_SID, AUTH_TOKEN


class Serve:
    """Applications on ports of their own, until the test ends."""

    def __init__(self):
        self.servers = []

    def __call__(self, app, port=0):
        server = make_server("127.0.0.1", port, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        self.servers.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}"

    def stop(self):
        for server, thread in self.servers:
            server.shutdown()
            thread.join()
            server.server_close()


@pytest.fixture
def serve():
    serve = Serve()
    yield serve
    serve.stop()


@pytest.fixture
def account(serve):
    """Serves an account with these numbers, and gives the settings that use it."""

    def make(*numbers, token=AUTH_TOKEN):
        return serve(create_rest_app(RecordingStore(), ACCOUNT_SID, token, numbers=numbers))

    return make
