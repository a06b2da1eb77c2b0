"""Delivery of notices: when each is sent, by which channel, and what is recorded.

claimed ─► a newer one waits? merged ─► quiet hours, or one sent recently? postponed
─► sent ─► row closed, outcome logged on the ticket
└ failed: a new row for the next channel; unavailable: retried, then the next channel
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec.structs import replace

from privacydesk.clock import Clock
from privacydesk.domain.code_delivery import (
    AccountContact,
    MailTarget,
    PhoneTarget,
    SendAnswer,
    SendOutcome,
)
from privacydesk.domain.deliveries import Delivery, DeliveryState
from privacydesk.domain.ids import IncidentId
from privacydesk.domain.incidents import Incident, IncidentState, NoticeSettled
from privacydesk.domain.instants import read_instant, write_instant
from privacydesk.domain.notices import (
    Mailer,
    NoticeChannel,
    NoticeGateway,
    NoticeOutcome,
    Occasion,
    OutgoingMail,
    Pusher,
)
from privacydesk.domain.ticket import LogEntry
from privacydesk.errors import UnavailableError
from privacydesk.ports import Changes, IncidentStore, Job, Locks, Reader, WorkingSet, Writer
from privacydesk.services.code_delivery import IsReachable
from privacydesk.services.notice_texts import NoticeTexts
from privacydesk.services.notices import Notices
from privacydesk.services.outbox import (
    close_row,
    is_out_of_time,
    postpone_job,
    require_claim,
    retry_at,
    submit_claimed,
)
from privacydesk.services.quiet_hours import QuietHours

NOTICE_LOG_AUTHOR = "notices"
"""The author of entries in tickets' logs."""
_PAUSE_CHECK = timedelta(minutes=1)
"""When a notice of a paused incident is looked at again."""


class NoticeSender:
    """Sends notices through the configured services.

    Args:
        gateway: sends to phones, and to mailboxes if the desk has no mail server of its own.
        pusher: sends to devices; None without a push service.
        mailer: sends to mailboxes; None without a mail server.
        texts: writes the notices.
        is_reachable: checked before anything is sent to a phone, since the contact may have been
            verified under an older operator profile.
    """

    def __init__(
        self,
        *,
        gateway: NoticeGateway,
        pusher: Pusher | None,
        mailer: Mailer | None,
        texts: NoticeTexts,
        is_reachable: IsReachable,
    ) -> None:
        self._gateway = gateway
        self._pusher = pusher
        self._mailer = mailer
        self._texts = texts
        self._is_reachable = is_reachable

    async def send(self, row: Delivery) -> tuple[NoticeOutcome, str]:
        """Send a notice; return the outcome and, unless it was sent, the reason.

        Raises:
            UnavailableError: the service can't accept it now.
        """
        channel, destination = NoticeChannel(row.payload["way"]), str(row.payload["to"])
        locale, number = str(row.payload["locale"]), str(row.payload["number"])
        notice = self._texts.compose(Occasion(row.action), locale, number)
        key = row.id.hex()
        if channel is NoticeChannel.PUSH:
            if self._pusher is None:
                # The push service was removed from the settings after the notice was queued.
                return NoticeOutcome.REFUSED, "not_set_up"
            return _outcome_of(await self._pusher.push(destination, notice, key=key))
        if channel is NoticeChannel.BOUND_PHONE:
            account = AccountContact(destination)
            return _outcome_of(await self._gateway.notify(account, notice, key=key))
        if channel is NoticeChannel.SMS:
            if not self._is_reachable(destination):
                return NoticeOutcome.REFUSED, "country"
            phone = PhoneTarget(destination)
            return _outcome_of(await self._gateway.notify(phone, notice, key=key))
        if self._mailer is None:
            mailbox = MailTarget(destination)
            return _outcome_of(await self._gateway.notify(mailbox, notice, key=key))
        lines = (*notice.lines, self._texts.mail_footer(Occasion(row.action), locale))
        mail = OutgoingMail(destination, notice.title, lines, notice.locale)
        return _outcome_of(await self._mailer.send(mail, key=key))


