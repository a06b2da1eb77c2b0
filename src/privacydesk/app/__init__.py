"""The composition root: the only module that knows every room."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from datetime import timedelta
from functools import partial

from privacydesk.app.outside import Outside, connect_outside
from privacydesk.app.policies import citer, read_policy
from privacydesk.app.process import serving, web_faces
from privacydesk.app.rooms import Integrations, Rooms, Upkeep, Webhooks
from privacydesk.app.terms import attendance_terms, staff_terms, ways
from privacydesk.calendars import Calendars, overrides_stamp
from privacydesk.clock import Clock, SystemClock
from privacydesk.connectors.mail_reader import MailReader
from privacydesk.connectors.signing import verify
from privacydesk.connectors.smtp import parse_address
from privacydesk.connectors.webhooks import AddressRules
from privacydesk.data import dialog_files, locale_files
from privacydesk.dialog.engine import Engine
from privacydesk.dialog.reader import read_flows
from privacydesk.domain.agents import Agent
from privacydesk.domain.mail import Mailbox
from privacydesk.domain.webhooks import WebhookSender
from privacydesk.i18n.catalog import Catalogs
from privacydesk.i18n.negotiation import negotiate
from privacydesk.policy.library import FilePolicyLibrary
from privacydesk.ports import Store
from privacydesk.profile import OperatorProfile
from privacydesk.services.alarms import Alarms
from privacydesk.services.attaching import Attaching
from privacydesk.services.attendance import Attendance
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
from privacydesk.services.letters import Letters
from privacydesk.services.mail_door import MailDoor
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
from privacydesk.services.signin.doors import make_doors
from privacydesk.services.staff.casework import Casework
from privacydesk.services.staff.modules import Modules
from privacydesk.services.staff.staff import make_staff
from privacydesk.services.staged import StagedUploads
from privacydesk.services.takeover import Takeover
from privacydesk.services.ticketing.joining import join_system
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
from privacydesk.web.console.tools import Tools
from privacydesk.worker.loops import Worker
from privacydesk.worker.pace import Pace
from privacydesk.worker.webhooks import WebhookWorker

__all__ = [
    "Outside",
    "Rooms",
    "Upkeep",
    "Webhooks",
    "connect_outside",
    "open_rooms",
    "read_policy",
    "serving",
    "upgrade",
    "web_faces",
]


def _callers(settings: Settings) -> Callable[[int, str, bytes, str], bool] | None:
    """Return what tells calls of the account service; None where there is none."""
    secret = settings.account_service_secret.get_secret_value()
    return partial(verify, secret) if secret else None


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
    catalogs = Catalogs.load(locale_files(settings.locales), citer(profile.clause_map(), policy))
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
    notices = Notices(minter, ways(settings, profile))
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
    ticketing = (
        join_system(
            outside.ticketing,
            profile.ticketing.map(),
            store=store,
            book=store.ticketing_book,
            chores=store.chores,
            handling=staff.handling,
            catalog=catalogs,
            item=wording.item,
            zone=profile.zone,
            clock=clock,
            every=timedelta(seconds=settings.ticketing_poll_seconds),
        )
        if outside.ticketing is not None and isinstance(store, SqlStore)
        else None
    )
    tools = Tools(
        inbox=Inbox(store.reader, hashing, recogniser, deadlines, clock),
        casework=Casework(
            store.reader,
            staff.cases,
            presence,
            store.text_book,
            ticketing.link if ticketing is not None else None,
        ),
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
        letters=Letters(
            mailer=outside.mailer,
            catalog=catalogs,
            reader=store.reader,
            writer=store.writer,
            clock=clock,
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
            outside=outside,
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
            mail_door=(
                _mail_door(outside.mailbox, store, desk, settings, clock)
                if outside.mailbox is not None and isinstance(store, SqlStore)
                else None
            ),
            integrations=integrations,
            ticketing=ticketing,
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


def _mail_door(
    mailbox: Mailbox, store: SqlStore, desk: ChatDesk, settings: Settings, clock: Clock
) -> MailDoor:
    own = parse_address(settings.smtp_from).addr_spec if settings.smtp_from else ""
    return MailDoor(
        mailbox=mailbox,
        desk=desk,
        read=MailReader(own).read,
        chores=store.chores,
        clock=clock,
        every=timedelta(seconds=settings.imap_poll_seconds),
    )


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
    pace = Pace(lambda: store.writer.taken)
    return Webhooks(endpoints, sending, WebhookWorker(sending, clock, pace))


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


def upgrade(settings: Settings) -> None:
    """Bring the database to the newest schema."""
    schema.upgrade(settings.url)
