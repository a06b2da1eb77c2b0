"""Indexes of closed tickets and of those that an agent decided."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column and the indexes."""
    op.add_column("ticket", sa.Column("decided_by", sa.Text(), nullable=True))
    # The sealed body tells exactly; whoever decides has held the ticket since then.
    op.execute(
        "UPDATE ticket SET decided_by = holder WHERE answered_at IS NOT NULL AND holder <> ''"
    )
    _partial_index(
        "ix_ticket_closed",
        ["closed_at", "id", "kind", "locale", "holder"],
        where="closed_at IS NOT NULL",
    )
    _partial_index(
        "ix_ticket_decided",
        ["decided_by", "answered_at", "id", "kind", "locale", "holder"],
        where="decided_by IS NOT NULL",
    )


def downgrade() -> None:
    """Drop the indexes and the column."""
    op.drop_index("ix_ticket_decided", "ticket")
    op.drop_index("ix_ticket_closed", "ticket")
    op.drop_column("ticket", "decided_by")


def _partial_index(name: str, columns: list[str], *, where: str) -> None:
    op.create_index(
        name,
        "ticket",
        columns,
        sqlite_where=sa.text(where),
        postgresql_where=sa.text(where),
    )
