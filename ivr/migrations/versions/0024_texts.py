"""Text messages to patients: who agreed to them, what was sent, who wants none; and the patient's link."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0024'
down_revision = '0023'


def upgrade() -> None:
    """Go forward."""
    big = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
    moment = sa.DateTime(timezone=True)
    with op.batch_alter_table('patient_requests') as table:
        table.add_column(sa.Column('may_text', sa.Boolean(), nullable=True))
        table.add_column(sa.Column('text_wording', sa.String(length=60), nullable=True))
        table.add_column(sa.Column('text_agreed_at', moment, nullable=True))
    op.create_table(
        'text_messages',
        sa.Column('id', big, nullable=False),
        sa.Column('request_id', big, nullable=False),
        sa.Column('kind', sa.String(length=24), nullable=False),
        sa.Column('status', sa.String(length=24), nullable=False),
        sa.Column('words', sa.LargeBinary(), nullable=True),
        sa.Column('sid', sa.String(length=64), nullable=True),
        sa.Column('error', sa.String(length=8), nullable=True),
        sa.Column('created_at', moment, nullable=False),
        sa.Column('asked_at', moment, nullable=True),
        sa.Column('told_at', moment, nullable=True),
        sa.ForeignKeyConstraint(['request_id'], ['patient_requests.id'], name=op.f('fk_text_messages_request_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_text_messages')),
    )
    op.create_index(op.f('ix_text_messages_request_id_id'), 'text_messages', ['request_id', 'id'])
    op.create_table(
        'text_stops',
        sa.Column('id', big, nullable=False),
        sa.Column('number', sa.LargeBinary(), nullable=False),
        sa.Column('number_index', sa.String(length=32), nullable=False),
        sa.Column('stopped_at', moment, nullable=False),
        sa.Column('lifted_at', moment, nullable=True),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_text_stops')),
    )
    op.create_index(op.f('ix_text_stops_number_index'), 'text_stops', ['number_index'], unique=True)
    op.create_table(
        'patient_links',
        sa.Column('digest', sa.String(length=64), nullable=False),
        sa.Column('request_id', big, nullable=False),
        sa.Column('made_at', moment, nullable=False),
        sa.ForeignKeyConstraint(['request_id'], ['patient_requests.id'], name=op.f('fk_patient_links_request_id')),
        sa.PrimaryKeyConstraint('digest', name=op.f('pk_patient_links')),
    )
    op.create_index(op.f('ix_patient_links_request_id'), 'patient_links', ['request_id'])


def downgrade() -> None:
    """Go back."""
    op.drop_table('patient_links')
    op.drop_table('text_stops')
    op.drop_table('text_messages')
    with op.batch_alter_table('patient_requests') as table:
        table.drop_column('text_agreed_at')
        table.drop_column('text_wording')
        table.drop_column('may_text')
