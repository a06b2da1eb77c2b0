"""Entries of any shape as rows: nested fields become columns of their own.

Entries that name their fields after other people would make a table as wide as it is long. So there
are at most ``MOST_COLUMNS``, and if there are more than a few, fields that few entries have get
none. Fields without a column are collected in the last one, as JSON.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

MOST_COLUMNS: Final = 100
_A_FEW: Final = 20
_ONE_IN: Final = 100
"""One in so many entries must have a field for it to get a column of its own."""
REST: Final = "…"
"""The heading of the column for fields that have none of their own."""


class Table(Struct, frozen=True):
    """Entries as rows.

    Attributes:
        columns: paths of fields, ``detail.amount``, in order of first occurrence.
        rows: a value for each column: text, a number, a Boolean, or None.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


def tabulate(entries: Sequence[Any]) -> Table:
    """Return entries as a table; a column that is empty everywhere is left out."""
    flat = [dict(_flat(entry)) for entry in entries]
    filled = Counter(name for row in flat for name, value in row.items() if value not in (None, ""))
    columns = tuple(filled)
    if len(columns) > _A_FEW:
        often = [name for name, times in filled.items() if times * _ONE_IN >= len(flat)]
        if len(often) < len(columns) or len(columns) > MOST_COLUMNS:
            return _with_rest(often[: MOST_COLUMNS - 1], flat)
    return Table(columns, tuple(tuple(row.get(name) for name in columns) for row in flat))


def _with_rest(columns: Sequence[str], flat: Sequence[dict[str, Any]]) -> Table:
    rows = tuple((*(row.pop(name, None) for name in columns), _together(row)) for row in flat)
    return Table((*columns, REST), rows)


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, one in value.items():
            yield from _flat(one, f"{path}.{name}" if path else str(name))
    elif isinstance(value, (list, tuple)):
        yield path or "value", _listed(value)
    else:
        yield path or "value", value


def _together(rest: Mapping[str, Any]) -> str | None:
    said = {name: value for name, value in rest.items() if value not in (None, "")}
    return json.dumps(said, ensure_ascii=False) if said else None


def _listed(values: Sequence[Any]) -> str:
    if any(isinstance(one, (Mapping, list, tuple)) for one in values):
        return json.dumps(values, ensure_ascii=False)
    return "; ".join("" if one is None else str(one) for one in values)
