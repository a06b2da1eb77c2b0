"""What the inbox sorts and counts open tickets by, in the clear and indexed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_NO_CLOCK = 2**62
_MARKS = ("awaited", "examine", "objection", "guarded")
_OPEN = "state <> 'closed'"
_INDEXES = {
    "ix_ticket_open": (_OPEN, ["urgent_at", "id", "state"]),
    "ix_ticket_holder": (_OPEN, ["holder", "urgent_at", "id", "state"]),
    **{f"ix_ticket_{mark}": (mark, ["urgent_at", "id", mark]) for mark in _MARKS},
}


def upgrade() -> None:
    """Add the columns and fill what can be told without opening the sealed bodies.

    The rest comes right with a ticket's next change: until then an objection, or a minor's ticket
    of another kind than a guardian's, is missing in its list and found in all others.
    """
    op.add_column(
        "ticket",
        sa.Column("urgent_at", sa.BigInteger(), nullable=False, server_default=str(_NO_CLOCK)),
    )
    for mark in _MARKS:
        op.add_column(
            "ticket", sa.Column(mark, sa.Boolean(), nullable=False, server_default=sa.false())
        )
    ticket = sa.table(
        "ticket",
        sa.column("id"),
        sa.column("state", sa.Text),
        sa.column("kind", sa.Text),
        sa.column("due_at", sa.BigInteger),
        sa.column("urgent_at", sa.BigInteger),
        sa.column("awaited", sa.Boolean),
        sa.column("examine", sa.Boolean),
        sa.column("guarded", sa.Boolean),
    )
    evidence = sa.table("evidence", sa.column("ticket_id"), sa.column("removed_at"))
    op.execute(
        sa.update(ticket)
        .where(
            ticket.c.state.in_(["in_review", "awaiting_requester"]), ticket.c.due_at.is_not(None)
        )
        .values(urgent_at=ticket.c.due_at)
    )
    op.execute(
        sa.update(ticket)
        .where(
            ticket.c.state == "awaiting_verification",
            sa.exists().where(evidence.c.ticket_id == ticket.c.id, evidence.c.removed_at.is_(None)),
        )
        .values(examine=sa.true())
    )
    op.execute(
        sa.update(ticket)
        .where(ticket.c.state.in_(["awaiting_requester", "awaiting_confirmation"]))
        .values(awaited=sa.true())
    )
    op.execute(
        sa.update(ticket)
        .where(ticket.c.state != "closed", ticket.c.kind.in_(["guardian", "underage_report"]))
        .values(guarded=sa.true())
    )
    op.drop_index("ix_ticket_holder", "ticket")
    for name, (where, columns) in _INDEXES.items():
        _partial_index(name, columns, where)


def downgrade() -> None:
    """Drop them."""
    for name in _INDEXES:
        op.drop_index(name, "ticket")
    with op.batch_alter_table("ticket") as batch:
        for column in (*_MARKS, "urgent_at"):
            batch.drop_column(column)
    _partial_index("ix_ticket_holder", ["holder", "due_at"], "state <> 'closed'")


def _partial_index(name: str, columns: list[str], where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, "ticket", columns, sqlite_where=condition, postgresql_where=condition)
