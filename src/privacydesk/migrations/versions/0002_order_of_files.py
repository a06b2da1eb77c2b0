"""Evidence keeps its order of submission."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; existing evidence was submitted in order of creation."""
    with op.batch_alter_table("evidence") as table:
        table.add_column(sa.Column("handed_in_at", sa.BigInteger(), nullable=True))
    op.execute("UPDATE evidence SET handed_in_at = created_at WHERE ticket_id IS NOT NULL")


def downgrade() -> None:
    """Drop it."""
    with op.batch_alter_table("evidence") as table:
        table.drop_column("handed_in_at")
