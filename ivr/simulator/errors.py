"""The simulator's family of errors; each says what went wrong and where.

SimulatorError
├── TwimlError        a document that the carrier would refuse, or should
├── TransportError    no answer from the line's server
│   ├── ConnectFailure
│   └── ResponseTimeout
├── WebhookError      an answer that cannot be used (status, content type)
├── MediaError        a clip that cannot be played
└── CallError         a document that is valid, and cannot be carried out in this call
"""


class SimulatorError(Exception):
    """Anything that this package raises, with the carrier's error number in `code`."""

    def __init__(self, message: str, code: int = 0) -> None:
        """Keep `code`, the number under which the carrier's error dictionary lists the mistake."""
        super().__init__(f"E:{code} {message}" if code else message)
        self.code = code


class TwimlError(SimulatorError):
    """A TwiML document is malformed or uses something that the carrier does not know."""


class TransportError(SimulatorError):
    """The server could not be asked, or did not answer."""


class ConnectFailure(TransportError):
    """No connection: the one failure that the carrier tries again by itself."""


class ResponseTimeout(TransportError):
    """Connected, and no whole answer within the time allowed."""


class WebhookError(SimulatorError):
    """The server answered with a status or a content type that is no document."""


class MediaError(SimulatorError):
    """A clip is missing, or is no audio that the carrier plays."""


class CallError(SimulatorError):
    """A valid document cannot be carried out: an endless call, a caller ID that is not ours."""
