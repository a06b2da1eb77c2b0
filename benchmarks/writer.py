"""Measures the turns per second that the writer commits: in one process, encrypted, closed loop.

    python benchmarks/writer.py --senders 32 --seconds 5 [--uvloop] [--faults] [--url URL]

A turn appends two events to a conversation and replaces its state. With ``--faults``, 2 % of the
jobs are sent again and 1 in 500 raises. At the end the events are checked: no gaps, each answered
job stored once, nothing stored of failed jobs.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import secrets
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from msgspec.structs import replace

from privacydesk.clock import SystemClock
from privacydesk.domain.conversation import Conversation, Frame, Prompt
from privacydesk.domain.events import Choice, Event, EventKind, Sender
from privacydesk.domain.ids import ConversationId
from privacydesk.ports import Changes, FailedJobError, Job, Locks, WorkingSet
from privacydesk.storage.schema import upgrade
from privacydesk.storage.sealing import KeyRing
from privacydesk.storage.store import SqlStore
from privacydesk.storage.temporary_store import random_ring

_TEXT = "我想看看你们都存了我哪些资料 I would like to see the data you hold"
_CHOICES = tuple(
    Choice(id=name, key=f"flow.access.scope.{name}", label=name, value=name)
    for name in ("profile", "posts", "all")
)
_WARM_UP = 1.0


def decide(job_id: str, *, poisoned: bool) -> Callable[[WorkingSet], Changes]:
    def closure(rows: WorkingSet) -> Changes:
        before = rows.conversation
        assert before is not None
        if poisoned:
            raise ValueError
        now = datetime.now(UTC)
        n = before.version
        question = Event(n + 1, now, Sender.USER, EventKind.TEXT, text=_TEXT, job_id=job_id)
        answer = Event(
            n + 2,
            now,
            Sender.ASSISTANT,
            EventKind.TEXT,
            key="flow.access.ask_scope",
            text=_TEXT,
            locale="zh_Hans",
            choices=_CHOICES,
        )
        slots = {"scope": "profile", "since": "2020", "account": "u-1001"}
        after = replace(
            before,
            version=n + 2,
            stack=(Frame("access", "ask_scope", now, 1, slots),),
            prompt=Prompt(n + 2, _CHOICES, 1),
        )
        return Changes(conversation=after, events=(question, answer))

    return closure


@dataclass
class Tally:
    """The results of all senders."""

    measuring: bool = False
    stopped: bool = False
    latencies: list[float] = field(default_factory=list)
    answered: dict[ConversationId, list[str]] = field(default_factory=dict)
    duplicates: int = 0
    failed: int = 0


async def begin(store: SqlStore, conversation: ConversationId) -> None:
    fresh = Conversation(conversation, "epoch", datetime.now(UTC))
    job = Job("begin", Locks(conversation), lambda _: Changes(conversation=fresh))
    await store.writer.submit(job)


async def send(
    store: SqlStore, conversation: ConversationId, tally: Tally, *, faults: bool
) -> None:
    job_ids = tally.answered[conversation] = []
    count = 0
    rng = random.Random(conversation)
    while not tally.stopped:
        count += 1
        job_id = f"{conversation.hex()[:8]}-{count}"
        draw = rng.random() if faults else 1.0
        is_resent = draw < 0.02 and bool(job_ids)
        poisoned = not is_resent and draw > 0.998 and faults
        if is_resent:
            job_id = job_ids[-1]
        started = time.perf_counter()
        closure = decide(job_id, poisoned=poisoned)
        try:
            committed = await store.writer.submit(Job(job_id, Locks(conversation), closure))
        except FailedJobError:
            assert poisoned
            tally.failed += 1
        else:
            assert committed.duplicate == is_resent
            assert not poisoned
            if is_resent:
                tally.duplicates += 1
            else:
                job_ids.append(job_id)
        if tally.measuring:
            tally.latencies.append(time.perf_counter() - started)


async def check(store: SqlStore, tally: Tally) -> str:
    for conversation, jobs in tally.answered.items():
        events = await store.reader.events(conversation, after=0, limit=10_000_000)
        if [e.offset for e in events] != list(range(1, len(events) + 1)):
            return "GAPS"
        if [e.job_id for e in events if e.job_id] != jobs:
            return "LOST OR DOUBLE"
    return "clean"


async def measure(
    url: str, senders: int, seconds: float, *, faults: bool, ring: KeyRing | None = None
) -> None:
    """Measure a database; ``ring`` has its keys, if it has any yet."""
    tally = Tally()
    async with SqlStore(url, ring or random_ring(), SystemClock()) as store:
        conversations = [ConversationId(secrets.token_bytes(16)) for _ in range(senders)]
        await asyncio.gather(*(begin(store, c) for c in conversations))
        tasks = [asyncio.create_task(send(store, c, tally, faults=faults)) for c in conversations]
        await asyncio.sleep(_WARM_UP)
        tally.measuring, started, cpu = True, time.perf_counter(), time.process_time()
        await asyncio.sleep(seconds)
        tally.measuring = False
        elapsed, cpu = time.perf_counter() - started, time.process_time() - cpu
        tally.stopped = True
        await asyncio.gather(*tasks)
        ordered = sorted(tally.latencies)
        turns = len(ordered)
        print(
            f"{turns / elapsed:8.0f} turns/s  p50 {ordered[turns // 2] * 1e3:5.2f} ms"
            f"  p99 {ordered[int(turns * 0.99)] * 1e3:5.2f} ms"
            f"  cpu/turn {cpu / turns * 1e6:4.0f} us"
            f"  resent {tally.duplicates}  failed {tally.failed}  log {await check(store, tally)}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", help="default: a fresh SQLite file")
    parser.add_argument("--senders", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--uvloop", action="store_true")
    parser.add_argument("--faults", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = options.url or f"sqlite:///{Path(folder) / 'desk.db'}"
        upgrade(url)
        run = measure(url, options.senders, options.seconds, faults=options.faults)
        if options.uvloop:
            import uvloop  # noqa: PLC0415 - only where it installs

            uvloop.run(run)
        else:
            asyncio.run(run)


if __name__ == "__main__":
    main()
