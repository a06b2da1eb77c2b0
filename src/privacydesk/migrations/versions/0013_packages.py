"""Access packages: the sealed parts of their files."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "package_part",
        sa.Column("package_id", sa.LargeBinary(16), nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("conversation_id", sa.LargeBinary(16), nullable=False),
        sa.Column("ticket_id", sa.LargeBinary(16), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("package_id", "place", name="pk_package_part"),
    )
    op.create_index("ix_package_part_conversation_id", "package_part", ["conversation_id"])
    op.create_index("ix_package_part_ticket_id", "package_part", ["ticket_id"])
    op.create_index("ix_package_part_until", "package_part", ["until"])


def downgrade() -> None:
    """Drop it, with the files in it."""
    op.drop_table("package_part")
