"""How it stands with the desk, read once for all pages."""

from __future__ import annotations

import asyncio
from typing import cast

from privacydesk.domain.duty import Board
from privacydesk.services.attendance import Attendance
from privacydesk.web.console.board import BoardWindow


class _Attendance:
    """A board whose reading ends when it is let go."""

    def __init__(self) -> None:
        self.waiting = 0
        self.go = asyncio.Event()
        self.begun = asyncio.Event()

    async def board(self) -> Board:
        board = Board(waiting=self.waiting)
        self.begun.set()
        await self.go.wait()
        return board


async def test_what_is_done_while_the_board_is_read_shows_at_the_next_look() -> None:
    attendance = _Attendance()
    window = BoardWindow(cast("Attendance", attendance))
    early = asyncio.create_task(window.look())
    await attendance.begun.wait()
    attendance.waiting = 1
    window.forget()
    attendance.go.set()
    assert (await early).waiting == 0
    assert (await window.look()).waiting == 1


async def test_what_was_read_serves_whoever_asks_right_after() -> None:
    attendance = _Attendance()
    attendance.go.set()
    window = BoardWindow(cast("Attendance", attendance))
    await window.look()
    attendance.waiting = 1
    assert (await window.look()).waiting == 0
    window.forget()
    assert (await window.look()).waiting == 1
