"""``privacydesk serve`` and ``privacydesk demo``: the long-running commands."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from privacydesk import sandbox
from privacydesk.cli.common import DataDir, exit_with_usage_error, load_settings_for
from privacydesk.errors import SettingsError

if TYPE_CHECKING:
    from privacydesk.app import Services
    from privacydesk.app.metrics.instruments import Instruments
    from privacydesk.app.start_warnings import StartWarning
    from privacydesk.app.tracing import Tracing
    from privacydesk.outages import Outages
    from privacydesk.ports import LanguageUnderstanding
    from privacydesk.profile import OperatorProfile
    from privacydesk.settings import Settings
    from privacydesk.understanding.client import UnderstandingProcess
    from privacydesk.weak_secrets import WeakSecret


_GC_THRESHOLDS = (20_000, 20, 20)
"""Thresholds of the garbage collector for its three generations.

A turn allocates some hundred objects with hardly any reference cycle. With Python's default of 700,
every third turn would be slowed down by a collection."""


class EventLoop(StrEnum):
    """The implementation of the event loop."""

    STANDARD = "standard"
    UVLOOP = "uvloop"


Host = Annotated[
    str | None, typer.Option("--host", metavar="ADDRESS", help="Overrides the setting.")
]
Port = Annotated[
    int | None,
    typer.Option("--port", metavar="PORT", min=0, max=65535, help="0 chooses a free port."),
]


def serve(
    host: Host = None,
    port: Port = None,
    loop: Annotated[
        EventLoop | None,
        typer.Option("--loop", help="Default: uvloop if it is installed."),
    ] = None,
    workers: Annotated[
        int,
        typer.Option(
            "--workers", metavar="N", min=1, help="Processes that share the port; on PostgreSQL."
        ),
    ] = 1,
    data_dir: DataDir = None,
    place: Annotated[int | None, typer.Option("--place", hidden=True)] = None,
) -> None:
    """Serve the chat and work on requests until SIGTERM or SIGINT.

    Needs an operator profile (a file, or the one in the database), ring keys, a hashing secret, and
    the addresses and secrets of the account service and of the code gateway; an error names what is
    missing, and any secret that is a placeholder. A missing SQLite database is created; an older
    one needs `db upgrade` first. Only one process can serve a SQLite file.
    """
    overrides = {
        name: value for name, value in (("host", host), ("port", port)) if value is not None
    }
    settings = load_settings_for(data_dir, **overrides)
    factory = _loop_factory(loop)
    # Checked first, so that missing settings are reported at once.
    own = settings.operator() if settings.profile is not None else None
    from privacydesk.weak_secrets import check_secrets  # noqa: PLC0415 - imports the settings

    weak_secrets = check_secrets(settings)

    from privacydesk import logs  # noqa: PLC0415 - missing settings are reported sooner without

    logs.set_up(settings.log_level, as_json=settings.log_json)
    if place is None:
        _warn_of(weak_secrets)
    else:
        import structlog  # noqa: PLC0415 - imported by the logs

        # Several processes write to one log.
        structlog.contextvars.bind_contextvars(worker=place)
    # The keys are in this process's memory and usually in its environment.
    sandbox.conceal()
    if workers > 1:
        _serve_with_workers(settings, workers, loop, data_dir)
    # Collecting garbage would take a tenth of the start, during which hardly anything is freed.
    gc.disable()
    try:
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(_serve(settings, own, place))
    finally:
        gc.enable()


def _warn_of(weak_secrets: Sequence[WeakSecret]) -> None:
    import structlog  # noqa: PLC0415 - set up just now

    log = structlog.get_logger(__name__)
    for weak in weak_secrets:
        log.warning("weak_secret", setting=weak.setting, hint=weak.sentence)


def _serve_with_workers(
    settings: Settings, workers: int, loop: EventLoop | None, data_dir: Path | None
) -> NoReturn:
    """Run ``serve`` in several processes, and exit as they do."""
    from privacydesk.cli.worker_processes import WorkerProcesses, reserved_port  # noqa: PLC0415
    from privacydesk.storage.engines import parse_url, sqlite_file  # noqa: PLC0415

    if sqlite_file(parse_url(settings.url)) is not None:
        exit_with_usage_error("--workers", "a SQLite file is served by one process alone")
    with reserved_port(settings.host, settings.port) as port:
        command = ["-m", "privacydesk", "serve", "--host", settings.host, "--port", str(port)]
        command += ["--loop", loop.value] if loop else []
        command += ["--data-dir", str(data_dir)] if data_dir is not None else []
        processes = WorkerProcesses(command, workers)
        raise typer.Exit(asyncio.run(processes.run(_announcement(settings.host, port))))


def _announcement(host: str, port: int) -> str:
    return f"Listening on http://{f'[{host}]' if ':' in host else host}:{port}/chat/"


def demo(
    now: Annotated[
        str | None,
        typer.Option(
            "--now", metavar="ISO", help="The demo's current time. Default: the real one."
        ),
    ] = None,
    host: Annotated[str, typer.Option("--host", metavar="ADDRESS")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", metavar="PORT", min=0, max=65535)] = 8080,
    data_dir: Annotated[
        Path | None,
        typer.Option("--data-dir", metavar="DIR", help="The demo's folder. Default: a new one."),
    ] = None,
    empty: Annotated[
        bool, typer.Option("--empty", help="Begin without the sample requests.")
    ] = False,
) -> None:
    """Run everything on one port with sample people, policy and agents, to try it out.

    Prints the addresses, where codes appear, and the demo's folder, on which staff commands work
    with --data-dir.
    """
    if now is not None:
        try:
            datetime.fromisoformat(now)
        except ValueError:
            exit_with_usage_error(
                "--now", f"{now!r} isn't an instant; write one like 2026-09-30T10:00:00+08:00"
            )
    from privacydesk.demo.run import run_demo  # noqa: PLC0415 - imports all packages

    run_demo(now=now, host=host, port=port, data_dir=data_dir, empty=empty)


def _loop_factory(loop: EventLoop | None) -> Callable[[], asyncio.AbstractEventLoop] | None:
    is_installed = find_spec("uvloop") is not None
    if loop is EventLoop.UVLOOP and not is_installed:
        exit_with_usage_error("--loop", "uvloop isn't installed here")
    if loop is EventLoop.STANDARD or not is_installed:
        return None
    import uvloop  # noqa: PLC0415 - not on every platform

    return uvloop.new_event_loop


def _create_missing_database(settings: Settings) -> None:
    """Create the SQLite database if it is missing; an existing one is never changed."""
    from privacydesk import app  # noqa: PLC0415
    from privacydesk.app.start_warnings import StartWarning  # noqa: PLC0415
    from privacydesk.storage.engines import parse_url, sqlite_file  # noqa: PLC0415

    path = sqlite_file(parse_url(settings.url))
    if path is not None and (not path.exists() or not path.stat().st_size):
        app.upgrade(settings)
        _warn(
            StartWarning(
                "database",
                "database_created",
                "there was no database, so a new one was made, without requests: if this desk had"
                " one, check PRIVACYDESK_DATABASE_URL and PRIVACYDESK_DATA_DIR",
                {"file": str(path)},
            )
        )


@dataclass(slots=True)
class _Process:
    """This process, which serves with one profile after another.

    Attributes:
        settings: its settings, with the port once that is chosen.
        outages: what is out of order.
        place: its place among those that listen on the same port; None if it is alone.
        instruments: what it counts; None for no metrics.
        tracing: its traces; None for none.
        stop_requested: set by SIGTERM and SIGINT.
        turn: holds the turn of this process to restart until it listens again.
        has_listened: whether it has served with any profile.
    """

    settings: Settings
    outages: Outages
    place: int | None
    instruments: Instruments | None = None
    tracing: Tracing | None = None
    stop_requested: asyncio.Event = field(default_factory=asyncio.Event)
    turn: AsyncExitStack = field(default_factory=AsyncExitStack)
    has_listened: bool = False


async def _serve(settings: Settings, own: OperatorProfile | None, place: int | None) -> None:
    """Serve until a signal, again with each profile that is put in force meanwhile."""
    # The NLU process starts in parallel, so nothing large is imported before it has been started.
    from privacydesk.background_threads import BackgroundThreadPool  # noqa: PLC0415
    from privacydesk.clock import SystemClock  # noqa: PLC0415
    from privacydesk.outages import Outages  # noqa: PLC0415

    process = _Process(settings, Outages(SystemClock()), place)
    if settings.metrics_port is not None:
        from privacydesk.app.metrics.instruments import Instruments  # noqa: PLC0415

        process.instruments = Instruments()
    if settings.traces:
        process.tracing = _start_tracing()
    loop = asyncio.get_running_loop()
    loop.set_default_executor(BackgroundThreadPool())
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signal_number, process.stop_requested.set)
    if place is not None:
        # The parent process holds the other end; a process must not outlive it.
        loop.add_reader(sys.stdin.fileno(), process.stop_requested.set)
    next_profile: OperatorProfile | None = own if own is not None else _chosen_profile(settings)
    try:
        async with process.turn:
            while next_profile is not None:
                next_profile = await _serve_profile(process, next_profile)
    finally:
        if process.tracing is not None:
            process.tracing.close()


def _start_tracing() -> Tracing:
    """Return what sends traces.

    Raises:
        SettingsError: OpenTelemetry is not installed.
    """
    try:
        from privacydesk.app.tracing import Tracing  # noqa: PLC0415 - the extra
    except ImportError:
        raise SettingsError(
            "PRIVACYDESK_TRACES needs OpenTelemetry, which is not installed: run"
            " `sh scripts/environment tracing` in the clone, or `pip install"
            " 'privacydesk[tracing]'`",
            key="traces",
        ) from None
    return Tracing()


def _chosen_profile(settings: Settings) -> OperatorProfile:
    from privacydesk import app  # noqa: PLC0415 - imports the database

    return app.choose_profile(settings, beside_serve=False)


async def _serve_profile(process: _Process, profile: OperatorProfile) -> OperatorProfile | None:
    """Serve with a profile until another one is in force, which is returned; None for no more."""
    async with _understanding_process(process.settings, profile, process.outages) as understanding:
        from privacydesk.app.fingerprints import hashing_tags  # noqa: PLC0415
        from privacydesk.storage.serving_lock import serving_lock  # noqa: PLC0415

        with serving_lock(process.settings.url, hashing_tags(process.settings)):
            if not process.has_listened:
                from privacydesk.app.saved_profile import settle_profile  # noqa: PLC0415

                # It may have changed before this process had the lock.
                chosen, warning = settle_profile(process.settings, beside_serve=False)
                if chosen != profile:
                    return chosen
                if warning is not None:
                    _warn(warning)
            try:
                return await _serve_with(understanding, process, profile)
            finally:
                # What was kept from collection is garbage now.
                gc.unfreeze()


def _warn(warning: StartWarning) -> None:
    import structlog  # noqa: PLC0415

    structlog.get_logger(__name__).warning(warning.event, **warning.fields, hint=warning.hint)


def _understanding_process(
    settings: Settings, profile: OperatorProfile, outages: Outages
) -> UnderstandingProcess:
    """Return the process that interprets messages."""
    from privacydesk import logs  # noqa: PLC0415 - loaded already
    from privacydesk.understanding.client import UnderstandingProcess  # noqa: PLC0415
    from privacydesk.understanding.wire import Briefing  # noqa: PLC0415

    return UnderstandingProcess(
        Briefing(
            data_dir=str(settings.data_dir),
            policy=profile.policy,
            log_level=settings.log_level,
            log_json=logs.is_json(settings.log_json),
        ),
        outage=outages.of("reader"),
    )


async def _serve_with(
    understanding: UnderstandingProcess, process: _Process, profile: OperatorProfile
) -> OperatorProfile | None:
    """Serve with a profile; return the one to serve with next, or None to stop."""
    import structlog  # noqa: PLC0415

    from privacydesk import app  # noqa: PLC0415
    from privacydesk.app.connections import connect_external_services  # noqa: PLC0415
    from privacydesk.app.process import run_server  # noqa: PLC0415
    from privacydesk.app.start_warnings import (  # noqa: PLC0415
        profile_warnings,
        setting_warnings,
    )
    from privacydesk.clock import SystemClock  # noqa: PLC0415

    settings, stop_requested = process.settings, process.stop_requested
    log = structlog.get_logger(__name__)
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        external = await stack.enter_async_context(
            connect_external_services(
                settings, clock, profile.ticketing.map(profile.zone), process.outages
            )
        )
        _create_missing_database(settings)
        language: LanguageUnderstanding = understanding
        observers = [one for one in (process.instruments, process.tracing) if one is not None]
        if observers:
            from privacydesk.app.observed import (  # noqa: PLC0415
                ObservedUnderstanding,
                observe_services,
            )
            from privacydesk.app.observers import Observers  # noqa: PLC0415

            observer = Observers(observers)
            external = observe_services(external, observer)
            language = ObservedUnderstanding(understanding, observer)
        services = await stack.enter_async_context(
            app.open_services(
                settings, external, profile=profile, clock=clock, understanding=language
            )
        )
        if observers:
            services.turns.observe = observer.turn
        lacking = profile_warnings(settings, profile, services.profiles.gaps)
        for warning in (*setting_warnings(settings), *lacking):
            _warn(warning)
        await _first_of(stop_requested.wait(), understanding.ready())
        if stop_requested.is_set():
            return None
        port = await stack.enter_async_context(
            run_server(
                services,
                nlu=understanding,
                on_failure=stop_requested.set,
                instruments=process.instruments,
                place=process.place or 0,
                shares_port=process.place is not None,
            )
        )
        leave_start_alone()
        if not process.has_listened:
            typer.echo(_announcement(settings.host, port))
        process.has_listened = True
        process.settings = settings.model_copy(update={"port": port})
        await process.turn.aclose()
        check = asyncio.create_task(_check_outside(services))
        superseded = services.saved_profile.superseded
        await _first_of(stop_requested.wait(), _until_turn(process, superseded))
        check.cancel()
        if stop_requested.is_set():
            log.info("stopping")
            return None
        log.info("profile_taken")
        return services.saved_profile.newest
    raise AssertionError("the stack suppresses no error")


def leave_start_alone() -> None:
    """Exclude the objects of the start from garbage collections, and enable these.

    They are never freed, and even one collection of them takes a tenth of the start, while only a
    hundredth of them is garbage.
    """
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLDS)
    gc.enable()


async def _check_outside(services: Services) -> None:
    """Probe outside services until they are ready: they may start later than the desk."""
    from privacydesk.connectors.start_check import check_services  # noqa: PLC0415

    sign_on, external = services.signin.sign_on, services.external
    provider = None if sign_on is None else sign_on.probe_provider
    await check_services(external.accounts, external.codes, provider)


async def _until_turn(process: _Process, superseded: asyncio.Event) -> None:
    """Wait until another profile is in force, and for the turn of this process to restart."""
    from privacydesk.storage.restart_turn import restart_turn  # noqa: PLC0415

    await superseded.wait()
    await process.turn.enter_async_context(restart_turn(process.settings.url))


async def _first_of(*coroutines: Coroutine[Any, Any, object]) -> None:
    """Wait until one of several things has happened, and cancel the others."""
    tasks = [asyncio.create_task(one) for one in coroutines]
    done, others = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for other in others:
        other.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    for one in done:
        one.result()
