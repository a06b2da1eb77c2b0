"""The serving process: the web server, the worker loops and the periodic tasks."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from privacydesk.app.container import Services
from privacydesk.app.loop_monitor import LoopMonitor
from privacydesk.app.readiness import NluProcess, Readiness
from privacydesk.app.service_settings import web_settings
from privacydesk.connectors.start_check import probe_failing
from privacydesk.domain.periods import Preset
from privacydesk.errors import SettingsError
from privacydesk.outages import Outages
from privacydesk.services.alarms import Alarms
from privacydesk.services.attendance import HEARTBEAT_INTERVAL_S
from privacydesk.services.policy_pages import PolicyPages
from privacydesk.system_errors import describe_listen_error
from privacydesk.web.api.operations import ApiServices
from privacydesk.web.health import HEALTH
from privacydesk.web.keys import CHAT_SERVER
from privacydesk.web.server import make_app
from privacydesk.worker.periodic_tasks import PeriodicTask, run_periodically

if TYPE_CHECKING:
    from privacydesk.app.metrics.instruments import Instruments

_log = structlog.get_logger(__name__)

_KEEPALIVE_SECONDS = 75.0
"""How long an idle connection stays open. Common proxies reuse connections for 60 seconds; a longer
timeout here makes sure that they never send a request into a connection that is being closed."""
_ACK_TIMEOUT_SECONDS = 60.0
"""How long sent bytes may stay unacknowledged; the same as the timeout of a silent web socket."""
_BACKLOG = 2048
"""Connections that may wait to be accepted. All clients reconnect at once after a restart, and
those that are refused retry only a second later. The operating system may lower this limit."""
_WARM_UP_DELAY = 0.2

# Seconds between two runs of the periodic tasks.
_AGENTS_EVERY = 5.0
_POLICY_EVERY = 3.0
_SETTINGS_EVERY = 3.0
_REVOCATIONS_EVERY = 3.0
_SIGN_ON_EVERY = 2.0
"""How often to check whether confirming sessions with the identity provider is due."""
_SWEEP_EVERY = 60.0
_RECEIPTS_EVERY = 2.0
_INCIDENTS_EVERY = 1.0
_OVERLOOKED_EVERY = 600.0
_WEBHOOK_HEALTH_EVERY = 60.0
_LOG_SWEEP_EVERY = 600.0
_SEAL_EVERY = 15.0
_RETENTION_EVERY = 60.0
"""How often to check whether retention is due; it runs once a day."""
_ANCHOR_EVERY = 86_400.0
_ALARMS_EVERY = 86_400.0
_RESOLVED_EVERY = 10.0
_OUTAGES_EVERY = 2.0
_RECOVERY_CHECK_EVERY = 10.0
"""How often to check whether a service that is down works again."""
_REFUSED_EVERY = 30.0
_SCHEDULE_EVERY = 3600.0
_TARGETS_EVERY = 60.0
_MAIL_EVERY = 5.0
"""How often to check whether polling the mailbox is due."""
_MAX_TICKETING_EVERY = 5.0
"""How often at least to check whether a sync with the ticketing system is due."""


def build_web_app(
    services: Services,
    *,
    extra: Sequence[tuple[str, web.Application]] = (),
    frames_console: bool = False,
) -> web.Application:
    """Return the web application: chat, console, HTTP API and ``extra`` applications by path.

    ``frames_console`` lets pages of the desk's own origin embed the console.
    """
    settings = web_settings(services.settings, services.profile)
    if frames_console:
        settings = replace(settings, console_frame_ancestors="'self'")
    return make_app(
        services.desk,
        services.catalogs,
        settings,
        services.clock,
        captcha=services.external.captcha,
        signin=services.signin,
        console=services.console,
        oversight=services.oversight,
        callbacks=services.callbacks,
        works=_api_services(services),
        policy=PolicyPages(lambda: services.policy.version),
        receipts=services.receipts,
        extra=extra,
    )


def _api_services(services: Services) -> ApiServices:
    """Return the services behind the HTTP API."""
    return ApiServices(
        tokens=services.integrations.tokens,
        idempotency=services.integrations.idempotency,
        revocations=services.integrations.revocations,
        intake=services.integrations.intake,
        staff=services.staff,
        takeover=services.takeover,
        inbox=services.console.inbox,
        case_pages=services.console.case_pages,
        receipts=services.receipts,
        profiles=services.profiles,
        attachments=services.console.attachments,
        endpoints=services.webhooks.endpoints,
        reports=services.oversight.reports,
        answer_policy=services.policy.answer,
        event_log=services.integrations.event_log,
        waiters=services.integrations.waiters,
        audit=services.audit,
        access_log=services.signin.access_log,
        clock=services.clock,
    )


def _is_not_bad_http(record: logging.LogRecord) -> bool:
    """Return whether a record of the server reports anything but malformed HTTP.

    Malformed requests get a 400. They are not logged, because anybody could fill the log with them
    and with their own address.
    """
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, HttpProcessingError)


def make_runner(
    app: web.Application, *, keepalive_seconds: float = _KEEPALIVE_SECONDS
) -> web.AppRunner:
    """Return the runner that serves an application.

    Args:
        app: the web application.
        keepalive_seconds: how long a connection may wait for its next complete request header.
    """
    logger = logging.getLogger("privacydesk.http")
    logger.addFilter(_is_not_bad_http)
    return web.AppRunner(
        app,
        access_log=None,
        logger=logger,
        handle_signals=False,
        # Request bodies are too small to compress, and a body that is wrongly marked as compressed
        # would break its connection.
        auto_decompress=False,
        keepalive_timeout=keepalive_seconds,
    )


def _ignore_failure() -> None:
    """Do nothing: without a handler, the caller gets the error when it leaves ``run_server``."""


@asynccontextmanager
async def run_server(
    services: Services,
    *,
    extra: Sequence[tuple[str, web.Application]] = (),
    frames_console: bool = False,
    nlu: NluProcess | None = None,
    instruments: Instruments | None = None,
    place: int = 0,
    on_failure: Callable[[], None] = _ignore_failure,
    shares_port: bool = False,
) -> AsyncIterator[int]:
    """Run the web server, the worker loops and the periodic tasks; yield the port in use.

    Args:
        services: the services to serve.
        extra: further web applications, by path.
        frames_console: whether pages of the desk's own origin may embed the console.
        nlu: the process that interprets messages; None if this process does.
        instruments: what the process counts; None for no metrics.
        place: the place of this process among those that share the port.
        on_failure: called when a loop has stopped unexpectedly, so that the caller can shut down.
        shares_port: whether other processes listen on the same port.

    Raises:
        SettingsError: the server can't listen on the address in the settings.
        DeskError: on exit, if a loop has stopped unexpectedly.
    """
    app = build_web_app(services, extra=extra, frames_console=frames_console)
    runner = make_runner(app)
    await runner.setup()
    site = web.TCPSite(
        runner,
        services.settings.host,
        services.settings.port,
        backlog=_BACKLOG,
        reuse_port=shares_port,
    )
    try:
        await site.start()
    except OSError as error:
        await runner.cleanup()
        raise SettingsError(describe_listen_error(error), key="port") from None
    sockets = site._server.sockets  # type: ignore[union-attr]  # noqa: SLF001 - aiohttp has no public way to get the chosen port
    set_ack_timeout(sockets)
    port = sockets[0].getsockname()[1]
    health = app[HEALTH]
    # Not ready before the first check.
    health.failing = None
    monitor = LoopMonitor(health, on_failure)
    tasks = [monitor.start(name, loop) for name, loop in _loops(services)]
    tasks.append(monitor.start("readiness", Readiness(services, nlu, health).run()))
    tasks.append(asyncio.create_task(_warm_up(services), name="warm"))
    try:
        async with AsyncExitStack() as stack:
            if instruments is not None:
                # Imported late: most desks at first run without metrics.
                from privacydesk.app.metrics.listener import serve_metrics  # noqa: PLC0415

                await stack.enter_async_context(
                    serve_metrics(
                        services, app[CHAT_SERVER], health, instruments, place=place, reader=nlu
                    )
                )
            yield port
            health.is_stopping = True
            if not health.stopped_loops:
                await asyncio.sleep(services.settings.drain_seconds)
    finally:
        monitor.is_shutting_down = True
        for task in tasks:
            task.cancel()
        try:
            # An error in one task must not prevent closing the others and the connections.
            await asyncio.gather(*tasks, return_exceptions=True)
        finally:
            await runner.cleanup()
    monitor.raise_if_stopped()


def set_ack_timeout(listening_sockets: Sequence[Any]) -> None:
    """Make the kernel close connections whose client stops acknowledging sent data.

    Unacknowledged data stays in memory. Accepted sockets inherit the option from the listening one.
    """
    if not hasattr(socket, "TCP_USER_TIMEOUT"):
        return
    milliseconds = round(_ACK_TIMEOUT_SECONDS * 1000)
    for listening in listening_sockets:
        if listening.family in {socket.AF_INET, socket.AF_INET6}:
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)


def _loops(services: Services) -> Iterator[tuple[str, Coroutine[Any, Any, None]]]:
    """Yield the background loops with their names."""
    yield from services.worker.loops()
    webhooks = services.webhooks
    if webhooks.worker is not None:
        yield "webhooks", webhooks.worker.run()
    yield "event_log", services.integrations.event_log_worker.run()
    hints = services.store.commit_hints
    if hints is not None:
        yield "commit_hints", hints.run(services.commit_notifier.notify_elsewhere)
    for name, task, every in _periodic_tasks(services):
        yield name, run_periodically(task, every=every, name=name)


def _periodic_tasks(services: Services) -> Iterator[tuple[str, PeriodicTask, float]]:
    """Yield the periodic tasks: name, function, and the seconds between two runs."""
    # Commands may have added agents.
    yield "agents", services.refresh_agents, _AGENTS_EVERY
    # Other processes and commands may have saved settings.
    yield "settings", services.saved_settings.refresh, _SETTINGS_EVERY
    if services.policy.name:
        yield "policy", partial(_refresh_policy, services), _POLICY_EVERY
        yield "policy_preparing", services.policy_uploads.prepare_next, _POLICY_EVERY
    yield "incidents", services.incident_sending.work, _INCIDENTS_EVERY
    yield "staged_uploads", services.staged_uploads.sweep, _SWEEP_EVERY
    yield "packages", services.packages.sweep, _SWEEP_EVERY
    yield "receipts", services.receipts.append_pending, _RECEIPTS_EVERY
    yield "overlooked", services.worker.reset_excessive_delays, _OVERLOOKED_EVERY
    yield "attendance", services.attendance.record_heartbeat, HEARTBEAT_INTERVAL_S
    yield "alarms", services.alarms.delete_expired, _ALARMS_EVERY
    yield "resolved_alarms", services.alarms.end_resolved, _RESOLVED_EVERY
    external = services.external
    yield "outages", partial(_alert_outages, external.outages, services.alarms), _OUTAGES_EVERY
    check_recovery = partial(probe_failing, external.accounts, external.codes, external.outages)
    yield "outside", check_recovery, _RECOVERY_CHECK_EVERY
    yield "refused_rows", services.alarms.alert_refused_rows, _REFUSED_EVERY
    yield "schedule", partial(_alert_missing_schedule, services), _SCHEDULE_EVERY
    yield "help_targets", partial(_alert_missed_targets, services), _TARGETS_EVERY
    yield "audit_sealing", services.maintenance.sealer.seal_pending, _SEAL_EVERY
    yield "audit_anchor", services.maintenance.sealer.log_chain_head, _ANCHOR_EVERY
    yield "retention", services.maintenance.retention.run_if_due, _RETENTION_EVERY
    yield "staff_access", services.signin.sign_in.sweep, _LOG_SWEEP_EVERY
    if services.signin.sign_on is not None:
        yield "sign_on", services.signin.sign_on.revalidate, _SIGN_ON_EVERY
    sending = services.webhooks.sending
    if sending is not None:
        yield "webhook_watch", sending.watch, _WEBHOOK_HEALTH_EVERY
        yield "webhook_log", sending.sweep, _LOG_SWEEP_EVERY
    if services.mailbox_poller is not None:
        yield "mail_door", services.mailbox_poller.poll, _MAIL_EVERY
    if services.ticketing is not None:
        every = min(services.settings.ticketing_poll_seconds, _MAX_TICKETING_EVERY)
        yield "ticketing", services.ticketing.work, every
    yield "events_kept", services.integrations.event_log.sweep, _LOG_SWEEP_EVERY
    yield "api_answers", services.integrations.idempotency.sweep, _LOG_SWEEP_EVERY
    # Other processes and commands may have revoked tokens.
    yield "revocations", services.integrations.revocations.refresh, _REVOCATIONS_EVERY
    yield "old_revocations", services.integrations.revocations.sweep, _LOG_SWEEP_EVERY


async def _refresh_policy(services: Services) -> None:
    """Bring the version in force to the data folder, and switch to it."""
    await services.policies.mirror()
    await services.policy.refresh()


async def _alert_outages(outages: Outages, alarms: Alarms) -> None:
    """Alert supervisors of outages that began or ended.

    An alert stays queued until it is stored, so none is lost while the database is down.
    """
    while outages.changes:
        change = outages.changes[0]
        await alarms.alert_outage_change(change.what, is_on=change.has_begun, at=change.at)
        outages.changes.popleft()


async def _alert_missing_schedule(services: Services) -> None:
    """Alert supervisors if deadlines rest on a year without a final schedule."""
    deadlines = services.deadlines
    # The first use of a calendar takes a while, and must not block the event loop.
    year = await asyncio.to_thread(deadlines.missing_schedule, services.clock.now())
    if year is not None and await services.alarms.alert_missing_schedule(year):
        _log.warning("schedule_missing", calendar=deadlines.rules.calendar, year=year)


async def _alert_missed_targets(services: Services) -> None:
    """Alert supervisors if today's waits for a person miss the targets."""
    reports = services.oversight.reports
    day = reports.period_for(Preset.TODAY).since(services.deadlines.zone)
    await services.alarms.alert_missed_targets(await reports.waits_today(), day)


async def _warm_up(services: Services) -> None:
    """Compute the calendars of this year and the next, for which the first ticket would wait.

    If that fails, the first use computes them again and reports the error.
    """
    # Requests that arrived during the start are answered first.
    await asyncio.sleep(_WARM_UP_DELAY)
    year = services.deadlines.today(services.clock.now()).year
    calendars, code = services.deadlines.calendars, services.deadlines.rules.calendar
    try:
        await asyncio.to_thread(calendars.warm, (year, year + 1), (code,))
    except Exception as error:  # noqa: BLE001 - nothing depends on the warm-up; the error is logged
        _log.warning("not_ready", what="calendar", error=type(error).__name__, exc_info=error)
