"""The composition root: the only module that knows every room."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Protocol

import structlog
from aiohttp import web

from privacydesk.calendars import Calendars, overrides_stamp
from privacydesk.calling import as_called
from privacydesk.clock import Clock, SystemClock
from privacydesk.connectors.http import Endpoint
from privacydesk.connectors.http_account import connect_account_service
from privacydesk.connectors.http_push import connect_pusher
from privacydesk.connectors.http_sms import connect_code_sender
from privacydesk.connectors.signing import verify
from privacydesk.connectors.smtp import MailServer, SmtpMailer
from privacydesk.connectors.webhooks import AddressRules, connect_webhooks
from privacydesk.data import dialog_files, locale_files
from privacydesk.dialog.engine import Engine
from privacydesk.dialog.reader import read_flows
from privacydesk.domain.account import AccountService, CodeSender
from privacydesk.domain.agents import Agent
from privacydesk.domain.notices import Mailer, NoticeGateway, Occasion, Pusher, Way
from privacydesk.domain.webhooks import Standing, WebhookSender
from privacydesk.errors import SettingsError
from privacydesk.i18n.catalog import Catalogs
from privacydesk.i18n.negotiation import negotiate
from privacydesk.policy.clauses import ClauseMap, cite
from privacydesk.policy.library import FilePolicyLibrary
from privacydesk.policy.tree import PolicyVersion
from privacydesk.ports import AuditTrail, KeyWrapping, Store
from privacydesk.profile import OperatorProfile
from privacydesk.services.alarms import Alarms
from privacydesk.services.attaching import Attaching
from privacydesk.services.attendance import BEAT_EVERY, Attendance
from privacydesk.services.attendance import Terms as AttendanceTerms
from privacydesk.services.audit import Audit, Sealer
from privacydesk.services.audit_book import AuditBook
from privacydesk.services.callbacks import Callbacks
from privacydesk.services.cards import Wording
from privacydesk.services.chat import ChatDesk
from privacydesk.services.credentials import TokenChecker
from privacydesk.services.deadlines import Deadlines
from privacydesk.services.deliveries import Deliveries
from privacydesk.services.dues import Dues
from privacydesk.services.hints import Hints
from privacydesk.services.hours import Hours
from privacydesk.services.inbox import Inbox
from privacydesk.services.integrations.once import Once
from privacydesk.services.integrations.tokens import Tokens
from privacydesk.services.making import Maker
from privacydesk.services.notice_words import NoticeWords
from privacydesk.services.notices import Notices
from privacydesk.services.notifying import Carriers, Notifying
from privacydesk.services.oversight import Oversight
from privacydesk.services.packages import Packages
from privacydesk.services.packaging.archive import Archive
from privacydesk.services.policy_answers import PolicyAnswers
from privacydesk.services.presence import Presence
from privacydesk.services.reports import Reports
from privacydesk.services.retention import Retention
from privacydesk.services.sending import Codes
from privacydesk.services.signin.doors import Doors, make_doors
from privacydesk.services.signin.gate import Terms
from privacydesk.services.staff.casework import Casework
from privacydesk.services.staff.modules import Modules
from privacydesk.services.staff.staff import Staff, make_staff
from privacydesk.services.staged import StagedUploads
from privacydesk.services.takeover import Takeover
from privacydesk.services.turns import Turns
from privacydesk.services.uploads import Pictures
from privacydesk.services.usher import Usher
from privacydesk.services.webhooks.endpoints import Endpoints
from privacydesk.services.webhooks.sending import Sending
from privacydesk.settings import Settings
from privacydesk.storage import schema
from privacydesk.storage.hashing import KeyedHashing
from privacydesk.storage.minting import SecretMinter
from privacydesk.storage.sealing import KeyRing
from privacydesk.storage.store import SqlStore
from privacydesk.understanding.embedding import E5Embedder, Embedder
from privacydesk.understanding.model import IntentModel
from privacydesk.understanding.trained import TrainedRecogniser
from privacydesk.web.api.operations import Works
from privacydesk.web.console.tools import Tools
from privacydesk.web.server import make_app
from privacydesk.web.settings import WebSettings
from privacydesk.worker.chores import repeat
from privacydesk.worker.loops import Worker
from privacydesk.worker.webhooks import WebhookWorker

_log = structlog.get_logger(__name__)

_SHORTEST_SECRET = 16
_FEWEST_LETTERS = 8
_AGENTS_EVERY = 5.0
_SWEEP_EVERY = 60.0
_WATCH_EVERY = 60.0
_LOGS_EVERY = 600.0
_SEAL_EVERY = 15.0
_RETENTION_EVERY = 60.0
"""Seconds between looks whether somebody has to; it is done once a day."""
_ANCHOR_EVERY = 86_400.0
_ALARMS_EVERY = 86_400.0


class Gateway(CodeSender, NoticeGateway, Protocol):
    """Brings codes and notices to phones."""


@dataclass(frozen=True, slots=True)
class Outside:
    """What stands outside the database.

    Attributes:
        codes: sends codes, and notices to phones.
        webhooks: None for whoever leaves sending to ``serve``.
        pusher: None without a push service.
        mailer: None without a mail server.
    """

    accounts: AccountService
    codes: Gateway
    webhooks: WebhookSender | None = None
    pusher: Pusher | None = None
    mailer: Mailer | None = None


@dataclass(frozen=True, slots=True)
class Upkeep:
    """What a database needs done to it.

    Attributes:
        trail: the audit entries, for whoever looks at them or checks them.
        sealer: chains what was audited.
        retention: takes away what was kept for its period.
        wrapping: wraps data keys anew after the ring got another key.
    """

    trail: AuditTrail
    sealer: Sealer
    retention: Retention
    wrapping: KeyWrapping


@dataclass(frozen=True, slots=True)
class Webhooks:
    """What tells other systems.

    Attributes:
        endpoints: looks after who is told.
        sending: tries what waits, and watches what does not get through; with its ``worker`` None
            for whoever leaves that to ``serve``.
    """

    endpoints: Endpoints
    sending: Sending | None = None
    worker: WebhookWorker | None = None

    def ailing(self) -> tuple[Standing, ...]:
        """Return the endpoints that do not take what waits for them, as last looked at."""
        return self.sending.ailing if self.sending is not None else ()

    def wake(self) -> None:
        """Look for postings that are due."""
        if self.worker is not None:
            self.worker.wake()


@dataclass(frozen=True, slots=True)
class Integrations:
    """What programs come in with.

    Attributes:
        tokens: who they are.
        once: what they asked before.
    """

    tokens: Tokens
    once: Once


@dataclass(frozen=True, slots=True)
class Rooms:
    """Everything made and wired, for whoever serves, works or commands.

    Attributes:
        doors: how staff get in; None where ``upkeep`` is.
        oversight: what is looked at from above; None where ``upkeep`` is.
        upkeep: None with a store of the caller's own, which is gone at the end anyway.
        webhooks: None there, too.
        integrations: None there, too.
    """

    settings: Settings
    profile: OperatorProfile
    clock: Clock
    store: Store
    catalogs: Catalogs
    engine: Engine
    turns: Turns
    desk: ChatDesk
    staff: Staff
    takeover: Takeover
    attendance: Attendance
    alarms: Alarms
    worker: Worker
    staged: StagedUploads
    packages: Packages
    callbacks: Callbacks
    audit: Audit
    upkeep: Upkeep | None
    doors: Doors | None
    oversight: Oversight | None
    webhooks: Webhooks | None
    integrations: Integrations | None
    deadlines: Deadlines
    answers: PolicyAnswers
    hints: Hints
    tools: Tools
    agents: dict[str, Agent]

    async def refresh_agents(self) -> None:
        """Read the agents' names anew."""
        self.agents.clear()
        self.agents.update({agent.name: agent for agent in await self.store.reader.agents()})


