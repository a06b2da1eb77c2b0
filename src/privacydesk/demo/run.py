"""``privacydesk demo``: the whole desk on one port, with everything it needs around it.

    browser ── /chat/, /console/ ── the desk ── HTTP connectors ──┐
       └────── /demo/ ── page ── reads the accounts and codes     │
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
from aiohttp import web

from privacydesk import logs
from privacydesk.app import Services, open_services, upgrade
from privacydesk.app.process import run_server
from privacydesk.app.saved_profile import profile_versions
from privacydesk.clock import Clock
from privacydesk.connectors.account_book import AccountBook
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
from privacydesk.demo.person import SamplePerson
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
from privacydesk.domain.saved_settings import BY_FILE
from privacydesk.encoder.embedding import E5Embedder
from privacydesk.errors import SettingsError
from privacydesk.profile import OperatorProfile, load_profile, read_profile
from privacydesk.settings import Settings
from privacydesk.storage.serving_lock import serving_lock
from privacydesk.understanding.client import UnderstandingProcess
from privacydesk.understanding.wire import Briefing
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
        clock: its clock.
        sender: receives codes and notices.
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
        now: the time to begin with; text is ISO 8601, read in the operator's zone without an
            offset. Ignored if the data have seen a later time.
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
    while not stopped.is_set():
        async with open_demo(
            now=now, host=host, port=port, data_dir=data_dir, empty=empty, failed=stopped.set
        ) as demo:
            logs.set_up("warning", as_json=False)
            typer.echo(_start_message(demo))
            port = demo.services.settings.port
            superseded = asyncio.create_task(demo.services.saved_profile.superseded.wait())
            stopping = asyncio.create_task(stopped.wait())
            await asyncio.wait((superseded, stopping), return_when=asyncio.FIRST_COMPLETED)
            superseded.cancel()
            stopping.cancel()
        what = "Stopping. Everything is kept; start again to go on."
        typer.echo(what if stopped.is_set() else "Another profile is in force: starting again.")


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
        now: the time to begin with.
        host: address to listen on.
        port: port to listen on; 0 takes any free one.
        data_dir: where everything is kept.
        empty: whether a new folder begins without the sample requests.
        second_eyes: kinds whose outcome takes two agents, for callers who play two.
        failed: called when something of it has stopped for good.
    """
    profile = read_profile(DATA / "profile.yaml")
    async with AsyncExitStack() as stack:
        address = _Address(host, _free_port(host, port))
        start = _prepare(stack, profile, address, data_dir, now=now, empty=empty)
        profile = _changed_profile(start.settings) or profile
        if second_eyes:
            profile = profile.model_copy(update={"second_eyes": list(second_eyes)})
        # Nobody else is waiting yet: the import may use all of the machine.
        embedder = E5Embedder(os.cpu_count() or 1)
        embed = import_policy(data_dir, profile.policy, start.clock.present, embedder)
        embedding = asyncio.create_task(asyncio.to_thread(embed))
        understanding = UnderstandingProcess(
            Briefing(str(data_dir), profile.policy, log_level="warning")
        )
        accounts = _make_accounts(start)
        connections = await _connect(stack, start.settings, start.clock)
        services = await stack.enter_async_context(
            open_services(
                start.settings,
                connections.external_services(),
                profile=profile,
                clock=start.clock,
                understanding=understanding,
            )
        )
        staff = SampleStaff(services)
        await staff.add_missing()
        await embedding
        await stack.enter_async_context(understanding)
        if start.seeds:
            await _seed(start, services, connections, accounts[BOOK])
        await move_webhook(services.webhooks.endpoints, start.base_url)
        sender = MemoryCodeSender(start.clock, phones_of(accounts[BOOK]))
        page = _make_page(start, services, staff, accounts, sender)
        await understanding.ready()
        await stack.enter_async_context(
            run_server(
                services,
                extra=[("/demo", page)],
                frames_console=True,
                nlu=understanding,
                on_failure=failed,
            )
        )
        yield Demo(start.base_url, services, start.clock, sender, data_dir)


