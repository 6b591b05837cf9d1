"""Reports by period, and secret calendar addresses."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0006'
down_revision = '0005'


def upgrade() -> None:
    """Go forward."""
    op.add_column('staff_members', sa.Column('calendar_digest', sa.String(length=64), nullable=True))
    op.create_index(op.f('ix_staff_members_calendar_digest'), 'staff_members', ['calendar_digest'], unique=False)
    op.create_index(op.f('ix_patient_requests_created_at'), 'patient_requests', ['created_at'], unique=False)


def downgrade() -> None:
    """Go back."""
    op.drop_index(op.f('ix_patient_requests_created_at'), 'patient_requests')
    op.drop_index(op.f('ix_staff_members_calendar_digest'), 'staff_members')
    op.drop_column('staff_members', 'calendar_digest')
