"""Rounds of talking, a fault, and checking what is left."""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import aiohttp
from tests.common import faults, postgresql
from tests.common.databases import address_in
from tests.common.faults import Stage
from tests.common.faulty_clock import FaultyClock
from tests.common.faulty_network import FaultyNetwork
from tests.common.kill_audit import Logs, audit, audit_texts, end_leases, open_rows
from tests.common.kill_client import Client
from tests.common.kill_server import KillableServer, environment, open_outside

ACCOUNTS = ("u-1001", "u-1005", "u-1007", "u-1008")
"""Sample people with a bound phone, who unbind; the other clients complain as strangers."""
PLANTED = Path(__file__).parent / "planted"
_DRAIN_PATIENCE = 120.0
_EARLY = 0.25
"""The share of kills that may come before anybody was answered: the server is only just up."""
_ANSWER_PATIENCE = 60.0
_MOST = 5
"""How many times the rounds asked for a slow machine gets, until they were worth something."""
_WORKERS = 2


@dataclass(frozen=True, slots=True)
class Report:
    """What all rounds came to.

    Attributes:
        slowest: seconds from the end of a fault until somebody was answered, or everybody if the
            plan bounds that, at most.
        compared: events whose words were compared with those in the database.
    """

    rounds: int
    faults: Mapping[str, int]
    slowest: float
    acknowledged: int
    events: int
    reconnects: int
    resent: int
    contacts: int
    wrong_codes: int
    right_codes: int
    tickets: int
    compared: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What happens in the rounds.

    Attributes:
        rounds: how many faults there are.
        clients: how many people chat.
        seed: repeats a run, as far as the machine does.
        kinds: the faults by name, which come in random order, each about as often; None for all
            that are possible here.
        on_postgresql: whether two processes serve on a PostgreSQL, rather than one on SQLite.
        planted: a fault that the desk is given; see ``tests/common/planted``.
        up_for: the shortest and the longest time between two faults, in seconds; mostly from the
            first answer on, however long a slow machine takes until then.
        patience: seconds after which clients give up a connection that does not answer.
        within: seconds within which everybody must be answered after a fault; 0 if it is enough
            that somebody is, within a minute.
        seconds: no round begins later than this.
        worth: tells whether enough has happened; on a slow machine that takes further rounds.
        told: told of each fault, and where it leaves all.
        log: the file that the desk's warnings are added to; by default one in the folder.
    """

    rounds: int
    clients: int
    seed: int
    kinds: tuple[str, ...] | None = ("kill",)
    on_postgresql: bool = False
    planted: str = ""
    up_for: tuple[float, float] = (0.05, 1.2)
    patience: float = 10.0
    within: float = 0.0
    seconds: float = 1e9
    worth: Callable[[Report], bool] = lambda _: True
    told: Callable[[str], None] = lambda _: None
    log: Path | None = None


async def run_rounds(folder: Path, plan: Plan) -> Report:
    """Let things fail while clients chat, and check the database after each fault.

    Args:
        folder: where the server keeps everything.
        plan: what happens.

    Raises:
        AssertionError: something acknowledged was lost, doubled or forgotten, or nobody was
            answered any more.
    """
    async with _stage(folder, plan) as (stage, url):
        rounds = Rounds(stage, plan, url)
        async with (
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session,
            asyncio.TaskGroup() as group,
        ):
            for person in stage.people:
                group.create_task(person.live(session))
            try:
                await rounds.run()
            finally:
                await stage.server.kill()
                stage.network.heal()
            for person in stage.people:
                person.stopped = True
            # Whoever waits for the server may go now.
            stage.server.up.set()
        logs = await rounds.drain()
        compared = await audit_texts(url, stage.people, logs)
        return replace(
            rounds.report(), events=sum(len(log) for log in logs.values()), compared=compared
        )


class Rounds:
    """The rounds on a stage.

    Args:
        stage: what can fail.
        plan: what shall.
        url: where the database is.
    """

    def __init__(self, stage: Stage, plan: Plan, url: str) -> None:
        self._stage = stage
        self._plan = plan
        self._url = url
        self._done: Counter[str] = Counter()
        self._slowest = 0.0

    async def run(self) -> None:
        """Go on until as much has happened as was asked for."""
        plan, began = self._plan, time.monotonic()
        kinds = _possible(self._stage) if plan.kinds is None else plan.kinds
        pile: list[str] = []
        while (done := self._done.total()) < plan.rounds or (
            done < _MOST * plan.rounds and not plan.worth(self.report())
        ):
            if time.monotonic() - began > plan.seconds:
                return
            pile = pile or self._stage.dice.sample(kinds, len(kinds))
            await self._round(pile.pop())
        if self._stage.server.runs:
            await self._until_answered()

    async def _round(self, kind: str) -> None:
        stage = self._stage
        fresh = not stage.server.runs
        if fresh:
            await stage.server.start()
        if not fresh or stage.dice.random() >= _EARLY:
            await self._until_answered()
        await stage.lasts(self._plan.up_for)
        assert stage.server.runs, "the server ended by itself"
        self._plan.told(f"{kind} at {stage.clock.now():%H:%M:%S}")
        await _ALL[kind](stage)
        await faults.until_database_answers(stage)
        self._done[kind] += 1
        audit(self._url, stage.people, stage.outside)
        self._plan.told(f"{self._done.total()} {kind}: {self.report().acknowledged} acknowledged")

    async def _until_answered(self) -> None:
        """Wait until somebody is answered; where the plan bounds the time, until everybody is."""
        within, began = self._plan.within, time.monotonic()
        before = [(person, person.acknowledged) for person in self._stage.people]
        enough = all if within else any
        try:
            async with asyncio.timeout(within or _ANSWER_PATIENCE):
                while not enough(person.acknowledged > count for person, count in before):  # noqa: ASYNC110 - another process answers
                    await asyncio.sleep(0.01)
        except TimeoutError:
            silent = [person for person, count in before if person.acknowledged <= count]
            numbers = [person.number for person in silent]
            lately = "\n".join(person.describe() for person in silent)
            raise AssertionError(f"clients {numbers} were not answered in time\n{lately}") from None
        self._slowest = max(self._slowest, time.monotonic() - began)

    async def drain(self) -> Logs:
        """Let what is left in the outbox be worked on; nothing may stay behind."""
        stage = self._stage
        # Until they have ended, they may claim what is left.
        await faults.until_processes_ended(stage)
        end_leases(self._url)
        await stage.server.start()
        try:
            async with asyncio.timeout(_DRAIN_PATIENCE):
                while open_rows(self._url):  # noqa: ASYNC110 - another process works on them
                    await asyncio.sleep(0.1)
        except TimeoutError as error:
            now = int(time.time() * 1_000_000)
            left = [(action, tries, due - now) for action, tries, due in open_rows(self._url)]
            raise AssertionError(
                f"left (action, tries, due in µs): {left}; the log is {stage.server.log}"
            ) from error
        finally:
            await stage.server.kill()
        return audit(self._url, stage.people, stage.outside)

    def report(self) -> Report:
        """Return what has happened so far, without what the database says."""
        people = self._stage.people
        sent = [one for person in people for one in person.sent.values() if one.offset]
        return Report(
            rounds=self._done.total(),
            faults=dict(self._done),
            slowest=self._slowest,
            acknowledged=sum(person.acknowledged for person in people),
            events=0,
            reconnects=sum(person.reconnects for person in people),
            resent=sum(person.resent for person in people),
            contacts=sum(len(person.contacts) for person in people),
            wrong_codes=sum(one.wrong is True for one in sent),
            right_codes=sum(one.wrong is False for one in sent),
            tickets=len(
                {
                    event["data"]["ticket"]["number"]
                    for person in people
                    for event in person.events.values()
                    if event["kind"] == "ticket"
                }
            ),
            compared=0,
        )


_ALL = faults.FAULTS | faults.DISK_FAULTS | faults.DATABASE_FAULTS


def _possible(stage: Stage) -> tuple[str, ...]:
    """Return the faults that can be brought about on this machine and with this database."""
    return (
        *faults.FAULTS,
        *(faults.DISK_FAULTS if stage.disk is not None else ()),
        *(faults.DATABASE_FAULTS if stage.postgresql is not None else ()),
    )


@contextmanager
def _open_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="kill-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@asynccontextmanager
async def _stage(folder: Path, plan: Plan) -> AsyncIterator[tuple[Stage, str]]:
    """Set up all that can fail; yield it, and where the database is."""
    dice = random.Random(plan.seed)  # noqa: S311 - a seed repeats a run
    clock = FaultyClock(folder / "clock")
    needs_disk = plan.kinds is None or not faults.DISK_FAULTS.keys().isdisjoint(plan.kinds)
    async with AsyncExitStack() as opened:
        # Short, since a socket's path must be, and open to the user that the database runs as.
        place = opened.enter_context(_open_folder())
        data, disk = folder / "data", None
        if needs_disk:
            mounted = place / "disk" if plan.on_postgresql else data
            disk = opened.enter_context(faults.disk(mounted, folder / "image"))
        outside = await opened.enter_async_context(open_outside())
        env = {
            # The profile is not on the disk that fails: nobody waited until it got there.
            **environment(folder, outside),
            "PRIVACYDESK_DATA_DIR": str(data),
            "PLANTED_CLOCK": str(folder / "clock"),
            **({"PLANTED_FAULT": plan.planted} if plan.planted else {}),
        }
        env["PYTHONPATH"] = f"{PLANTED}:{env['PYTHONPATH']}"
        # Why a row failed is a warning.
        env["PRIVACYDESK_LOG_LEVEL"] = "warning"
        database, database_network, url = None, None, address_in(data)
        if plan.on_postgresql:
            programs = postgresql.binaries()
            assert programs is not None
            database = opened.enter_context(
                postgresql.server(programs, data=None if disk is None else disk.folder)
            )
            (
                database_network,
                url,
                env["PRIVACYDESK_DATABASE_URL"],
            ) = await opened.enter_async_context(faults.database_behind(database, place))
        server = KillableServer(
            env,
            log=plan.log or folder / "desk.log",
            arguments=("--workers", str(_WORKERS)) if plan.on_postgresql else (),
        )
        network = FaultyNetwork(lambda: asyncio.open_connection("127.0.0.1", server.port))
        await opened.enter_async_context(network.listening())
        people = [
            Client(
                number,
                ACCOUNTS[number] if number < len(ACCOUNTS) else "",
                server,
                network,
                outside,
                random.Random(dice.random()),  # noqa: S311
                clock,
                plan.patience,
            )
            for number in range(plan.clients)
        ]
        yield (
            Stage(
                server,
                network,
                outside,
                clock,
                people,
                dice,
                data,
                disk,
                database,
                database_network,
            ),
            url,
        )
