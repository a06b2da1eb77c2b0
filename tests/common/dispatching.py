"""What looks after the queue of a desk, for tests that decide when it does."""

from __future__ import annotations

from privacydesk.app import Rooms
from privacydesk.services.dispatcher import Dispatcher
from privacydesk.storage.store import SqlStore


def usher_of(rooms: Rooms) -> Dispatcher:
    """Return a dispatcher over a desk's rooms, as a process of its own has one."""
    store = rooms.store
    assert isinstance(store, SqlStore)
    return Dispatcher(
        attendance=rooms.attendance,
        takeover=rooms.takeover,
        alarms=rooms.alarms,
        reader=store.reader,
        duties=store.duties,
        chores=store.chores,
        clock=rooms.clock,
    )
