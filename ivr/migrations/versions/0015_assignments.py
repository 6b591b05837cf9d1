"""Whose a request is until it is done."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0015'
down_revision = '0014'


def upgrade() -> None:
    """Go forward."""
    big = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
    with op.batch_alter_table('patient_requests') as table:
        table.add_column(sa.Column('assigned_to_id', big, nullable=True))
        table.add_column(sa.Column('assigned_at', sa.DateTime(timezone=True), nullable=True))
        table.create_foreign_key(
            'fk_patient_requests_assigned_to_id', 'staff_members', ['assigned_to_id'], ['id']
        )
        table.create_index('ix_patient_requests_assigned', ['assigned_to_id', 'tab', 'act_by', 'id'])


def downgrade() -> None:
    """Go back."""
    with op.batch_alter_table('patient_requests') as table:
        table.drop_index('ix_patient_requests_assigned')
        table.drop_constraint('fk_patient_requests_assigned_to_id', type_='foreignkey')
        table.drop_column('assigned_at')
        table.drop_column('assigned_to_id')
