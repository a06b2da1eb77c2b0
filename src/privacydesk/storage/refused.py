"""Which rows could not be read: told once to the log, and kept for whoever is to be called."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple, Protocol

import structlog

from privacydesk.clock import Clock
from privacydesk.domain.audit import RowFault
from privacydesk.domain.instants import happened_within
from privacydesk.errors import DeskError
from privacydesk.storage.lru import Lru

_log = structlog.get_logger(__name__)

_MOST: Final = 1000
_MOST_LOGGED: Final = 100_000
_KEPT: Final = timedelta(minutes=75)
"""Somewhat longer than until a due row that was refused is looked at again."""


class Named(Protocol):
    """Names the rows of a table; see ``rows.binding.Binding``."""

    @property
    def table(self) -> str:
        """The name of the table."""
        ...

    def name(self, row: Any) -> str:
        """Return which row it is, as text."""
        ...


class _Noted(NamedTuple):
    fault: RowFault
    at: datetime


class RefusedRows:
    """The rows that are refused, the first ones; safe to use from threads.

    One that is not refused again for ``_KEPT`` was put right or purged, or nobody reads it.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rows: dict[tuple[str, str], _Noted] = {}
        self._logged: Lru[tuple[str, str], bool] = Lru(_MOST_LOGGED)

    def note(self, error: DeskError, *, number: str = "") -> None:
        """Take note of a row by the error that names it, if it does; the log hears of each once."""
        name = table, row = error.data.get("table", ""), error.data.get("row", "")
        if not table:
            return
        if self._logged.get(name) is None:
            _log.error("row_refused", table=table, row=row, fault=error.message)
        self._logged.put(name, True)
        self._keep(name, number)

    def opened(self, bound: Named, row: Any) -> None:
        """Take note that a row can be read: if it was refused before, it was put right."""
        if self._rows:
            name = bound.table, bound.name(row)
            if self._rows.pop(name, None) is not None:
                self._logged.drop(name)

    def all(self) -> tuple[RowFault, ...]:
        """Return all of them, the oldest first."""
        now = self._clock.now()
        return tuple(one.fault for one in tuple(self._rows.values()) if _is_kept(one, now))

    def _keep(self, name: tuple[str, str], number: str) -> None:
        now, before = self._clock.now(), self._rows.get(name)
        if before is not None:
            number = number or before.fault.number
        elif len(self._rows) >= _MOST:
            self._forget(now)
            if len(self._rows) >= _MOST:
                return
        self._rows[name] = _Noted(RowFault(*name, "refused", number), now)

    def _forget(self, now: datetime) -> None:
        for name, one in tuple(self._rows.items()):
            if not _is_kept(one, now):
                self._rows.pop(name, None)


def _is_kept(one: _Noted, now: datetime) -> bool:
    return happened_within(one.at, now, _KEPT)
