"""What is kept: calls, requests, recordings, prompts, and what staff did."""

from ivr.callflow.answers import ClosureReason
from ivr.models.audit import AuditAction, AuditCheck, AuditEntry, AuditHead
from ivr.models.bridge import BridgeCall, BridgeOutcome, BridgeStatus
from ivr.models.call import Call, CallTurn
from ivr.models.hours import ClinicName, Closure, WeeklyHours
from ivr.models.job import Checkpoint, SentNotice
from ivr.models.naming import NameWord
from ivr.models.prompt import (
    ImportState,
    InformationClip,
    PromptAudio,
    PromptImport,
    PromptImportPart,
    PromptNumber,
    PromptRelease,
    PromptSource,
    PromptState,
    PromptTake,
    PromptVersion,
)
from ivr.models.recording import Recording, RecordingAudio, RecordingStatus
from ivr.models.request import FormCount, PatientRequest, Priority, ReferenceNumber, RequestStatus, Source, Tab
from ivr.models.staff import FailedSignIns, Role, StaffDevice, StaffMember
from ivr.models.text import NumberCode, PatientLink, TextKind, TextMessage, TextStatus, TextStop
from ivr.models.triage import Disposition, EntryDraft, EntryKind, Outcome, RequestEntry

__all__ = [
    "AuditAction",
    "AuditCheck",
    "AuditEntry",
    "AuditHead",
    "BridgeCall",
    "BridgeOutcome",
    "BridgeStatus",
    "Call",
    "CallTurn",
    "Checkpoint",
    "ClinicName",
    "Closure",
    "ClosureReason",
    "Disposition",
    "EntryDraft",
    "EntryKind",
    "FailedSignIns",
    "FormCount",
    "ImportState",
    "InformationClip",
    "NameWord",
    "NumberCode",
    "Outcome",
    "PatientLink",
    "PatientRequest",
    "Priority",
    "PromptAudio",
    "PromptImport",
    "PromptImportPart",
    "PromptNumber",
    "PromptRelease",
    "PromptSource",
    "PromptState",
    "PromptTake",
    "PromptVersion",
    "Recording",
    "RecordingAudio",
    "RecordingStatus",
    "ReferenceNumber",
    "RequestEntry",
    "RequestStatus",
    "Role",
    "SentNotice",
    "Source",
    "StaffDevice",
    "StaffMember",
    "Tab",
    "TextKind",
    "TextMessage",
    "TextStatus",
    "TextStop",
    "WeeklyHours",
]
