"""Notices of a ticket are looked up whenever its case is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_NAME = "ix_outbox_notices"
_WHERE = sa.text("channel = 'notice'")


def upgrade() -> None:
    """Add the index."""
    op.create_index(
        _NAME, "outbox", ["ticket_id", "id"], sqlite_where=_WHERE, postgresql_where=_WHERE
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_index(_NAME, "outbox")
