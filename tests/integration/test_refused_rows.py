"""Supervisors hear of rows that were refused."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from tests.common.databases import make_database
from tests.integration.storage import desk, furnished

from privacydesk.clock import MovableClock
from privacydesk.domain.agents import Agent, Role
from privacydesk.domain.alarms import AlarmKind
from privacydesk.errors import DeskError
from privacydesk.services.alarms import Alarms
from privacydesk.storage.store import SqlStore


async def test_supervisors_are_called_once_a_day_for_a_row_that_was_refused(tmp_path: Path) -> None:
    file = tmp_path / "desk.db"
    url, clock = f"sqlite:///{file}", MovableClock(desk.NOW)
    make_database(url)
    async with SqlStore(url, desk.RING, clock) as store:
        await furnished.furnish(store)
        await store.agent_store.add(Agent("boss", "Boss", Role.SUPERVISOR, desk.NOW))
        alarms = Alarms(store.alarm_store, store.reader, store.duties, clock)
        assert await alarms.alert_refused_rows() == 0
        with closing(sqlite3.connect(file)) as hand, hand:
            hand.execute("UPDATE ticket SET state = 'closed'")
        assert await store.reader.list_tickets(limit=9) == ()
        assert [await alarms.alert_refused_rows() for _ in range(2)] == [1, 0]
        (call,) = await alarms.alarms_of("boss")
        assert (call.kind, call.number) == (AlarmKind.ROW_REFUSED, "PD-1")
        clock.move(timedelta(days=1))
        assert await alarms.alert_refused_rows() == 0, "nobody reads it any more"
        assert await store.reader.list_tickets(limit=9) == ()
        assert await alarms.alert_refused_rows() == 1


async def test_a_row_that_is_read_alone_and_was_put_right_is_forgotten(tmp_path: Path) -> None:
    file = tmp_path / "desk.db"
    url, clock = f"sqlite:///{file}", MovableClock(desk.NOW)
    make_database(url)
    async with SqlStore(url, desk.RING, clock) as store:
        await furnished.furnish(store)
        with closing(sqlite3.connect(file)) as hand, hand:
            (state,) = hand.execute("SELECT state FROM conversation").fetchone()
            hand.execute("UPDATE conversation SET state = x'00'")
        with pytest.raises(DeskError):
            await store.reader.conversation(furnished.HOME)
        assert [one.table for one in await store.reader.refused_rows()] == ["conversation"]
        with closing(sqlite3.connect(file)) as hand, hand:
            hand.execute("UPDATE conversation SET state = ?", (state,))
        assert await store.reader.conversation(furnished.HOME) is not None
        clock.move(timedelta(minutes=80))
        assert await store.reader.refused_rows() == ()
