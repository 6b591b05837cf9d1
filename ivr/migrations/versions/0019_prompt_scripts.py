"""What the script said when a prompt's version was made, why a recording was refused; directions under a key of theirs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0019'
down_revision = '0018'

DIRECTIONS = """
    UPDATE prompt_versions SET key = :new WHERE key = :old AND state = 'recorded' AND source = 'synthesis'
    AND published_at IS NULL AND author_id IS NULL
    AND text NOT IN (SELECT text FROM prompt_versions WHERE key = :old AND published_at IS NOT NULL)
"""


def upgrade() -> None:
    """Go forward. Directions stood among the versions of the prompt that introduces them."""
    op.add_column('prompt_versions', sa.Column('shipped_text', sa.Text(), nullable=True))
    op.add_column('prompt_versions', sa.Column('refused_as', sa.String(length=24), nullable=True))
    op.add_column('prompt_versions', sa.Column('take_sha256', sa.String(length=64), nullable=True))
    op.create_index(op.f('ix_prompt_versions_take_sha256'), 'prompt_versions', ['take_sha256'])
    op.add_column('prompt_versions', sa.Column('remark', sa.Text(), nullable=True))
    op.execute(sa.text(DIRECTIONS).bindparams(old='studio_direction', new='direction'))


def downgrade() -> None:
    """Go back."""
    op.execute(sa.text(DIRECTIONS).bindparams(old='direction', new='studio_direction'))
    op.drop_index(op.f('ix_prompt_versions_take_sha256'), 'prompt_versions')
    with op.batch_alter_table('prompt_versions') as table:
        for name in ('take_sha256', 'remark', 'refused_as', 'shipped_text'):
            table.drop_column(name)
