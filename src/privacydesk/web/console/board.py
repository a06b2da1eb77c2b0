"""How it stands with the desk, as every page of the console shows it: read once for all of them."""

from __future__ import annotations

import asyncio
from typing import Final

from aiohttp import web

from privacydesk.domain.duty import Board
from privacydesk.services.attendance import Attendance

_FRESH: Final = 1.0
"""Seconds for which what was read serves whoever asks."""


class BoardWindow:
    """The board, read at most once a second however many pages are open."""

    def __init__(self, attendance: Attendance) -> None:
        self._attendance = attendance
        self._reading = asyncio.Lock()
        self._board = Board()
        self._read_at = -_FRESH
        self._forgotten = 0

    async def look(self) -> Board:
        """Return how it stands.

        Raises:
            UnavailableError: the database can't be read now.
        """
        async with self._reading:
            now = asyncio.get_running_loop().time()
            if now - self._read_at >= _FRESH:
                forgotten = self._forgotten
                self._board = await self._attendance.board()
                # What was done while it was read may not be in it.
                self._read_at = now if forgotten == self._forgotten else -_FRESH
            return self._board

    def forget(self) -> None:
        """Read anew the next time: something that an agent did has to show at once."""
        self._read_at = -_FRESH
        self._forgotten += 1


BOARD = web.AppKey("console_board", BoardWindow)
