"""What can go wrong outside, as one family.

ClientError
├── Unavailable   the other side is away, busy, or not ready yet: the same again later may work
│   └── Untrusted its certificate does not prove who it is: nothing was said to it
├── NotThere      it has no such thing
├── Refused       it said no, and will say so again
└── Unclear       we cannot tell whether it did what we asked: asking again might do it twice
"""


class ClientError(Exception):
    """Anything that keeps a client from doing what it was asked."""


class Unavailable(ClientError):
    """The other side is away, busy, or not ready yet: the same again later may work."""


class Untrusted(Unavailable):
    """Its certificate does not prove who it is, so nothing was said to it; the message says why not."""


class NotThere(ClientError):
    """It has no such thing."""


class Refused(ClientError):
    """It said no, and will say so again; `number` is its error's, '' for none."""

    def __init__(self, *words: object, number: str = "") -> None:
        super().__init__(*words)
        self.number = number


class Unclear(ClientError):
    """We cannot tell whether it did what we asked: asking again might do it twice."""
