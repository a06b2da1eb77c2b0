"""Whatever is done to the sealed rows, ``audit verify`` names the first that is not as it was."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.integration.storage import desk

from privacydesk.domain.audit import AuditEntry
from privacydesk.ports import Changes
from privacydesk.storage.store import SqlStore

LENGTH = 7
Row = dict[str, Any]
Edit = Callable[[list[Row]], None]

_FORGED = itertools.count(1)
_places = st.integers(0, LENGTH - 1)
_CHANGES: dict[str, Callable[[Row], object]] = {
    "at": lambda row: row["at"] + 1,
    "by": lambda row: row["by"] + "x",
    "what": lambda row: row["what"] + "x",
    "detail": lambda _: '{"forged":1}',
    "ticket_id": lambda row: None if row["ticket_id"] else bytes(16),
    "conversation_id": lambda row: None if row["conversation_id"] else bytes(16),
    "evidence_id": lambda row: None if row["evidence_id"] else bytes(16),
    "code": lambda row: bytes(reversed(row["code"])),
}


def _change(place: int, column: str) -> Edit:
    def edit(rows: list[Row]) -> None:
        if place < len(rows):
            rows[place][column] = _CHANGES[column](rows[place])

    return edit


def _remove(place: int) -> Edit:
    def edit(rows: list[Row]) -> None:
        del rows[place : place + 1]

    return edit


def _move(place: int, to: int) -> Edit:
    def edit(rows: list[Row]) -> None:
        if place < len(rows):
            rows.insert(to, rows.pop(place))

    return edit


def _insert(place: int, like: int) -> Edit:
    """Put a copy of an entry somewhere, under an id of its own, code and all."""

    def edit(rows: list[Row]) -> None:
        if rows:
            rows.insert(place, {**rows[like % len(rows)], "id": next(_FORGED).to_bytes(16, "big")})

    return edit


_edits = st.lists(
    st.one_of(
        st.builds(_change, _places, st.sampled_from(sorted(_CHANGES))),
        st.builds(_remove, _places),
        st.builds(_move, _places, _places),
        st.builds(_insert, st.integers(0, LENGTH), _places),
    ),
    min_size=1,
    max_size=3,
)


@contextmanager
def _rows_of(path: Path) -> Iterator[list[Row]]:
    """Hand out all rows in the order of the chain, and write back what became of them."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.row_factory = sqlite3.Row
        rows = [dict(row) for row in connection.execute("SELECT * FROM audit ORDER BY seq")]
        yield rows
        connection.execute("DELETE FROM audit")
        for row in rows:
            marks = ", ".join(f":{name}" for name in row)
            columns = ", ".join(f'"{name}"' for name in row)
            connection.execute(f"INSERT INTO audit ({columns}) VALUES ({marks})", row)  # noqa: S608 - names from the schema


def _first_broken(before: list[Row], after: list[Row]) -> int | None:
    """Return the number of the first entry that is not there as it was."""
    kept = {row["seq"]: row for row in after}
    for row in before:
        if kept.pop(row["seq"], None) != row:
            return int(row["seq"])
    return min(kept) if kept else None


@pytest.fixture
async def sealed(store: SqlStore, path: Path) -> list[Row]:
    acts = tuple(
        AuditEntry(desk.NOW, "alice", f"act{n}", desk.ticket_id(), desk.conversation_id())
        for n in range(LENGTH)
    )
    await store.writer.submit(desk.leave(Changes(audit=acts)))
    assert await store.trail.seal() == LENGTH
    with _rows_of(path) as rows:
        return [dict(row) for row in rows]


@settings(
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(edits=_edits, closes_up=st.booleans())
async def test_any_tampering_is_found_and_names_the_first_broken_entry(
    store: SqlStore, path: Path, sealed: list[Row], edits: list[Edit], *, closes_up: bool
) -> None:
    """Rows are changed, removed, moved, added; then numbers close up, or stay as they fell."""
    with _rows_of(path) as rows:
        rows[:] = [dict(row) for row in sealed]
        for edit in edits:
            edit(rows)
        taken: set[int] = set()
        for place, row in enumerate(rows, start=1):
            if closes_up or row["seq"] in taken:
                row["seq"] = place if closes_up else LENGTH + place
            taken.add(row["seq"])
        expected = _first_broken(sealed, rows)
    fault = (await store.trail.check()).fault
    assert (fault.seq if fault else None) == expected