@asynccontextmanager
async def connect_outside(settings: Settings, clock: Clock) -> AsyncIterator[Outside]:
    """Connect the operator's account service and code gateway.

    Raises:
        SettingsError: an address or secret is missing or wrong; the message names the setting.
    """
    accounts = _endpoint(
        settings.account_service_url,
        settings.account_service_secret.get_secret_value(),
        "account_service",
    )
    codes = _endpoint(
        settings.code_gateway_url, settings.code_gateway_secret.get_secret_value(), "code_gateway"
    )
    async with (
        connect_account_service(accounts, clock=clock) as account_service,
        connect_code_sender(codes, clock=clock) as code_sender,
        connect_webhooks(AddressRules(settings.webhook_networks), clock) as webhook_sender,
        _pusher(settings, clock) as pusher,
    ):
        yield Outside(
            account_service, code_sender, webhook_sender, pusher, _mailer(settings, clock)
        )


@asynccontextmanager
async def _pusher(settings: Settings, clock: Clock) -> AsyncIterator[Pusher | None]:
    if not settings.push_gateway_url:
        yield None
        return
    secret = settings.push_gateway_secret.get_secret_value()
    endpoint = _endpoint(settings.push_gateway_url, secret, "push_gateway")
    async with connect_pusher(endpoint, clock=clock) as pusher:
        yield pusher


