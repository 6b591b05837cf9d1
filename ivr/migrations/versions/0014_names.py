"""Staff write the patient's name and record number into a request, and find it by them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0014'
down_revision = '0013'


def upgrade() -> None:
    """Go forward."""
    op.add_column('patient_requests', sa.Column('patient_name', sa.LargeBinary(), nullable=True))
    op.add_column('patient_requests', sa.Column('record_number', sa.LargeBinary(), nullable=True))
    big = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
    op.create_table(
        'name_words',
        sa.Column('id', big, nullable=False),
        sa.Column('request_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
        sa.Column('word', sa.LargeBinary(), nullable=False),
        sa.Column('word_index', sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ['request_id'], ['patient_requests.id'], name='fk_name_words_request_id', ondelete='CASCADE'
        ),
        sa.PrimaryKeyConstraint('id', name='pk_name_words'),
    )
    op.create_index('ix_name_words_word_index_request_id', 'name_words', ['word_index', 'request_id'])
    op.create_index('ix_name_words_request_id', 'name_words', ['request_id'])


def downgrade() -> None:
    """Go back."""
    op.drop_table('name_words')
    with op.batch_alter_table('patient_requests') as table:
        for name in ('record_number', 'patient_name'):
            table.drop_column(name)
