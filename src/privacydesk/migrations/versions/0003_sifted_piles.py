"""Inbox views can be filtered by kind, language and holder."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_OPEN = "state <> 'closed'"
_PILES: tuple[tuple[str, list[str], str, str], ...] = (
    ("ix_ticket_holder", ["holder"], "state", _OPEN),
    ("ix_ticket_open", [], "state", _OPEN),
    ("ix_ticket_awaited", [], "awaited", "awaited"),
    ("ix_ticket_examine", [], "examine", "examine"),
    ("ix_ticket_objection", [], "objection", "objection"),
    ("ix_ticket_guarded", [], "guarded", "guarded"),
    ("ix_ticket_escalated", [], "escalated", "escalated"),
)


def upgrade() -> None:
    """Add the language, which each ticket gets when it is next written, and widen the indexes."""
    _drop_piles()
    with op.batch_alter_table("ticket") as table:
        table.add_column(sa.Column("locale", sa.Text(), nullable=True))
    for name, first, marked, where in _PILES:
        sifted = [one for one in ("kind", "locale", "holder") if one not in first]
        _make_pile(name, [*first, "urgent_at", "id", marked, *sifted], where)


def downgrade() -> None:
    """Go back to the indexes as they were."""
    _drop_piles()
    with op.batch_alter_table("ticket") as table:
        table.drop_column("locale")
    for name, first, marked, where in _PILES:
        _make_pile(name, [*first, "urgent_at", "id", marked], where)


def _drop_piles() -> None:
    for name, *_ in _PILES:
        op.drop_index(name, "ticket")


def _make_pile(name: str, columns: list[str], where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, "ticket", columns, sqlite_where=condition, postgresql_where=condition)
