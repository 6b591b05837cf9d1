"""A release of several prompts can be taken back as one; who has to approve a version is told of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0021'
down_revision = '0020'


def upgrade() -> None:
    """Go forward."""
    op.add_column('prompt_releases', sa.Column('together', sa.JSON(none_as_null=True), nullable=True))
    op.add_column('prompt_versions', sa.Column('told_at', sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Go back."""
    with op.batch_alter_table('prompt_versions') as table:
        table.drop_column('told_at')
    with op.batch_alter_table('prompt_releases') as table:
        table.drop_column('together')
