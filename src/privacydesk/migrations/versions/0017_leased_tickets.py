"""Which tickets are leased, so that due times are repaired without reading all open tickets.

A program of the version before leaves the column empty: a ticket that it claims while its clock is
ahead is due when the clock gets there.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_INDEX = "ix_ticket_leased_due"


def upgrade() -> None:
    """Add the column and its index."""
    op.add_column("ticket", sa.Column("leased", sa.Boolean(), nullable=True))
    leased = sa.text("leased")
    op.create_index(
        _INDEX, "ticket", ["next_due_at", "id"], sqlite_where=leased, postgresql_where=leased
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_index(_INDEX, "ticket")
    op.drop_column("ticket", "leased")
