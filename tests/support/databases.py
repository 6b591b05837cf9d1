"""What is in a database, table by table."""

from sqlalchemy import func, select

from ivr.db import Base


def counted(database):
    with database.read() as session:
        return {table.name: session.scalar(select(func.count()).select_from(table)) for table in tables()}


def tables():
    return Base.metadata.sorted_tables
