"""Short ways to make jobs and rows for the tests of storage."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from msgspec.structs import replace
from sqlalchemy.dialects import sqlite

from privacydesk.domain.conversation import Conversation
from privacydesk.domain.deliveries import Channel, Delivery
from privacydesk.domain.events import Event, EventKind, Sender
from privacydesk.domain.evidence import Evidence
from privacydesk.domain.ids import ConversationId, DeliveryId, EvidenceId, LookupHash, TicketId
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.ticket import LogEntry, Ticket, TicketState
from privacydesk.ports import Changes, Job, Locks, WorkingSet
from privacydesk.storage import transactions
from privacydesk.storage.sealing import KeyRing
from privacydesk.storage.store import SqlStore

NOW = datetime(2026, 5, 4, 8, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
RING = KeyRing("k1", {"k1": b"1" * 32})

Decide = Callable[[WorkingSet], Changes]


def conversation_id(n: int = 1) -> ConversationId:
    return ConversationId(b"c%015d" % n)


def ticket_id(n: int = 1) -> TicketId:
    return TicketId(b"t%015d" % n)


def delivery_id(n: int = 1) -> DeliveryId:
    return DeliveryId(b"d%015d" % n)


def evidence_id(n: int = 1) -> EvidenceId:
    return EvidenceId(b"e%015d" % n)


def key(n: int = 1) -> LookupHash:
    return LookupHash(b"h%031d" % n)


def said(offset: int, text: str, job_id: str = "", at: datetime = NOW) -> Event:
    return Event(offset, at, Sender.USER, EventKind.TEXT, text=text, job_id=job_id)


def turn(job_id: str, text: str = "hello", **state: Any) -> Decide:
    """Append two events, changing the state beside."""

    def decide(rows: WorkingSet) -> Changes:
        before = rows.conversation
        assert before is not None
        n = before.version
        events = (said(n + 1, text, job_id), said(n + 2, f"re: {text}"))
        after = replace(before, version=n + 2, **state)
        return Changes(conversation=after, events=events, answer=text)

    return decide


def say(job_id: str, text: str = "hello", n: int = 1, **state: Any) -> Job:
    return Job(job_id, Locks(conversation_id(n)), turn(job_id, text, **state))


def hear(sender: Sender, n: int = 1) -> Job:
    """Append one event from somebody else than the user."""

    def decide(rows: WorkingSet) -> Changes:
        before = rows.conversation
        assert before is not None
        offset = before.version + 1
        event = Event(offset, NOW, sender, EventKind.TEXT, text="hello", job_id=name)
        return Changes(conversation=replace(before, version=offset), events=(event,))

    name = f"heard-{n}-{sender.value}"
    return Job(name, Locks(conversation_id(n)), decide)


def fail(error: Exception, job_id: str = "bad", n: int = 1) -> Job:
    def decide(_rows: WorkingSet) -> Changes:
        raise error

    return Job(job_id, Locks(conversation_id(n)), decide)


def leave(changes: Changes, locks: Locks = Locks(), job_id: str = "left") -> Job:  # noqa: B008
    return Job(job_id, locks, lambda _rows: changes)


async def begin(store: SqlStore, n: int = 1, *keys: LookupHash, **state: Any) -> Conversation:
    """Store an empty conversation."""
    fresh = Conversation(conversation_id(n), f"epoch-{n}", NOW, **state)
    await store.writer.submit(leave(Changes(conversation=fresh, keys=keys)))
    return fresh


def ticket(n: int = 1, **changed: Any) -> Ticket:
    values: dict[str, Any] = {
        "id": ticket_id(n),
        "number": f"PD-{n}",
        "conversation_id": conversation_id(1),
        "kind": RequestKind.ACCESS,
        "state": TicketState.IN_REVIEW,
        "received_at": NOW,
        "locale": "zh_Hans",
    }
    return Ticket(**{**values, **changed})


def note(n: int = 1, what: str = "note", **changed: Any) -> LogEntry:
    return LogEntry(ticket_id(n), NOW, "alice", what, **changed)


def delivery(n: int = 1, **changed: Any) -> Delivery:
    values: dict[str, Any] = {
        "id": delivery_id(n),
        "channel": Channel.ACCOUNT,
        "action": "bindings",
        "lane": b"lane-%d" % n,
        "conversation_id": conversation_id(1),
        "due_at": NOW,
        "created_at": NOW,
        "payload": {"account": "u-1"},
    }
    return Delivery(**{**values, **changed})


def evidence(n: int = 1, **changed: Any) -> Evidence:
    values: dict[str, Any] = {
        "id": evidence_id(n),
        "conversation_id": conversation_id(1),
        "name": "card.jpg",
        "media_type": "image/jpeg",
        "size": 5,
        "sha256": "0" * 64,
        "created_at": NOW,
        "body": b"image",
    }
    return Evidence(**{**values, **changed})


async def texts(store: SqlStore, n: int = 1) -> list[str]:
    events = await store.reader.events(conversation_id(n), after=0, limit=1000)
    return [event.text for event in events]


def query_plan(path: Path, statement: sa.ClauseElement) -> str:
    """Return how SQLite goes about a query or a change, a line a step."""
    compiled = statement.compile(dialect=sqlite.dialect(paramstyle="named"))
    text, names = str(compiled), dict.fromkeys(compiled.params, 1)
    with closing(sqlite3.connect(path)) as raw:
        rows = raw.execute(f"EXPLAIN QUERY PLAN {text}", names).fetchall()
    return "\n".join(row[3] for row in rows)


@contextmanager
def away(path: Path, *, replaced: bool) -> Iterator[None]:
    """Have the database elsewhere for a while, and a copy in its place or nothing."""
    elsewhere = path.rename(path.with_name("elsewhere.db"))
    if replaced:
        shutil.copy(elsewhere, path)
    yield
    assert path.exists() == replaced, "a missing file was made anew"
    elsewhere.replace(path)


def losing(
    losses: Iterator[bool], *, committed: bool
) -> Callable[[sa.Connection], AbstractContextManager[None]]:
    """Make transactions whose connection is lost at their end, before or after the commit."""

    @contextmanager
    def transaction(connection: sa.Connection) -> Iterator[None]:
        lost = next(losses, False)
        error = sa.exc.OperationalError(
            None, None, sqlite3.OperationalError("gone"), connection_invalidated=True
        )
        with transactions.transaction(connection):
            yield
            if lost and not committed:
                raise error
        if lost:
            raise error

    return transaction
