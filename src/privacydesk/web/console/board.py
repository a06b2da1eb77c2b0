"""The desk's status for the console's pages: read once for all of them."""

from __future__ import annotations

import asyncio
from typing import Final

from aiohttp import web

from privacydesk.domain.duty import Board
from privacydesk.services.attendance import Attendance

_FRESH: Final = 1.0
"""Seconds for which a cached board is served."""


class BoardWindow:
    """The board, read at most once a second however many pages are open."""

    def __init__(self, attendance: Attendance) -> None:
        self._attendance = attendance
        self._reading = asyncio.Lock()
        self._board = Board()
        self._read_at = -_FRESH
        self._forgotten = 0

    async def look(self) -> Board:
        """Return the current board.

        Raises:
            UnavailableError: the database can't be read now.
        """
        async with self._reading:
            now = asyncio.get_running_loop().time()
            if now - self._read_at >= _FRESH:
                forgotten = self._forgotten
                self._board = await self._attendance.board()
                # Changes made during the read may be missing from it.
                self._read_at = now if forgotten == self._forgotten else -_FRESH
            return self._board

    def forget(self) -> None:
        """Invalidate the cache: an agent's own change has to show at once."""
        self._read_at = -_FRESH
        self._forgotten += 1


BOARD = web.AppKey("console_board", BoardWindow)
