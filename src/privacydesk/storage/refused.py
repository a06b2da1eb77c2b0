"""Which rows could not be read: told once to the log, and kept for whoever is to be called."""

from __future__ import annotations

from typing import Any, Final, Protocol

import structlog

from privacydesk.domain.audit import RowFault
from privacydesk.errors import DeskError

_log = structlog.get_logger(__name__)

_MOST: Final = 1000


class Named(Protocol):
    """Names the rows of a table; see ``rows.binding.Binding``."""

    @property
    def table(self) -> str:
        """The name of the table."""
        ...

    def name(self, row: Any) -> str:
        """Return which row it is, as text."""
        ...


class RefusedRows:
    """The rows that were refused since the start, the first ones; safe to use from threads."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], RowFault] = {}

    def note(self, error: DeskError, *, number: str = "") -> None:
        """Take note of a row by the error that names it, if it does; the log hears of each once."""
        table, row = error.data.get("table", ""), error.data.get("row", "")
        if not table or (table, row) in self._rows:
            return
        _log.error("row_refused", table=table, row=row, fault=error.message)
        if len(self._rows) < _MOST:
            self._rows[table, row] = RowFault(table, row, "refused", number)

    def opened(self, bound: Named, row: Any) -> None:
        """Take note that a row can be read: if it was refused before, it was put right."""
        if self._rows:
            self._rows.pop((bound.table, bound.name(row)), None)

    def all(self) -> tuple[RowFault, ...]:
        """Return all of them, the oldest first."""
        return tuple(self._rows.values())
