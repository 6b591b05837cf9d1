"""A telephone in front of the whole application: places scripted calls and keeps what was heard."""

from ivr import create_app
from ivr.config import Config
from ivr.simulator import Carrier, ScriptedCaller, WsgiTransport
from tests.support.settings import ACCOUNT_SID, AUTH_TOKEN, BASE_URL


class Telephone:
    """A phone on a line: places scripted calls and keeps what was heard."""

    def __init__(self, config: Config, line) -> None:
        self.line = line
        self.app = create_app(config, line)
        self.transport = WsgiTransport(self.app)
        self.config = config

    def carrier(self, **options) -> Carrier:
        return Carrier(BASE_URL, ACCOUNT_SID, AUTH_TOKEN, transport=self.transport, seed=1, **options)

    def call(self, keys, *, carrier=None, barge_in=False, **options):
        caller = ScriptedCaller.parse(keys, barge_in=barge_in)
        return (carrier or self.carrier()).call(caller, **options)
