"""A talk holds the claim and the session, and the history tells which way a patient was called."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0017'
down_revision = '0016'

OWN_PHONE = """
UPDATE request_entries SET kind = 'dialled' WHERE kind = 'called' AND EXISTS (
    SELECT 1 FROM audit_entries WHERE audit_entries.at = request_entries.at
    AND audit_entries.subject = 'request:' || request_entries.request_id
    AND audit_entries.detail = 'from their own phone'
)
"""


def upgrade() -> None:
    """Go forward; what calls from staff's own phones were is told by the audit trail."""
    op.add_column('patient_requests', sa.Column('talking_until', sa.DateTime(timezone=True), nullable=True))
    op.add_column('staff_devices', sa.Column('held_until', sa.DateTime(timezone=True), nullable=True))
    op.execute(OWN_PHONE)


def downgrade() -> None:
    """Go back."""
    op.execute("UPDATE request_entries SET kind = 'called' WHERE kind = 'dialled'")
    with op.batch_alter_table('staff_devices') as table:
        table.drop_column('held_until')
    with op.batch_alter_table('patient_requests') as table:
        table.drop_column('talking_until')
