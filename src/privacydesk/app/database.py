"""The rooms that work on the database beside the chat and the console.

Upkeep, staff sign-in, oversight, and connections to other systems.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta

from privacydesk.app.basis import Basis
from privacydesk.app.fingerprints import make_configuration
from privacydesk.app.rooms import Integrations, Upkeep, Webhooks
from privacydesk.app.talking import Talking
from privacydesk.app.terms import staff_terms
from privacydesk.connectors.webhook_addresses import AddressRules
from privacydesk.services.audit import Audit, Sealer
from privacydesk.services.audit_book import AuditBook
from privacydesk.services.chat import ChatDesk
from privacydesk.services.configuration import Configuration
from privacydesk.services.inbound_mail import MailDoor
from privacydesk.services.integrations.once import Once
from privacydesk.services.integrations.tokens import Tokens
from privacydesk.services.oversight import Oversight
from privacydesk.services.reports import Reports
from privacydesk.services.retention import Retention
from privacydesk.services.revocations import Revocations
from privacydesk.services.signin.doors import Doors, make_doors
from privacydesk.services.staff.handling import Handling
from privacydesk.services.ticketing.sync_rounds import SyncRounds
from privacydesk.services.ticketing.wiring import join_system
from privacydesk.services.webhooks.endpoints import Endpoints
from privacydesk.services.webhooks.sending import Sending
from privacydesk.storage.store import SqlStore
from privacydesk.worker.pace import Pace
from privacydesk.worker.webhooks import WebhookWorker


@dataclass(frozen=True, slots=True)
class DatabaseRooms:
    """The rooms that work on the database; ``Rooms`` says what each is."""

    upkeep: Upkeep
    configuration: Configuration
    doors: Doors
    oversight: Oversight
    webhooks: Webhooks
    integrations: Integrations
    mail_door: MailDoor | None = None
    ticketing: SyncRounds | None = None


def make_database_rooms(
    basis: Basis, talking: Talking, *, audit: Audit, handling: Handling
) -> DatabaseRooms:
    """Make the rooms that work on the database."""
    store = basis.store
    clock = basis.clock
    return DatabaseRooms(
        upkeep=_upkeep(basis, store, audit),
        configuration=make_configuration(basis, store),
        doors=make_doors(
            store=store.access,
            reader=store.reader,
            minter=basis.minter,
            hashing=basis.hashing,
            clock=clock,
            terms=staff_terms(basis.settings, basis.profile),
        ),
        oversight=Oversight(
            reports=Reports(store.cases, store.counters, basis.deadlines, clock),
            cases=store.cases,
            book=AuditBook(store.trail, store.reader, store.cases, audit),
            audit=audit,
        ),
        webhooks=_webhooks(basis, store),
        integrations=Integrations(
            Tokens(store.api_book, basis.hashing, basis.minter, clock),
            Once(store.api_book, clock),
            Revocations(store.revocations, talking.revoked, basis.hashing, clock),
        ),
        mail_door=_mail_door(basis, store, talking.desk),
        ticketing=_ticketing(basis, store, handling),
    )


def _upkeep(basis: Basis, store: SqlStore, audit: Audit) -> Upkeep:
    return Upkeep(
        trail=store.trail,
        integrity=store.integrity,
        sealer=Sealer(store.trail),
        retention=Retention(
            purging=store.purging,
            chores=store.chores,
            writer=store.writer,
            audit=audit,
            minter=basis.minter,
            clock=basis.clock,
            period=timedelta(days=basis.profile.retention_days),
        ),
        wrapping=store.wrapping,
    )


def _webhooks(basis: Basis, store: SqlStore) -> Webhooks:
    settings, clock = basis.settings, basis.clock
    rules = AddressRules(settings.webhook_networks)
    endpoints = Endpoints(store.webhook_book, rules.check, basis.minter, clock)
    if basis.outside.webhooks is None:
        return Webhooks(endpoints)
    sending = Sending(
        queue=store.webhook_queue,
        book=store.webhook_book,
        sender=basis.outside.webhooks,
        clock=clock,
        chance=random.random,
        keep=timedelta(days=settings.webhook_log_days),
    )
    pace = Pace(lambda: store.writer.taken)
    return Webhooks(endpoints, sending, WebhookWorker(sending, clock, pace))


def _mail_door(basis: Basis, store: SqlStore, desk: ChatDesk) -> MailDoor | None:
    settings, mailbox = basis.settings, basis.outside.mailbox
    if mailbox is None:
        return None
    from privacydesk.connectors.mail_reader import MailReader  # noqa: PLC0415 - few desks take mail
    from privacydesk.connectors.smtp import parse_address  # noqa: PLC0415

    own = parse_address(settings.smtp_from).addr_spec if settings.smtp_from else ""
    return MailDoor(
        mailbox=mailbox,
        desk=desk,
        read=MailReader(own).read,
        chores=store.chores,
        clock=basis.clock,
        every=timedelta(seconds=settings.imap_poll_seconds),
    )


def _ticketing(basis: Basis, store: SqlStore, handling: Handling) -> SyncRounds | None:
    profile = basis.profile
    if basis.outside.ticketing is None:
        return None
    return join_system(
        basis.outside.ticketing,
        profile.ticketing.map(),
        store=store,
        book=store.ticketing_book,
        chores=store.chores,
        handling=handling,
        catalog=basis.catalogs,
        item=basis.wording.item,
        zone=profile.zone,
        clock=basis.clock,
        every=timedelta(seconds=basis.settings.ticketing_poll_seconds),
    )
