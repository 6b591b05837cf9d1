"""A zip from a recording studio is kept in pieces until the worker has looked at each of its files."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0022'
down_revision = '0021'


def upgrade() -> None:
    """Go forward."""
    big = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
    op.create_table(
        'prompt_imports',
        sa.Column('id', big, nullable=False),
        sa.Column('language', sa.String(length=12), nullable=False),
        sa.Column('author_id', big, nullable=True),
        sa.Column('state', sa.String(length=24), nullable=False),
        sa.Column('size', sa.Integer(), nullable=False),
        sa.Column('files', sa.Integer(), nullable=False),
        sa.Column('looked_at', sa.Integer(), nullable=False),
        sa.Column('told', sa.JSON(), nullable=False),
        sa.Column('problem', sa.Text(), nullable=True),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(['author_id'], ['staff_members.id'], name=op.f('fk_prompt_imports_author_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_prompt_imports')),
    )
    op.create_table(
        'prompt_import_parts',
        sa.Column('import_id', big, nullable=False),
        sa.Column('number', sa.Integer(), nullable=False),
        sa.Column('data', sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ['import_id'], ['prompt_imports.id'], name=op.f('fk_prompt_import_parts_import_id'), ondelete='CASCADE'
        ),
        sa.PrimaryKeyConstraint('import_id', 'number', name=op.f('pk_prompt_import_parts')),
    )
    with op.batch_alter_table('prompt_versions') as table:
        table.add_column(sa.Column('import_id', big, nullable=True))
        table.create_foreign_key(op.f('fk_prompt_versions_import_id'), 'prompt_imports', ['import_id'], ['id'])
    op.create_index(op.f('ix_prompt_versions_import_id'), 'prompt_versions', ['import_id'])


def downgrade() -> None:
    """Go back."""
    op.drop_index(op.f('ix_prompt_versions_import_id'), 'prompt_versions')
    with op.batch_alter_table('prompt_versions') as table:
        table.drop_constraint(op.f('fk_prompt_versions_import_id'), type_='foreignkey')
        table.drop_column('import_id')
    op.drop_table('prompt_import_parts')
    op.drop_table('prompt_imports')
