"""Measures the webhooks per second that one process sends to a local receiver, from SQLite.

    python benchmarks/webhooks.py --tickets 2000 --changes 4 [--endpoints 1] [--uvloop]

First tickets are filed and changed, so that their webhooks wait; then the worker of ``serve`` sends
them. The receiver is a process of its own that answers 204. At the end its messages are checked:
each event once, and the events of a ticket in order.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import secrets
import tempfile
import time
from collections import defaultdict
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from multiprocessing.connection import Connection
from pathlib import Path

from aiohttp import web
from msgspec.structs import replace

from privacydesk.clock import SystemClock
from privacydesk.connectors.webhook_addresses import AddressRules
from privacydesk.connectors.webhooks import connect_webhooks
from privacydesk.domain.conversation import Conversation
from privacydesk.domain.ids import ConversationId, TicketId
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.ticket import LogEntry, Ticket, TicketState
from privacydesk.ports import Changes, Job, Locks, WorkingSet
from privacydesk.services.webhooks.endpoints import Endpoints
from privacydesk.services.webhooks.sending import Sending
from privacydesk.storage.id_generator import SecureIdGenerator
from privacydesk.storage.schema import upgrade
from privacydesk.storage.store import SqlStore
from privacydesk.storage.temporary_store import random_ring
from privacydesk.worker.throttle import Throttle
from privacydesk.worker.webhooks import WebhookWorker

LOOPBACK = AddressRules([ip_network("127.0.0.0/8")])
_BATCH_SIZE = 256


def receive(pipe: Connection, *, fast: bool) -> None:
    """Receive messages until told to stop; then send them, by path and in order."""
    received: dict[str, list[tuple[str, str, int]]] = defaultdict(list)

    async def handle(request: web.Request) -> web.Response:
        message = json.loads(await request.read())
        data = message["data"]
        received[request.path].append((message["id"], data["ticket_id"], data["sequence"]))
        return web.Response(status=204)

    async def serve() -> None:
        app = web.Application()
        app.router.add_post("/{name}", handle)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        pipe.send(runner.addresses[0][1])
        await asyncio.to_thread(pipe.recv)
        await runner.cleanup()
        pipe.send(dict(received))

    _run(serve(), fast=fast)


def _run(work: object, *, fast: bool) -> None:
    if fast:
        import uvloop  # noqa: PLC0415 - only where it installs

        uvloop.run(work)  # type: ignore[arg-type]
    else:
        asyncio.run(work)  # type: ignore[arg-type]


async def fill(store: SqlStore, tickets: int, changes: int) -> None:
    """File tickets, and change the holder of each several times."""
    conversation_id = ConversationId(secrets.token_bytes(16))
    conversation = Conversation(conversation_id, "epoch", datetime.now(UTC))
    await store.writer.submit(
        Job("begin", Locks(conversation_id), lambda _: Changes(conversation=conversation))
    )
    ids = [TicketId(secrets.token_bytes(16)) for _ in range(tickets)]
    for first in range(0, tickets, _BATCH_SIZE):
        batch = ids[first : first + _BATCH_SIZE]
        await asyncio.gather(
            *(file_ticket(store, conversation_id, ticket_id, changes) for ticket_id in batch)
        )


async def file_ticket(
    store: SqlStore, conversation_id: ConversationId, ticket_id: TicketId, changes: int
) -> None:
    """File a ticket and have it claimed until it has had as many changes as wanted."""
    now = datetime.now(UTC)
    ticket = Ticket(
        id=ticket_id,
        number=f"PD-{ticket_id.hex()[:12]}",
        conversation_id=conversation_id,
        kind=RequestKind.ACCESS,
        state=TicketState.IN_REVIEW,
        received_at=now,
        locale="en",
        version=1,
    )
    filed = Changes(tickets=(ticket,), ticket_log=(LogEntry(ticket_id, now, "requester", "filed"),))
    await store.writer.submit(Job(f"file:{ticket_id.hex()}", Locks(), lambda _: filed))
    for n in range(changes - 1):

        def claim(rows: WorkingSet, n: int = n) -> Changes:
            before = rows.tickets[ticket_id]
            after = replace(before, holder=f"agent-{n}", version=before.version + 1)
            return Changes(tickets=(after,), ticket_log=(LogEntry(ticket_id, now, "mei", "claim"),))

        await store.writer.submit(
            Job(f"claim:{ticket_id.hex()}:{n}", Locks(tickets=(ticket_id,)), claim)
        )


async def drain(store: SqlStore, endpoints: Endpoints, event_count: int) -> None:
    """Send all waiting webhooks, and print the rate."""
    clock = SystemClock()
    async with connect_webhooks(LOOPBACK, clock) as sender:
        sending = Sending(
            queue=store.webhook_queue,
            book=store.webhook_store,
            sender=sender,
            clock=clock,
            chance=lambda: 0.0,
            keep=timedelta(days=30),
        )
        throttle = Throttle(lambda: store.writer.taken)
        worker = asyncio.create_task(WebhookWorker(sending, clock, throttle).run())
        started, cpu = time.perf_counter(), time.process_time()
        while sum(endpoint.waiting for endpoint in await endpoints.all()):  # noqa: ASYNC110 - polled, as the console does
            await asyncio.sleep(0.05)
        elapsed, cpu = time.perf_counter() - started, time.process_time() - cpu
        worker.cancel()
        with suppress(asyncio.CancelledError):
            await worker
    print(
        f"{event_count / elapsed:8.0f} events/s  {event_count} in {elapsed:.2f} s"
        f"  cpu/event {cpu / event_count * 1e6:.0f} us"
    )


def verdict(received: dict[str, list[tuple[str, str, int]]], event_count: int) -> str:
    """Return the fault of the received messages, or ``clean``."""
    if sum(len(messages) for messages in received.values()) != event_count:
        return "LOST OR DOUBLE"
    for messages in received.values():
        if len({event for event, _, _ in messages}) != len(messages):
            return "DOUBLE"
        last: dict[str, int] = {}
        for _, ticket, sequence in messages:
            if sequence < last.get(ticket, 0):
                return "OUT OF ORDER"
            last[ticket] = sequence
    return "clean"


async def measure(url: str, port: int, options: argparse.Namespace) -> int:
    async with SqlStore(url, random_ring(), SystemClock()) as store:
        book = store.webhook_store
        endpoints = Endpoints(book, LOOPBACK.check, SecureIdGenerator(), SystemClock())
        for n in range(options.endpoints):
            await endpoints.add(f"http://127.0.0.1:{port}/{n}", by="operator")
        await fill(store, options.tickets, options.changes)
        event_count = sum(endpoint.waiting for endpoint in await endpoints.all())
        await drain(store, endpoints, event_count)
        parked = sum(endpoint.parked for endpoint in await endpoints.all())
        print(f"         parked {parked}")
        return event_count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tickets", type=int, default=2_000)
    parser.add_argument("--changes", type=int, default=4, help="events of one ticket")
    parser.add_argument("--endpoints", type=int, default=1)
    parser.add_argument("--uvloop", action="store_true")
    options = parser.parse_args()
    parent_pipe, child_pipe = multiprocessing.Pipe()
    context = multiprocessing.get_context("spawn")
    receiver = context.Process(target=receive, args=(child_pipe,), kwargs={"fast": options.uvloop})
    receiver.start()
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'desk.db'}"
        upgrade(url)
        event_counts: list[int] = []

        async def work() -> None:
            event_counts.append(await measure(url, parent_pipe.recv(), options))

        _run(work(), fast=options.uvloop)
    parent_pipe.send("stop")
    print(f"         receiver {verdict(parent_pipe.recv(), event_counts[0])}")
    receiver.join()


if __name__ == "__main__":
    main()
