"""Notices about security incidents, and their recipients."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "incident",
        sa.Column("id", sa.LargeBinary(16), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_incident"),
    )
    op.create_table(
        "incident_recipient",
        sa.Column("incident_id", sa.LargeBinary(16), nullable=False),
        sa.Column("key", sa.LargeBinary(32), nullable=False),
        sa.Column("conversation_id", sa.LargeBinary(16), nullable=True),
        sa.Column("account", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("told_at", sa.BigInteger(), nullable=True),
        sa.Column("offset", sa.BigInteger(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.Column("read_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("incident_id", "key", name="pk_incident_recipient"),
    )
    _create_partial_index(
        "ix_incident_recipient_waiting", "incident_id", "key", where="state = 'waiting'"
    )
    _create_partial_index(
        "ix_incident_recipient_conversation",
        "conversation_id",
        "incident_id",
        where="conversation_id IS NOT NULL",
    )


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("incident_recipient")
    op.drop_table("incident")


def _create_partial_index(name: str, *columns: str, where: str) -> None:
    condition = sa.text(where)
    op.create_index(
        name,
        "incident_recipient",
        list(columns),
        sqlite_where=condition,
        postgresql_where=condition,
    )
