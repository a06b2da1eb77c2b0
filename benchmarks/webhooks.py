"""How many webhooks a second one process sends to a receiver on this machine, from SQLite.

    python benchmarks/webhooks.py --tickets 2000 --changes 4 [--endpoints 1] [--uvloop]

Tickets are filed and changed first, so that all of it waits; then the worker of ``serve`` sends it.
The receiver is a process of its own, which answers 204. At the end what it took is checked: every
event once, those of a ticket in order, and what the desk's log says of them.
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
_FILED_AT_ONCE = 256


def receive(pipe: Connection, *, fast: bool) -> None:
    """Take messages until told to stop; then say which, by path, in order."""
    taken: dict[str, list[tuple[str, str, int]]] = defaultdict(list)

    async def take(request: web.Request) -> web.Response:
        message = json.loads(await request.read())
        data = message["data"]
        taken[request.path].append((message["id"], data["ticket_id"], data["sequence"]))
        return web.Response(status=204)

    async def serve() -> None:
        app = web.Application()
        app.router.add_post("/{name}", take)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        pipe.send(runner.addresses[0][1])
        await asyncio.to_thread(pipe.recv)
        await runner.cleanup()
        pipe.send(dict(taken))

    _run(serve(), fast=fast)


def _run(work: object, *, fast: bool) -> None:
    if fast:
        import uvloop  # noqa: PLC0415 - only where it installs

        uvloop.run(work)  # type: ignore[arg-type]
    else:
        asyncio.run(work)  # type: ignore[arg-type]


async def fill(store: SqlStore, tickets: int, changes: int) -> None:
    """File tickets, and have others hold each of them in turn."""
    home = ConversationId(secrets.token_bytes(16))
    begun = Conversation(home, "epoch", datetime.now(UTC))
    await store.writer.submit(Job("begin", Locks(home), lambda _: Changes(conversation=begun)))
    ids = [TicketId(secrets.token_bytes(16)) for _ in range(tickets)]
    for first in range(0, tickets, _FILED_AT_ONCE):
        some = ids[first : first + _FILED_AT_ONCE]
        await asyncio.gather(*(_file(store, home, one, changes) for one in some))


async def _file(store: SqlStore, home: ConversationId, identity: TicketId, changes: int) -> None:
    now = datetime.now(UTC)
    ticket = Ticket(
        id=identity,
        number=f"PD-{identity.hex()[:12]}",
        conversation_id=home,
        kind=RequestKind.ACCESS,
        state=TicketState.IN_REVIEW,
        received_at=now,
        locale="en",
        version=1,
    )
    filed = Changes(tickets=(ticket,), ticket_log=(LogEntry(identity, now, "requester", "filed"),))
    await store.writer.submit(Job(f"file:{identity.hex()}", Locks(), lambda _: filed))
    for n in range(changes - 1):

        def claim(rows: WorkingSet, n: int = n) -> Changes:
            before = rows.tickets[identity]
            after = replace(before, holder=f"agent-{n}", version=before.version + 1)
            return Changes(tickets=(after,), ticket_log=(LogEntry(identity, now, "mei", "claim"),))

        await store.writer.submit(
            Job(f"claim:{identity.hex()}:{n}", Locks(tickets=(identity,)), claim)
        )


async def drain(store: SqlStore, endpoints: Endpoints, wanted: int) -> None:
    """Send all that waits, and print how quickly that was."""
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
        began, cpu = time.perf_counter(), time.process_time()
        while sum(one.waiting for one in await endpoints.all()):  # noqa: ASYNC110 - looked at from outside, as staff do
            await asyncio.sleep(0.05)
        elapsed, cpu = time.perf_counter() - began, time.process_time() - cpu
        worker.cancel()
        with suppress(asyncio.CancelledError):
            await worker
    print(
        f"{wanted / elapsed:8.0f} events/s  {wanted} in {elapsed:.2f} s"
        f"  cpu/event {cpu / wanted * 1e6:.0f} us"
    )


def verdict(taken: dict[str, list[tuple[str, str, int]]], wanted: int) -> str:
    """Return what is wrong with what was taken."""
    if sum(len(came) for came in taken.values()) != wanted:
        return "LOST OR DOUBLE"
    for came in taken.values():
        if len({event for event, _, _ in came}) != len(came):
            return "DOUBLE"
        last: dict[str, int] = {}
        for _, ticket, sequence in came:
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
        wanted = sum(one.waiting for one in await endpoints.all())
        await drain(store, endpoints, wanted)
        parked = sum(one.parked for one in await endpoints.all())
        print(f"         parked {parked}")
        return wanted


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tickets", type=int, default=2_000)
    parser.add_argument("--changes", type=int, default=4, help="events of one ticket")
    parser.add_argument("--endpoints", type=int, default=1)
    parser.add_argument("--uvloop", action="store_true")
    options = parser.parse_args()
    here, there = multiprocessing.Pipe()
    context = multiprocessing.get_context("spawn")
    receiver = context.Process(target=receive, args=(there,), kwargs={"fast": options.uvloop})
    receiver.start()
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'desk.db'}"
        upgrade(url)
        counted: list[int] = []

        async def work() -> None:
            counted.append(await measure(url, here.recv(), options))

        _run(work(), fast=options.uvloop)
    here.send("stop")
    print(f"         receiver {verdict(here.recv(), counted[0])}")
    receiver.join()


if __name__ == "__main__":
    main()
