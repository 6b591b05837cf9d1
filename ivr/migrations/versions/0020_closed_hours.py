"""Closures of some hours of a day: on each of its days the clinic is closed from one minute to another."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0020'
down_revision = '0019'


def upgrade() -> None:
    """Go forward: closures were of whole days."""
    op.add_column('closures', sa.Column('begins', sa.Integer(), nullable=False, server_default='0'))
    op.add_column('closures', sa.Column('ends', sa.Integer(), nullable=False, server_default='1440'))


def downgrade() -> None:
    """Go back; closures of some hours are lifted, rather than closing whole days."""
    part = 'lifted_at IS NULL AND (begins <> 0 OR ends <> 1440)'
    op.execute(f'UPDATE closures SET lifted_at = created_at WHERE {part}')
    with op.batch_alter_table('closures') as table:
        table.drop_column('ends')
        table.drop_column('begins')