def _mailer(settings: Settings, clock: Clock) -> Mailer | None:
    if not settings.smtp_host:
        return None
    server = MailServer(
        host=settings.smtp_host,
        port=settings.smtp_port,
        sender=settings.smtp_from,
        security=settings.smtp_security,
        username=settings.smtp_username,
        password=settings.smtp_password.get_secret_value(),
        timeout=settings.smtp_timeout_seconds,
        ca_file=settings.smtp_ca_file,
    )
    return SmtpMailer(server, clock)


def _endpoint(url: str, secret: str, name: str) -> Endpoint:
    for part, value in (("url", url), ("secret", secret)):
        if not value:
            setting = f"{name}_{part}"
            raise SettingsError(f"PRIVACYDESK_{setting.upper()} is missing", key=setting)
    if len(secret) < _SHORTEST_SECRET or len(set(secret)) < _FEWEST_LETTERS:
        setting = f"{name}_secret"
        raise SettingsError(
            f"PRIVACYDESK_{setting.upper()} looks like a placeholder: use at least"
            f" {_SHORTEST_SECRET} random characters",
            key=setting,
        )
    return Endpoint(url, secret).checked(name)


def _callers(settings: Settings) -> Callable[[int, str, bytes, str], bool] | None:
    """Return what tells calls of the account service; None where there is none."""
    secret = settings.account_service_secret.get_secret_value()
    return partial(verify, secret) if secret else None


def read_policy(profile: OperatorProfile, data_dir: Path) -> PolicyVersion | None:
    """Return the imported policy that the profile names; None, with a warning, without one."""
    if not profile.policy:
        return None
    version = FilePolicyLibrary(data_dir).latest(profile.policy)
    if version is None:
        _log.warning(
            "policy_not_imported",
            name=profile.policy,
            hint=as_called(
                f"run `privacydesk policy import FILE --name {profile.policy}`; until then"
                " articles are cited by number alone"
            ),
        )
        return None
    for name, near in profile.clause_map().missing(version).items():
        _log.warning("clause_not_in_policy", clause=name, near=list(near))
    return version


def _citer(clauses: ClauseMap, version: PolicyVersion | None) -> Callable[[str], Mapping[str, str]]:
    def citation(name: str) -> Mapping[str, str]:
        found = cite(clauses, version, name)
        return {"document": found.document, "article": found.reference}

    return citation


