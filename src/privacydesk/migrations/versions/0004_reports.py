"""What reports are made of: dates and grounds of tickets in the clear, and daily counters."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_DATES = ("counted_from", "promised_at", "answered_at")


def upgrade() -> None:
    """Add the columns and the counters.

    The sealed bodies can't be opened here: a ticket that is there already is told of in reports
    from its next change on.
    """
    for name in _DATES:
        op.add_column("ticket", sa.Column(name, sa.BigInteger(), nullable=True))
    op.add_column("ticket", sa.Column("grounds", sa.Text(), nullable=False, server_default=""))
    op.create_table(
        "counter",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("source", sa.LargeBinary(8), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "source", "what", "detail", name="pk_counter"),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("counter")
    with op.batch_alter_table("ticket") as batch:
        for name in (*_DATES, "grounds"):
            batch.drop_column(name)
