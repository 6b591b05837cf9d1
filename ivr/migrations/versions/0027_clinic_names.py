"""The clinic's name as an admin has chosen it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0027'
down_revision = '0026'


def upgrade() -> None:
    """Go forward."""
    big = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
    op.create_table(
        'clinic_names',
        sa.Column('id', big, nullable=False),
        sa.Column('name', sa.String(length=60), nullable=False),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('created_by', big, nullable=True),
        sa.ForeignKeyConstraint(['created_by'], ['staff_members.id'], name=op.f('fk_clinic_names_created_by')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_clinic_names')),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table('clinic_names')
