"""Rows that could not be read: logged once each, and kept for alarms and the inbox."""

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
"""Somewhat longer than the time until a due row that was refused is retried."""


class Named(Protocol):
    """Names the rows of a table; see ``rows.binding.Binding``."""

    @property
    def table(self) -> str:
        """The name of the table."""
        ...

    def name(self, row: Any) -> str:
        """Return a row's key as text."""
        ...


class _Noted(NamedTuple):
    fault: RowFault
    at: datetime


class RefusedRows:
    """The first rows that were refused; safe to use from threads.

    One that is not refused again for ``_KEPT`` was repaired or purged, or is no longer read.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rows: dict[tuple[str, str], _Noted] = {}
        self._logged: Lru[tuple[str, str], bool] = Lru(_MOST_LOGGED)

    def note(self, error: DeskError, *, number: str = "") -> None:
        """Record the row that an error names, if any; each is logged once."""
        name = table, row = error.data.get("table", ""), error.data.get("row", "")
        if not table:
            return
        if self._logged.get(name) is None:
            _log.error("row_refused", table=table, row=row, fault=error.message)
        self._logged.put(name, True)
        self._keep(name, number)

    def opened(self, bound: Named, row: Any) -> None:
        """Note that a row can be read: if it was refused before, it was repaired."""
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
