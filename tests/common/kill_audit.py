"""What must hold in the database after a fault, before anybody has repaired anything.

Also while the desk serves: the clients of the same event loop stand still meanwhile, and all is
read in one transaction.
"""

from __future__ import annotations

import sqlite3
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from tests.common.kill_client import Client
from tests.common.kill_server import Outside
from tests.common.stories import HASHING_SECRET, RING_SECRET

from privacydesk.clock import SystemClock
from privacydesk.domain.identity import Target, TargetKind
from privacydesk.domain.ids import ConversationId
from privacydesk.storage.codec import to_micros
from privacydesk.storage.hashing import KeyedHashing
from privacydesk.storage.sealing import KeyRing
from privacydesk.storage.store import SqlStore

ENTRIES = 3
_HASHING = KeyedHashing(HASHING_SECRET)

Logs = dict[bytes, list[tuple[int, str | None]]]
"""Of each conversation, offset and job id in order."""


Database = Any
"""A connection of ``sqlite3`` or ``psycopg``: both run statements without parameters alike."""


@contextmanager
def opened(url: str) -> Iterator[Database]:
    """Open a transaction in which each statement sees the same rows.

    Args:
        url: the address of the database, as settings name it.
    """
    kind, _, path = url.partition("://")
    connection: Database
    if kind == "sqlite":
        connection = sqlite3.connect(path.removeprefix("/"), isolation_level=None)
        connection.execute("BEGIN")
    else:
        connection = psycopg.connect(url)
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    try:
        yield connection
        connection.commit()
    finally:
        connection.close()


def audit(url: str, clients: Sequence[Client], outside: Outside) -> Logs:
    """Replay what clients saw against the database.

    Raises:
        AssertionError: something acknowledged is missing or there twice.
    """
    with opened(url) as database:
        logs = _gapless_logs(database)
        homes = {job: (home, offset) for home, log in logs.items() for offset, job in log if job}
        assert len(homes) == sum(1 for log in logs.values() for _, job in log if job)
        for client in clients:
            home = conversation_of(client, homes)
            for frame_id, sent in client.sent.items():
                if sent.offset:
                    found = homes.get(frame_id)
                    assert found == (home, sent.offset), "an acknowledged message is lost"
            if client.cursor:
                assert home is None or len(logs[home]) >= client.cursor, "shown events are lost"
        _no_attempt_is_forgotten(database, clients, homes)
        _no_outbox_row_is_lost(database, clients, homes, outside)
        _no_ticket_is_lost(database, clients)
    return logs


def conversation_of(client: Client, homes: dict[str, tuple[bytes, int]]) -> bytes | None:
    """Return a client's conversation; None before its first message is stored."""
    return next((homes[one][0] for one in client.sent if one in homes), None)


def _gapless_logs(database: Database) -> Logs:
    logs: Logs = defaultdict(list)
    rows = database.execute(
        'SELECT conversation_id, "offset", job_id FROM event ORDER BY conversation_id, "offset"'
    )
    for home, offset, job in rows:
        logs[home].append((offset, job))
    versions = dict(database.execute("SELECT id, version FROM conversation"))
    assert versions.keys() == logs.keys()
    for home, log in logs.items():
        assert [offset for offset, _ in log] == list(range(1, len(log) + 1)), "a gap"
        assert versions[home] == len(log), "the version is not the last offset"
    return logs


def _no_attempt_is_forgotten(
    database: Database,
    clients: Sequence[Client],
    homes: dict[str, tuple[bytes, int]],
) -> None:
    rows = {
        key: (left, bool(code))
        for key, left, code in database.execute("SELECT id, entries_left, code_hash FROM challenge")
    }
    for client in clients:
        wrong: dict[str, int] = defaultdict(int)
        used: set[str] = set()
        sent_to: set[str] = set()
        eras: dict[str, set[int]] = defaultdict(set)
        for frame_id, sent in client.sent.items():
            if frame_id not in homes or "@" not in sent.contact:
                continue
            eras[sent.contact] |= sent.eras | (set() if sent.offset else {client.clock.era})
            if sent.wrong is None:
                sent_to.add(sent.contact)
            elif sent.wrong:
                wrong[sent.contact] += 1
            else:
                used.add(sent.contact)
        for contact in sent_to:
            label = Target(TargetKind.CONTACT, contact).counter()
            left, is_open = rows[_HASHING.challenge(label)]
            tried = wrong[contact]
            assert tried <= ENTRIES, "a code took more than three wrong entries"
            expected = 0 if contact in used else ENTRIES - tried
            if len(eras[contact]) > 1:
                # The code may have expired when the clock jumped, and counts no entries then.
                continue
            assert left == expected, (
                f"{tried} wrong entries, yet {left} are left; {_history(client, contact)}"
            )
            assert is_open == (left > 0)


