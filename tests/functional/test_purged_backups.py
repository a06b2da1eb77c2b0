"""What was purged is shown by no copy from before, once the ring key of that time is destroyed."""

from __future__ import annotations

import contextlib
import shutil
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.common import postgresql
from tests.common.databases import ADDRESS, address_in, by_hand
from tests.common.stories import START, World, enter, open_world
from tests.functional.test_commands import (  # noqa: F401 - the fixture works by being here
    _own_process,
)
from tests.functional.test_db_copies import db
from tests.functional.test_keys_rotate import BOTH, NEW, OLD, write_ring
from tests.functional.test_retention import DAY, RARE, answered, closed, complaint, run
from tests.functional.test_secrets_under_load import ring

from privacydesk.clock import MovableClock
from privacydesk.domain.ids import ConversationId
from privacydesk.domain.ticket import TicketState
from privacydesk.errors import SettingsError
from privacydesk.storage.backups import back_up
from privacydesk.storage.rows import event, ticket_log
from privacydesk.storage.sealing import KeyRing, Seal, SealError, WrappedKey

pytestmark = pytest.mark.sqlite("it runs on either database in each mode")


@dataclass
class Copies:
    """Copies of a desk's database, one of which is put in its place."""

    folder: Path
    server: postgresql.Server | None
    point_at: Callable[[str], None]
    made: list[str] = field(default_factory=list)

    def make(self) -> str:
        """Copy the database, which no process has open."""
        if self.server is not None:
            self.made.append(self.server.copy(address_in(self.folder)))
        else:
            self.made.append(str(self.folder.parent / f"copy{len(self.made)}.db"))
            back_up(address_in(self.folder), Path(self.made[-1]))
        return self.made[-1]

    def restore(self, copy: str) -> None:
        """Put a copy in the place of the database."""
        if self.server is not None:
            self.point_at(copy)
            return
        for file in self.folder.glob("privacydesk.db*"):
            file.unlink()
        shutil.copy(copy, self.folder / "privacydesk.db")


@pytest.fixture
def copies(
    tmp_path: Path, backend: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Copies]:
    (tmp_path / "desk").mkdir()
    server = request.getfixturevalue("postgresql_server") if backend == "postgresql" else None
    made = Copies(tmp_path / "desk", server, lambda url: monkeypatch.setenv(ADDRESS, url))
    yield made
    if server is not None:
        for url in made.made:
            server.drop(url)


def desk(folder: Path, clock: MovableClock, *names: str) -> AbstractAsyncContextManager[World]:
    """Open the desk, and have commands open it, with keys of which the first one wraps."""
    keys = {name: BOTH[name] for name in names}
    write_ring(folder, names[0], keys)
    return open_world(folder, clock=clock, more_settings=ring(names[0], **keys))


def opened_by(key: str, folder: Path) -> list[bytes]:
    """Return whose data keys a ring key opens, whatever name it goes by."""
    named = KeyRing("one", dict.fromkeys(BOTH, b64decode(key)))
    with by_hand(folder) as database:
        rows = database.execute(
            "SELECT conversation_id, ring_key, wrapped FROM data_key"
        ).fetchall()
    assert len(rows) > 3
    opened = []
    for owner, name, wrapped in rows:
        with contextlib.suppress(SealError):
            named.unwrap(ConversationId(bytes(owner)), WrappedKey(name, bytes(wrapped)))
            opened.append(bytes(owner))
    return opened


async def test_a_copy_from_before_a_purge_shows_nothing_of_it(copies: Copies) -> None:
    folder, clock = copies.folder, MovableClock(START, frozen=True)
    async with desk(folder, clock, "one") as world:
        chen, purged = await closed(world)
        lin = await complaint(world, "lin-xiaoyu")
        clock.move(20 * DAY)
        wu = await complaint(world, "wu-min")
        later = await answered(world, wu)
    before = copies.make()
    clock.move(11 * DAY)
    async with desk(folder, clock, "one") as world:
        assert (await run(world)).requests == (purged.number,)
    async with desk(folder, clock, "two", "one") as world:
        await world.services.maintenance.wrapping.rewrap("one", limit=1000)
    since = copies.make()
    clock.move(20 * DAY)
    async with desk(folder, clock, "two") as world:
        assert (await run(world)).requests == (later.number,)

    copies.restore(before)
    with pytest.raises(SettingsError, match="has no key named 'one'"):
        async with desk(folder, clock, "two"):
            pass
    for command in ("restored", "check"):
        refused = await db(folder, command)
        assert refused.code == 1
        assert "'one'" in refused.err + refused.out
    assert opened_by(OLD, folder)
    assert not opened_by(NEW, folder)

    # A copy that the present key opens: what was deleted since goes again, before anything else.
    copies.restore(since)
    done = await db(folder, "restored")
    assert (done.code, done.err) == (0, "")
    async with desk(folder, clock, "two") as world:
        report = await world.services.maintenance.retention.run_if_due()
        assert report is not None
        assert report.requests == (later.number,)
        reader = world.services.store.reader
        for player in (chen, wu):
            assert player.session is not None
            events = await reader.events(player.session.conversation, after=0, limit=1000)
            assert events
            assert RARE not in repr(events)
        again = await enter(world, "lin")
        assert again.session is not None
        assert lin.session is not None
        assert again.session.conversation == lin.session.conversation
        assert RARE in repr(again.events)
        await again.step({"agent": {"resolve": "done"}})
        assert (await again.tickets())[0].state is TicketState.CLOSED
        await world.services.maintenance.sealer.seal_pending()
        trail = world.services.maintenance.trail
        (entry,) = await trail.entries(what="database_restored")
        assert entry.entry.by == "operator"
        assert (await trail.check()).fault is None


