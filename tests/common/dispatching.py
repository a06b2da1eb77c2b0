"""What looks after the queue of a desk, for tests that decide when it does."""

from __future__ import annotations

from privacydesk.app import Services
from privacydesk.services.dispatcher import Dispatcher
from privacydesk.storage.store import SqlStore


def dispatcher_of(services: Services) -> Dispatcher:
    """Return a dispatcher over a desk's services, as a process of its own has one."""
    store = services.store
    assert isinstance(store, SqlStore)
    return Dispatcher(
        attendance=services.attendance,
        takeover=services.takeover,
        alarms=services.alarms,
        reader=store.reader,
        duties=store.duties,
        chores=store.periodic_tasks,
        clock=services.clock,
    )
