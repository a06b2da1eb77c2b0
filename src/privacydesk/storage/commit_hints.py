"""Hints between the processes of one PostgreSQL: which conversations have just been changed.

They are sent after the commit, on a connection of their own: notifications sent inside transactions
make all commits of a server wait for one lock. A hint may be lost: viewers also compare what they
have with the log every few seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
import structlog

from privacydesk.domain.ids import ConversationId
from privacydesk.storage.sealing import Seals

if TYPE_CHECKING:
    from psycopg import AsyncConnection

_log = structlog.get_logger(__name__)

_CHANNEL: Final = "privacydesk_changed"
_IDS_PER_HINT: Final = 200
"""PostgreSQL takes at most 8,000 bytes; an id has 33."""
_MAX_PENDING: Final = 10_000
_RETRY_SECONDS: Final = 1.0
_CONNECTION: Final = {"autocommit": True, "connect_timeout": 5, "keepalives_idle": 10}

OnChange = Callable[[Sequence[ConversationId]], None]
"""Called on the event loop with conversations that another process has changed."""


class CommitHints:
    """Sends hints of this process, and receives those of others. For one event loop.

    Args:
        engine: of a PostgreSQL database; its address is used, none of its connections.
        seals: the cached keys. The one of a conversation that another process has changed may be
            destroyed, so it is dropped.
    """

    def __init__(self, engine: sa.Engine, seals: Seals) -> None:
        self._engine = engine
        self._seals = seals
        self._source = secrets.token_hex(8)
        # A dictionary keeps the order, and each conversation once.
        self._pending: dict[ConversationId, None] = {}
        self._has_pending = asyncio.Event()

    def note(self, conversation: ConversationId) -> None:
        """Send a hint about a conversation soon; ``run`` and ``flush`` do so."""
        if len(self._pending) < _MAX_PENDING:
            self._pending[conversation] = None
            self._has_pending.set()

    async def run(self, on_change: OnChange) -> None:
        """Send and receive hints until cancelled, also after lost connections."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep("send", self._send))
            group.create_task(self._keep("receive", partial(self._receive, on_change)))

    async def flush(self) -> None:
        """Send what is pending, if the database can be reached."""
        import psycopg  # noqa: PLC0415 - installed with the extra ``cluster`` alone

        if not self._pending:
            return
        try:
            async with self._connected() as connection:
                await self._send_pending(connection)
        except (psycopg.Error, OSError) as error:
            _log.info("hints_not_sent", error=type(error).__name__)

    async def _keep(self, what: str, use: Callable[[AsyncConnection[Any]], Any]) -> None:
        """Do something with a connection, again and again."""
        import psycopg  # noqa: PLC0415 - installed with the extra ``cluster`` alone

        is_lost = False
        while True:
            try:
                async with self._connected() as connection:
                    if is_lost:
                        is_lost = False
                        _log.info("hints_resumed", what=what)
                    await use(connection)
            except (psycopg.Error, OSError) as error:
                if not is_lost:
                    is_lost = True
                    # An outage of the database is told of by those who need it.
                    _log.info("hints_interrupted", what=what, error=type(error).__name__)
            await asyncio.sleep(_RETRY_SECONDS)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[AsyncConnection[Any]]:
        import psycopg  # noqa: PLC0415 - installed with the extra ``cluster`` alone

        _, arguments = self._engine.dialect.create_connect_args(self._engine.url)
        connection = await psycopg.AsyncConnection.connect(**{**_CONNECTION, **arguments})
        async with connection:
            yield connection

    async def _send(self, connection: AsyncConnection[Any]) -> None:
        while True:
            await self._has_pending.wait()
            await self._send_pending(connection)

    async def _send_pending(self, connection: AsyncConnection[Any]) -> None:
        ids, self._pending = list(self._pending), {}
        self._has_pending.clear()
        for start in range(0, len(ids), _IDS_PER_HINT):
            some = ids[start : start + _IDS_PER_HINT]
            payload = " ".join((self._source, *(one.hex() for one in some)))
            await connection.execute("SELECT pg_notify(%s, %s)", (_CHANNEL, payload))

    async def _receive(self, on_change: OnChange, connection: AsyncConnection[Any]) -> None:
        await connection.execute(f"LISTEN {_CHANNEL}")
        async for hint in connection.notifies():
            source, *ids = hint.payload.split(" ")
            if source == self._source:
                continue
            # Anybody who may connect to the database may send anything.
            with contextlib.suppress(ValueError):
                changed = [ConversationId(bytes.fromhex(one)) for one in ids]
                for conversation in changed:
                    self._seals.forget(conversation)
                on_change(changed)