class NoticeDelivery:
    """Sends the notices that this process has claimed in the outbox.

    Args:
        sender: sends a notice.
        notices: makes the row of the next channel.
        quiet: the hours in which phones must not ring; None for no such hours.
        pause: the minimum time between two notices for one occasion on a ticket.
        incidents: tells whether an incident's notices are paused.
    """

    def __init__(
        self,
        *,
        sender: NoticeSender,
        notices: Notices,
        writer: Writer,
        reader: Reader,
        clock: Clock,
        quiet: QuietHours | None,
        pause: timedelta,
        incidents: IncidentStore,
    ) -> None:
        self._sender = sender
        self._notices = notices
        self._writer = writer
        self._reader = reader
        self._clock = clock
        self._quiet = quiet
        self._pause = pause
        self._incidents = incidents

    async def deliver(self, row: Delivery) -> None:
        """Try a claimed notice once, unless it has to wait or is merged; record the outcome."""
        now = self._clock.now()
        incident = await self._incident_of(row)
        if incident is not None and incident.state is IncidentState.PAUSED:
            await self._postpone(row, now + _PAUSE_CHECK, extend_by=_PAUSE_CHECK)
            return
        others = await self._others(row)
        if any(other.state is DeliveryState.OPEN and other.id > row.id for other in others):
            await self._finish(row, NoticeOutcome.MERGED, tries=_tries(row))
            return
        urgent = incident is not None and incident.urgent
        due_at = self._postponed_until(row, others, now, urgent=urgent)
        if due_at is not None:
            await self._postpone(row, due_at, extend_by=due_at - now)
            return
        await self._send(row)

    async def _incident_of(self, row: Delivery) -> Incident | None:
        """Return the incident that a notice is about; None if it is about a ticket."""
        incident = row.payload.get("incident")
        return await self._incidents.find(IncidentId(bytes.fromhex(incident))) if incident else None

    async def _others(self, row: Delivery) -> list[Delivery]:
        """Return the other notices for the same occasion on the same ticket."""
        if row.ticket_id is None:
            return []
        return [
            other
            for other in await self._reader.notices_of(row.ticket_id)
            if other.action == row.action and other.id != row.id
        ]

    async def _send(self, row: Delivery) -> None:
        tries = _tries(row) + 1
        try:
            outcome, reason = await self._sender.send(row)
        except UnavailableError as error:
            reason = str(error.data.get("reason", ""))
            now = self._clock.now()
            if is_out_of_time(row, now):
                await self._finish(row, NoticeOutcome.UNAVAILABLE, reason, tries=tries)
                return
            due_at = retry_at(row, error.data.get("retry_after"), now)
            await self._postpone(row, due_at, tries=tries, reason=reason)
            return
        await self._finish(row, outcome, reason, tries=tries)

    def _postponed_until(
        self, row: Delivery, others: Iterable[Delivery], now: datetime, *, urgent: bool
    ) -> datetime | None:
        """Return the time until which a notice has to wait; None if it may be sent now."""
        times = [read_instant(other.payload.get("sent_at")) for other in others]
        last_sent_at = max((sent_at for sent_at in times if sent_at is not None), default=None)
        due_at = now if last_sent_at is None else max(now, last_sent_at + self._pause)
        makes_sound = NoticeChannel(row.payload["way"]).makes_sound
        if self._quiet is not None and makes_sound and not urgent:
            due_at = self._quiet.end_of_current(due_at) or due_at
        return due_at if due_at > now else None

    async def _postpone(
        self,
        row: Delivery,
        due_at: datetime,
        *,
        extend_by: timedelta = timedelta(0),
        tries: int | None = None,
        reason: str = "",
    ) -> None:
        """Postpone a row.

        Args:
            row: the claimed row.
            due_at: when to try it next.
            extend_by: added to the retry period, since waiting on purpose must not use it up.
            tries: how often it was tried; None if it was not tried this time.
            reason: why the last try failed.
        """

        def decide(rows: WorkingSet) -> Changes:
            current = require_claim(rows, row)
            assert current.give_up_at is not None
            last_try = {} if tries is None else {"tried": tries, "reason": reason}
            postponed = replace(
                current,
                due_at=due_at,
                give_up_at=current.give_up_at + extend_by,
                payload={**current.payload, **last_try},
                version=current.version + 1,
            )
            return Changes(deliveries=(postponed,))

        await submit_claimed(self._writer, row, postpone_job(row, decide))

    async def _finish(
        self, row: Delivery, outcome: NoticeOutcome, reason: str = "", *, tries: int
    ) -> None:
        """Close a row and record its outcome; if it failed, queue the next channel.

        It is recorded in the ticket's log, or on the recipient of an incident.
        """
        now, job_id = self._clock.now(), f"result:{row.id.hex()}"
        channel, ticket = str(row.payload["way"]), row.ticket_id
        data = {"occasion": row.action, "way": channel, "tries": tries}
        what = f"notice:{outcome}"
        sent_at = write_instant(now) if outcome is NoticeOutcome.SENT else None
        result = {"way": channel, "outcome": outcome, "reason": reason, "tried": tries}
        failed = outcome not in {NoticeOutcome.SENT, NoticeOutcome.MERGED}

        def decide(rows: WorkingSet) -> Changes:
            current = require_claim(rows, row)
            state = DeliveryState.FAILED if failed else DeliveryState.DONE
            closed = close_row(current, state, **result, sent_at=sent_at)
            fallback = self._notices.next_row(current, now) if failed else ()
            deliveries = (closed, *fallback)
            if ticket is None:
                settled = NoticeSettled(
                    IncidentId(bytes.fromhex(current.payload["incident"])),
                    row.conversation_id,
                    channel,
                    outcome,
                    now,
                    is_last=not fallback,
                )
                return Changes(deliveries=deliveries, incident_steps=(settled,))
            entry = LogEntry(ticket, now, NOTICE_LOG_AUTHOR, what, reason, job_id, data)
            return Changes(ticket_log=(entry,), deliveries=deliveries)

        tickets = () if ticket is None else (ticket,)
        locks = Locks(row.conversation_id, tickets=tickets, deliveries=(row.id,))
        await submit_claimed(self._writer, row, Job(job_id, locks, decide, once_per_ticket=ticket))


def _tries(row: Delivery) -> int:
    # Not the number of claims: a row that was postponed on purpose was claimed, too.
    return int(row.payload.get("tried", 0))


def _outcome_of(answer: SendAnswer) -> tuple[NoticeOutcome, str]:
    outcome = NoticeOutcome(answer.outcome.value)
    if answer.outcome is SendOutcome.SENT or answer.reason is None:
        return outcome, ""
    return outcome, answer.reason.value
