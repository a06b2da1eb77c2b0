"""``privacydesk demo``: the whole desk on one port, with everything it needs around it.

    browser ── /chat/ ───────── the desk ──── HTTP connectors ────┐
       └────── /demo/ ── panel ── looks at the accounts and codes │
                 /demo/accounts ── sample account service ◄───────┤
                 /demo/codes ───── code gateway ◄─────────────────┘

The desk reaches outside services over HTTP as in production, but they run in the same process.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import typer

from privacydesk import logs
from privacydesk.app import Services, open_services, upgrade
from privacydesk.app.process import run_server
from privacydesk.clock import Clock
from privacydesk.connectors.http import Endpoint
from privacydesk.connectors.http_account import connect_account_service
from privacydesk.connectors.http_sms import connect_code_sender
from privacydesk.connectors.memory import MemoryCodeSender, phones_of
from privacydesk.connectors.webhook_addresses import AddressRules
from privacydesk.connectors.webhooks import connect_webhooks
from privacydesk.demo.accounts import BOOK, Deferral, make_account_app, save_book
from privacydesk.demo.applicants import applicants, child_record
from privacydesk.demo.clock import CLOCK_FILE, DemoClock
from privacydesk.demo.commands import SAMPLE_AGENTS, agent_commands
from privacydesk.demo.data_folder import (
    ACCOUNTS_FILE,
    import_policy,
    is_seeded,
    needs_seeding,
    seeding_marker,
    write_settings,
)
from privacydesk.demo.files import DATA, make_folder
from privacydesk.demo.gateway import make_gateway_app
from privacydesk.demo.panel import Panel
from privacydesk.demo.people import sample_people
from privacydesk.demo.personas import Personas
from privacydesk.demo.seeding import PERIOD, Connections, move_webhook, seed
from privacydesk.demo.staff import CONSOLE, PASSWORD, SampleStaff
from privacydesk.demo.stream import PanelSource
from privacydesk.demo.switch import Switch
from privacydesk.demo.tokens import TokenMinter, load_key, public_part
from privacydesk.demo.tour import Tour
from privacydesk.domain.account_terms import AccountAction
from privacydesk.domain.agents import Role
from privacydesk.domain.intents import RequestKind
from privacydesk.encoder.embedding import E5Embedder
from privacydesk.errors import SettingsError
from privacydesk.nlu.worker.client import UnderstandingProcess
from privacydesk.nlu.worker.wire import Briefing
from privacydesk.profile import read_profile
from privacydesk.settings import Settings
from privacydesk.storage.serving_lock import serving_lock
from privacydesk.web.api.callbacks import CALLBACK_PATH

_DEFERRED: Final = frozenset({AccountAction.DELETE, AccountAction.DEREGISTER})
"""Actions that the sample account service answers later, as services do with long work."""

DEFAULT_DATA_DIR: Final = Path("data/demo")


@dataclass(frozen=True, slots=True)
class Demo:
    """A running demo.

    Attributes:
        address: where it is reached, without a path.
        services: the desk inside it.
        clock: its present.
        sender: where codes arrive.
        data_dir: its folder, as it was named.
    """

    address: str
    services: Services
    clock: DemoClock
    sender: MemoryCodeSender
    data_dir: Path


def run_demo(
    *,
    now: datetime | str | None = None,
    host: str = "127.0.0.1",
    port: int = 8080,
    data_dir: Path | None = None,
    empty: bool = False,
) -> None:
    """Run the demo until it is interrupted.

    Args:
        now: the present to begin with; text is ISO 8601, read in the operator's zone without an
            offset. Ignored if the data have seen a later present.
        host: address to listen on.
        port: port to listen on; 0 takes any free one.
        data_dir: where everything is kept, ``data/demo`` by default; a restart on it continues.
        empty: whether a new folder begins without the sample requests.

    Raises:
        SettingsError: the port is taken, or the folder can't be used.
        DeskError: with code IN_USE when another process runs on the folder.
    """
    # The seeding passes deadlines on purpose: warnings of them would only alarm.
    logs.set_up("error", as_json=False)
    asyncio.run(_run(now, host, port, data_dir or DEFAULT_DATA_DIR, empty))


async def _run(
    now: datetime | str | None, host: str, port: int, data_dir: Path, empty: bool
) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with open_demo(
        now=now, host=host, port=port, data_dir=data_dir, empty=empty, failed=stopped.set
    ) as demo:
        logs.set_up("warning", as_json=False)
        typer.echo(_start_message(demo))
        await stopped.wait()
        typer.echo("Stopping. Everything is kept; start again to go on.")


@asynccontextmanager
async def open_demo(
    *,
    now: datetime | str | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
    data_dir: Path,
    empty: bool = False,
    second_eyes: Collection[RequestKind] = (),
    failed: Callable[[], None] = lambda: None,
) -> AsyncIterator[Demo]:
    """Start the demo and stop it at the end; see :func:`run_demo`.

    Args:
        now: the present to begin with.
        host: address to listen on.
        port: port to listen on; 0 takes any free one.
        data_dir: where everything is kept.
        empty: whether a new folder begins without the sample requests.
        second_eyes: kinds whose outcome takes two agents, for callers who play two.
        failed: called when something of it has stopped for good.
    """
    profile = read_profile(DATA / "profile.yaml").model_copy(
        update={"second_eyes": list(second_eyes)}
    )
    port = _free_port(host, port)
    base_url = f"http://{_bracketed(_own_address(host))}:{port}"
    make_folder(data_dir)
    key = load_key(data_dir)
    settings = write_settings(
        data_dir, host=host, port=port, base=base_url, token_key=public_part(key)
    )
    async with AsyncExitStack() as stack:
        stack.enter_context(serving_lock(settings.url))
        seeds = not empty and needs_seeding(data_dir)
        start = _parse_start(now, ZoneInfo(profile.zone))
        rewound = PERIOD if seeds else timedelta(0)
        clock = DemoClock(data_dir / CLOCK_FILE, start, rewound=rewound)
        upgrade(settings)
        # Nobody else is waiting yet: the import may use all of the machine.
        embedder = E5Embedder(os.cpu_count() or 1)
        embed = import_policy(data_dir, profile.policy, clock.present, embedder)
        embedding = asyncio.create_task(asyncio.to_thread(embed))
        understanding = UnderstandingProcess(
            Briefing(str(data_dir), profile.policy, log_level="warning")
        )
        people = sample_people(clock.present)
        with_applicants = seeds or is_seeded(data_dir)
        regulars = applicants(clock.present) if with_applicants else ()
        accounts = make_account_app(
            (*people, *regulars),
            others=(child_record(clock.present),) if with_applicants else (),
            secret=settings.account_service_secret.get_secret_value(),
            clock=clock,
            state_path=data_dir / ACCOUNTS_FILE,
            deferral=Deferral(_DEFERRED, call_back=f"{base_url}{CALLBACK_PATH}"),
        )
        book = accounts[BOOK]
        connections = await _connect(stack, settings, clock)
        services = await stack.enter_async_context(
            open_services(
                settings,
                connections.external_services(),
                profile=profile,
                clock=clock,
                understanding=understanding,
            )
        )
        staff = SampleStaff(services)
        await staff.add_missing()
        await embedding
        await stack.enter_async_context(understanding)
        minter = TokenMinter(key, settings.app_token_audience, clock)
        if seeds:
            with seeding_marker(data_dir):
                await seed(
                    services,
                    clock,
                    connections,
                    book=book,
                    people={person.id: person for person in regulars},
                    minter=minter,
                    base_url=base_url,
                )
                await save_book(book, data_dir / ACCOUNTS_FILE)
        await move_webhook(services.webhooks.endpoints, base_url)
        sender = MemoryCodeSender(clock, phones_of(book))
        personas = Personas(people, regulars, sender)
        source = PanelSource(services, personas, book, sender, staff)
        panel = Panel(source, clock, minter, Tour(services, personas, minter), data_dir).app()
        panel.add_subapp("/accounts", accounts)
        gateway = make_gateway_app(sender, secret=settings.code_gateway_secret.get_secret_value())
        panel.add_subapp("/codes", gateway)
        await understanding.ready()
        await stack.enter_async_context(
            run_server(
                services,
                extra=[("/demo", panel)],
                frames_console=True,
                nlu=understanding,
                on_failure=failed,
            )
        )
        yield Demo(base_url, services, clock, sender, data_dir)


async def _connect(stack: AsyncExitStack, settings: Settings, clock: Clock) -> Connections:
    """Connect to the external services, which this process runs itself."""
    # Nothing leaves this machine, so plain HTTP is safe.
    accounts = Endpoint(
        settings.account_service_url,
        settings.account_service_secret.get_secret_value(),
        allow_plain=True,
    )
    codes = Endpoint(
        settings.code_gateway_url, settings.code_gateway_secret.get_secret_value(), allow_plain=True
    )
    rules = AddressRules(settings.webhook_networks)
    return Connections(
        Switch(await stack.enter_async_context(connect_account_service(accounts, clock=clock))),
        Switch(await stack.enter_async_context(connect_code_sender(codes, clock=clock))),
        Switch(await stack.enter_async_context(connect_webhooks(rules, clock))),
    )


def _parse_start(now: datetime | str | None, zone: ZoneInfo) -> datetime | None:
    if isinstance(now, str):
        try:
            now = datetime.fromisoformat(now)
        except ValueError:
            raise SettingsError("--now isn't an instant; write 2026-09-30T10:00:00+08:00") from None
    return now.replace(tzinfo=zone) if now is not None and now.tzinfo is None else now


def _free_port(host: str, port: int) -> int:
    """Return the port to use, checked to be free.

    Raises:
        SettingsError: it is in use, or there is no such address here.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
            return int(probe.getsockname()[1])
    except OSError as error:
        why = error.strerror or "no such address"
        raise SettingsError(
            f"can't listen on {host}, port {port} ({why}): stop what uses it, or name another"
            " with --port",
            key="port",
        ) from None


