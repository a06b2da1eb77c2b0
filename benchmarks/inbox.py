"""Measures the inbox: 100,000 tickets, 10,000 of them open, embedded mode, 20 agents.

    python benchmarks/inbox.py [--tickets 100000] [--open 10000] [--agents 20] [--seconds 10]

The database is filled with sealed rows as the writer makes them. Then every agent opens a view a
second, first page or a later one, every third time filtered, or searches; agents and desk share
one process, so the times hold the client's work as well. On a machine that others use, too, go by
the processor's time an answer.
``--plans`` shows how SQLite finds each view. The goal: 95 of 100 answers within 50 ms.
"""

# ruff: noqa: SLF001 - rows are laid down by the hundred thousand, past the writer

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import structlog

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.common.console_client import Browser, Office, open_office

from privacydesk.domain.agents import Role
from privacydesk.domain.conversation import Conversation
from privacydesk.domain.identity import Assurance
from privacydesk.domain.ids import ConversationId, LookupHash, TicketId
from privacydesk.domain.inbox_views import (
    NO_FILTER,
    InboxFilter,
    InboxView,
    PageCursor,
    ViewerContext,
)
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.ticket import Outcome, Requester, ScopeItem, Ticket, TicketState
from privacydesk.storage import inbox_queries, tables
from privacydesk.storage.data_keys import get_or_create_digest_key
from privacydesk.storage.id_generator import SecureIdGenerator
from privacydesk.storage.rows.conversation import conversation_row
from privacydesk.storage.rows.ticket import number_row, person_hashes, ticket_row
from privacydesk.storage.store import SqlStore

GOAL_MS = 50.0
BATCH = 2_000
SIGN_IN_EVERY = 3.5
OPEN_STATES = (
    TicketState.IN_REVIEW, TicketState.IN_REVIEW, TicketState.IN_REVIEW,
    TicketState.AWAITING_REQUESTER, TicketState.AWAITING_CONFIRMATION, TicketState.FULFILLING,
    TicketState.AWAITING_VERIFICATION, TicketState.AWAITING_VERIFICATION,
)  # fmt: skip
COMMON = tuple(kind for kind in RequestKind if kind is not RequestKind.UNDERAGE_REPORT)
RARE = RequestKind.UNDERAGE_REPORT
"""A kind that one request in a thousand is of: a filter by it reads the whole view."""
FINEST = InboxFilter(RARE, "en", "agent-0")
FILTERS = (f"&kind={RARE.value}", "&kind=deletion", "&language=en", "&kind=access&language=zh_Hant")


def made(office: Office, number: int, is_open: bool, holders: list[str]) -> Ticket:
    """Return a ticket as it might have come in over the last weeks."""
    services, minter, dice = office.world.services, SecureIdGenerator(), random.Random(number)
    now = office.clock.now()
    received = now - timedelta(minutes=dice.randrange(60 * 24 * (12 if is_open else 400)))
    state = dice.choice(OPEN_STATES) if is_open else TicketState.CLOSED
    kind = RARE if dice.random() < 0.001 else dice.choice(COMMON)
    verified = None if state is TicketState.AWAITING_VERIFICATION else received
    flags = {"document"} if verified is None and dice.random() < 0.5 else set()
    flags |= {"minor"} if dice.random() < 0.05 else set()
    flags |= {"objection"} if dice.random() < 0.03 else set()
    account = f"u-{number // 3}"
    ticket = Ticket(
        id=TicketId(minter.id(received)),
        number=minter.ticket_number(),
        conversation_id=ConversationId(minter.id(received)),
        kind=kind,
        state=state,
        received_at=received,
        locale=dice.choice(("zh_Hans", "zh_Hant", "en")),
        requester=Requester.GUARDIAN if kind is RequestKind.GUARDIAN else Requester.SUBJECT,
        items=(ScopeItem("posts"), ScopeItem("voice")),
        account=account,
        account_hash=LookupHash(number.to_bytes(32, "big")),
        verified_at=verified,
        required_assurance=Assurance.ONE_TIME_CODE,
        answered_at=received if state in {TicketState.CLOSED, TicketState.FULFILLING} else None,
        closed_at=None if is_open else received + timedelta(days=3),
        outcome=None if is_open else Outcome.FULFILLED,
        holder=dice.choice(holders) if dice.random() < 0.7 else "",
        flags=frozenset(flags),
        version=1,
    )
    return services.deadlines.start_deadlines(ticket, verified, now) if verified else ticket


def fill(office: Office, tickets: int, still_open: int, holders: list[str]) -> None:
    """Write the rows."""
    store = office.world.services.store
    assert isinstance(store, SqlStore)
    all_of_them = (made(office, n, n < still_open, holders) for n in range(tickets))
    while batch := list(islice(all_of_them, BATCH)):
        with store._writing.begin() as connection:
            for table, rows in _rows(store, batch):
                connection.execute(sa.insert(table), rows)


