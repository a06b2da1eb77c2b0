"""Due outbox rows are found by channel."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Widen the index."""
    _make("channel", "due_at")


def downgrade() -> None:
    """Go back to the index as it was."""
    _make("due_at")


def _make(*columns: str) -> None:
    condition = sa.text("state = 'open'")
    op.drop_index("ix_outbox_due_at", "outbox")
    op.create_index(
        "ix_outbox_due_at",
        "outbox",
        list(columns),
        sqlite_where=condition,
        postgresql_where=condition,
    )
