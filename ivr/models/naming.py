"""What staff know a patient by, and the words by which a name is found."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from ivr.db import Base, BigId, EncryptedText


class NameWord(Base):
    """A normalised word of the name, or the record number, that staff wrote into a request.

    `word_index` is the blind index by which equal words are found; the word itself is kept so that a new key can make
    its index anew. The rows are deleted when the request's personal fields are erased.
    """

    __tablename__ = "name_words"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    request_id: Mapped[int] = mapped_column(ForeignKey("patient_requests.id", ondelete="CASCADE"))
    word: Mapped[str] = mapped_column(EncryptedText)
    word_index: Mapped[str] = mapped_column(String(32))

    __table_args__ = (Index(None, "word_index", "request_id"), Index(None, "request_id"))