@dataclass(frozen=True, slots=True)
class _Address:
    """Where the demo listens."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """The base URL at which this process reaches itself."""
        return f"http://{_bracketed(_own_address(self.host))}:{self.port}"


@dataclass(frozen=True, slots=True)
class _Start:
    """What is known once the folder is prepared.

    Attributes:
        data_dir: the demo's folder.
        base_url: where this process reaches itself.
        settings: the settings of the desk.
        clock: the demo's clock, rewound if the folder is to be seeded.
        minter: signs app tokens.
        seeds: whether the folder is to be seeded.
        people: the people whose conversations begin empty.
        applicants: the people of the seeded requests; empty for a folder without them.
    """

    data_dir: Path
    base_url: str
    settings: Settings
    clock: DemoClock
    minter: TokenMinter
    seeds: bool
    people: tuple[SamplePerson, ...]
    applicants: tuple[SamplePerson, ...]


def _changed_profile(settings: Settings) -> OperatorProfile | None:
    """Return the profile that somebody has put in force here; None for the shipped one."""
    newest = next(iter(profile_versions(settings)), None)
    if newest is None or newest.by == BY_FILE:
        return None
    return load_profile(newest.body, f"version {newest.version} of the demo's profile")


def _prepare(
    stack: AsyncExitStack,
    profile: OperatorProfile,
    address: _Address,
    data_dir: Path,
    *,
    now: datetime | str | None,
    empty: bool,
) -> _Start:
    """Lock the folder, write its settings and upgrade its database."""
    make_folder(data_dir)
    key = load_key(data_dir)
    settings = write_settings(
        data_dir,
        host=address.host,
        port=address.port,
        base=address.url,
        token_key=public_part(key),
    )
    stack.enter_context(serving_lock(settings.url))
    seeds = not empty and needs_seeding(data_dir)
    clock = DemoClock(
        data_dir / CLOCK_FILE,
        _parse_start(now, ZoneInfo(profile.zone)),
        rewound=PERIOD if seeds else timedelta(0),
    )
    upgrade(settings)
    return _Start(
        data_dir=data_dir,
        base_url=address.url,
        settings=settings,
        clock=clock,
        minter=TokenMinter(key, settings.app_token_audience, clock),
        seeds=seeds,
        people=sample_people(clock.present),
        applicants=applicants(clock.present) if seeds or is_seeded(data_dir) else (),
    )


def _make_accounts(start: _Start) -> web.Application:
    """Return the sample account service."""
    return make_account_app(
        (*start.people, *start.applicants),
        others=(child_record(start.clock.present),) if start.applicants else (),
        secret=start.settings.account_service_secret.get_secret_value(),
        clock=start.clock,
        state_path=start.data_dir / ACCOUNTS_FILE,
        deferral=Deferral(_DEFERRED, call_back=f"{start.base_url}{CALLBACK_PATH}"),
    )


async def _seed(
    start: _Start, services: Services, connections: Connections, book: AccountBook
) -> None:
    """Add the sample requests, and save the accounts that they changed."""
    with seeding_marker(start.data_dir):
        await seed(
            services,
            start.clock,
            connections,
            book=book,
            people={person.id: person for person in start.applicants},
            minter=start.minter,
            base_url=start.base_url,
        )
        await save_book(book, start.data_dir / ACCOUNTS_FILE)


def _make_page(
    start: _Start,
    services: Services,
    staff: SampleStaff,
    accounts: web.Application,
    sender: MemoryCodeSender,
) -> web.Application:
    """Return the demo's page with the account service and the SMS gateway below it."""
    personas = Personas(start.people, start.applicants, sender)
    source = PanelSource(services, personas, accounts[BOOK], sender, staff)
    tour = Tour(services, personas, start.minter)
    page = Panel(source, start.clock, start.minter, tour, start.data_dir).app()
    page.add_subapp("/accounts", accounts)
    secret = start.settings.code_gateway_secret.get_secret_value()
    page.add_subapp("/codes", make_gateway_app(sender, secret=secret))
    return page


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
    kept = "  (this folder has seen it; --now is earlier)" if demo.clock.kept else ""
    agents = ", ".join(
        name if role is Role.AGENT else f"{name} ({role.value})" for name, _, role in SAMPLE_AGENTS
    )
    lines = [
        "The demo runs. Nobody in it exists; don't type real data.",
        "",
        f"  Page    {demo.address}/demo/   user and console side by side; start here",
        f"  Chat    {demo.address}/chat/   the chat alone, without an account",
        f"  Console {demo.address}{CONSOLE}   for staff; password {PASSWORD}, codes on the page",
        f"  Clock   {now:%Y-%m-%d %H:%M} {demo.services.profile.zone}; the page moves it{kept}",
        f"  Data    {demo.data_dir}   kept between starts; delete it to start over",
        "",
        f"Staff: {agents}. Act as one in another terminal:",
        *(f"  {command.line}" for command in agent_commands(demo.data_dir)[:6]),
        "",
        "Press Ctrl+C to stop.",
    ]
    return "\n".join(lines)
