"""The workers for outbox rows, for scheduled events of tickets, and for the queue."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from privacydesk.app.casework_services import CaseworkServices
from privacydesk.app.chat_services import ChatServices
from privacydesk.app.dependencies import Dependencies
from privacydesk.app.desk_address import desk_origin
from privacydesk.app.staff_channels import staff_channels
from privacydesk.services.code_delivery import CodeDelivery
from privacydesk.services.deadlines import Deadlines
from privacydesk.services.deliveries import Deliveries
from privacydesk.services.dispatcher import Dispatcher
from privacydesk.services.mail_replies import MailReplies
from privacydesk.services.notice_delivery import NoticeDelivery, NoticeSender
from privacydesk.services.notice_texts import NoticeTexts
from privacydesk.services.scheduled_events import ScheduledEvents
from privacydesk.services.staff_channels import StaffChannels, StaffMessageTexts
from privacydesk.worker.dispatcher import DispatcherWorker
from privacydesk.worker.group import WorkerGroup
from privacydesk.worker.outbox import OutboxWorker
from privacydesk.worker.scheduled_events import ScheduledEventWorker


def build_workers(
    deps: Dependencies, chat: ChatServices, casework: CaseworkServices
) -> WorkerGroup:
    """Build the workers for due rows and waiting users."""
    store, clock = deps.store, deps.clock
    return WorkerGroup(
        outbox=OutboxWorker(
            store.claims,
            _build_deliveries(deps, chat, casework),
            clock,
            concurrency=deps.settings.workers,
        ),
        scheduled_events=ScheduledEventWorker(
            store.claims,
            store.reader,
            ScheduledEvents(
                turns=chat.turns,
                row_builder=deps.row_builder,
                notices=casework.notices,
                deadlines=deps.deadlines,
                alarms=casework.alarms,
                holds=casework.staff.account_requests,
                clock=clock,
                on_change=chat.commit_notifier.notify_watchers,
            ),
            clock,
            calendars_replaced=_calendar_watch(deps.deadlines),
        ),
        dispatcher=DispatcherWorker(_build_dispatcher(deps, chat, casework)),
    )


def _build_deliveries(
    deps: Dependencies, chat: ChatServices, casework: CaseworkServices
) -> Deliveries:
    store, external, profile = deps.store, deps.external, deps.profile
    is_reachable = profile.code_rules().allows_contact
    return Deliveries(
        accounts=external.accounts,
        codes=CodeDelivery(external.codes, store.reader, is_reachable),
        turns=chat.turns,
        writer=store.writer,
        notices=casework.notices,
        packages=chat.packages,
        holds=casework.staff.account_requests,
        hashing=deps.hashing,
        notice_delivery=NoticeDelivery(
            sender=NoticeSender(
                gateway=external.codes,
                pusher=external.pusher,
                mailer=external.mailer,
                texts=NoticeTexts(deps.catalogs, profile.rules().app_in, profile.notices.link),
                is_reachable=is_reachable,
            ),
            notices=casework.notices,
            writer=store.writer,
            reader=store.reader,
            clock=deps.clock,
            quiet=profile.quiet_hours(),
            pause=timedelta(minutes=profile.notices.pause_minutes),
            incidents=store.incidents,
        ),
        mail_replies=MailReplies(
            mailer=external.mailer,
            catalog=deps.catalogs,
            reader=store.reader,
            writer=store.writer,
            clock=deps.clock,
        ),
        staff_channels=StaffChannels(
            channels=staff_channels(deps.settings),
            senders=external.staff_channels,
            texts=StaffMessageTexts(deps.catalogs, profile.desk_names, desk_origin(deps.settings)),
            reader=store.reader,
            writer=store.writer,
            clock=deps.clock,
        ),
        deadlines=deps.deadlines,
        clock=deps.clock,
    )


def _build_dispatcher(
    deps: Dependencies, chat: ChatServices, casework: CaseworkServices
) -> Dispatcher:
    store = deps.store
    return Dispatcher(
        attendance=chat.attendance,
        takeover=casework.takeover,
        alarms=casework.alarms,
        reader=store.reader,
        duties=store.duties,
        chores=store.periodic_tasks,
        clock=deps.clock,
    )


def _calendar_watch(deadlines: Deadlines) -> Callable[[], bool]:
    """Return a function that returns whether the calendars were replaced since its last call."""
    seen = deadlines.calendars

    def were_replaced() -> bool:
        nonlocal seen
        changed = deadlines.calendars is not seen
        seen = deadlines.calendars
        return changed

    return were_replaced
