"""Receipts of closed tickets, and the logs that they are entries of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "receipt",
        sa.Column("ticket_id", sa.LargeBinary(16), nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("conversation_id", sa.LargeBinary(16), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=False),
        sa.Column("log_id", sa.LargeBinary(16), nullable=True),
        sa.Column("entry", sa.BigInteger(), nullable=True),
        sa.Column("leaf", sa.LargeBinary(32), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("ticket_id", "version", name="pk_receipt"),
    )
    op.create_index("ix_receipt_conversation_id", "receipt", ["conversation_id"])
    _create_partial_index(
        "uq_receipt_entry", "receipt", "log_id", "entry", where="log_id IS NOT NULL", unique=True
    )
    _create_partial_index(
        "ix_receipt_pending", "receipt", "closed_at", "ticket_id", where="log_id IS NULL"
    )
    op.create_table(
        "receipt_log",
        sa.Column("id", sa.LargeBinary(16), nullable=False),
        sa.Column("ring_key", sa.Text(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("peaks", sa.LargeBinary(), nullable=False),
        sa.Column("head", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(64), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_receipt_log"),
    )
    _create_partial_index(
        "uq_receipt_log_open", "receipt_log", "ring_key", where="ended_at IS NULL", unique=True
    )


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("receipt_log")
    op.drop_table("receipt")


def _create_partial_index(
    name: str, table: str, *columns: str, where: str, unique: bool = False
) -> None:
    condition = sa.text(where)
    op.create_index(
        name,
        table,
        list(columns),
        unique=unique,
        sqlite_where=condition,
        postgresql_where=condition,
    )
