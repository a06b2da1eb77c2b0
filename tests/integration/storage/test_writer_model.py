"""The writer against a model of a few lines: random jobs, in random batches, one after another."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from msgspec.structs import replace
from tests.common.databases import make_database
from tests.integration.storage import desk

from privacydesk.clock import MovableClock
from privacydesk.domain.ids import TicketId
from privacydesk.ports import Changes, Committed, FailedJobError, Job, Locks, WorkingSet
from privacydesk.storage.store import SqlStore

CONVERSATIONS = (1, 2, 3)
TICKETS = (1, 2)

kinds = st.sampled_from(["say", "say", "say", "say", "raise", "gap", "taken", "hold"])
jobs = st.tuples(kinds, st.sampled_from(CONVERSATIONS), st.integers(0, 12))
batches = st.lists(jobs, min_size=1, max_size=12)


class WriterMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory()
        self.url = f"sqlite:///{Path(self.folder.name) / 'desk.db'}"
        make_database(self.url)
        self.store = self._open()
        self.log: dict[int, list[str]] = {n: [] for n in CONVERSATIONS}
        self.held = dict.fromkeys(TICKETS, 0)
        for n in CONVERSATIONS:
            self.loop.run_until_complete(desk.begin(self.store, n))
        made = Changes(tickets=tuple(desk.ticket(n) for n in TICKETS))
        self.loop.run_until_complete(self.store.writer.submit(desk.leave(made)))

    def _open(self) -> SqlStore:
        store = SqlStore(self.url, desk.RING, MovableClock(desk.NOW, frozen=True), readers=1)
        self.loop.run_until_complete(store.open())
        return store

    def teardown(self) -> None:
        self.loop.run_until_complete(self.store.close())
        self.loop.close()
        self.folder.cleanup()

    @rule(batch=batches)
    def submit(self, batch: list[tuple[str, int, int]]) -> None:
        async def together() -> list[Any]:
            waiting = [self.store.writer.submit(_job(*one)) for one in batch]
            return await asyncio.gather(*waiting, return_exceptions=True)

        results = self.loop.run_until_complete(together())
        for one, result in zip(batch, results, strict=True):
            self._expect(*one, result)

    def _expect(self, kind: str, n: int, number: int, result: Any) -> None:
        log, job_id = self.log[n], f"j{number}"
        if kind == "hold":
            assert isinstance(result, Committed)
            self.held[number % 2 + 1] += 1
        elif job_id in log:
            assert result == Committed(log.index(job_id) * 2 + 1, duplicate=True)
        elif kind == "say":
            assert isinstance(result, Committed)
            assert (result.offset, result.duplicate) == (len(log) * 2 + 1, False)
            log.append(job_id)
        else:
            assert isinstance(result, FailedJobError)

    @precondition(lambda self: any(self.log.values()))
    @rule()
    def reopen(self) -> None:
        self.loop.run_until_complete(self.store.close())
        self.store = self._open()

    @invariant()
    def everything_answered_is_stored_once(self) -> None:
        async def look() -> None:
            for n, expected in self.log.items():
                identity = desk.conversation_id(n)
                state = await self.store.reader.conversation(identity)
                events = await self.store.reader.events(identity, after=0, limit=1000)
                assert state is not None
                assert state.version == len(events) == 2 * len(expected)
                assert [e.offset for e in events] == list(range(1, len(events) + 1))
                assert [e.job_id for e in events if e.job_id] == expected
            for n, count in self.held.items():
                ticket = await self.store.reader.ticket(desk.ticket_id(n))
                assert ticket is not None
                assert len(ticket.holder) == ticket.version == count

        self.loop.run_until_complete(look())


def _job(kind: str, n: int, number: int) -> Job:
    job_id = f"j{number}"
    say = desk.say(job_id, n=n)
    if kind == "hold":
        return _hold(desk.ticket_id(number % 2 + 1))
    if kind == "say":
        return say

    def decide(rows: WorkingSet) -> Changes:
        changes = say.decide(rows)
        if kind == "raise":
            raise ZeroDivisionError
        if kind == "gap":
            return replace(changes, events=changes.events[1:])
        # Refused by the database alone: the batch has to be halved.
        return replace(changes, tickets=(desk.ticket(9, number="PD-1"),))

    return replace(say, decide=decide)


def _hold(ticket: TicketId) -> Job:
    def decide(rows: WorkingSet) -> Changes:
        before = rows.tickets[ticket]
        return Changes(tickets=(replace(before, holder=before.holder + "x"),))

    return Job("hold", Locks(tickets=(ticket,)), decide)


TestWriterMachine = WriterMachine.TestCase
TestWriterMachine.settings = settings(
    max_examples=25,
    stateful_step_count=8,
)
