"""Tasks of tickets, and the teams of agents."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_OPEN = sa.text("ended_at IS NULL")


def upgrade() -> None:
    """Make the table and the column."""
    op.create_table(
        "ticket_task",
        sa.Column("ticket_id", sa.LargeBinary(16), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("conversation_id", sa.LargeBinary(16), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("ticket_id", "number", name="pk_ticket_task"),
    )
    op.create_index(
        "ix_ticket_task_open",
        "ticket_task",
        ["due_at", "ticket_id", "number", "team"],
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )
    op.create_index("ix_ticket_task_created", "ticket_task", ["created_at"])
    op.add_column("agent", sa.Column("teams", sa.Text(), nullable=True))


def downgrade() -> None:
    """Drop both. Agents with teams are refused then, as their rows were signed with them."""
    with op.batch_alter_table("agent") as agent:
        agent.drop_column("teams")
    op.drop_table("ticket_task")
