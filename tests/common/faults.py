"""Faults of a machine, its network and what the desk depends on, each over within seconds."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import psycopg
from tests.common.faulty_clock import FaultyClock
from tests.common.faulty_network import FaultyNetwork, Traffic, Way
from tests.common.kill_client import Client
from tests.common.kill_server import KillableServer, Outside, OutsideFault
from tests.common.postgresql import Server

_DISK_SIZE = 400 << 20
_UNMOUNT_TRIES = 100
_FREEZES = (0.3, 4.0)
_LASTS = (0.3, 3.0)
_RECOVERY_PATIENCE = 60.0
_END_PATIENCE = 60.0


@dataclass
class Stage:
    """All that can fail.

    Attributes:
        data: the desk's data folder.
        disk: what holds the database, if it can be impaired.
        postgresql: the database's server, None for SQLite.
        database_network: what lies before that server.
    """

    server: KillableServer
    network: FaultyNetwork
    outside: Outside
    clock: FaultyClock
    people: list[Client]
    dice: random.Random
    data: Path
    disk: Disk | None
    postgresql: Server | None
    database_network: FaultyNetwork | None

    async def lasts(self, bounds: tuple[float, float] = _LASTS) -> None:
        """Let some time pass."""
        await asyncio.sleep(self.dice.uniform(*bounds))


class Disk:
    """A file system of its own in a file, which can be filled, and made read-only while in use.

    Raises:
        OSError: this takes root, a loop device and ``mkfs.ext4``.
    """

    def __init__(self, folder: Path, image: Path) -> None:
        self.folder = folder
        self._image = image
        self._filler = folder / "filler"
        folder.mkdir()
        with image.open("wb") as file:
            file.truncate(_DISK_SIZE)
        _run("mkfs.ext4", "-q", str(image))
        self.mount()

    def mount(self) -> None:
        """Mount it, fit for writing."""
        _run("mount", "-o", "loop", str(self._image), str(self.folder))

    def unmount(self) -> None:
        """Unmount it as soon as nothing uses it any more."""
        for _ in range(_UNMOUNT_TRIES):
            with contextlib.suppress(subprocess.SubprocessError):
                _run("umount", str(self.folder))
                return
            time.sleep(0.1)
        raise OSError(f"{self.folder} is still in use")

    def break_down(self) -> None:
        """Make it read-only for whatever has files open on it, as a failing device does.

        Nothing may be writing: of writes under way, ext4 says that they are on the disk, and drops
        them. A plain loop of ``write`` and ``fsync`` lost 23 writes so in 40 tries (Linux 6.18).
        """
        _run("sync", "-f", str(self.folder))
        _run("mount", "-o", "remount,abort", str(self.folder))

    def fill(self) -> None:
        """Leave no room."""
        with contextlib.suppress(OSError), self._filler.open("ab", 0) as file:
            while True:
                file.write(bytes(1 << 20))
        with contextlib.suppress(OSError), self._filler.open("ab", 0) as file:
            while True:
                file.write(bytes(512))

    def empty(self) -> None:
        """Make room again."""
        self._filler.unlink(missing_ok=True)


@contextmanager
def disk(folder: Path, image: Path) -> Iterator[Disk | None]:
    """Mount a disk until the block ends; None where that can't be done."""
    try:
        made = Disk(folder, image)
    except (OSError, subprocess.SubprocessError):
        folder.mkdir(exist_ok=True)
        yield None
        return
    try:
        yield made
    finally:
        made.unmount()


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603


# -- processes -----------------------------------------------------------------------------


def descendants(parent: int) -> list[int]:
    """Return the processes that a process has started, and theirs, as far as they run."""
    children: dict[int, list[int]] = {}
    for process in Path("/proc").iterdir():
        with contextlib.suppress(OSError, IndexError, ValueError):
            fields = (process / "stat").read_text("ascii").rpartition(")")[2].split()
            if fields[0] != "Z":
                children.setdefault(int(fields[1]), []).append(int(process.name))
    found, left = [], [parent]
    while left:
        of_one = children.get(left.pop(), [])
        found += of_one
        left += of_one
    return found


