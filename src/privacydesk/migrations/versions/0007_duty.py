"""Who is there to answer, and what staff were called for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables. Whoever has a conversation has to be heard of, or it is waited for again."""
    op.create_table(
        "agent_duty",
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=True),
        sa.Column("there_until", sa.BigInteger(), nullable=True),
        sa.Column("connected", sa.Boolean(), nullable=False),
        sa.Column("languages", sa.Text(), nullable=False),
        sa.Column("given_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("agent", name="pk_agent_duty"),
    )
    op.create_table(
        "staff_alarm",
        sa.Column("id", sa.LargeBinary(16), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("conversation_id", sa.LargeBinary(16), nullable=False),
        sa.Column("ticket_id", sa.LargeBinary(16), nullable=True),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("unattended", sa.Boolean(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_staff_alarm"),
    )
    op.create_index("ix_staff_alarm_at", "staff_alarm", ["at"])
    op.create_index("ix_staff_alarm_conversation_id", "staff_alarm", ["conversation_id"])
    op.create_index("ix_staff_alarm_agent", "staff_alarm", ["agent", "at"])
    unseen = sa.text("seen_at IS NULL")
    op.create_index(
        "ix_staff_alarm_unseen",
        "staff_alarm",
        ["agent", "seen_at"],
        sqlite_where=unseen,
        postgresql_where=unseen,
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("staff_alarm")
    op.drop_table("agent_duty")
