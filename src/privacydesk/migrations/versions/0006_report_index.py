"""One index holds all that a report reads of a ticket."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_NAME = "ix_ticket_report"
_COLUMNS = [
    "received_at",
    "closed_at",
    "answered_at",
    "promised_at",
    "counted_from",
    "kind",
    "grounds",
    "satisfaction",
]


def upgrade() -> None:
    """Add the index."""
    op.create_index(_NAME, "ticket", _COLUMNS)


def downgrade() -> None:
    """Drop it."""
    op.drop_index(_NAME, "ticket")
