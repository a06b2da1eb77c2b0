"""The audit is looked through by who did something and by what was done."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_INDEXES = {"ix_audit_by": ["by", "id"], "ix_audit_what": ["what", "id"]}


def upgrade() -> None:
    """Add the indexes."""
    for name, columns in _INDEXES.items():
        op.create_index(name, "audit", columns)


def downgrade() -> None:
    """Drop them."""
    for name in _INDEXES:
        op.drop_index(name, "audit")
