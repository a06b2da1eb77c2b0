from __future__ import annotations

from datetime import UTC, datetime

import pytest

from privacydesk.clock import MovableClock
from privacydesk.connectors.ticketing_twin import MemoryTicketing
from privacydesk.domain.ticketing import (
    NewRemoteTicket,
    RemoteChange,
    RemoteGoneError,
    RemoteRefusedError,
    key_marker,
)
from privacydesk.errors import UnavailableError

NOW = datetime(2026, 11, 25, 1, tzinfo=UTC)
KEY = "0123456789abcdef"
NEW = NewRemoteTicket(KEY, "PD-1", f"A request. {key_marker(KEY)}", "privacy", "open")


def twin() -> MemoryTicketing:
    return MemoryTicketing(MovableClock(NOW), users=("ann",))


async def test_a_ticket_is_found_by_its_key_though_nobody_heard_that_it_was_made() -> None:
    system = twin()

    def dies_after_it_was_done(call: str, when: str) -> None:
        if (call, when) == ("create", "after"):
            raise UnavailableError("the answer was lost")

    system.on_call = dies_after_it_was_done
    with pytest.raises(UnavailableError):
        await system.create(NEW)
    assert await system.find(KEY, NOW) == ("1",)
    assert await system.find("f" * 16, NOW) == ()


async def test_what_people_write_is_told_from_what_the_desk_writes_even_when_they_quote() -> None:
    system = twin()
    made = await system.create(NEW)
    await system.write(made, f"Reviewed {key_marker(KEY)}")
    system.people_write(made, "ann", f"You said: Reviewed {key_marker(KEY)}")
    ours, theirs = (await system.read(made)).entries
    assert (ours.own, theirs.own) == (True, False)
    assert (await system.read(made)).has_entry(KEY)


async def test_changes_are_seen_once_from_a_cursor_on() -> None:
    system = twin()
    made = await system.create(NEW)
    first = await system.changed("")
    assert first.ids == (made,)
    system.people_change(made, state="closed", assignee="ann")
    system.people_write(made, "ann", "Done")
    second = await system.changed(first.cursor)
    assert second.ids == (made,)
    assert (await system.changed(second.cursor)).ids == ()
    touched = (await system.read(made)).touched_at
    assert touched is not None
    assert touched >= NOW


async def test_what_does_not_exist_is_gone_or_refused() -> None:
    system = twin()
    with pytest.raises(RemoteGoneError):
        await system.read("1")
    made = await system.create(NEW)
    with pytest.raises(RemoteRefusedError):
        await system.change(made, RemoteChange(assignee="nobody-knows"))
    system.people_remove(made)
    with pytest.raises(RemoteGoneError):
        await system.write(made, "hello")
