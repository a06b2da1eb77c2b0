"""Fingerprints of secrets and configuration files."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; the first start records what it finds."""
    op.create_table(
        "fingerprint",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_fingerprint"),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("fingerprint")
