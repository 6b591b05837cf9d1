"""What is kept: calls, the requests patients make in them, their recordings, and the prompts they hear."""

from ivr.models.call import Call, CallTurn
from ivr.models.job import Checkpoint, Notice
from ivr.models.prompt import PromptAudio, PromptRelease, PromptSource, PromptVersion
from ivr.models.recording import Recording, RecordingAudio, RecordingStatus
from ivr.models.request import PatientRequest, Priority, ReferenceNumber, RequestStatus

__all__ = [
    "Call",
    "CallTurn",
    "Checkpoint",
    "Notice",
    "PatientRequest",
    "Priority",
    "PromptAudio",
    "PromptRelease",
    "PromptSource",
    "PromptVersion",
    "Recording",
    "RecordingAudio",
    "RecordingStatus",
    "ReferenceNumber",
    "RequestStatus",
]
