"""What staff typed about a request and have not sent, and by which key a form that was sent twice is known."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0018'
down_revision = '0017'


def upgrade() -> None:
    """Go forward."""
    big = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
    op.create_table(
        'entry_drafts',
        sa.Column('id', big, nullable=False),
        sa.Column('request_id', big, nullable=False),
        sa.Column('staff_id', big, nullable=False),
        sa.Column('content', sa.LargeBinary(), nullable=False),
        sa.Column('made_from', big, nullable=False),
        sa.Column('revision', sa.Integer(), nullable=False),
        sa.Column('saved_at', sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(['request_id'], ['patient_requests.id'], name=op.f('fk_entry_drafts_request_id')),
        sa.ForeignKeyConstraint(['staff_id'], ['staff_members.id'], name=op.f('fk_entry_drafts_staff_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_entry_drafts')),
        sa.UniqueConstraint('request_id', 'staff_id', name=op.f('uq_entry_drafts_request_id_staff_id')),
    )
    op.add_column('request_entries', sa.Column('once', sa.String(length=32), nullable=True))


def downgrade() -> None:
    """Go back."""
    with op.batch_alter_table('request_entries') as table:
        table.drop_column('once')
    op.drop_table('entry_drafts')
