"""What a caller must hear while the database is away, and by when."""

DESK = ("+16175550111", "+16175550112")

CARRIER_SECONDS = 15

WANTED_SECONDS = 6
"""The longest a caller may wait for a document: the limits of the database and what a busy machine adds."""


def kinds(transcript, *wanted):
    return [entry.kind for entry in transcript.entries if entry.kind in wanted]


def check_outage(transcript):
    """The announcement, then somebody or a message; only webhooks nobody hears were refused."""
    assert "In a medical emergency, hang up and dial 9 1 1" in transcript.said
    assert transcript.said.count("Our phone line has a problem") == 1
    if "bridge" not in kinds(transcript, "bridge"):
        assert kinds(transcript, "beep", "speech") == ["beep", "speech"]
        assert "Our staff will listen to your message" in transcript.said
    assert transcript.said.endswith("Goodbye.")
    assert all("/voice/status" in error or "/voice/recording" in error for error in transcript.errors)
