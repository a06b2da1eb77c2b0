"""The sync as a state machine: people at work on both sides, and kills between any two steps."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test
from tests.common.stories import START, World, open_world

from privacydesk.clock import MovableClock
from privacydesk.connectors.ticketing_twin import ENDED, MemoryTicketing, StoredTicket
from privacydesk.domain.agents import Role
from privacydesk.domain.grounds import Ground
from privacydesk.domain.ids import TicketId
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.ticket import LogEntry, Ticket, TicketState
from privacydesk.domain.ticketing import TicketingMap, marker_key
from privacydesk.errors import NotAllowedNowError, UnavailableError
from privacydesk.ports import Changes, Job, Locks
from privacydesk.services.staff.preconditions import Refusal, Verdict
from privacydesk.services.ticketing.sync_rounds import SyncRounds
from privacydesk.services.ticketing.wiring import join_system
from privacydesk.storage.id_generator import SecureIdGenerator

# "lao-zhou" has no user over there, "u-stranger" is no agent here.
SAID = TicketingMap(
    queue="privacy", users={"mei": "u-mei", "an": "u-an"}, locale="en", display_name="Helpdesk"
)
USERS = ("u-mei", "u-an", "u-stranger")
NUMBERS = itertools.count(1)


class KilledError(BaseException):
    """The process is gone: nothing of it runs on, no handler either."""


@dataclass
class Fuse:
    """Burns down with each step, and then ends the process, or the call.

    Attributes:
        left: steps until then; None for never.
        kills: whether the process dies; else the answer of a call is lost.
    """

    left: int | None = None
    kills: bool = True

    def burn(self, *, outside: bool) -> None:
        if self.left is None or (not self.kills and not outside):
            return
        self.left -= 1
        if self.left <= 0:
            self.left = None
            if self.kills:
                raise KilledError
            raise UnavailableError("the answer is lost", reason="timeout")


class Fused:
    """Something with steps before and after which a process may die."""

    def __init__(self, inner: Any, names: Collection[str], fuse: Fuse) -> None:
        self._inner = inner
        self._names = names
        self._fuse = fuse

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name not in self._names:
            return found

        async def step(*args: Any, **kwargs: Any) -> Any:
            self._fuse.burn(outside=False)
            done = await found(*args, **kwargs)
            self._fuse.burn(outside=False)
            return done

        return step


@dataclass
class Shared:
    """The desk that all examples share: opening one takes longer than an example."""

    runner: asyncio.Runner
    world: World
    clock: MovableClock
    examples: Iterator[int] = field(default_factory=itertools.count)


class Sides(RuleBasedStateMachine):
    """People on both sides of one request, and a sync that dies."""

    shared: ClassVar[Shared]

    def __init__(self) -> None:
        super().__init__()
        self.fuse = Fuse()
        shared = self.shared
        self.clock, self.world = shared.clock, shared.world
        # Tickets of the example before are not found again.
        self.clock.move(timedelta(hours=1))
        name = f"twin{next(shared.examples)}"
        self.system = MemoryTicketing(self.clock, users=USERS, name=name)
        self.system.on_call = lambda _call, _when: self.fuse.burn(outside=True)
        self.number = self.run(self._file())
        self.syncing = self._new_process()
        self.written: list[tuple[str, bool]] = []
        self.decided = False
        self.sync()

    def run(self, work: Any) -> Any:
        return self.shared.runner.run(work)

    def _new_process(self) -> SyncRounds:
        services = self.world.services
        store: Any = services.store
        return join_system(
            self.system,
            SAID,
            store=services.store,
            book=Fused(
                store.ticketing_link_store,
                {"save", "record_changes", "discover", "join"},
                self.fuse,
            ),
            chores=store.periodic_tasks,
            handling=Fused(
                services.staff.handling,
                {"add_note", "reply", "ask_requester", "follow_assignment"},
                self.fuse,
            ),  # type: ignore[arg-type]
            catalog=services.catalogs,
            item=lambda _ticket, _item, _locale: "",
            clock=self.clock,
            every=timedelta(seconds=10),
        )

    async def _file(self) -> str:
        services, now, minter = self.world.services, self.clock.now(), SecureIdGenerator()
        session = (await services.desk.begin(languages="en")).session
        ticket = Ticket(
            TicketId(minter.id(now)), minter.ticket_number(), session.conversation,
            RequestKind.ACCESS, TicketState.IN_REVIEW, now, "en", verified_at=now, version=1,
        )  # fmt: skip
        ticket = services.deadlines.start_deadlines(ticket, now, now)
        entry = LogEntry(ticket.id, now, "requester", "filed", job_id="filing")
        changes = Changes(tickets=(ticket,), ticket_log=(entry,))
        locks = Locks(session.conversation, (ticket.id,))
        job = Job("filing", locks, lambda _rows: changes, once_per_ticket=ticket.id)
        await services.store.writer.submit(job)
        return ticket.number

    # -- the desk --------------------------------------------------------------------------------

    def _act(self, act: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        async def work() -> None:
            self.clock.move(timedelta(seconds=1))
            try:
                await act(self.number, *args, **kwargs)
            except NotAllowedNowError:
                return

        self.run(work())

    @rule(what=st.sampled_from(["add_note", "reply", "ask_requester"]))
    def somebody_writes_here(self, what: str) -> None:
        handling = self.world.services.staff.handling
        self._act(getattr(handling, what), "mei", f"here {next(NUMBERS)}.")

    @rule(agent=st.sampled_from(["mei", "an", "lao-zhou"]))
    def somebody_claims_it(self, agent: str) -> None:
        self._act(self.world.services.staff.handling.claim, agent, expected_holder=None)

    @rule()
    def it_is_given_back(self) -> None:
        self._act(self.world.services.staff.handling.assign, "lao-zhou", "")

    @precondition(lambda self: not self.decided)
    @rule()
    def it_is_decided(self) -> None:
        verdict = Verdict(whole=Refusal(Ground.LAW, "The law wants it kept."))
        self._act(self.world.services.staff.decisions.decide, "mei", verdict)
        self.decided = True

    # -- over there ------------------------------------------------------------------------------

    @property
    def there(self) -> StoredTicket | None:
        return next(iter(self.system.tickets.values()), None)

    @rule(public=st.booleans(), user=st.sampled_from(USERS))
    def somebody_writes_there(self, public: bool, user: str) -> None:
        self.clock.move(timedelta(seconds=1))
        if self.there is not None:
            text = f"there {next(NUMBERS)}."
            self.system.people_write(self.there.id, user, text, public=public)
            self.written.append((text, public))

    @rule(user=st.sampled_from(["", *USERS]))
    def it_is_assigned_there(self, user: str) -> None:
        self._there(assignee=user)

    @rule(state=st.sampled_from(["open", "waiting", "closed", "done", "with legal"]))
    def it_is_moved_there(self, state: str) -> None:
        self._there(state=state)

    @rule(days=st.integers(1, 9))
    def its_date_is_changed_there(self, days: int) -> None:
        if self.there is not None and self.there.due_at is not None:
            self._there(due_at=self.there.due_at + timedelta(days=days))

    def _there(self, **change: Any) -> None:
        self.clock.move(timedelta(seconds=1))
        if self.there is not None:
            self.system.people_change(self.there.id, **change)

    # -- the sync --------------------------------------------------------------------------------

    @rule()
    def sync(self) -> None:
        self.clock.move(timedelta(minutes=1))
        self.run(self.syncing.work())

    @rule(steps=st.integers(1, 40))
    def sync_and_die(self, steps: int) -> None:
        self.clock.move(timedelta(minutes=1))
        self.fuse.left, self.fuse.kills = steps, True
        try:
            self.run(self.syncing.work())
        except KilledError:
            self.syncing = self._new_process()
        self.fuse.left = None

    @rule(steps=st.integers(1, 20))
    def sync_and_lose_an_answer(self, steps: int) -> None:
        self.clock.move(timedelta(minutes=1))
        self.fuse.left, self.fuse.kills = steps, False
        self.run(self.syncing.work())
        self.fuse.left = None

    # -- the end ---------------------------------------------------------------------------------

    def teardown(self) -> None:
        for _ in range(4):
            self.clock.move(timedelta(minutes=11))
            self.sync()
        before = self.run(self._snapshot())
        for _ in range(3):
            self.clock.move(timedelta(minutes=11))
            self.sync()
        after = self.run(self._snapshot())
        assert after == before, "it does not come to rest"
        ticket, log, there = after
        self._is_there_once(ticket, there)
        self._is_told_once(log, there[0])
        self._is_taken_once(log, there[0])
        self.run(self._put_away(ticket))

    async def _snapshot(self) -> tuple[Ticket, tuple[LogEntry, ...], list[Any]]:
        ticket = await self.world.services.staff.tickets.by_number(self.number)
        log = await self.world.services.store.reader.ticket_log(ticket.id)
        there = [
            (one.state, one.assignee, one.due_at, tuple(one.entries))
            for one in self.system.tickets.values()
        ]
        return ticket, log, there

    def _is_there_once(self, ticket: Ticket, there: list[Any]) -> None:
        assert len(there) == 1
        state, assignee, due_at, _ = there[0]
        assert ticket.clock is not None
        assert due_at == ticket.clock.due_at - timedelta(minutes=1)
        if ticket.is_open:
            assert state not in ENDED
            wanted = "waiting" if ticket.awaits_requester else "open"
            assert state in {wanted, "with legal"}
        else:
            assert state == "closed"
        agents = {"u-mei": "mei", "u-an": "an"}
        if assignee in agents and ticket.is_open:
            assert ticket.holder == agents[assignee]
        if assignee == "" and ticket.is_open:
            assert ticket.holder in {"", "lao-zhou"}

    @staticmethod
    def _is_told_once(log: tuple[LogEntry, ...], there: Any) -> None:
        ours = [entry.text for entry in there[3] if entry.own]
        keys = Counter(marker_key(text) for text in ours)
        assert set(keys.values()) <= {1}, "something was told twice"
        lines = Counter(text.partition("\n")[0] for text in ours)
        done = Counter(entry.what for entry in log if entry.by == "mei")
        told = {"note": "Note", "reply": "Reply", "ask_requester": "Asked for more"}
        for what, line in (told | {"refuse": "Refused"}).items():
            assert lines[line] == done[what], what

    def _is_taken_once(self, log: tuple[LogEntry, ...], there: Any) -> None:
        taken = [entry for entry in log if entry.by == "ticketing"]
        stands = [entry.text for entry in there[3] if not entry.own]
        for text, public in self.written:
            assert stands.count(text) == 1
            left = [entry for entry in taken if entry.why.endswith(text)]
            assert len(left) == 1, (text, left)
            sent = left[0].what in {"reply", "ask_requester"}
            assert sent or left[0].what == "note"
            assert public or not sent

    async def _put_away(self, ticket: Ticket) -> None:
        if ticket.is_open:
            verdict = Verdict(whole=Refusal(Ground.LAW, "The law wants it kept."))
            await self.world.services.staff.decisions.decide(ticket.number, "mei", verdict)


def test_whatever_dies_both_sides_come_to_the_same(tmp_path: Path) -> None:
    clock = MovableClock(START, frozen=True)
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()

        async def opened() -> World:
            world = await stack.enter_async_context(open_world(tmp_path, clock=clock))
            await world.services.staff.roster.add("an", "小安", Role.AGENT)
            return world

        Sides.shared = Shared(runner, runner.run(opened()), clock)
        try:
            run_state_machine_as_test(
                Sides,
                settings=settings(
                    max_examples=80, stateful_step_count=24,
                    suppress_health_check=list(HealthCheck), derandomize=True,
                ),
            )  # fmt: skip
        finally:
            runner.run(stack.aclose())
