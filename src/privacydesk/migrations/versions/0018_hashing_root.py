"""The first hashing secret, which stays the root of all hashes once it is replaced.

Programs of the version before go on until the secret is replaced, which raises
``alembic_version.oldest``.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "hashing_root",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_hashing_root"),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("hashing_root")
