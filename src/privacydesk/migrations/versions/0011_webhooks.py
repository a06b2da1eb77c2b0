"""Webhooks: endpoints, what is on its way to them, and what came of each try."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_POSTINGS = "webhook_posting"
_PARTIAL = {
    "ix_webhook_posting_due": ("open", ["endpoint_id", "due_at"]),
    "ix_webhook_posting_lane": ("open", ["lane", "place"]),
    "ix_webhook_posting_parked": ("state = 'parked'", ["endpoint_id", "id"]),
    "ix_webhook_posting_done": ("NOT open", ["done_at"]),
}


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "webhook_endpoint",
        sa.Column("id", sa.LargeBinary(16), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("kinds", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("failing_since", sa.BigInteger(), nullable=True),
        sa.Column("alarmed_at", sa.BigInteger(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_endpoint"),
    )
    op.create_table(
        _POSTINGS,
        sa.Column("id", sa.LargeBinary(16), nullable=False),
        sa.Column("event_id", sa.LargeBinary(16), nullable=False),
        sa.Column("endpoint_id", sa.LargeBinary(16), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("lane", sa.LargeBinary(32), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("ticket_id", sa.LargeBinary(16), nullable=True),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("tries_left", sa.Integer(), nullable=False),
        sa.Column("begun_at", sa.BigInteger(), nullable=False),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_posting"),
    )
    op.create_index("ix_webhook_posting_log", _POSTINGS, ["endpoint_id", "id"])
    for name, (where, columns) in _PARTIAL.items():
        condition = sa.text(where)
        op.create_index(
            name, _POSTINGS, columns, sqlite_where=condition, postgresql_where=condition
        )
    op.create_table(
        "webhook_try",
        sa.Column("posting_id", sa.LargeBinary(16), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("took", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("fault", sa.Text(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("posting_id", "attempt", name="pk_webhook_try"),
    )


def downgrade() -> None:
    """Forget endpoints and what was on its way."""
    for name in ("webhook_try", _POSTINGS, "webhook_endpoint"):
        op.drop_table(name)
