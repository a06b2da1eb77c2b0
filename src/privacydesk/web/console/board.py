"""Cache of the desk's status, which all pages of the console show."""

from __future__ import annotations

import asyncio
from typing import Final

from aiohttp import web

from privacydesk.domain.duty import StaffBoard
from privacydesk.services.attendance import Attendance

_MAX_AGE: Final = 1.0
"""Seconds for which a cached board is served."""


class BoardCache:
    """The board, which is read at most once a second, however many pages are open."""

    def __init__(self, attendance: Attendance) -> None:
        self._attendance = attendance
        self._lock = asyncio.Lock()
        self._board = StaffBoard()
        self._read_at = -_MAX_AGE
        self._invalidations = 0

    async def get(self) -> StaffBoard:
        """Return the board, at most ``_MAX_AGE`` old.

        Raises:
            UnavailableError: the database can't be read now.
        """
        async with self._lock:
            now = asyncio.get_running_loop().time()
            if now - self._read_at >= _MAX_AGE:
                invalidations = self._invalidations
                self._board = await self._attendance.board()
                # A board that was invalidated during the read may lack the change.
                is_current = invalidations == self._invalidations
                self._read_at = now if is_current else -_MAX_AGE
            return self._board

    def invalidate(self) -> None:
        """Drop the cached board, so that the next page shows a change that an agent has made."""
        self._read_at = -_MAX_AGE
        self._invalidations += 1


BOARD_CACHE = web.AppKey("console_board", BoardCache)