def _history(client: Client, contact: str) -> str:
    """Return what a client did about an address and what it was answered, for a failure's words."""
    told = [
        (
            frame_id,
            sent.wrong,
            [
                client.events[sent.offset + step].get("key", "")
                for step in (1, 2)
                if sent.offset and sent.offset + step in client.events
            ],
        )
        for frame_id, sent in client.sent.items()
        if sent.contact == contact
    ]
    return f"client {client.number}, {contact} of {client.contacts[-3:]}: {told}"


def _no_outbox_row_is_lost(
    database: Database,
    clients: Sequence[Client],
    homes: dict[str, tuple[bytes, int]],
    outside: Outside,
) -> None:
    rows: dict[bytes, set[str]] = defaultdict(set)
    done: set[str] = set()
    for row, home, state, give_up_at in database.execute(
        "SELECT id, conversation_id, state, give_up_at FROM outbox WHERE action = 'send_code'"
    ):
        rows[home].add(row.hex())
        # What could not be sent in time is done as well, once the gateway has failed.
        may_be_given_up = outside.has_failed and give_up_at < to_micros(clients[0].clock.latest)
        if state == "done" and not may_be_given_up:
            done.add(row.hex())
    for client in clients:
        home = conversation_of(client, homes)
        if home is None or client.account:
            continue
        named = [c for c in client.sent.values() if c.contact and c.wrong is None]
        stored = [c for c in named if str(c.frame["id"]) in homes]
        assert len(rows[home]) == len(stored), "a code's outbox row is lost"
        for sent in stored:
            received = outside.codes.get(sent.contact, {})
            assert len(received) <= 1, "two rows for one code"
            for key, codes in received.items():
                assert key in rows[home]
                assert len(set(codes)) == 1, "one row sent two codes"
    sent_keys = {key for keys in outside.codes.values() for key in keys}
    assert done <= sent_keys, "a row counts as done and was not sent"


def _no_ticket_is_lost(database: Database, clients: Sequence[Client]) -> None:
    stored = {number for (number,) in database.execute("SELECT number FROM ticket_number")}
    shown = {
        event["data"]["ticket"]["number"].replace("-", "")
        for client in clients
        for event in client.events.values()
        if event["kind"] == "ticket"
    }
    assert shown <= {number.replace("-", "") for number in stored}, "a shown ticket is lost"


async def audit_texts(url: str, clients: Sequence[Client], logs: Logs) -> int:
    """Check that the sealed log says what the clients were shown; return how many events."""
    homes = {job: (home, offset) for home, log in logs.items() for offset, job in log if job}
    compared = 0
    ring = KeyRing("one", {"one": RING_SECRET})
    async with SqlStore(url, ring, SystemClock()) as store:
        for client in clients:
            home = conversation_of(client, homes)
            if home is None:
                continue
            stored = await store.reader.events(ConversationId(home), after=0, limit=1_000_000)
            for event in stored[: client.cursor]:
                shown = client.events[event.offset]
                assert (shown["text"], shown.get("key", "")) == (event.text, event.key)
                compared += 1
    return compared


def open_rows(url: str) -> list[tuple[str, int, int]]:
    """Return action, tries and instant of each outbox row that still has to be worked on."""
    with opened(url) as database:
        rows = database.execute("SELECT action, attempts, due_at FROM outbox WHERE state = 'open'")
        return [(str(action), int(attempts), int(due_at)) for action, attempts, due_at in rows]


def end_leases(url: str) -> None:
    """Let the minute pass for which a killed worker holds its rows, and any pause before a retry.

    A row made while the clock was ahead is due now, too.
    """
    now = int(time.time() * 1_000_000)
    with opened(url) as database:
        database.execute(f"UPDATE outbox SET due_at = {now} WHERE state = 'open'")  # noqa: S608
