"""The supporting services: maintenance, staff sign-in, oversight, links to other systems."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta

from privacydesk.app.chat_services import ChatServices
from privacydesk.app.container import Integrations, Maintenance, Webhooks
from privacydesk.app.dependencies import Dependencies
from privacydesk.app.fingerprints import hashing_secrets, this_process
from privacydesk.app.service_settings import help_targets, sign_in_settings
from privacydesk.connectors.webhook_addresses import AddressRules
from privacydesk.services.account_requests import AccountRequests
from privacydesk.services.alarms import Alarms
from privacydesk.services.audit import Audit, Sealer
from privacydesk.services.audit_reader import AuditReader
from privacydesk.services.change_waiters import ChangeWaiters
from privacydesk.services.chat import ChatDesk
from privacydesk.services.event_log import EventLog
from privacydesk.services.hash_rotation import HashSecretRotation
from privacydesk.services.inbound_mail import MailboxPoller
from privacydesk.services.intake import Intake
from privacydesk.services.integrations.api_tokens import ApiTokens
from privacydesk.services.integrations.idempotency import IdempotentRequests
from privacydesk.services.oversight import Oversight
from privacydesk.services.packs.evidence import DeskSetup, EvidenceCollector
from privacydesk.services.packs.packs import Packs
from privacydesk.services.reports import Reports
from privacydesk.services.retention_run import Retention
from privacydesk.services.revocations import Revocations
from privacydesk.services.signin.services import SignInServices, make_signin_services
from privacydesk.services.signin.sign_in import SignIn
from privacydesk.services.staff.handling import TicketHandling
from privacydesk.services.staff.services import StaffServices
from privacydesk.services.ticketing.sync_rounds import SyncRounds
from privacydesk.services.ticketing.wiring import join_system
from privacydesk.services.webhooks.endpoints import Endpoints
from privacydesk.services.webhooks.sending import Sending
from privacydesk.storage.store import SqlStore
from privacydesk.worker.event_log import EventLogWorker
from privacydesk.worker.throttle import Throttle
from privacydesk.worker.webhooks import WebhookWorker


@dataclass(frozen=True, slots=True)
class SupportingServices:
    """The supporting services; ``Services`` documents each of them."""

    maintenance: Maintenance
    signin: SignInServices
    oversight: Oversight
    webhooks: Webhooks
    integrations: Integrations
    mailbox_poller: MailboxPoller | None = None
    ticketing: SyncRounds | None = None


def build_supporting_services(
    deps: Dependencies, chat: ChatServices, *, audit: Audit, staff: StaffServices, alarms: Alarms
) -> SupportingServices:
    """Build the supporting services."""
    store, clock = deps.store, deps.clock
    maintenance = _build_maintenance(deps, store, audit, staff.account_requests)
    signin = make_signin_services(
        store=store.access,
        reader=store.reader,
        minter=deps.minter,
        hashing=deps.hashing,
        clock=clock,
        settings=sign_in_settings(deps.settings, deps.profile),
        teams=deps.profile.teams_by_name(),
        provider=deps.external.identity_provider,
        tasks=store.periodic_tasks,
    )
    return SupportingServices(
        maintenance=maintenance,
        signin=signin,
        oversight=_build_oversight(deps, chat, maintenance, audit, staff),
        webhooks=_build_webhooks(deps, store, alarms),
        integrations=_build_integrations(deps, chat, store, signin.sign_in),
        mailbox_poller=_build_mailbox_poller(deps, store, chat.desk),
        ticketing=_build_ticketing(deps, store, staff.handling, alarms),
    )


def _build_intake(deps: Dependencies, chat: ChatServices) -> Intake:
    return Intake(
        turns=chat.turns,
        desk=chat.desk,
        reader=deps.store.reader,
        engine=deps.engine,
        accounts=deps.external.accounts,
        hashing=deps.hashing,
        minter=deps.minter,
        clock=deps.clock,
        renderer=deps.renderer,
    )


def _build_oversight(
    deps: Dependencies,
    chat: ChatServices,
    maintenance: Maintenance,
    audit: Audit,
    staff: StaffServices,
) -> Oversight:
    store, clock = deps.store, deps.clock
    reports = Reports(
        cases=store.cases,
        counters=store.counters,
        help_visits=store.help_visits,
        incidents=store.incidents,
        help_targets=help_targets(deps.settings),
        hours=chat.attendance.hours,
        deadlines=deps.deadlines,
        clock=clock,
    )
    return Oversight(
        reports=reports,
        cases=store.cases,
        book=AuditReader(store.trail, store.reader, store.cases, audit),
        audit=audit,
        packs=Packs(
            reader=store.reader,
            trail=store.trail,
            tickets=staff.tickets,
            reports=reports,
            receipts=chat.receipts,
            handling=staff.handling,
            evidence=EvidenceCollector(
                reader=store.reader,
                trail=store.trail,
                reports=reports,
                retention=maintenance.retention,
                receipt_log=store.receipt_log,
                alarms=store.alarm_store,
                deadlines=deps.deadlines,
                setup=DeskSetup(
                    takes_mail=bool(deps.settings.imap_host),
                    missing_remedies=frozenset(deps.profile.missing_remedies()),
                    retention_days=deps.profile.retention_days,
                    two_person_kinds=deps.profile.two_person_kinds(),
                ),
                clock=clock,
            ),
            audit=audit,
            catalog=deps.catalogs,
            deadlines=deps.deadlines,
            teams=staff.tasks.teams,
            clock=clock,
        ),
    )


def _build_maintenance(
    deps: Dependencies, store: SqlStore, audit: Audit, account_requests: AccountRequests
) -> Maintenance:
    return Maintenance(
        trail=store.trail,
        integrity=store.integrity,
        sealer=Sealer(store.trail),
        retention=Retention(
            purging=store.purge_store,
            tasks=store.periodic_tasks,
            writer=store.writer,
            account_requests=account_requests,
            audit=audit,
            minter=deps.minter,
            clock=deps.clock,
            period=timedelta(days=deps.profile.retention_days),
        ),
        wrapping=store.key_wrapping,
        hash_rotation=HashSecretRotation(
            store.hash_rotation,
            store.fingerprints,
            deps.hashing,
            hashing_secrets(deps.settings),
            clock=deps.clock,
            process=this_process(),
        ),
        receipt_log=store.receipt_log,
    )


def _build_webhooks(deps: Dependencies, store: SqlStore, alarms: Alarms) -> Webhooks:
    settings, clock = deps.settings, deps.clock
    rules = AddressRules(settings.webhook_networks)
    endpoints = Endpoints(store.webhook_store, rules.check, deps.minter, clock)
    if deps.external.webhooks is None:
        return Webhooks(endpoints)
    sending = Sending(
        queue=store.webhook_queue,
        book=store.webhook_store,
        sender=deps.external.webhooks,
        clock=clock,
        chance=random.random,
        keep=timedelta(days=settings.webhook_log_days),
        alert=alarms.alert_failing,
    )
    throttle = Throttle(lambda: store.writer.taken)
    return Webhooks(endpoints, sending, WebhookWorker(sending, clock, throttle))


def _build_integrations(
    deps: Dependencies, chat: ChatServices, store: SqlStore, sign_in: SignIn
) -> Integrations:
    clock, waiters = deps.clock, ChangeWaiters(chat.commit_notifier)
    event_log = EventLog(
        store.event_log,
        store.webhook_store,
        waiters,
        clock,
        keep=timedelta(days=deps.settings.webhook_log_days),
    )
    return Integrations(
        tokens=ApiTokens(store.api_token_store, deps.hashing, deps.minter, clock, sign_in),
        idempotency=IdempotentRequests(store.api_token_store, clock),
        revocations=Revocations(store.revocations, chat.revoked, deps.hashing, clock),
        intake=_build_intake(deps, chat),
        event_log=event_log,
        event_log_worker=EventLogWorker(event_log),
        waiters=waiters,
    )


def _build_mailbox_poller(
    deps: Dependencies, store: SqlStore, desk: ChatDesk
) -> MailboxPoller | None:
    settings, mailbox = deps.settings, deps.external.mailbox
    if mailbox is None:
        return None
    from privacydesk.connectors.mail_reader import MailReader  # noqa: PLC0415 - few desks take mail
    from privacydesk.connectors.smtp import parse_address  # noqa: PLC0415

    own_address = parse_address(settings.smtp_from).addr_spec if settings.smtp_from else ""
    return MailboxPoller(
        mailbox=mailbox,
        desk=desk,
        read=MailReader(own_address).read,
        tasks=store.periodic_tasks,
        clock=deps.clock,
        every=timedelta(seconds=settings.imap_poll_seconds),
    )


def _build_ticketing(
    deps: Dependencies, store: SqlStore, handling: TicketHandling, alarms: Alarms
) -> SyncRounds | None:
    profile = deps.profile
    if deps.external.ticketing is None:
        return None
    return join_system(
        deps.external.ticketing,
        profile.ticketing.map(profile.zone),
        store=store,
        book=store.ticketing_link_store,
        chores=store.periodic_tasks,
        handling=handling,
        catalog=deps.catalogs,
        item=deps.renderer.item_label,
        clock=deps.clock,
        every=timedelta(seconds=deps.settings.ticketing_poll_seconds),
        alert=alarms.alert_failing,
    )
