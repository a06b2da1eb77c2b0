"""Entries of any shape as rows: what is nested becomes columns of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct


class Table(Struct, frozen=True):
    """Entries as rows.

    Attributes:
        columns: paths of fields, ``detail.amount``, in the order in which they first come.
        rows: a value for each column: text, a number, a truth, or None.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


def tabulate(entries: Sequence[Any]) -> Table:
    """Return entries as a table; a column that is empty everywhere is left out."""
    flat = [dict(_flat(entry)) for entry in entries]
    columns = tuple(
        dict.fromkeys(
            name for row in flat for name, value in row.items() if value not in (None, "")
        )
    )
    return Table(columns, tuple(tuple(row.get(name) for name in columns) for row in flat))


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, one in value.items():
            yield from _flat(one, f"{path}.{name}" if path else str(name))
    elif isinstance(value, (list, tuple)):
        yield path or "value", _listed(value)
    else:
        yield path or "value", value


def _listed(values: Sequence[Any]) -> str:
    if any(isinstance(one, (Mapping, list, tuple)) for one in values):
        return json.dumps(values, ensure_ascii=False)
    return "; ".join("" if one is None else str(one) for one in values)
