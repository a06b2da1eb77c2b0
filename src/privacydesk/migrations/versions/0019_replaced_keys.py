"""An index of what is sent for a conversation, all of which is sealed again with a new key.

A program of the version before would go on writing with a key that a purge has destroyed, so it
refuses the schema.
"""

from __future__ import annotations

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_INDEX = "ix_outbox_conversation_id"


def upgrade() -> None:
    """Make the index."""
    op.create_index(_INDEX, "outbox", ["conversation_id"])
    op.execute("UPDATE alembic_version SET oldest = '0019'")


def downgrade() -> None:
    """Drop it."""
    op.execute("UPDATE alembic_version SET oldest = '0015'")
    op.drop_index(_INDEX, "outbox")
