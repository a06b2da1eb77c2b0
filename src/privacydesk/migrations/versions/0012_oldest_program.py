"""The oldest version of the schema whose programs work on this one.

It is beside the schema's version, so that both change in one transaction.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("alembic_version", sa.Column("oldest", sa.String(32), nullable=True))
    op.execute("UPDATE alembic_version SET oldest = '0012'")


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("alembic_version", "oldest")
