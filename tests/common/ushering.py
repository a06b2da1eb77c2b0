"""What looks after the queue of a desk, for tests that decide when it does."""

from __future__ import annotations

from privacydesk.app import Rooms
from privacydesk.services.usher import Usher
from privacydesk.storage.store import SqlStore


def usher_of(rooms: Rooms) -> Usher:
    """Return an usher over a desk's rooms, as a process of its own has one."""
    store = rooms.store
    assert isinstance(store, SqlStore)
    return Usher(
        attendance=rooms.attendance,
        takeover=rooms.takeover,
        alarms=rooms.alarms,
        reader=store.reader,
        duties=store.duties,
        chores=store.chores,
        clock=rooms.clock,
    )
