"""The composition of all services: builds, wires, opens and closes them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from functools import partial

from privacydesk.app.casework_services import (
    CaseworkServices,
    build_casework_services,
    build_console_services,
)
from privacydesk.app.chat_services import ChatServices, build_chat_services
from privacydesk.app.container import Services, Webhooks
from privacydesk.app.dependencies import Dependencies, build_dependencies
from privacydesk.app.external_services import ExternalServices
from privacydesk.app.fingerprints import check_fingerprints
from privacydesk.app.profile_reader import OperatorProfileReader
from privacydesk.app.saved_profile import SavedProfile
from privacydesk.app.supporting_services import SupportingServices, build_supporting_services
from privacydesk.app.workers import build_workers
from privacydesk.calendars import load_overrides
from privacydesk.clock import Clock, SystemClock
from privacydesk.connectors.signing import read_signed
from privacydesk.dialog.citations import cited_clauses
from privacydesk.domain.conversation import Conversation, OwnerKind
from privacydesk.domain.events import Event
from privacydesk.domain.ids import ConversationId
from privacydesk.ports import CommitHook, LanguageUnderstanding
from privacydesk.profile import OperatorProfile
from privacydesk.services.audit import Audit
from privacydesk.services.callbacks import Callbacks, SignatureCheck
from privacydesk.services.profiles import Profiles
from privacydesk.settings import Settings
from privacydesk.storage.engines import parse_url, sqlite_file
from privacydesk.worker.dispatcher import DispatcherWorker
from privacydesk.worker.group import WorkerGroup


@asynccontextmanager
async def open_services(
    settings: Settings,
    external: ExternalServices,
    *,
    profile: OperatorProfile,
    clock: Clock | None = None,
    understanding: LanguageUnderstanding | None = None,
    beside_serve: bool = False,
) -> AsyncIterator[Services]:
    """Build and wire all services and open the store; close it at the end.

    Args:
        settings: the settings of this process.
        external: the account service, the code gateway and the other external services.
        profile: the operator profile.
        clock: source of the current time; default: the system clock.
        understanding: interprets messages; default: a network loaded into this process.
        beside_serve: whether another process may be serving the same database.

    Raises:
        SettingsError: a setting is missing or wrong; the message names it.
        DialogInvalidError: a flow is wrong; the message names it.
    """
    context = (
        nullcontext(understanding)
        if understanding is not None
        else _in_process_understanding(settings, profile)
    )
    with context as interpreter:
        deps = build_dependencies(
            settings,
            external,
            profile,
            clock or SystemClock(),
            understanding=interpreter,
            beside_serve=beside_serve,
        )
        store = deps.store
        chat = build_chat_services(deps)
        casework = build_casework_services(deps, chat)
        audit = Audit(store.writer, deps.minter, deps.clock)
        supporting = build_supporting_services(
            deps, chat, audit=audit, staff=casework.staff, alarms=casework.alarms
        )
        worker = build_workers(deps, chat, casework)
        is_alone = sqlite_file(parse_url(settings.url)) is not None
        saved_profile = SavedProfile(chat.saved_settings, profile, is_alone=is_alone)
        async with store, chat.pictures, supporting.oversight.packs.self_checks:
            await check_fingerprints(deps)
            await supporting.maintenance.hash_rotation.open()
            # With a wrong key ring, sign-in would still work, but no row could be read.
            await supporting.maintenance.wrapping.check()
            await (saved_profile.compare() if beside_serve else saved_profile.check())
            await chat.saved_settings.take_over(load_overrides(settings.data_dir))
            await chat.saved_settings.refresh()
            await chat.policies.take_over()
            await chat.policies.mirror()
            await asyncio.to_thread(deps.policy.load)
            store.writer.on_commit(chat.commit_notifier.notify_commit)
            store.writer.on_commit(_dispatcher_hook(worker.dispatcher))
            store.writer.on_webhook_events(supporting.integrations.event_log_worker.wake)
            if store.commit_hints is not None:
                chat.commit_notifier.on_change = store.commit_hints.note
            chat.turns.on_work_queued = _wake_callback(worker, supporting.webhooks)
            services = _assemble(
                deps,
                chat,
                casework,
                supporting,
                saved_profile=saved_profile,
                profiles=_profiles(deps, chat),
                worker=worker,
                audit=audit,
            )
            await services.refresh_agents()
            if not beside_serve:
                # Revocations must be known before the first token is accepted.
                await services.integrations.revocations.refresh()
            yield services


@contextmanager
def _in_process_understanding(
    settings: Settings, profile: OperatorProfile
) -> Iterator[LanguageUnderstanding]:
    # Imported late, since it loads the neural network.
    from privacydesk.understanding.here import UnderstandingHere  # noqa: PLC0415

    understanding = UnderstandingHere.of(data_dir=settings.data_dir, policy=profile.policy)
    try:
        yield understanding
    finally:
        understanding.stop()


def _assemble(
    deps: Dependencies,
    chat: ChatServices,
    casework: CaseworkServices,
    supporting: SupportingServices,
    *,
    saved_profile: SavedProfile,
    profiles: Profiles,
    worker: WorkerGroup,
    audit: Audit,
) -> Services:
    return Services(
        settings=deps.settings,
        profile=deps.profile,
        external=deps.external,
        clock=deps.clock,
        store=deps.store,
        catalogs=deps.catalogs,
        policy=deps.policy,
        engine=deps.engine,
        turns=chat.turns,
        desk=chat.desk,
        staff=casework.staff,
        takeover=casework.takeover,
        incident_sending=casework.incident_sending,
        attendance=chat.attendance,
        alarms=casework.alarms,
        worker=worker,
        staged_uploads=chat.staged_uploads,
        packages=chat.packages,
        receipts=chat.receipts,
        callbacks=Callbacks(
            check=_signature_check(deps.settings),
            writer=deps.store.writer,
            minter=deps.minter,
            clock=deps.clock,
            on_work_queued=worker.outbox.wake,
        ),
        audit=audit,
        maintenance=supporting.maintenance,
        saved_profile=saved_profile,
        profiles=profiles,
        saved_settings=chat.saved_settings,
        policies=chat.policies,
        policy_uploads=chat.policy_uploads,
        signin=supporting.signin,
        oversight=supporting.oversight,
        webhooks=supporting.webhooks,
        mailbox_poller=supporting.mailbox_poller,
        integrations=supporting.integrations,
        ticketing=supporting.ticketing,
        deadlines=deps.deadlines,
        commit_notifier=chat.commit_notifier,
        console=build_console_services(
            deps, chat, casework, supporting, audit=audit, profiles=profiles
        ),
        agents=chat.agents,
    )


def _profiles(deps: Dependencies, chat: ChatServices) -> Profiles:
    cited = cited_clauses(deps.engine.flows.values())
    return Profiles(chat.saved_settings, OperatorProfileReader(cited), deps.profile.gaps(cited))


def _signature_check(settings: Settings) -> SignatureCheck | None:
    """Return the signature check of the account service's callbacks; None without a secret."""
    both = (settings.account_service_secret, settings.account_service_previous_secret)
    secrets = tuple(filter(None, (one.get_secret_value() for one in both)))
    return partial(read_signed, secrets) if secrets else None


def _wake_callback(worker: WorkerGroup, webhooks: Webhooks) -> Callable[[], None]:
    """Return a callback for commits that queued work: it wakes the outbox and the webhooks.

    The worker of scheduled events need not be woken, since a commit makes no event due at once.
    """

    def wake() -> None:
        worker.outbox.wake()
        webhooks.wake()

    return wake


def _dispatcher_hook(dispatcher: DispatcherWorker) -> CommitHook:
    """Return a commit hook that wakes the dispatcher when a conversation joins the queue.

    It also wakes it when an agent releases a conversation, and so can take another user.
    """

    def wake_if_released(_: ConversationId, events: tuple[Event, ...], state: Conversation) -> None:
        owner = state.owner
        if events and owner.offset >= events[0].offset and owner.kind is not OwnerKind.AGENT:
            dispatcher.wake()

    return wake_if_released