@asynccontextmanager
async def open_rooms(
    settings: Settings,
    outside: Outside,
    *,
    profile: OperatorProfile,
    clock: Clock | None = None,
    kept_in: Store | None = None,
    embedder: Embedder | None = None,
) -> AsyncIterator[Rooms]:
    """Make and wire everything, with the store opened; close it at the end.

    Args:
        settings: what the process runs with.
        outside: the account service and the code gateway.
        profile: the operator's own facts.
        clock: the machine's own unless given.
        kept_in: a store instead of the database that the settings name.
        embedder: turns sentences into vectors; the model that ships with the desk unless given.

    Raises:
        SettingsError, DialogInvalidError: what is missing or wrong, by name.
    """
    clock = clock or SystemClock()
    policy = read_policy(profile, settings.data_dir)
    catalogs = Catalogs.load(locale_files(settings.locales), _citer(profile.clause_map(), policy))
    embedder = embedder or E5Embedder()
    answers = PolicyAnswers(FilePolicyLibrary(settings.data_dir), policy, embedder)
    flows = read_flows(dialog_files(settings.dialogs))
    hashing = KeyedHashing(settings.hashing())
    minter = SecretMinter()
    store, opened = _store_of(kept_in, settings, clock)
    deadlines = Deadlines(
        Calendars.from_data_dir(settings.data_dir, settled_until=profile.settled_until),
        profile.deadline_rules(),
    )
    wording = Wording(catalogs, deadlines)
    maker = Maker(minter, hashing, deadlines, wording)
    engine = Engine(flows, profile.rules(), wording.label, frozenset(catalogs.locales))
    hints = Hints()
    presence = Presence(clock)
    hours = Hours(profile.shifts(), deadlines)
    attendance = Attendance(store.duties, hours, clock, attendance_terms(settings))
    agents: dict[str, Agent] = {}
    recogniser = TrainedRecogniser.load(embedder, IntentModel.load(settings.intent_model))
    turns = Turns(
        engine=engine,
        writer=store.writer,
        reader=store.reader,
        maker=maker,
        recogniser=recogniser,
        hashing=hashing,
        deadlines=deadlines,
        attendance=attendance,
        clock=clock,
        policy=answers,
    )
    tokens = (
        TokenChecker(settings.app_token_keys, settings.app_token_audience, clock)
        if settings.app_token_keys
        else None
    )
    staged = StagedUploads(store, clock, timedelta(hours=settings.staged_upload_hours))
    pictures = Pictures()
    attaching = Attaching(pictures, store.reader, minter, clock)
    packages = Packages(
        archive=Archive(catalogs, profile.zone, profile.rules().app_in),
        store=store,
        turns=turns,
        minter=minter,
        hashing=hashing,
        clock=clock,
        kept_for=timedelta(days=profile.package_days),
    )
    desk = ChatDesk(
        engine=engine,
        turns=turns,
        store=store,
        maker=maker,
        minter=minter,
        hashing=hashing,
        hints=hints,
        presence=presence,
        clock=clock,
        negotiate=lambda languages: negotiate(languages, "") if languages else "",
        agent_names=lambda name: agents[name].display_name if name in agents else name,
        tokens=tokens,
        staged=staged,
        pictures=pictures,
        attaching=attaching,
        packages=packages,
    )
    audit = Audit(store.writer, minter, clock)
    notices = Notices(minter, _ways(settings, profile))
    alarms = Alarms(store.alarm_book, store.reader, store.duties, clock)
    staff = make_staff(
        turns=turns,
        store=store,
        maker=maker,
        minter=minter,
        hashing=hashing,
        deadlines=deadlines,
        notices=notices,
        alarms=alarms,
        clock=clock,
        remedies=profile.remedies_rules(),
        second_eyes=profile.decided_by_two(),
        changed=hints.ticket_changed,
    )
    takeover = Takeover(
        turns=turns,
        store=store,
        staff=staff,
        attendance=attendance,
        presence=presence,
        attaching=attaching,
        minter=minter,
        clock=clock,
    )
    webhooks = (
        _webhooks(store, outside.webhooks, settings, minter, clock)
        if isinstance(store, SqlStore)
        else None
    )
    integrations = (
        Integrations(Tokens(store.api_book, hashing, minter, clock), Once(store.api_book, clock))
        if isinstance(store, SqlStore)
        else None
    )
    tools = Tools(
        inbox=Inbox(store.reader, hashing, recogniser, deadlines, clock),
        casework=Casework(store.reader, staff.cases, presence, store.text_book),
        modules=Modules(
            book=store.text_book,
            roster=staff.roster,
            catalog=catalogs,
            locales=catalogs.locales,
            app=profile.rules().app_in,
            clock=clock,
        ),
        staff=staff,
        takeover=takeover,
        attaching=attaching,
        presence=presence,
        hints=hints,
        wording=wording,
        catalog=catalogs,
        minter=minter,
        clock=clock,
        agents=agents,
        zone=profile.zone,
        attendance=attendance,
        alarms=alarms,
        endpoints=webhooks.endpoints if webhooks is not None else None,
        tokens=integrations.tokens if integrations is not None else None,
        ailing=webhooks.ailing if webhooks is not None else tuple,
    )
    reaches = profile.code_rules().reaches
    deliveries = Deliveries(
        accounts=outside.accounts,
        codes=Codes(outside.codes, store.reader, reaches),
        turns=turns,
        writer=store.writer,
        notices=notices,
        packages=packages,
        notifying=Notifying(
            carriers=Carriers(
                gateway=outside.codes,
                pusher=outside.pusher,
                mailer=outside.mailer,
                words=NoticeWords(catalogs, profile.rules().app_in, profile.notices.link),
                reaches=reaches,
            ),
            notices=notices,
            writer=store.writer,
            reader=store.reader,
            clock=clock,
            quiet=profile.quiet_hours(),
            pause=timedelta(minutes=profile.notices.pause_minutes),
        ),
        deadlines=deadlines,
        clock=clock,
    )
    worker = Worker(
        claims=store.claims,
        reader=store.reader,
        deliveries=deliveries,
        dues=Dues(
            turns=turns,
            maker=maker,
            notices=notices,
            deadlines=deadlines,
            alarms=alarms,
            clock=clock,
            changed=hints.ticket_changed,
        ),
        clock=clock,
        at_once=settings.workers,
        calendars_changed=_calendar_watch(settings, profile, deadlines),
        besides=(
            (_usher(store, attendance, takeover, alarms, clock).round,)
            if isinstance(store, SqlStore)
            else ()
        ),
    )
    async with opened, pictures:
        store.writer.on_commit(hints.committed)
        turns.left_due = _waking(worker, webhooks)
        rooms = Rooms(
            settings=settings,
            profile=profile,
            clock=clock,
            store=store,
            catalogs=catalogs,
            engine=engine,
            turns=turns,
            desk=desk,
            staff=staff,
            takeover=takeover,
            attendance=attendance,
            alarms=alarms,
            worker=worker,
            staged=staged,
            packages=packages,
            callbacks=Callbacks(
                check=_callers(settings),
                writer=store.writer,
                minter=minter,
                clock=clock,
                left_due=worker.wake,
            ),
            audit=audit,
            upkeep=(
                _upkeep(store, audit, minter, clock, timedelta(days=profile.retention_days))
                if isinstance(store, SqlStore)
                else None
            ),
            doors=(
                make_doors(
                    store=store.access,
                    reader=store.reader,
                    minter=minter,
                    hashing=hashing,
                    clock=clock,
                    terms=staff_terms(settings, profile),
                )
                if isinstance(store, SqlStore)
                else None
            ),
            oversight=(
                Oversight(
                    reports=Reports(store.cases, store.counters, deadlines, clock),
                    cases=store.cases,
                    book=AuditBook(store.trail, store.reader, store.cases, audit),
                    audit=audit,
                )
                if isinstance(store, SqlStore)
                else None
            ),
            webhooks=webhooks,
            integrations=integrations,
            deadlines=deadlines,
            answers=answers,
            hints=hints,
            tools=tools,
            agents=agents,
        )
        await rooms.refresh_agents()
        try:
            yield rooms
        finally:
            answers.stop()


