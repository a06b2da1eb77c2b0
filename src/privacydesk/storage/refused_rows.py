"""Records rows that could not be read: each is logged once, and kept for alarms and the inbox."""

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

_MAX_ROWS: Final = 1000
_MAX_LOGGED: Final = 100_000
_RETENTION: Final = timedelta(minutes=75)
"""Somewhat longer than the time after which a due row that was refused is retried."""


class RowIdentifier(Protocol):
    """Identifies rows of a table; see ``rows.binding.Binding``."""

    @property
    def table(self) -> str:
        """The name of the table."""
        ...

    def row_key(self, row: Any) -> str:
        """Return a row's key as text."""
        ...


class _Record(NamedTuple):
    fault: RowFault
    at: datetime


class RefusedRows:
    """The refused rows of this process, up to a maximum; safe to use from several threads.

    A row that is not refused again within ``_RETENTION`` was repaired or purged, or is no longer
    read; it is no longer returned.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rows: dict[tuple[str, str], _Record] = {}
        self._logged: Lru[tuple[str, str], bool] = Lru(_MAX_LOGGED)

    def record(self, error: DeskError, *, number: str = "") -> None:
        """Record the row that an error names, if it names one; log it the first time.

        Args:
            error: the error raised when the row was read.
            number: of the ticket, if the row is a ticket.
        """
        name = table, row = error.data.get("table", ""), error.data.get("row", "")
        if not table:
            return
        if self._logged.get(name) is None:
            _log.error("row_refused", table=table, row=row, fault=error.message)
        self._logged.put(name, True)
        self._store(name, number)

    def discard(self, identifier: RowIdentifier, row: Any) -> None:
        """Drop the record of a row that can be read again, if there is one."""
        if self._rows:
            name = identifier.table, identifier.row_key(row)
            if self._rows.pop(name, None) is not None:
                self._logged.drop(name)

    def all(self) -> tuple[RowFault, ...]:
        """Return all recently refused rows, oldest first."""
        now = self._clock.now()
        records = tuple(self._rows.values())
        return tuple(record.fault for record in records if _is_recent(record, now))

    def _store(self, name: tuple[str, str], number: str) -> None:
        now, before = self._clock.now(), self._rows.get(name)
        if before is not None:
            number = number or before.fault.number
        elif len(self._rows) >= _MAX_ROWS:
            self._remove_expired(now)
            if len(self._rows) >= _MAX_ROWS:
                return
        self._rows[name] = _Record(RowFault(*name, "refused", number), now)

    def _remove_expired(self, now: datetime) -> None:
        for name, record in tuple(self._rows.items()):
            if not _is_recent(record, now):
                self._rows.pop(name, None)


def _is_recent(record: _Record, now: datetime) -> bool:
    return happened_within(record.at, now, _RETENTION)
