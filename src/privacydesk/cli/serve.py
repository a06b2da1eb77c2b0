"""``privacydesk serve`` and ``privacydesk demo``: the long-running commands."""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from datetime import datetime
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from privacydesk import sandbox
from privacydesk.cli.common import DataDir, load, misused

if TYPE_CHECKING:
    from privacydesk.nlu.worker.client import UnderstandingProcess
    from privacydesk.outages import Outages
    from privacydesk.profile import OperatorProfile
    from privacydesk.settings import Settings


_COLLECT_AFTER = (20_000, 20, 20)
"""Thresholds of the garbage collector for its three generations.

A turn leaves some hundred objects and hardly a cycle; collecting after
Python's usual 700 slows every third turn."""


class Loop(StrEnum):
    """Which event loop runs the server."""

    STANDARD = "standard"
    UVLOOP = "uvloop"


Host = Annotated[
    str | None, typer.Option("--host", metavar="ADDRESS", help="Instead of the setting.")
]
Port = Annotated[
    int | None,
    typer.Option("--port", metavar="PORT", min=0, max=65535, help="0 takes any free one."),
]


def serve(
    host: Host = None,
    port: Port = None,
    loop: Annotated[
        Loop | None, typer.Option("--loop", help="Default: uvloop where it is installed.")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Serve the chat and work on requests until SIGTERM or SIGINT.

    Needs an operator profile, ring keys, a hashing secret, and the addresses and secrets of the
    account service and of the code gateway; what is missing is named. A database that is not there
    yet is made; an older one needs `db upgrade` first. One process serves a SQLite file.
    """
    given = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    settings = load(data_dir, **given)
    factory = _loop_factory(loop)
    # Checked before anything is opened, so that what is missing is named at once.
    profile = settings.operator()
    settings.keys()
    settings.hashing()

    from privacydesk import logs  # noqa: PLC0415 - what is missing is told sooner without

    logs.set_up(settings.log_level, as_json=settings.log_json)
    # Keys are in its memory and, as a rule, in its environment.
    sandbox.conceal()
    # Hardly anything allocated before it listens is freed: collecting takes a tenth of that time.
    gc.disable()
    try:
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(_serve(settings, profile))
    finally:
        gc.enable()


def demo(
    now: Annotated[
        str | None,
        typer.Option("--now", metavar="ISO", help="The demo's present. Default: the real one."),
    ] = None,
    host: Annotated[str, typer.Option("--host", metavar="ADDRESS")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", metavar="PORT", min=0, max=65535)] = 8080,
    data_dir: Annotated[
        Path | None,
        typer.Option("--data-dir", metavar="DIR", help="Where it keeps its data. Default: new."),
    ] = None,
) -> None:
    """Run everything on one port with sample people, policy and agents, to try it out.

    Prints the addresses, where codes appear, and its folder; the staff commands work on that
    folder with --data-dir.
    """
    if now is not None:
        try:
            datetime.fromisoformat(now)
        except ValueError:
            misused("--now", f"{now!r} isn't an instant; write one like 2026-09-30T10:00:00+08:00")
    from privacydesk.demo.run import run_demo  # noqa: PLC0415 - brings the whole house along

    run_demo(now=now, host=host, port=port, data_dir=data_dir)


def _loop_factory(loop: Loop | None) -> Callable[[], asyncio.AbstractEventLoop] | None:
    installed = find_spec("uvloop") is not None
    if loop is Loop.UVLOOP and not installed:
        misused("--loop", "uvloop isn't installed here")
    if loop is Loop.STANDARD or not installed:
        return None
    import uvloop  # noqa: PLC0415 - not on every platform

    return uvloop.new_event_loop


def _make_fresh(settings: Settings) -> None:
    """Create a missing database; an existing one is never changed by a start."""
    from privacydesk import app  # noqa: PLC0415
    from privacydesk.storage.engines import parse_url, sqlite_file  # noqa: PLC0415

    path = sqlite_file(parse_url(settings.url))
    if path is not None and (not path.exists() or not path.stat().st_size):
        app.upgrade(settings)


def _gaps(settings: Settings, profile: OperatorProfile) -> Iterator[tuple[str, dict[str, object]]]:
    """Yield the gaps in the settings that a desk can start with, though hardly anybody wants to."""
    from privacydesk.dialog.vocabulary import PATHS  # noqa: PLC0415
    from privacydesk.profile import SHIPPED_LOCALES  # noqa: PLC0415
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
    if lacking := sorted(PATHS - profile.paths.keys()):
        yield (
            "no_paths",
            {
                "paths": lacking,
                "hint": "name them in the operator profile as the app's screens do; until then"
                " people are told general words",
            },
        )
    if lacking := sorted(SHIPPED_LOCALES - profile.lawsuit.keys()):
        yield (
            "no_lawsuit",
            {
                "locales": lacking,
                "hint": "name it as `lawsuit` in the operator profile: people whose request is"
                " refused have to be told that they may sue (Personal Information Protection Law,"
                " article 50)",
            },
        )
    if settings.ticketing_system and profile.ticketing.map().shares_personal:
        yield (
            "ticketing_shares",
            {
                "fields": sorted(
                    name for name, fact in profile.ticketing.fields.items() if fact.is_personal
                ),
                "texts": [one.value for one in profile.ticketing.texts],
                "hint": "the operator profile lets these leave the house for the ticketing system",
            },
        )
    if lacks := sandbox.missing():
        yield (
            "confinement_missing",
            {
                "lacks": list(lacks),
                "hint": "this kernel does not keep the programs that read what strangers send from"
                " files and the network; keep the database and the keys from this user otherwise",
            },
        )
    for name in unknown_variables():
        yield "unknown_variable", {"name": name, "hint": "no setting is called that"}


async def _serve(settings: Settings, profile: OperatorProfile) -> None:
    # Both processes start in parallel: nothing large is imported here before the other has begun.
    from privacydesk.clock import SystemClock  # noqa: PLC0415
    from privacydesk.outages import Outages  # noqa: PLC0415

    outages = Outages(SystemClock())
    async with _understanding(settings, profile, outages) as understanding:
        from privacydesk.storage.serving import serving_lock  # noqa: PLC0415

        with serving_lock(settings.url):
            await _serve_with(understanding, settings, profile, outages)


def _understanding(
    settings: Settings, profile: OperatorProfile, outages: Outages
) -> UnderstandingProcess:
    """Return the process that understands what people say."""
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
) -> None:
    import structlog  # noqa: PLC0415

    from privacydesk import app  # noqa: PLC0415
    from privacydesk.app.connecting import connect_outside  # noqa: PLC0415
    from privacydesk.app.process import serving  # noqa: PLC0415
    from privacydesk.clock import SystemClock  # noqa: PLC0415
    from privacydesk.connectors.start_check import check_outside  # noqa: PLC0415
    from privacydesk.interleaving import ThreadsBeside  # noqa: PLC0415

    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadsBeside())
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    log = structlog.get_logger(__name__)
    for event, gap in _gaps(settings, profile):
        log.warning(event, **gap)
    clock = SystemClock()
    async with AsyncExitStack() as opened:
        outside = await opened.enter_async_context(
            connect_outside(settings, clock, profile.ticketing.map(), outages)
        )
        _make_fresh(settings)
        rooms = await opened.enter_async_context(
            app.open_rooms(
                settings, outside, profile=profile, clock=clock, understanding=understanding
            )
        )
        waiting = asyncio.create_task(stopped.wait()), asyncio.create_task(understanding.ready())
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        waiting[0].cancel()
        if stopped.is_set():
            waiting[1].cancel()
            return
        waiting[1].result()
        port = await opened.enter_async_context(
            serving(rooms, reader=understanding, failed=stopped.set)
        )
        # What was allocated so far is never freed: collecting it again and again wastes time, and
        # even once, for the hundredth that is garbage, takes a tenth of the start.
        gc.freeze()
        gc.set_threshold(*_COLLECT_AFTER)
        gc.enable()
        shown = f"[{settings.host}]" if ":" in settings.host else settings.host
        typer.echo(f"Listening on http://{shown}:{port}/chat/")
        check = asyncio.create_task(check_outside(outside.accounts, outside.codes))
        await stopped.wait()
        check.cancel()
        log.info("stopping")
