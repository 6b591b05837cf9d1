"""Sessions belong to devices, and wrong sign-ins are counted by address and source."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0011'
down_revision = '0010'


def upgrade() -> None:
    """Go forward; whoever is signed in has to sign in again."""
    big = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
    op.create_table(
        'staff_devices',
        sa.Column('id', big, nullable=False),
        sa.Column('staff_id', big, nullable=False),
        sa.Column('digest', sa.String(length=64), nullable=False),
        sa.Column('session_digest', sa.String(length=64), nullable=True),
        sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('seen_at', sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(['staff_id'], ['staff_members.id'], name=op.f('fk_staff_devices_staff_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_staff_devices')),
        sa.UniqueConstraint('session_digest', name=op.f('uq_staff_devices_session_digest')),
        sa.UniqueConstraint('staff_id', 'digest', name=op.f('uq_staff_devices_staff_id_digest')),
    )
    op.create_table(
        'failed_sign_ins',
        sa.Column('id', big, nullable=False),
        sa.Column('address_index', sa.String(length=32), nullable=False),
        sa.Column('source', sa.String(length=80), nullable=False),
        sa.Column('failures', sa.Integer(), nullable=False),
        sa.Column('locked_until', sa.DateTime(timezone=True), nullable=True),
        sa.Column('last_at', sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_failed_sign_ins')),
        sa.UniqueConstraint('address_index', 'source', name=op.f('uq_failed_sign_ins_address_index_source')),
    )
    op.create_index(op.f('ix_failed_sign_ins_last_at'), 'failed_sign_ins', ['last_at'])


def downgrade() -> None:
    """Go back; who is locked out is let in again."""
    op.drop_table('failed_sign_ins')
    op.drop_table('staff_devices')
