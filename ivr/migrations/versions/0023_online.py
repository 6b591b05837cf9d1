"""Requests that come online: they have no call, and say what callers tell the staff; how often forms were sent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0023'
down_revision = '0022'

ANSWERS = ('told', 'for_someone_else', 'needs_interpreter', 'interpreter_language', 'submission')


def upgrade() -> None:
    """Go forward: all that there is came by phone, and keeps its call."""
    big = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
    with op.batch_alter_table('patient_requests') as table:
        table.alter_column('call_id', existing_type=big, nullable=True)
        table.add_column(sa.Column('told', sa.LargeBinary(), nullable=True))
        table.add_column(sa.Column('for_someone_else', sa.Boolean(), nullable=True))
        table.add_column(sa.Column('needs_interpreter', sa.Boolean(), nullable=True))
        table.add_column(sa.Column('interpreter_language', sa.LargeBinary(), nullable=True))
        table.add_column(sa.Column('submission', sa.String(length=64), nullable=True))
    op.create_index(op.f('ix_patient_requests_submission'), 'patient_requests', ['submission'], unique=True)
    op.create_table(
        'form_counts',
        sa.Column('key', sa.String(length=64), nullable=False),
        sa.Column('count', sa.Integer(), nullable=False),
        sa.Column('ends_at', sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint('key', name=op.f('pk_form_counts')),
    )
    op.create_index(op.f('ix_form_counts_ends_at'), 'form_counts', ['ends_at'])


def downgrade() -> None:
    """Go back; requests that came online cannot stay, for they have no call."""
    ours = 'SELECT id FROM patient_requests WHERE call_id IS NULL'
    for name in ('name_words', 'entry_drafts', 'bridge_calls', 'request_entries'):
        op.execute(f'DELETE FROM {name} WHERE request_id IN ({ours})')
    op.execute(f'UPDATE recordings SET request_id = NULL WHERE request_id IN ({ours})')
    op.execute('DELETE FROM patient_requests WHERE call_id IS NULL')
    op.drop_table('form_counts')
    op.drop_index(op.f('ix_patient_requests_submission'), 'patient_requests')
    big = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
    with op.batch_alter_table('patient_requests') as table:
        for name in ANSWERS:
            table.drop_column(name)
        table.alter_column('call_id', existing_type=big, nullable=False)
