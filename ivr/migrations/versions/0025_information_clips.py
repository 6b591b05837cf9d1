"""Information clips of the clinic's own, and which of them stood in the call tree of each release."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0025'
down_revision = '0024'


def upgrade() -> None:
    """Go forward."""
    big = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
    op.create_table(
        'information_clips',
        sa.Column('id', big, nullable=False),
        sa.Column('node', sa.String(length=32), nullable=False),
        sa.Column('title', sa.String(length=80), nullable=False),
        sa.Column('after', sa.String(length=32), nullable=False),
        sa.Column('clinical', sa.Boolean(), nullable=False),
        sa.Column('words', sa.JSON(), nullable=False),
        sa.Column('created_by', big, nullable=True),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('removed_at', sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(['created_by'], ['staff_members.id'], name=op.f('fk_information_clips_created_by')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_information_clips')),
        sa.UniqueConstraint('node', name=op.f('uq_information_clips_node')),
    )
    op.add_column('prompt_releases', sa.Column('clips', sa.JSON(none_as_null=True), nullable=True))


def downgrade() -> None:
    """Go back."""
    op.drop_column('prompt_releases', 'clips')
    op.drop_table('information_clips')
