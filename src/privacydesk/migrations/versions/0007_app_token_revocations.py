"""App tokens revoked before they expire."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; nothing is revoked yet."""
    op.create_table(
        "app_token_revocation",
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("hash", "revoked_at", name="pk_app_token_revocation"),
    )
    op.create_index("ix_app_token_revocation_place", "app_token_revocation", ["revoked_at", "hash"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("app_token_revocation")
