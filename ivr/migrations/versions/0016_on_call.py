"""Calls to whoever is on call: the number that is rung, its place, and the round that it belongs to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0016'
down_revision = '0015'

ID = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
ONCE = 'ix_bridge_calls_request_id_on_call_round_on_call_place'


def upgrade() -> None:
    """Go forward."""
    with op.batch_alter_table('bridge_calls') as table:
        table.alter_column('staff_id', existing_type=ID, nullable=True)
    op.add_column('bridge_calls', sa.Column('on_call_number', sa.LargeBinary(), nullable=True))
    op.add_column('bridge_calls', sa.Column('on_call_round', sa.Integer(), nullable=True))
    op.add_column('bridge_calls', sa.Column('on_call_place', sa.Integer(), nullable=True))
    op.create_index(ONCE, 'bridge_calls', ['request_id', 'on_call_round', 'on_call_place'], unique=True)


def downgrade() -> None:
    """Go back; calls that nobody took are forgotten."""
    op.drop_index(ONCE, 'bridge_calls')
    op.execute('DELETE FROM bridge_calls WHERE staff_id IS NULL')
    with op.batch_alter_table('bridge_calls') as table:
        for name in ('on_call_place', 'on_call_round', 'on_call_number'):
            table.drop_column(name)
        table.alter_column('staff_id', existing_type=ID, nullable=False)
