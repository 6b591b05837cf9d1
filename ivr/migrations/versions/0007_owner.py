"""Somebody's own closed requests are found in their order, among any number of others."""

from __future__ import annotations

from alembic import op

revision = '0007'
down_revision = '0006'


def upgrade() -> None:
    """Go forward."""
    op.drop_index('ix_patient_requests_owner_id', table_name='patient_requests')
    op.create_index('ix_patient_requests_owner', 'patient_requests', ['owner_id', 'tab', 'closed_at', 'id'])


def downgrade() -> None:
    """Go back."""
    op.drop_index('ix_patient_requests_owner', table_name='patient_requests')
    op.create_index('ix_patient_requests_owner_id', 'patient_requests', ['owner_id'])
