"""The worker for due work: outbox rows, clocks, and conversations that wait for somebody."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from privacydesk.app.basis import Basis
from privacydesk.app.staffing import Staffing
from privacydesk.app.talking import Talking
from privacydesk.calendars import Calendars, overrides_stamp
from privacydesk.services.deliveries import Deliveries
from privacydesk.services.dispatcher import Dispatcher
from privacydesk.services.dues import Dues
from privacydesk.services.mail_replies import Letters
from privacydesk.services.notice_words import NoticeWords
from privacydesk.services.notifying import Carriers, Notifying
from privacydesk.services.sending import Codes
from privacydesk.worker.dispatcher import DispatcherWorker
from privacydesk.worker.dues import DuesWorker
from privacydesk.worker.loops import Worker
from privacydesk.worker.outbox import OutboxWorker


def make_worker(basis: Basis, talking: Talking, staffing: Staffing) -> Worker:
    """Make the worker for due work."""
    dispatcher = _dispatcher(basis, talking, staffing)
    store, clock = basis.store, basis.clock
    return Worker(
        outbox=OutboxWorker(
            store.claims,
            _deliveries(basis, talking, staffing),
            clock,
            at_once=basis.settings.workers,
        ),
        dues=DuesWorker(
            store.claims,
            store.reader,
            Dues(
                turns=talking.turns,
                maker=basis.maker,
                notices=staffing.notices,
                deadlines=basis.deadlines,
                alarms=staffing.alarms,
                clock=clock,
                changed=talking.hints.ticket_changed,
            ),
            clock,
            calendars_changed=_calendar_watch(basis),
        ),
        dispatcher=DispatcherWorker(dispatcher),
    )


def _deliveries(basis: Basis, talking: Talking, staffing: Staffing) -> Deliveries:
    store, outside, profile = basis.store, basis.outside, basis.profile
    reaches = profile.code_rules().reaches
    return Deliveries(
        accounts=outside.accounts,
        codes=Codes(outside.codes, store.reader, reaches),
        turns=talking.turns,
        writer=store.writer,
        notices=staffing.notices,
        packages=talking.packages,
        hashing=basis.hashing,
        notifying=Notifying(
            carriers=Carriers(
                gateway=outside.codes,
                pusher=outside.pusher,
                mailer=outside.mailer,
                words=NoticeWords(basis.catalogs, profile.rules().app_in, profile.notices.link),
                reaches=reaches,
            ),
            notices=staffing.notices,
            writer=store.writer,
            reader=store.reader,
            clock=basis.clock,
            quiet=profile.quiet_hours(),
            pause=timedelta(minutes=profile.notices.pause_minutes),
        ),
        letters=Letters(
            mailer=outside.mailer,
            catalog=basis.catalogs,
            reader=store.reader,
            writer=store.writer,
            clock=basis.clock,
        ),
        deadlines=basis.deadlines,
        clock=basis.clock,
    )


def _dispatcher(basis: Basis, talking: Talking, staffing: Staffing) -> Dispatcher:
    store = basis.store
    return Dispatcher(
        attendance=talking.attendance,
        takeover=staffing.takeover,
        alarms=staffing.alarms,
        reader=store.reader,
        duties=store.duties,
        chores=store.chores,
        clock=basis.clock,
    )


def _calendar_watch(basis: Basis) -> Callable[[], Awaitable[bool]]:
    """Return a check that reloads calendars when the operator imported a schedule."""
    data_dir = basis.settings.data_dir
    seen = overrides_stamp(data_dir)

    async def changed() -> bool:
        nonlocal seen
        stamp = await asyncio.to_thread(overrides_stamp, data_dir)
        if stamp == seen:
            return False
        seen = stamp
        basis.deadlines.calendars = Calendars.from_data_dir(
            data_dir, settled_until=basis.profile.settled_until
        )
        return True

    return changed
