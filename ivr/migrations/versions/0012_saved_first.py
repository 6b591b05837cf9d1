"""A visit's time of day, where a request came from, whether its caller pressed a key, and who vouches for the caller ID."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0012'
down_revision = '0011'


def upgrade() -> None:
    """Go forward; what an appointment's caller said of the time of day was meant for the call, and stays so."""
    op.add_column('patient_requests', sa.Column('visit_time', sa.String(length=24), nullable=True))
    op.add_column(
        'patient_requests', sa.Column('pressed_nothing', sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column('calls', sa.Column('stir_verstat', sa.String(length=32), nullable=True))
    op.add_column('patient_requests', sa.Column('source', sa.String(length=24), nullable=False, server_default='phone'))


def downgrade() -> None:
    """Go back."""
    with op.batch_alter_table('calls') as table:
        table.drop_column('stir_verstat')
    with op.batch_alter_table('patient_requests') as table:
        for name in ('source', 'pressed_nothing', 'visit_time'):
            table.drop_column(name)
