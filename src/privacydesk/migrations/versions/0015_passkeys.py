"""Passkeys of staff, and one table for everything that works once.

What programs of the version before write would lose an agent's passkeys.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index of passkeys; used logout tokens are harmless, so they are not copied."""
    op.create_table(
        "agent_passkey",
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_agent_passkey"),
    )
    op.create_index("ix_agent_passkey_agent", "agent_passkey", ["agent"])
    _replace("logout_token", "used_token")
    op.execute("UPDATE alembic_version SET oldest = '0015'")


def downgrade() -> None:
    """Drop it. Passkeys stay in the credentials, and open nothing."""
    op.execute("UPDATE alembic_version SET oldest = '0014'")
    _replace("used_token", "logout_token")
    op.drop_table("agent_passkey")


def _replace(old: str, new: str) -> None:
    op.drop_table(old)
    op.create_table(
        new,
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=f"pk_{new}"),
    )
    op.create_index(f"ix_{new}_used_at", new, ["used_at"])
