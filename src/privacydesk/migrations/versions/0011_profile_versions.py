"""The operator profile is a saved setting: its digest is no longer recorded."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Delete the digest."""
    op.execute("DELETE FROM fingerprint WHERE name = 'profile'")


def downgrade() -> None:
    """Change nothing: the next start records the digest."""