def _rows(store: SqlStore, batch: list[Ticket]) -> Iterator[tuple[sa.Table, list[dict[str, Any]]]]:
    seals = {}
    keys = []
    for ticket in batch:
        seal, wrapped = store.reader._seals.make(ticket.conversation_id)
        seals[ticket.id] = seal
        keys.append(
            {
                "conversation_id": ticket.conversation_id,
                "ring_key": wrapped.ring_key,
                "wrapped": wrapped.wrapped,
            }
        )
    yield tables.data_key, keys
    yield (
        tables.conversation,
        [
            conversation_row(
                Conversation(ticket.conversation_id, "e", ticket.received_at),
                seals[ticket.id],
            )
            for ticket in batch
        ],
    )
    yield tables.ticket, [ticket_row(ticket, seals[ticket.id]) for ticket in batch]
    with store._writing.begin() as connection:
        key = get_or_create_digest_key(connection, store.reader._seals)
    yield tables.ticket_number, [number_row(t, key) for t in batch]
    yield (
        tables.ticket_person,
        [
            {"hash": person, "ticket_id": t.id, "conversation_id": t.conversation_id}
            for t in batch
            for person in person_hashes(t)
        ],
    )


def show_plans(office: Office) -> None:
    """Print how SQLite finds each pile."""
    store = office.world.services.store
    assert isinstance(store, SqlStore)
    now = datetime(2026, 6, 1, tzinfo=UTC)
    watch = ViewerContext("mei", now, now + timedelta(days=2))
    with store._reading.connect() as connection:
        for pile in InboxView:
            for sieve in (NO_FILTER, FINEST):
                for after in (None, PageCursor(now, TicketId(bytes(16)))):
                    query, wanted = inbox_queries.select_page(pile, watch, sieve, after, 51)
                    name = f"{pile.value}{', filtered' if sieve else ''}"
                    _explain(connection, name, query, wanted)
        _explain(connection, "counts", inbox_queries.COUNTS, inbox_queries.viewer_parameters(watch))


def _explain(
    connection: sa.Connection, name: str, query: sa.Select[Any], wanted: dict[str, Any]
) -> None:
    compiled = query.compile(connection)
    values = compiled.construct_params(wanted)
    bound = tuple(values[key] for key in compiled.positiontup or ())
    rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", bound)
    print(f"  {name}: " + "; ".join(row[3] for row in rows))


async def work(browser: Browser, seconds: float, times: list[float]) -> None:
    """Open a view a second."""
    dice = random.Random(id(browser))
    views = [pile.value for pile in InboxView] + ["queue"]
    ends = time.perf_counter() + seconds
    more = ""
    await asyncio.sleep(dice.random())
    while time.perf_counter() < ends:
        address = more or f"/console/inbox?view={dice.choice(views)}"
        if not more and dice.random() < 0.3:
            address += dice.choice(FILTERS)
        if not more and dice.random() < 0.1:
            address = f"/console/inbox?q=u-{dice.randrange(3000)}"
        begun = time.perf_counter()
        answer = await browser.client.get(address, headers={"Accept": "text/html"})
        text = await answer.text()
        times.append((time.perf_counter() - begun) * 1000)
        assert answer.status == 200, answer.status
        _, _, rest = text.partition('class="more"><a class="button" href="')
        more = rest.partition('"')[0].replace("&amp;", "&") if dice.random() < 0.5 else ""
        await asyncio.sleep(max(0.0, 1.0 - (time.perf_counter() - begun)))


async def measure(options: argparse.Namespace) -> bool:
    """Fill, sign everybody in, work, and judge."""
    with tempfile.TemporaryDirectory() as folder:
        async with open_office(Path(folder)) as office:
            names = [f"agent-{n}" for n in range(options.agents)]
            for name in names:
                await office.world.services.staff.roster.add(name, name, Role.AGENT)
            await office.world.services.refresh_agents()
            begun = time.perf_counter()
            await asyncio.to_thread(fill, office, options.tickets, options.open, names)
            print(f"filled in {time.perf_counter() - begun:.0f} s")
            if options.plans:
                show_plans(office)
            browsers = []
            for name in names:
                browsers.append(await office.signed_in(name))
                # Passwords and codes are taken at a limited rate from one address.
                await asyncio.sleep(SIGN_IN_EVERY)
            await work(browsers[0], 2.0, [])
            times: list[float] = []
            spent = time.process_time()
            await asyncio.gather(*(work(one, options.seconds, times) for one in browsers))
            spent = time.process_time() - spent
    cuts = statistics.quantiles(times, n=100)
    print(f"{len(times)} answers: p50 {cuts[49]:.1f} ms, p95 {cuts[94]:.1f} ms, p99 {cuts[98]:.1f}")
    print(f"  {spent / len(times) * 1000:.1f} ms of processor an answer, its agent's side included")
    met = cuts[94] <= GOAL_MS
    print(f"  {'met   ' if met else 'MISSED'}  p95 {cuts[94]:.1f} (≤ {GOAL_MS:.0f})")
    return met


def main() -> None:
    """Measure and say how it went."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tickets", type=int, default=100_000)
    parser.add_argument("--open", type=int, default=10_000)
    parser.add_argument("--agents", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--plans", action="store_true")
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    sys.exit(0 if asyncio.run(measure(parser.parse_args())) else 1)


if __name__ == "__main__":
    main()
