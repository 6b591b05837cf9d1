"""How often something was sent online in a while: counted in the database, so that all servers count as one.

What is counted is kept as a keyed digest, so that neither an address nor a telephone number stands in the table.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import case, delete, select
from sqlalchemy.orm import Session

from ivr.db import Database
from ivr.inserts import insert_into
from ivr.models import FormCount


def count_up(database: Database, key: str, seconds: int, now: datetime, amount: int = 1) -> int:
    """Count once more, in a while of so many seconds that begins with its first; the count since then."""
    forget_past(database, now)
    with database.write() as session:
        return count_within(session, database, key, seconds, now, amount)


def count_within(session: Session, database: Database, key: str, seconds: int, now: datetime, amount: int = 1) -> int:
    """Count in a transaction: what does not come about is not counted, and others wait until that is known."""
    ends_at = now + timedelta(seconds=seconds)
    row = insert_into(FormCount, database.engine.dialect).values(
        key=database.vault.index(key), count=amount, ends_at=ends_at
    )
    is_over = FormCount.ends_at <= now
    more = row.on_conflict_do_update(
        index_elements=[FormCount.key],
        set_={
            "count": case((is_over, amount), else_=FormCount.count + amount),
            "ends_at": case((is_over, row.excluded.ends_at), else_=FormCount.ends_at),
        },
    )
    return session.scalars(more.returning(FormCount.count)).one()


def forget_past(database: Database, now: datetime) -> None:
    """Delete the counts whose while is over."""
    with database.write() as session:
        session.execute(delete(FormCount).where(FormCount.ends_at <= now))


def counted(database: Database, key: str, now: datetime) -> tuple[int, datetime]:
    """The count, and when its while ends; 0 and now where nothing was counted."""
    mine = select(FormCount.count, FormCount.ends_at).where(
        FormCount.key.in_(database.vault.indexes(key)), FormCount.ends_at > now
    )
    with database.read() as session:
        for count, ends_at in session.execute(mine):
            return count, ends_at
    return 0, now


def forget_count(database: Database, key: str) -> None:
    """Begin anew with one count."""
    with database.write() as session:
        session.execute(delete(FormCount).where(FormCount.key.in_(database.vault.indexes(key))))


def forget_counts(database: Database) -> int:
    """Begin anew with all counts; how many those were."""
    with database.write() as session:
        return len(session.scalars(delete(FormCount).returning(FormCount.key)).all())
