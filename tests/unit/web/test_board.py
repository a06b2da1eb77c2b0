"""How it stands with the desk, read once for all pages."""

from __future__ import annotations

import asyncio
from typing import cast

from privacydesk.domain.duty import StaffBoard
from privacydesk.services.attendance import Attendance
from privacydesk.web.console.board import BoardCache


class _Attendance:
    """A board whose reading ends when it is let go."""

    def __init__(self) -> None:
        self.waiting = 0
        self.go = asyncio.Event()
        self.begun = asyncio.Event()

    async def board(self) -> StaffBoard:
        board = StaffBoard(queue_length=self.waiting)
        self.begun.set()
        await self.go.wait()
        return board


async def test_what_is_done_while_the_board_is_read_shows_at_the_next_look() -> None:
    attendance = _Attendance()
    cache = BoardCache(cast("Attendance", attendance))
    early = asyncio.create_task(cache.get())
    await attendance.begun.wait()
    attendance.waiting = 1
    cache.invalidate()
    attendance.go.set()
    assert (await early).queue_length == 0
    assert (await cache.get()).queue_length == 1


async def test_what_was_read_serves_whoever_asks_right_after() -> None:
    attendance = _Attendance()
    attendance.go.set()
    cache = BoardCache(cast("Attendance", attendance))
    await cache.get()
    attendance.waiting = 1
    assert (await cache.get()).queue_length == 0
    cache.invalidate()
    assert (await cache.get()).queue_length == 1