def _own_address(host: str) -> str:
    """Return the host where this process reaches itself, which can't be a wildcard."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if not address.is_unspecified:
        return host
    return "127.0.0.1" if address.version == 4 else "::1"  # noqa: PLR2004 - IPv4


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _start_message(demo: Demo) -> str:
    zone = ZoneInfo(demo.services.profile.zone)
    now = demo.clock.now().astimezone(zone)
    kept = "  (these data have seen it; --now is earlier)" if demo.clock.kept else ""
    agents = ", ".join(
        name if role is Role.AGENT else f"{name} ({role.value})" for name, _, role in SAMPLE_AGENTS
    )
    lines = [
        "The demo runs. Nobody in it exists; don't type real data.",
        "",
        f"  Panel   {demo.address}/demo/   choose whom to play; the chat opens beside it",
        f"  Chat    {demo.address}/chat/   the chat alone, without an account",
        "  Codes   appear in the panel, on the phone of the person being played",
        f"  Console {demo.address}{CONSOLE}   for staff; password {PASSWORD}, codes in the panel",
        f"  Clock   {now:%Y-%m-%d %H:%M} {demo.services.profile.zone}; the panel moves it{kept}",
        f"  Data    {demo.data_dir}   kept between starts; delete it to begin anew",
        "",
        f"Staff: {agents}. Act as one in another terminal:",
        *(f"  {one.line}" for one in agent_commands(demo.data_dir)[:6]),
        "",
        "Press Ctrl+C to stop.",
    ]
    return "\n".join(lines)
