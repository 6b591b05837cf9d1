"""When the clinic is open and what it is called, as admins keep it; without any rows the settings hold."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ivr.callflow.answers import ClosureReason
from ivr.db import Base, BigId, ByValue, UtcDateTime

A_DAY = 24 * 60
"""Minutes."""


class WeeklyHours(Base):
    """One opening of a weekday (0 is Monday), in minutes after local midnight."""

    __tablename__ = "weekly_hours"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    weekday: Mapped[int]
    opens: Mapped[int]
    closes: Mapped[int]


class ClinicName(Base):
    """The clinic's name as an admin has chosen it; the latest one counts, '' stands for that of the settings."""

    __tablename__ = "clinic_names"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("staff_members.id"))


class Closure(Base):
    """Days on which the clinic is closed, both ends included, in its own time zone.

    On each of them it is closed from `begins` to `ends`, minutes after midnight: the whole day, or some hours. `name`
    is for staff. `greeting` is what callers hear instead of the standard sentence, in the default language;
    `greeting_sha256` its audio once that is made. A closure that was lifted keeps its row.
    """

    __tablename__ = "closures"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    first_day: Mapped[date]
    last_day: Mapped[date]
    begins: Mapped[int] = mapped_column(default=0, server_default="0")
    ends: Mapped[int] = mapped_column(default=A_DAY, server_default=str(A_DAY))
    reason: Mapped[ClosureReason] = mapped_column(ByValue(ClosureReason))
    name: Mapped[str] = mapped_column(String(80))
    greeting: Mapped[str | None] = mapped_column(Text)
    greeting_sha256: Mapped[str | None] = mapped_column(ForeignKey("prompt_audio.sha256"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("staff_members.id"))
    lifted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (Index(None, "last_day"),)