async def until_processes_ended(stage: Stage) -> None:
    """Wait until no process of the desk is left, including those of servers killed before.

    Serving processes end when they notice that the one which started them is gone.
    """
    setting = f"PRIVACYDESK_DATA_DIR={stage.data}".encode()
    async with asyncio.timeout(_END_PATIENCE):
        while any(setting in variables for variables in _environments()):  # noqa: ASYNC110 - other processes
            await asyncio.sleep(0.05)


def _environments() -> Iterator[list[bytes]]:
    """Yield the environment of each process, as far as it may be read."""
    for process in Path("/proc").iterdir():
        if process.name.isdecimal():
            with contextlib.suppress(OSError):
                yield (process / "environ").read_bytes().split(b"\0")


async def _kill(stage: Stage) -> None:
    await stage.server.kill()


async def _kill_any(stage: Stage) -> None:
    _signal(stage.dice.choice(descendants(stage.server.pid)), signal.SIGKILL)


def _desk_processes(stage: Stage) -> list[int]:
    return [stage.server.pid, *descendants(stage.server.pid)]


async def _freeze_any(stage: Stage) -> None:
    await _freeze(stage, stage.dice.choice(_desk_processes(stage)))


async def _freeze(stage: Stage, process: int) -> None:
    _signal(process, signal.SIGSTOP)
    try:
        await stage.lasts(_FREEZES)
    finally:
        _signal(process, signal.SIGCONT)


@asynccontextmanager
async def _standing_still(processes: Sequence[int]) -> AsyncIterator[None]:
    """Stop processes between two calls of the system until the block ends."""
    try:
        for process in processes:
            _signal(process, signal.SIGSTOP)
        while any(map(_moves, processes)):  # noqa: ASYNC110 - other processes
            await asyncio.sleep(0.005)
        yield
    finally:
        for process in processes:
            _signal(process, signal.SIGCONT)


def _moves(process: int) -> bool:
    """Return whether a thread of a process runs, or waits for a call of the system."""
    try:
        threads = [*Path(f"/proc/{process}/task").iterdir()]
        states = [
            (one / "stat").read_text("ascii").rpartition(")")[2].split()[0] for one in threads
        ]
    except OSError:
        return False
    return not set(states) <= set("TZX")


def _signal(process: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, number)


# -- the disk ------------------------------------------------------------------------------


async def _full_disk(stage: Stage) -> None:
    assert stage.disk is not None
    stage.disk.fill()
    try:
        await stage.lasts()
    finally:
        stage.disk.empty()
        await _start_database(stage)


async def _read_only_disk(stage: Stage) -> None:
    """A disk becomes read-only; it is repaired, and all is started again."""
    assert stage.disk is not None
    async with _standing_still(_writing_processes(stage)):
        stage.disk.break_down()
    await stage.lasts()
    if stage.postgresql is None:
        await stage.server.kill()
    else:
        with contextlib.suppress(subprocess.SubprocessError):
            await asyncio.to_thread(stage.postgresql.stop)
    await asyncio.to_thread(stage.disk.unmount)
    stage.disk.mount()
    await _start_database(stage)


def _writing_processes(stage: Stage) -> list[int]:
    """Return the processes that write to the disk."""
    return _desk_processes(stage) if stage.postgresql is None else _postgresql_processes(stage)


# -- the database --------------------------------------------------------------------------


def _postgresql_processes(stage: Stage) -> list[int]:
    assert stage.postgresql is not None
    first = int((stage.postgresql.data / "postmaster.pid").read_text("utf-8").split()[0])
    return [first, *descendants(first)]


async def _start_database(stage: Stage) -> None:
    """Start a server that is no longer there."""
    server = stage.postgresql
    if server is None or await asyncio.to_thread(server.runs):
        return
    await asyncio.to_thread(server.start)


async def until_database_answers(stage: Stage) -> None:
    """Wait until the server takes connections; after a crash it first recovers."""
    if stage.postgresql is None:
        return
    url = stage.postgresql.url("postgres")
    async with asyncio.timeout(_RECOVERY_PATIENCE):
        while True:
            try:
                await (await psycopg.AsyncConnection.connect(url)).close()
            except psycopg.OperationalError:
                await asyncio.sleep(0.1)
            else:
                return


async def _restart_database(stage: Stage) -> None:
    assert stage.postgresql is not None
    await asyncio.to_thread(stage.postgresql.stop)
    await stage.lasts()
    await asyncio.to_thread(stage.postgresql.start)