def sealed_texts(folder: Path, owner: ConversationId) -> list[tuple[bytes, bytes]]:
    """Return what the database has sealed of a conversation's log and its requests' logs.

    Each with what it is bound to.
    """
    found = []
    with by_hand(folder) as database:
        for table, binding in (("event", event.BINDING), ("ticket_log", ticket_log.BINDING)):
            names = ", ".join(f'"{name}"' for name in (*binding.columns, "body"))
            for values in database.execute(f"SELECT {names} FROM {table}").fetchall():  # noqa: S608 - of our own names
                plain = [bytes(one) if isinstance(one, memoryview) else one for one in values]
                row = SimpleNamespace(**dict(zip((*binding.columns, "body"), plain, strict=True)))
                if row.conversation_id == owner:
                    found.append((binding.associated_data_of_row(row), row.body))
    return found


def seal_of(folder: Path, owner: ConversationId, **keys: str) -> Seal:
    """Return the seal whose key the database has wrapped for a conversation."""
    given = {name: b64decode(key) for name, key in keys.items()}
    with by_hand(folder) as database:
        rows = database.execute(
            "SELECT conversation_id, ring_key, wrapped FROM data_key"
        ).fetchall()
    ((name, wrapped),) = (rest for one, *rest in rows if bytes(one) == owner)
    return Seal(KeyRing(name, given).unwrap(owner, WrappedKey(name, bytes(wrapped))))


def opened_with(seal: Seal, sealed: list[tuple[bytes, bytes]]) -> list[bytes]:
    opened = []
    for bound, value in sealed:
        with contextlib.suppress(SealError):
            opened.append(seal.open(bound, value))
    return opened


async def test_the_present_keys_open_nothing_of_before_of_who_goes_on(copies: Copies) -> None:
    folder, clock = copies.folder, MovableClock(START, frozen=True)
    async with desk(folder, clock, "one") as world:
        chen, purged = await closed(world)
        assert chen.session is not None
        home = chen.session.conversation
        clock.move(20 * DAY)
        await chen.step({"user": "還有一件事"})
    before = copies.make()
    clock.move(11 * DAY)
    async with desk(folder, clock, "one") as world:
        again = await enter(world, "chen")
        reader = world.services.store.reader
        assert RARE in repr(await reader.events(home, after=0, limit=1000))
        assert (await run(world)).requests == (purged.number,)
        # The process that has read with the key of before goes on.
        await again.step({"user": "再問一下"})
        texts = [e.text for e in await reader.events(home, after=0, limit=1000)]
        assert {"還有一件事", "再問一下"} <= set(texts)
        await world.services.maintenance.sealer.seal_pending()
        assert (await world.services.maintenance.trail.check()).fault is None
    async with desk(folder, clock, "two", "one") as world:
        await world.services.maintenance.wrapping.rewrap("one", limit=1000)
    async with desk(folder, clock, "two") as world:
        reader = world.services.store.reader
        assert [e.text for e in await reader.events(home, after=0, limit=1000)] == texts
        checked = [one async for one in world.services.maintenance.integrity.verify()]
        assert not [fault for one in checked for fault in one.faults]
    present = seal_of(folder, home, two=BOTH["two"])
    assert len(opened_with(present, sealed_texts(folder, home))) > 2

    copies.restore(before)
    sealed = sealed_texts(folder, home)
    own = seal_of(folder, home, one=BOTH["one"])
    assert RARE.encode() in b"".join(opened_with(own, sealed))
    assert not opened_with(present, sealed)
