"""What requesters say of a closed request is counted, so it stands in a column of its own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("ticket", sa.Column("satisfaction", sa.Text(), nullable=True))


def downgrade() -> None:
    """Drop it with what was said."""
    with op.batch_alter_table("ticket") as table:
        table.drop_column("satisfaction")
