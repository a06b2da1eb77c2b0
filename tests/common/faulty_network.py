"""A network that loses, delays and cuts what goes through it, in either direction."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
_CHUNK = 65_536


class Way(Enum):
    """A direction."""

    UP = "up"
    """From a client to the server."""
    DOWN = "down"


class Traffic(Enum):
    """What becomes of bytes."""

    PASSES = "passes"
    HELD = "held"
    """They wait, and nothing is read meanwhile."""
    LOST = "lost"
    """They are gone, and so is all that follows on the connection: neither side is told."""


@dataclass(eq=False)
class _Connection:
    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    traffic: dict[Way, Traffic]
    lost: set[Way] = field(default_factory=set)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def set(self, way: Way, traffic: Traffic) -> None:
        self.traffic[way] = traffic
        self.changed.set()
        self.changed.clear()

    def abort(self) -> None:
        self.client.transport.abort()
        self.server.transport.abort()


class FaultyNetwork:
    """Passes connections on, well or not.

    Attributes:
        port: where it listens, if not at a path.
        delay: seconds for which each piece waits, in each direction.

    Args:
        connect: connects to the server behind it.
        path: the Unix socket at which it listens; a port of its own unless given.
    """

    def __init__(self, connect: Callable[[], Awaitable[Streams]], path: Path | None = None) -> None:
        self.port = 0
        self.delay = 0.0
        self._connect = connect
        self._path = path
        self._connections: set[_Connection] = set()
        self._new = dict.fromkeys(Way, Traffic.PASSES)
        self._refuses = False

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Listen until the block ends."""
        if self._path is not None:
            server = await asyncio.start_unix_server(self._serve, self._path)
        else:
            server = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=1_000)
            self.port = server.sockets[0].getsockname()[1]
        try:
            yield
        finally:
            server.close()
            self.cut()
            await asyncio.sleep(0)

    def impair(self, way: Way, traffic: Traffic, dice: random.Random, share: float) -> None:
        """Treat a share of the connections like this; all later ones, too, where it is 1."""
        for connection in self._connections:
            if dice.random() < share:
                connection.set(way, traffic)
        if share == 1:
            self._new[way] = traffic

    def heal(self) -> None:
        """Let everything through that was not lost."""
        self._new = dict.fromkeys(Way, Traffic.PASSES)
        self._refuses = False
        self.delay = 0.0
        for connection in self._connections:
            for way in Way:
                connection.set(way, Traffic.PASSES)

    def cut(self, *, refuse: bool = False) -> None:
        """End all connections at once, and refuse others where told so."""
        self._refuses = refuse
        for connection in list(self._connections):
            connection.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._refuses:
            writer.transport.abort()
            return
        try:
            behind, server = await self._connect()
        except OSError:
            writer.transport.abort()
            return
        connection = _Connection(writer, server, dict(self._new))
        self._connections.add(connection)
        try:
            with contextlib.suppress(OSError):
                await asyncio.gather(
                    self._pump(connection, Way.UP, reader, server),
                    self._pump(connection, Way.DOWN, behind, writer),
                )
        finally:
            connection.abort()
            self._connections.discard(connection)

    async def _pump(
        self,
        connection: _Connection,
        way: Way,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        while True:
            data = await reader.read(_CHUNK)
            while connection.traffic[way] is Traffic.HELD:
                await connection.changed.wait()
            if connection.traffic[way] is Traffic.LOST:
                connection.lost.add(way)
            if way in connection.lost:
                if not data:
                    # The end is lost as well: the other side keeps a half-open connection.
                    return
                continue
            if self.delay:
                await asyncio.sleep(self.delay)
            if not data:
                if connection.lost:
                    writer.transport.abort()
                else:
                    writer.close()
                return
            writer.write(data)
            await writer.drain()
