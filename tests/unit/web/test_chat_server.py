"""What all chat handlers of a process share."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs
from tests.common.fake_desk import FakeDesk
from tests.common.web_catalogs import web_catalogs

from privacydesk.clock import MovableClock
from privacydesk.errors import DeskError
from privacydesk.web.chat.chat_server import ChatServer
from privacydesk.web.settings import WebSettings


async def test_each_kind_of_stranger_turned_away_is_told_of_once_a_minute() -> None:
    clock = MovableClock()
    settings = WebSettings(new_chats_at_once=1, sockets_per_address=1, silent_at_once=1)
    chat = ChatServer(FakeDesk(clock=clock), web_catalogs(), settings, clock)
    await chat.admit_newcomer("here")
    with capture_logs() as logs, chat.socket_slot("here", bool), chat.handshake_slot("here", bool):
        for _ in range(2):
            with pytest.raises(DeskError):
                await chat.admit_newcomer("here")
            with pytest.raises(DeskError), chat.socket_slot("here", bool):
                pass
            with chat.handshake_slot("there", bool):
                pass
            with chat.handshake_slot("here", bool):
                pass
    assert [line["event"] for line in logs] == [
        "new_chats_refused",
        "sockets_refused",
        "silent_sockets_closed",
    ]