def _ways(settings: Settings, profile: OperatorProfile) -> dict[Occasion, tuple[Way, ...]]:
    """Return by which ways notices go: those of the profile that lead anywhere here."""
    pushes = bool(settings.push_gateway_url)
    return {
        occasion: tuple(
            way for way in profile.notices.ways_of(occasion) if pushes or way is not Way.PUSH
        )
        for occasion in Occasion
    }


def _usher(
    store: SqlStore, attendance: Attendance, takeover: Takeover, alarms: Alarms, clock: Clock
) -> Usher:
    return Usher(
        attendance=attendance,
        takeover=takeover,
        alarms=alarms,
        reader=store.reader,
        duties=store.duties,
        chores=store.chores,
        clock=clock,
    )


def attendance_terms(settings: Settings) -> AttendanceTerms:
    """Return the operator's choices about who counts as there."""
    return AttendanceTerms(
        grace=timedelta(seconds=settings.connection_grace_seconds),
        visit=timedelta(minutes=settings.visit_minutes),
        at_once=settings.conversations_at_once,
        patience=timedelta(minutes=settings.queue_patience_minutes),
    )


def _store_of(
    kept_in: Store | None, settings: Settings, clock: Clock
) -> tuple[Store, AbstractAsyncContextManager[object]]:
    """Return the store, and what opens it: a caller's own is open already."""
    if kept_in is not None:
        return kept_in, nullcontext()
    store = SqlStore(settings.url, KeyRing(*settings.keys()), clock)
    return store, store


def _upkeep(
    store: SqlStore, audit: Audit, minter: SecretMinter, clock: Clock, period: timedelta
) -> Upkeep:
    return Upkeep(
        trail=store.trail,
        sealer=Sealer(store.trail),
        retention=Retention(
            purging=store.purging,
            chores=store.chores,
            writer=store.writer,
            audit=audit,
            minter=minter,
            clock=clock,
            period=period,
        ),
        wrapping=store.wrapping,
    )


