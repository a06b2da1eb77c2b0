"""The turn to restart: processes on one PostgreSQL restart themselves one after another."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

import structlog

from privacydesk.storage.engines import committing_engine, parse_url, sqlite_file

_log = structlog.get_logger(__name__)

_LOCK: Final = 0x70726976
"""The number of the advisory lock; nothing else in the database takes one."""
_CONNECTION: Final = {"autocommit": True, "connect_timeout": 5, "keepalives_idle": 10}


@asynccontextmanager
async def restart_turn(url: str) -> AsyncIterator[None]:
    """Wait for the turn of this process, and hold it; a file has one process, which need not wait.

    The turn ends with the block, or with the connection. A process that can't reach the database
    restarts at once: it serves nobody anyway.
    """
    if sqlite_file(parse_url(url)) is not None:
        yield
        return
    import psycopg  # noqa: PLC0415 - installed with the extra ``cluster`` alone

    engine = committing_engine(parse_url(url))
    _, arguments = engine.dialect.create_connect_args(engine.url)
    async with AsyncExitStack() as stack:
        try:
            connecting = psycopg.AsyncConnection.connect(**{**_CONNECTION, **arguments})
            connection = await stack.enter_async_context(await connecting)
            await connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
        except (psycopg.Error, OSError) as error:
            _log.info("restart_turn_not_taken", error=type(error).__name__)
        yield
