"""What a serving process runs: the web applications, and loops and chores beside them."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import structlog
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from privacydesk.app.readiness import Readiness, ReadingProgram
from privacydesk.app.rooms import Rooms
from privacydesk.app.terms import web_settings
from privacydesk.app.watch import Watch
from privacydesk.connectors.start_check import ask_again
from privacydesk.errors import SettingsError
from privacydesk.outages import Outages
from privacydesk.services.alarms import Alarms
from privacydesk.services.attendance import BEAT_EVERY
from privacydesk.system_errors import fault_in_words
from privacydesk.web.api.operations import Works
from privacydesk.web.health import HEALTH
from privacydesk.web.server import make_app
from privacydesk.worker.chores import Chore, repeat

_log = structlog.get_logger(__name__)

_IDLE = 75.0
"""Longer than the minute for which common proxies keep an idle connection for the next request, so
that they don't send one into a connection that is being closed."""
_TAKES = 60.0
"""Seconds that sent bytes may stay unacknowledged, the same as for a silent socket."""
_WAITING = 2048
"""Connections that may wait to be accepted: after a restart everybody comes at once, and clients
that find no room retry only a second later. The system may hold fewer."""
_AFTER_START = 0.2
_AGENTS_EVERY = 5.0
_POLICY_EVERY = 3.0
_REVOCATIONS_EVERY = 3.0
_CONFIGURATION_EVERY = 5.0
_SWEEP_EVERY = 60.0
_OVERLOOKED_EVERY = 600.0
_WATCH_EVERY = 60.0
_LOGS_EVERY = 600.0
_SEAL_EVERY = 15.0
_RETENTION_EVERY = 60.0
"""Seconds between checks whether retention is due; it is done once a day."""
_ANCHOR_EVERY = 86_400.0
_ALARMS_EVERY = 86_400.0
_OUTAGES_EVERY = 2.0
_ASK_AGAIN_EVERY = 10.0
"""Seconds between checks whether a service that is out works again."""
_REFUSED_EVERY = 30.0
_MAIL_EVERY = 5.0
"""Seconds between checks whether it is time to read the mailbox."""

_TICKETING_EVERY = 5.0
"""The most seconds between checks whether a round with the ticketing system is due."""


def web_faces(
    rooms: Rooms, *, extra: Sequence[tuple[str, web.Application]] = ()
) -> web.Application:
    """Return the chat and the console over the rooms, and more applications by path."""
    return make_app(
        rooms.desk, rooms.catalogs, web_settings(rooms.settings, rooms.profile), rooms.clock,
        captcha=rooms.outside.captcha, doors=rooms.doors, tools=rooms.tools,
        oversight=rooms.oversight, callbacks=rooms.callbacks, works=_works(rooms), extra=extra,
    )  # fmt: skip


def _works(rooms: Rooms) -> Works:
    """Return the services behind the HTTP API."""
    return Works(
        tokens=rooms.integrations.tokens,
        once=rooms.integrations.once,
        revocations=rooms.integrations.revocations,
        staff=rooms.staff,
        takeover=rooms.takeover,
        inbox=rooms.tools.inbox,
        casework=rooms.tools.casework,
        attaching=rooms.tools.attaching,
        endpoints=rooms.webhooks.endpoints,
        audit=rooms.audit,
        access_log=rooms.doors.log,
        clock=rooms.clock,
    )


def _is_no_strangers(record: logging.LogRecord) -> bool:
    """Return whether the server reports something other than a client that does not speak HTTP.

    Those get a 400. Anybody can send such data, as fast as they like, and would fill the log with
    errors and their own address.
    """
    fault = record.exc_info[1] if record.exc_info else None
    return not isinstance(fault, HttpProcessingError)


def make_runner(app: web.Application, *, idle: float = _IDLE) -> web.AppRunner:
    """Return the runner that serves an application.

    Args:
        app: the web applications.
        idle: seconds that a connection may take for its next request, its headers included.
    """
    logger = logging.getLogger("privacydesk.http")
    logger.addFilter(_is_no_strangers)
    return web.AppRunner(
        app,
        access_log=None,
        logger=logger,
        handle_signals=False,
        # Nothing that clients send is worth compressing, and a body that only claims to be
        # compressed would break its connection.
        auto_decompress=False,
        keepalive_timeout=idle,
    )


def _nobody_ends() -> None:
    """Do nothing: a caller without a handler of its own gets the error at the end."""


@asynccontextmanager
async def serving(
    rooms: Rooms,
    *,
    extra: Sequence[tuple[str, web.Application]] = (),
    reader: ReadingProgram | None = None,
    failed: Callable[[], None] = _nobody_ends,
) -> AsyncIterator[int]:
    """Serve the web applications and work on due rows; yields the port listened on.

    Args:
        rooms: the desk.
        extra: more applications by path.
        reader: the program that reads messages; None where this process does.
        failed: called when a part has stopped for good, so that the caller ends the rest.

    Raises:
        SettingsError: the address can't be listened on.
        DeskError: at the end, when something had stopped before.
    """
    app = web_faces(rooms, extra=extra)
    runner = make_runner(app)
    await runner.setup()
    site = web.TCPSite(runner, rooms.settings.host, rooms.settings.port, backlog=_WAITING)
    try:
        await site.start()
    except OSError as error:
        await runner.cleanup()
        raise SettingsError(
            f"PRIVACYDESK_HOST and PRIVACYDESK_PORT can't be listened on: {_refused(error)}",
            key="port",
        ) from None
    listening = site._server.sockets  # type: ignore[union-attr]  # noqa: SLF001 - aiohttp has no other way to tell a port that was chosen
    give_up_silent_takers(listening)
    port = listening[0].getsockname()[1]
    health = app[HEALTH]
    # Not ready before the first check.
    health.failing = None
    watch = Watch(health, failed)
    tasks = [watch.begin(name, work) for name, work in _loops(rooms)]
    tasks.append(watch.begin("readiness", Readiness(rooms, reader, health).run()))
    tasks.append(asyncio.create_task(_warm(rooms), name="warm"))
    try:
        yield port
    finally:
        watch.is_over = True
        for task in tasks:
            task.cancel()
        try:
            # One task's fault must not keep the others, or the connections, from being closed.
            await asyncio.gather(*tasks, return_exceptions=True)
        finally:
            await runner.cleanup()
    watch.check()


