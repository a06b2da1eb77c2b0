from __future__ import annotations

import pytest
import sqlalchemy as sa

from privacydesk.storage import statements, tables

POSTGRESQL = sa.make_url("postgresql+psycopg://").get_dialect()()
SQLITE = sa.make_url("sqlite://").get_dialect()()


@pytest.mark.parametrize(("count", "length"), [(1, 1), (2, 2), (3, 4), (5, 8), (9, 16)])
def test_lists_are_padded_to_powers_of_two(count: int, length: int) -> None:
    values = list(range(count))
    padded = statements.padded(values)
    assert len(padded) == length
    assert set(padded) == set(values)
    assert statements.padded([]) == []


def test_rows_are_locked_in_the_order_of_their_ids() -> None:
    text = str(statements.LOCK_TICKETS.compile(dialect=POSTGRESQL))
    assert "ORDER BY ticket.id FOR UPDATE SKIP LOCKED" in text
    assert "FOR UPDATE" not in str(statements.LOCK_TICKETS.compile(dialect=SQLITE))


def test_every_table_has_room_for_what_it_needs_and_assigns_no_ids() -> None:
    for table in tables.metadata.tables.values():
        assert table.primary_key.columns
        assert all(c.autoincrement in {False, "auto"} for c in table.primary_key)
        assert all(c.server_default is None and c.default is None for c in table.c)