def _webhooks(
    store: SqlStore,
    sender: WebhookSender | None,
    settings: Settings,
    minter: SecretMinter,
    clock: Clock,
) -> Webhooks:
    rules = AddressRules(settings.webhook_networks)
    endpoints = Endpoints(store.webhook_book, rules.check, minter, clock)
    if sender is None:
        return Webhooks(endpoints)
    sending = Sending(
        queue=store.webhook_queue,
        book=store.webhook_book,
        sender=sender,
        clock=clock,
        chance=random.random,
        keep=timedelta(days=settings.webhook_log_days),
    )
    return Webhooks(endpoints, sending, WebhookWorker(sending, clock))


def _waking(worker: Worker, webhooks: Webhooks | None) -> Callable[[], None]:
    """Return what is called after a commit that left something to do."""

    def wake() -> None:
        worker.wake()
        if webhooks is not None:
            webhooks.wake()

    return wake


def _calendar_watch(
    settings: Settings, profile: OperatorProfile, deadlines: Deadlines
) -> Callable[[], Awaitable[bool]]:
    """Return a check that loads calendars anew when the operator imported a schedule."""
    seen = overrides_stamp(settings.data_dir)

    async def changed() -> bool:
        nonlocal seen
        stamp = await asyncio.to_thread(overrides_stamp, settings.data_dir)
        if stamp == seen:
            return False
        seen = stamp
        deadlines.calendars = Calendars.from_data_dir(
            settings.data_dir, settled_until=profile.settled_until
        )
        return True

    return changed


def staff_terms(settings: Settings, profile: OperatorProfile) -> Terms:
    """Return the operator's choices about how staff get in."""
    return Terms(
        idle=timedelta(minutes=settings.staff_idle_minutes),
        lasting=timedelta(hours=settings.staff_session_hours),
        temporary=timedelta(hours=settings.temporary_password_hours),
        issuer=next(iter(profile.desk_names.values()), "privacydesk"),
        keep_log=timedelta(days=settings.access_log_days),
    )


def web_settings(settings: Settings, profile: OperatorProfile) -> WebSettings:
    """Return what the web faces are told."""
    return WebSettings(
        desk_names=profile.desk_names,
        messages_per_second=settings.messages_per_second,
        message_burst=settings.message_burst,
        new_chats_per_minute=settings.new_chats_per_minute,
        new_chats_at_once=settings.new_chats_at_once,
        sockets_per_address=settings.sockets_per_address,
        trusted_proxies=tuple(settings.trusted_proxies),
        cors_origins=tuple(settings.cors_origins),
        frame_ancestors=settings.frame_ancestors,
        host_origin=settings.host_origin,
        zone=profile.zone,
        entries_per_minute=settings.staff_entries_per_minute,
        entries_at_once=settings.staff_entries_at_once,
        api_per_minute=settings.api_requests_per_minute,
        api_at_once=settings.api_requests_at_once,
        api_time=settings.api_request_seconds,
    )


def web_faces(
    rooms: Rooms, *, extra: Sequence[tuple[str, web.Application]] = ()
) -> web.Application:
    """Return the chat and the console over the rooms, and more faces by path."""
    return make_app(
        rooms.desk, rooms.catalogs, web_settings(rooms.settings, rooms.profile), rooms.clock,
        doors=rooms.doors, tools=rooms.tools, oversight=rooms.oversight,
        callbacks=rooms.callbacks, works=_works(rooms), extra=extra,
    )  # fmt: skip


def _works(rooms: Rooms) -> Works | None:
    """Return what programs work with: what staff do, and who lets them in."""
    if rooms.integrations is None or rooms.doors is None:
        return None
    return Works(
        tokens=rooms.integrations.tokens,
        once=rooms.integrations.once,
        staff=rooms.staff,
        takeover=rooms.takeover,
        inbox=rooms.tools.inbox,
        casework=rooms.tools.casework,
        attaching=rooms.tools.attaching,
        audit=rooms.audit,
        access_log=rooms.doors.log,
        clock=rooms.clock,
    )


