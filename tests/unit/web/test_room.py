"""What all chat handlers of a process share."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs
from tests.common.fake_desk import FakeDesk
from tests.common.web_catalogs import web_catalogs

from privacydesk.clock import MovableClock
from privacydesk.errors import DeskError
from privacydesk.web.chat.room import Room
from privacydesk.web.settings import WebSettings


async def test_each_kind_of_stranger_turned_away_is_told_of_once_a_minute() -> None:
    clock = MovableClock()
    settings = WebSettings(new_chats_at_once=1, sockets_per_address=1, silent_at_once=1)
    room = Room(FakeDesk(clock=clock), web_catalogs(), settings, clock)
    await room.admit_newcomer("here")
    with capture_logs() as logs, room.socket("here", bool), room.silent("here", bool):
        for _ in range(2):
            with pytest.raises(DeskError):
                await room.admit_newcomer("here")
            with pytest.raises(DeskError), room.socket("here", bool):
                pass
            with room.silent("there", bool):
                pass
            with room.silent("here", bool):
                pass
    assert [line["event"] for line in logs] == [
        "new_chats_refused",
        "sockets_refused",
        "silent_sockets_closed",
    ]
