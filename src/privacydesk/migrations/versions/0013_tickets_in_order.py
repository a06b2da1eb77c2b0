"""The id second in the reports' index, so that pages of tickets are read without a sort."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_INDEX = "ix_ticket_report"
_REPORTED = (
    "closed_at",
    "answered_at",
    "promised_at",
    "counted_from",
    "kind",
    "grounds",
    "satisfaction",
)


def upgrade() -> None:
    """Make the index anew with the id."""
    op.drop_index(_INDEX, "ticket")
    op.create_index(_INDEX, "ticket", ["received_at", "id", *_REPORTED])


def downgrade() -> None:
    """Make it anew without."""
    op.drop_index(_INDEX, "ticket")
    op.create_index(_INDEX, "ticket", ["received_at", *_REPORTED])
