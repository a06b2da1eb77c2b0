"""Tickets on which an agent asked the supervisors to look are a list of the inbox."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_INDEX = "ix_ticket_escalated"


def upgrade() -> None:
    """Add the mark; nothing was escalated before."""
    op.add_column(
        "ticket", sa.Column("escalated", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    condition = sa.text("escalated")
    op.create_index(
        _INDEX,
        "ticket",
        ["urgent_at", "id", "escalated"],
        sqlite_where=condition,
        postgresql_where=condition,
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_index(_INDEX, "ticket")
    with op.batch_alter_table("ticket") as table:
        table.drop_column("escalated")
