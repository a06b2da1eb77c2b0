"""Codes are counted by the instant of each, so that a day is the 24 hours before any moment."""

from __future__ import annotations

import msgspec
import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_NONE = msgspec.msgpack.encode([])
_FAILED = b"-"


def upgrade() -> None:
    """Add the marks and count what the running day has seen as of its begin."""
    op.add_column(
        "challenge",
        sa.Column("marks", sa.LargeBinary(), nullable=False, server_default=sa.text(_empty())),
    )
    challenge = sa.table(
        "challenge",
        sa.column("id"),
        sa.column("day_started_at"),
        sa.column("sent_in_day"),
        sa.column("failed_in_day"),
        sa.column("marks", sa.LargeBinary),
    )
    counted = op.get_bind().execute(
        sa.select(challenge).where(challenge.c.day_started_at.is_not(None))
    )
    for row in counted.all():
        begun = row.day_started_at
        marks = [(begun, b"", 1)] * row.sent_in_day + [(begun, _FAILED, 1)] * row.failed_in_day
        op.execute(
            sa.update(challenge)
            .where(challenge.c.id == row.id)
            .values(marks=msgspec.msgpack.encode(marks))
        )
    with op.batch_alter_table("challenge") as table:
        table.alter_column("marks", server_default=None)
        for name in ("day_started_at", "sent_in_day", "failed_in_day"):
            table.drop_column(name)


def downgrade() -> None:
    """Count from nothing again; what was counted by instants does not fit the old columns."""
    with op.batch_alter_table("challenge") as table:
        table.add_column(sa.Column("day_started_at", sa.BigInteger(), nullable=True))
        for name in ("sent_in_day", "failed_in_day"):
            table.add_column(sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
        table.drop_column("marks")


def _empty() -> str:
    """Return an empty list of marks as this database writes bytes."""
    if op.get_bind().dialect.name == "postgresql":
        return f"'\\x{_NONE.hex()}'"
    return f"x'{_NONE.hex()}'"
