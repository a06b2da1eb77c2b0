"""``privacydesk serve`` and ``privacydesk demo``: the long-running commands."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from datetime import datetime
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NoReturn

import typer

from privacydesk import sandbox
from privacydesk.cli.common import DataDir, exit_with_usage_error, load_settings_for

if TYPE_CHECKING:
    from privacydesk.nlu.worker.client import UnderstandingProcess
    from privacydesk.outages import Outages
    from privacydesk.profile import OperatorProfile
    from privacydesk.settings import Settings


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
    shares_port: Annotated[bool, typer.Option("--shares-port", hidden=True)] = False,
) -> None:
    """Serve the chat and work on requests until SIGTERM or SIGINT.

    Needs an operator profile, ring keys, a hashing secret, and the addresses and secrets of the
    account service and of the code gateway; an error names what is missing. A missing SQLite
    database is created; an older one needs `db upgrade` first. Only one process can serve a SQLite
    file.
    """
    overrides = {
        name: value for name, value in (("host", host), ("port", port)) if value is not None
    }
    settings = load_settings_for(data_dir, **overrides)
    factory = _loop_factory(loop)
    # Checked first, so that missing settings are reported at once.
    profile = settings.operator()
    settings.keys()
    settings.hashing()

    from privacydesk import logs  # noqa: PLC0415 - missing settings are reported sooner without

    logs.set_up(settings.log_level, as_json=settings.log_json)
    # The keys are in this process's memory and usually in its environment.
    sandbox.conceal()
    if workers > 1:
        _serve_with_workers(settings, workers, loop, data_dir)
    # Collecting garbage would take a tenth of the start, during which hardly anything is freed.
    gc.disable()
    try:
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(_serve(settings, profile, shares_port=shares_port))
    finally:
        gc.enable()


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
        command += ["--shares-port", *(("--loop", loop.value) if loop else ())]
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
    from privacydesk.storage.engines import parse_url, sqlite_file  # noqa: PLC0415

    path = sqlite_file(parse_url(settings.url))
    if path is not None and (not path.exists() or not path.stat().st_size):
        app.upgrade(settings)


_REMEDIES: Final = {
    "complaint": "where they can complain to the operator",
    "arbitration": "where disputes are arbitrated and by which rules; write null if that is not"
    " agreed",
    "lawsuit": "that they may sue (Personal Information Protection Law, article 50)",
}
"""What a refusal has to say, by the key of the operator profile."""


def _settings_warnings(
    settings: Settings, profile: OperatorProfile
) -> Iterator[tuple[str, dict[str, object]]]:
    """Yield warnings, as log events with fields, about settings that are missing or unusual."""
    from privacydesk.settings import unknown_variables  # noqa: PLC0415

    if not settings.app_token_keys:
        yield (
            "no_app_token_keys",
            {
                "hint": "nobody can log in, every visitor is anonymous: put the public keys of the"
                " app's backend into PRIVACYDESK_APP_TOKEN_KEYS"
            },
        )
    if not profile.policy:
        yield (
            "no_policy",
            {
                "hint": "import one and name it as `policy` in the operator profile; until then"
                " articles are cited by number alone"
            },
        )
    if missing_paths := sorted(profile.missing_paths()):
        yield (
            "no_paths",
            {
                "paths": missing_paths,
                "hint": "name them in the operator profile as the app's screens do, in each"
                " language; until then"
                " users get general directions",
            },
        )
    for key, locales in profile.missing_remedies().items():
        hint = (
            f"name it as `{key}` in the operator profile: people whose request is refused have to"
            f" be told {_REMEDIES[key]}"
        )
        yield f"no_{key}", {"locales": list(locales), "hint": hint}
    if missing_helplines := profile.missing_helplines():
        yield (
            "no_helplines",
            {
                "locales": list(missing_helplines),
                "hint": "name them in the operator profile; until then people in danger are told to"
                " call the police, without a number",
            },
        )
    if settings.ticketing_system and profile.ticketing.map().shares_personal:
        yield (
            "ticketing_shares",
            {
                "fields": sorted(
                    name for name, fact in profile.ticketing.fields.items() if fact.is_personal
                ),
                "texts": [text.value for text in profile.ticketing.texts],
                "hint": "the operator profile allows sending these personal data to the ticketing"
                " system",
            },
        )
    if missing_features := sandbox.missing():
        yield (
            "confinement_missing",
            {
                "lacks": list(missing_features),
                "hint": "this kernel can't keep processes that parse strangers' input away from"
                " files and the network; protect the database and the keys from this user"
                " otherwise",
            },
        )
    for name in unknown_variables():
        yield "unknown_variable", {"name": name, "hint": "no setting is called that"}


async def _serve(settings: Settings, profile: OperatorProfile, *, shares_port: bool) -> None:
    # The NLU process starts in parallel, so nothing large is imported before it has been started.
    from privacydesk.clock import SystemClock  # noqa: PLC0415
    from privacydesk.outages import Outages  # noqa: PLC0415

    outages = Outages(SystemClock())
    async with _understanding_process(settings, profile, outages) as understanding:
        from privacydesk.storage.serving_lock import serving_lock  # noqa: PLC0415

        with serving_lock(settings.url):
            await _serve_with(understanding, settings, profile, outages, shares_port=shares_port)


def _understanding_process(
    settings: Settings, profile: OperatorProfile, outages: Outages
) -> UnderstandingProcess:
    """Return the process that interprets messages."""
    from privacydesk import logs  # noqa: PLC0415 - loaded already
    from privacydesk.nlu.worker.client import UnderstandingProcess  # noqa: PLC0415
    from privacydesk.nlu.worker.wire import Briefing  # noqa: PLC0415

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
    understanding: UnderstandingProcess,
    settings: Settings,
    profile: OperatorProfile,
    outages: Outages,
    *,
    shares_port: bool,
) -> None:
    import structlog  # noqa: PLC0415

    from privacydesk import app  # noqa: PLC0415
    from privacydesk.app.connections import connect_external_services  # noqa: PLC0415
    from privacydesk.app.process import run_server  # noqa: PLC0415
    from privacydesk.background_threads import BackgroundThreadPool  # noqa: PLC0415
    from privacydesk.clock import SystemClock  # noqa: PLC0415
    from privacydesk.connectors.start_check import check_services  # noqa: PLC0415

    stop_requested = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.set_default_executor(BackgroundThreadPool())
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signal_number, stop_requested.set)
    log = structlog.get_logger(__name__)
    if shares_port:
        # The parent process holds the other end; a process must not outlive it.
        loop.add_reader(sys.stdin.fileno(), stop_requested.set)
    for event, fields in _settings_warnings(settings, profile):
        log.warning(event, **fields)
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        external = await stack.enter_async_context(
            connect_external_services(settings, clock, profile.ticketing.map(), outages)
        )
        _create_missing_database(settings)
        services = await stack.enter_async_context(
            app.open_services(
                settings, external, profile=profile, clock=clock, understanding=understanding
            )
        )
        stop_task = asyncio.create_task(stop_requested.wait())
        ready_task = asyncio.create_task(understanding.ready())
        await asyncio.wait((stop_task, ready_task), return_when=asyncio.FIRST_COMPLETED)
        stop_task.cancel()
        if stop_requested.is_set():
            ready_task.cancel()
            return
        # Raises if the NLU process could not start.
        ready_task.result()
        port = await stack.enter_async_context(
            run_server(
                services,
                nlu=understanding,
                on_failure=stop_requested.set,
                shares_port=shares_port,
            )
        )
        # Exclude the objects of the start from collections: they are never freed, and even one
        # collection of them takes a tenth of the start, while only a hundredth of them is garbage.
        gc.freeze()
        gc.set_threshold(*_GC_THRESHOLDS)
        gc.enable()
        typer.echo(_announcement(settings.host, port))
        check = asyncio.create_task(check_services(external.accounts, external.codes))
        await stop_requested.wait()
        check.cancel()
        log.info("stopping")