def _refused(error: OSError) -> str:
    if error.errno == errno.EACCES:
        return "ports below 1024 are the system's; take another one, with a proxy before it"
    return fault_in_words(error) or error.strerror or type(error).__name__


def give_up_silent_takers(listening: Sequence[Any]) -> None:
    """Have connections closed whose other end acknowledges nothing that was sent to it.

    Such data stays in memory. Accepted sockets inherit the option from the listening one.
    """
    if not hasattr(socket, "TCP_USER_TIMEOUT"):
        return
    for one in listening:
        if one.family in {socket.AF_INET, socket.AF_INET6}:
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(_TAKES * 1000))


def _loops(rooms: Rooms) -> Iterator[tuple[str, Coroutine[Any, Any, None]]]:
    """Yield the loops that run beside the web applications until the end, with their names."""
    yield from rooms.worker.loops()
    webhooks = rooms.webhooks
    if webhooks.worker is not None:
        yield "webhooks", webhooks.worker.run()
    for name, chore, every in _chores(rooms):
        yield name, repeat(chore, every=every, name=name)


def _chores(rooms: Rooms) -> Iterator[tuple[str, Chore, float]]:
    """Yield the chores: name, function, and the seconds between two runs."""
    # Agents that were added by a command beside this process.
    yield "agents", rooms.refresh_agents, _AGENTS_EVERY
    if rooms.policy.name:
        # Versions that were imported by a command.
        yield "policy", rooms.policy.look, _POLICY_EVERY
    yield "staged_uploads", rooms.staged.sweep, _SWEEP_EVERY
    yield "packages", rooms.packages.sweep, _SWEEP_EVERY
    yield "overlooked", rooms.worker.hurry_overlooked, _OVERLOOKED_EVERY
    yield "attendance", rooms.attendance.beat, BEAT_EVERY
    yield "alarms", rooms.alarms.sweep, _ALARMS_EVERY
    yield "configuration", rooms.configuration.look, _CONFIGURATION_EVERY
    outside = rooms.outside
    yield "outages", partial(_tell_staff, outside.outages, rooms.alarms), _OUTAGES_EVERY
    asking = partial(ask_again, outside.accounts, outside.codes, outside.outages)
    yield "outside", asking, _ASK_AGAIN_EVERY
    yield "refused_rows", rooms.alarms.call_for_refused, _REFUSED_EVERY
    yield "audit_sealing", rooms.upkeep.sealer.work, _SEAL_EVERY
    yield "audit_anchor", rooms.upkeep.sealer.anchor, _ANCHOR_EVERY
    yield "retention", rooms.upkeep.retention.daily, _RETENTION_EVERY
    yield "staff_access", rooms.doors.gate.sweep, _LOGS_EVERY
    sending = rooms.webhooks.sending
    if sending is not None:
        yield "webhook_watch", sending.watch, _WATCH_EVERY
        yield "webhook_log", sending.sweep, _LOGS_EVERY
    if rooms.mail_door is not None:
        yield "mail_door", rooms.mail_door.round, _MAIL_EVERY
    if rooms.ticketing is not None:
        every = min(rooms.settings.ticketing_poll_seconds, _TICKETING_EVERY)
        yield "ticketing", rooms.ticketing.work, every
    yield "api_answers", rooms.integrations.once.sweep, _LOGS_EVERY
    # Tokens that were revoked by another process, or by a command.
    yield "revocations", rooms.integrations.revocations.refresh, _REVOCATIONS_EVERY
    yield "old_revocations", rooms.integrations.revocations.sweep, _LOGS_EVERY


async def _tell_staff(outages: Outages, alarms: Alarms) -> None:
    """Call staff for outages that began or ended; while the database is out they wait."""
    while outages.turns:
        turn = outages.turns[0]
        await alarms.service_turned(turn.what, is_on=turn.is_on, at=turn.at)
        outages.turns.popleft()


async def _warm(rooms: Rooms) -> None:
    """Make ready what the first ticket would have to wait for.

    If that fails, the first use tries again, and says what is wrong.
    """
    # Requests that waited for the start are answered first.
    await asyncio.sleep(_AFTER_START)
    year = rooms.deadlines.today(rooms.clock.now()).year
    calendars, code = rooms.deadlines.calendars, rooms.deadlines.rules.calendar
    try:
        await asyncio.to_thread(calendars.warm, (year, year + 1), (code,))
    except Exception as error:  # noqa: BLE001 - nobody waits for it here; it is logged
        _log.warning("not_ready", what="calendar", error=type(error).__name__, exc_info=error)
