"""What waits for a follow-up or for its caller's time of day is counted without reading everything that is open."""

from __future__ import annotations

from alembic import op

revision = '0013'
down_revision = '0012'


def upgrade() -> None:
    """Go forward."""
    op.create_index(
        'ix_patient_requests_tab_status_best_time_act_by_id',
        'patient_requests',
        ['tab', 'status', 'best_time', 'act_by', 'id'],
    )


def downgrade() -> None:
    """Go back."""
    op.drop_index('ix_patient_requests_tab_status_best_time_act_by_id', table_name='patient_requests')
