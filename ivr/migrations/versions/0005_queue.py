"""Requests left incomplete stay known as such when staff take them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0005'
down_revision = '0004'


def upgrade() -> None:
    """Go forward."""
    op.add_column('patient_requests', sa.Column('left_incomplete', sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute("UPDATE patient_requests SET left_incomplete = (status = 'incomplete')")


def downgrade() -> None:
    """Go back."""
    op.drop_column('patient_requests', 'left_incomplete')
