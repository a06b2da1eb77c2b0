"""The log of events that programs read, and its head; an index to find tickets by their changes.

Programs of the version before go on; what they commit is not in the log.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables and the index."""
    op.create_index("ix_ticket_log_at", "ticket_log", ["at", "ticket_id"])
    op.create_table(
        "event_log",
        sa.Column("id", sa.LargeBinary(16), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("subject_id", sa.LargeBinary(16), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_event_log"),
    )
    op.create_index("ix_event_log_at", "event_log", ["at"])
    op.create_index("ix_event_log_subject_id", "event_log", ["subject_id"])
    _create_partial_index("uq_event_log_seq", "seq", where="seq IS NOT NULL", unique=True)
    _create_partial_index("ix_event_log_pending", "id", where="seq IS NULL", unique=False)
    op.create_table(
        "event_log_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("log", sa.LargeBinary(8), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("removed", sa.BigInteger(), nullable=False),
        sa.Column("removed_to", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_event_log_head"),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("event_log_head")
    op.drop_table("event_log")
    op.drop_index("ix_ticket_log_at", "ticket_log")


def _create_partial_index(name: str, column: str, *, where: str, unique: bool) -> None:
    condition = sa.text(where)
    op.create_index(
        name,
        "event_log",
        [column],
        unique=unique,
        sqlite_where=condition,
        postgresql_where=condition,
    )