async def _kill_in_database(stage: Stage) -> None:
    """End a process of the server, which then ends all others and recovers."""
    _signal(stage.dice.choice(_postgresql_processes(stage)[1:]), signal.SIGKILL)
    await stage.lasts()
    await _start_database(stage)


async def _freeze_in_database(stage: Stage) -> None:
    await _freeze(stage, stage.dice.choice(_postgresql_processes(stage)))


async def _cut_off_database(stage: Stage) -> None:
    assert stage.database_network is not None
    stage.database_network.cut(refuse=stage.dice.random() < 0.5)
    await stage.lasts()
    stage.database_network.heal()


async def _slow_database(stage: Stage) -> None:
    assert stage.database_network is not None
    stage.database_network.delay = stage.dice.uniform(0.005, 0.1)
    await stage.lasts()
    stage.database_network.heal()


async def _lose_answers_of_database(stage: Stage) -> None:
    """What is committed last is not known to be; then the connections end."""
    assert stage.database_network is not None
    stage.database_network.impair(Way.DOWN, Traffic.LOST, stage.dice, 1)
    await stage.lasts()
    stage.database_network.heal()
    stage.database_network.cut()


# -- the network to the clients ------------------------------------------------------------


def _lost(way: Way) -> Callable[[Stage], Awaitable[None]]:
    async def lose(stage: Stage) -> None:
        stage.network.impair(way, Traffic.LOST, stage.dice, stage.dice.choice((0.5, 1)))
        await stage.lasts()
        stage.network.heal()

    return lose


def _held(way: Way) -> Callable[[Stage], Awaitable[None]]:
    async def hold(stage: Stage) -> None:
        stage.network.impair(way, Traffic.HELD, stage.dice, 0.5)
        # Longer than clients wait for an answer: they are back before their frames arrive.
        await stage.lasts((0.5, 5.0))
        stage.network.heal()

    return hold


async def _cut_off_clients(stage: Stage) -> None:
    stage.network.cut()
    await stage.lasts()


async def _repeat_frames(stage: Stage) -> None:
    for person in stage.people:
        person.repeats = True
    await stage.lasts()
    for person in stage.people:
        person.repeats = False


# -- the rest ------------------------------------------------------------------------------


async def _jump(stage: Stage) -> None:
    hours = stage.dice.choice((0.1, 1, 24, 72)) * stage.dice.choice((1, -1))
    stage.clock.set_wrong(timedelta(hours=hours))
    await stage.lasts()
    stage.clock.set_wrong(timedelta())


async def _fail_outside(stage: Stage) -> None:
    stage.outside.fault = stage.dice.choice(tuple(OutsideFault))
    await stage.lasts()
    stage.outside.fault = None


Fault = Callable[[Stage], Awaitable[None]]

FAULTS: dict[str, Fault] = {
    "kill": _kill,
    "kill any process": _kill_any,
    "freeze any process": _freeze_any,
    "frames lost": _lost(Way.UP),
    "answers lost": _lost(Way.DOWN),
    "frames late": _held(Way.UP),
    "slow readers": _held(Way.DOWN),
    "clients cut off": _cut_off_clients,
    "frames repeated": _repeat_frames,
    "clock jump": _jump,
    "receiver": _fail_outside,
}
DISK_FAULTS: dict[str, Fault] = {"full disk": _full_disk, "read-only disk": _read_only_disk}
DATABASE_FAULTS: dict[str, Fault] = {
    "database restart": _restart_database,
    "kill in database": _kill_in_database,
    "freeze in database": _freeze_in_database,
    "database cut off": _cut_off_database,
    "slow database": _slow_database,
    "commits unanswered": _lose_answers_of_database,
}


@asynccontextmanager
async def database_behind(
    server: Server, folder: Path
) -> AsyncIterator[tuple[FaultyNetwork, str, str]]:
    """Put a network before a database.

    Yields:
        the network, and the addresses of a new database: past the network, and through it.
    """
    name = ".s.PGSQL.5432"
    network = FaultyNetwork(
        lambda: asyncio.open_unix_connection(server.folder / name), folder / name
    )
    url = server.database()
    async with network.listening():
        yield network, url, url.replace(str(server.folder), str(folder))
