"""Calls back that are bridged; requests passed on to the desk."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0008'
down_revision = '0007'


def upgrade() -> None:
    """Go forward."""
    op.create_table('bridge_calls',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('request_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('staff_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('status', sa.String(length=24), nullable=False),
    sa.Column('outcome', sa.String(length=24), nullable=True),
    sa.Column('staff_call_sid', sa.String(length=64), nullable=True),
    sa.Column('patient_call_sid', sa.String(length=64), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('accepted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('connected_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('seconds', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['request_id'], ['patient_requests.id'], name=op.f('fk_bridge_calls_request_id')),
    sa.ForeignKeyConstraint(['staff_id'], ['staff_members.id'], name=op.f('fk_bridge_calls_staff_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_bridge_calls'))
    )
    with op.batch_alter_table('bridge_calls', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_bridge_calls_request_id_id'), ['request_id', 'id'], unique=False)
    op.add_column('patient_requests', sa.Column('for_desk', sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    """Go back."""
    op.drop_column('patient_requests', 'for_desk')
    with op.batch_alter_table('bridge_calls', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_bridge_calls_request_id_id'))
    op.drop_table('bridge_calls')