@asynccontextmanager
async def serving(
    rooms: Rooms, *, extra: Sequence[tuple[str, web.Application]] = ()
) -> AsyncIterator[int]:
    """Serve the web faces and work on due rows; gives the port listened on.

    Raises:
        SettingsError: the address can't be listened on.
    """
    app = web_faces(rooms, extra=extra)
    # Nothing that clients send is worth compressing, and a body that only claims to be compressed
    # would break its connection.
    runner = web.AppRunner(app, access_log=None, handle_signals=False, auto_decompress=False)
    await runner.setup()
    site = web.TCPSite(runner, rooms.settings.host, rooms.settings.port)
    try:
        await site.start()
    except OSError as error:
        await runner.cleanup()
        raise SettingsError(
            f"PRIVACYDESK_HOST and PRIVACYDESK_PORT can't be listened on: {error.strerror}",
            key="port",
        ) from None
    port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]  # noqa: SLF001 - aiohttp has no other way to tell a port that was chosen
    tasks = [
        asyncio.create_task(rooms.worker.run(), name="worker"),
        asyncio.create_task(_warm(rooms), name="warm"),
        # Agents that were added by a command beside this process.
        asyncio.create_task(
            repeat(rooms.refresh_agents, every=_AGENTS_EVERY, name="agents"), name="agents"
        ),
        asyncio.create_task(
            repeat(rooms.staged.sweep, every=_SWEEP_EVERY, name="staged_uploads"), name="sweep"
        ),
        asyncio.create_task(
            repeat(rooms.packages.sweep, every=_SWEEP_EVERY, name="packages"), name="packages"
        ),
        asyncio.create_task(
            repeat(rooms.attendance.beat, every=BEAT_EVERY, name="attendance"), name="attendance"
        ),
        asyncio.create_task(
            repeat(rooms.alarms.sweep, every=_ALARMS_EVERY, name="alarms"), name="alarms"
        ),
        *_upkeep_tasks(rooms.upkeep),
        *_door_tasks(rooms.doors),
        *_webhook_tasks(rooms.webhooks),
        *_integration_tasks(rooms.integrations),
    ]
    try:
        yield port
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await runner.cleanup()


def _upkeep_tasks(upkeep: Upkeep | None) -> list[asyncio.Task[None]]:
    if upkeep is None:
        return []
    return [
        asyncio.create_task(repeat(chore, every=every, name=name), name=name)
        for name, chore, every in (
            ("audit_sealing", upkeep.sealer.work, _SEAL_EVERY),
            ("audit_anchor", upkeep.sealer.anchor, _ANCHOR_EVERY),
            ("retention", upkeep.retention.daily, _RETENTION_EVERY),
        )
    ]


def _door_tasks(doors: Doors | None) -> list[asyncio.Task[None]]:
    if doors is None:
        return []
    chore = repeat(doors.gate.sweep, every=_LOGS_EVERY, name="staff_access")
    return [asyncio.create_task(chore, name="staff_access")]


def _webhook_tasks(webhooks: Webhooks | None) -> list[asyncio.Task[None]]:
    if webhooks is None or webhooks.sending is None or webhooks.worker is None:
        return []
    watch = repeat(webhooks.sending.watch, every=_WATCH_EVERY, name="webhook_watch")
    sweep = repeat(webhooks.sending.sweep, every=_LOGS_EVERY, name="webhook_log")
    return [
        asyncio.create_task(webhooks.worker.run(), name="webhooks"),
        asyncio.create_task(watch, name="webhook_watch"),
        asyncio.create_task(sweep, name="webhook_log"),
    ]


def _integration_tasks(integrations: Integrations | None) -> list[asyncio.Task[None]]:
    if integrations is None:
        return []
    chore = repeat(integrations.once.sweep, every=_LOGS_EVERY, name="api_answers")
    return [asyncio.create_task(chore, name="api_answers")]


async def _warm(rooms: Rooms) -> None:
    """Read what the first ticket and the first policy question would have to wait for."""
    year = rooms.deadlines.today(rooms.clock.now()).year
    code = rooms.deadlines.rules.calendar
    await asyncio.to_thread(rooms.deadlines.calendars.warm, (year, year + 1), (code,))
    try:
        await asyncio.to_thread(rooms.answers.load)
    except Exception as error:  # noqa: BLE001 - the first question tries again and says what is wrong
        _log.warning("policy_not_ready", error=type(error).__name__, exc_info=error)


def upgrade(settings: Settings) -> None:
    """Bring the database to the newest schema."""
    schema.upgrade(settings.url)
