"""Codes by which somebody online shows that a telephone number is theirs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0026'
down_revision = '0025'


def upgrade() -> None:
    """Go forward."""
    big = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
    moment = sa.DateTime(timezone=True)
    op.create_table(
        'number_codes',
        sa.Column('id', big, nullable=False),
        sa.Column('form', sa.String(length=64), nullable=False),
        sa.Column('number', sa.LargeBinary(), nullable=False),
        sa.Column('number_index', sa.String(length=32), nullable=False),
        sa.Column('asked_at', moment, nullable=False),
        sa.Column('request_id', big, nullable=True),
        sa.Column('text_id', big, nullable=True),
        sa.Column('digest', sa.String(length=32), nullable=True),
        sa.Column('sent_at', moment, nullable=True),
        sa.Column('tries', sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(['request_id'], ['patient_requests.id'], name=op.f('fk_number_codes_request_id')),
        sa.ForeignKeyConstraint(['text_id'], ['text_messages.id'], name=op.f('fk_number_codes_text_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_number_codes')),
    )
    op.create_index(op.f('ix_number_codes_form_id'), 'number_codes', ['form', 'id'])
    op.create_index(op.f('ix_number_codes_number_index'), 'number_codes', ['number_index'])
    op.create_index(op.f('ix_number_codes_request_id'), 'number_codes', ['request_id'])
    op.create_index(op.f('ix_number_codes_text_id'), 'number_codes', ['text_id'])


def downgrade() -> None:
    """Go back."""
    op.drop_table('number_codes')
