"""The rank in the queue: who may be in danger comes first."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_QUEUE = ("ix_conversation_queue", "owner_kind = 'queue'")
_AGENT = ("ix_conversation_agent", "owner_kind = 'agent'")
_URGENT = ("ix_conversation_urgent", "queue_rank = 0")


def upgrade() -> None:
    """Add the column, and put it first in the queue's index."""
    _drop_indexes(_QUEUE, _AGENT)
    op.add_column("conversation", sa.Column("queue_rank", sa.SmallInteger(), nullable=True))
    op.execute("UPDATE conversation SET queue_rank = 1")
    with op.batch_alter_table("conversation") as batch:
        batch.alter_column("queue_rank", existing_type=sa.SmallInteger(), nullable=False)
    _make_index(_QUEUE, "queue_rank", "queued_at", "id")
    _make_index(_AGENT, "owner_agent")
    _make_index(_URGENT, "id")


def downgrade() -> None:
    """Drop the column."""
    _drop_indexes(_QUEUE, _URGENT)
    op.drop_column("conversation", "queue_rank")
    _make_index(_QUEUE, "queued_at", "id")


# SQLite rebuilds the table, and would forget what its indexes are limited to.
def _drop_indexes(*indexes: tuple[str, str]) -> None:
    for name, _ in indexes:
        op.drop_index(name, "conversation")


def _make_index(index: tuple[str, str], *columns: str) -> None:
    name, condition = index
    where = sa.text(condition)
    op.create_index(name, "conversation", list(columns), sqlite_where=where, postgresql_where=where)
