"""Prompts have versions of the clinic's own, numbers, and takes that wait for the worker."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = '0010'
down_revision = '0009'

MEASURED = ('seconds', 'level_dbov', 'peak_dbfs', 'head_ms', 'tail_ms')
MOMENTS = ('publish_at', 'expires_at', 'approved_at', 'published_at', 'retired_at')
STAFF = ('author_id', 'approver_id')


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        'prompt_numbers',
        sa.Column('number', sa.Integer(), autoincrement=False, nullable=False),
        sa.Column('key', sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint('number', name=op.f('pk_prompt_numbers')),
        sa.UniqueConstraint('key', name=op.f('uq_prompt_numbers_key')),
    )
    big = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
    with op.batch_alter_table('prompt_versions', schema=None) as batch:
        batch.add_column(sa.Column('state', sa.String(length=24), nullable=False, server_default='retired'))
        batch.add_column(sa.Column('own', sa.Boolean(), nullable=False, server_default=sa.false()))
        batch.add_column(sa.Column('publish_when_ready', sa.Boolean(), nullable=False, server_default=sa.false()))
        batch.add_column(sa.Column('problem', sa.Text(), nullable=True))
        batch.add_column(sa.Column('recording_sid', sa.String(length=34), nullable=True))
        for name in MOMENTS:
            batch.add_column(sa.Column(name, sa.DateTime(timezone=True), nullable=True))
        for name in STAFF:
            batch.add_column(sa.Column(name, big, nullable=True))
            batch.create_foreign_key(op.f(f'fk_prompt_versions_{name}'), 'staff_members', [name], ['id'])
        for name in MEASURED:
            batch.alter_column(name, existing_type=sa.Float(), nullable=True)
        for name in ('fingerprint', 'audio_sha256'):
            batch.alter_column(name, existing_type=sa.String(length=64), nullable=True)
        batch.create_index(op.f('ix_prompt_versions_recording_sid'), ['recording_sid'])
    op.create_table(
        'prompt_takes',
        sa.Column('version_id', big, nullable=False),
        sa.Column('data', sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ['version_id'], ['prompt_versions.id'], name=op.f('fk_prompt_takes_version_id'), ondelete='CASCADE'
        ),
        sa.PrimaryKeyConstraint('version_id', name=op.f('pk_prompt_takes')),
    )
    _note_what_is_on_the_air()


def _note_what_is_on_the_air() -> None:
    connection = op.get_bind()
    found = connection.execute(sa.text('SELECT manifest FROM prompt_releases ORDER BY id DESC LIMIT 1')).scalar()
    manifest = json.loads(found) if isinstance(found, str) else found or {}
    publish = sa.text(
        "UPDATE prompt_versions SET state = 'published', published_at = created_at WHERE id ="
        ' (SELECT max(id) FROM prompt_versions WHERE language = :language AND key = :key AND audio_sha256 = :sha256)'
    )
    rows = [
        {'language': language, 'key': key, 'sha256': sha256}
        for language, audio in manifest.items()
        for key, sha256 in audio.items()
    ]
    if rows:
        connection.execute(publish, rows)


def downgrade() -> None:
    """Go back; what the clinic recorded itself is lost."""
    op.drop_table('prompt_takes')
    op.drop_table('prompt_numbers')
    op.execute('DELETE FROM prompt_versions WHERE audio_sha256 IS NULL OR fingerprint IS NULL')
    with op.batch_alter_table('prompt_versions', schema=None) as batch:
        batch.drop_index(op.f('ix_prompt_versions_recording_sid'))
        for name in STAFF:
            batch.drop_constraint(op.f(f'fk_prompt_versions_{name}'), type_='foreignkey')
        for name in (*STAFF, *MOMENTS, 'recording_sid', 'problem', 'publish_when_ready', 'own', 'state'):
            batch.drop_column(name)
        for name in MEASURED:
            batch.alter_column(name, existing_type=sa.Float(), nullable=False)
        for name in ('fingerprint', 'audio_sha256'):
            batch.alter_column(name, existing_type=sa.String(length=64), nullable=False)
