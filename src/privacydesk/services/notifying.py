"""Delivery of notices: when one may be sent, by which way, and with what outcome.

claimed ─► a newer one waits? merged ─► quiet hours, or one just sent? held
─► sent ─► ended, and noted on the ticket
└ failed: the next way, in its own row; unavailable: retried, then the next way
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
from privacydesk.domain.instants import read_instant, write_instant
from privacydesk.domain.notices import (
    Letter,
    Mailer,
    NoticeGateway,
    NoticeOutcome,
    Occasion,
    Pusher,
    Way,
)
from privacydesk.domain.ticket import LogEntry
from privacydesk.errors import UnavailableError
from privacydesk.ports import Changes, Job, Locks, Reader, WorkingSet, Writer
from privacydesk.services.notice_words import NoticeWords
from privacydesk.services.notices import Notices
from privacydesk.services.outbox import (
    claimed,
    ended,
    out_of_time,
    postponed,
    retry_at,
    submit_claimed,
)
from privacydesk.services.quiet_hours import QuietHours
from privacydesk.services.sending import Reaches

NOTED_BY = "notices"
"""The author of the entries in tickets' logs."""


class Carriers:
    """The services that send notices.

    Args:
        gateway: to phones, and to mailboxes where the desk has no mail server of its own.
        pusher: to devices; None without a push service.
        mailer: to mailboxes; None without a mail server.
        words: the texts of notices.
        reaches: asked before anything leaves for a phone, since a contact may have been proven
            under an older profile.
    """

    def __init__(
        self,
        *,
        gateway: NoticeGateway,
        pusher: Pusher | None,
        mailer: Mailer | None,
        words: NoticeWords,
        reaches: Reaches,
    ) -> None:
        self._gateway = gateway
        self._pusher = pusher
        self._mailer = mailer
        self._words = words
        self._reaches = reaches

    async def carry(self, row: Delivery) -> tuple[NoticeOutcome, str]:
        """Send a notice; return the outcome and, unless it was sent, the reason.

        Raises:
            UnavailableError: it can't be taken now.
        """
        way, to = Way(row.payload["way"]), str(row.payload["to"])
        locale, number = str(row.payload["locale"]), str(row.payload["number"])
        notice = self._words.notice(Occasion(row.action), locale, number)
        key = row.id.hex()
        if way is Way.PUSH:
            if self._pusher is None:
                # It was set up when the notice was queued.
                return NoticeOutcome.REFUSED, "not_set_up"
            return _told(await self._pusher.push(to, notice, key=key))
        if way is Way.BOUND_PHONE:
            return _told(await self._gateway.notify(AccountContact(to), notice, key=key))
        if way is Way.SMS:
            if not self._reaches(to):
                return NoticeOutcome.REFUSED, "country"
            return _told(await self._gateway.notify(PhoneTarget(to), notice, key=key))
        if self._mailer is None:
            return _told(await self._gateway.notify(MailTarget(to), notice, key=key))
        lines = (*notice.lines, self._words.foot(locale))
        letter = Letter(to, notice.title, lines, notice.locale)
        return _told(await self._mailer.post(letter, key=key))


class Notifying:
    """Sends claimed notices.

    Args:
        carriers: send them.
        notices: makes the row of the next way.
        quiet: when nothing may disturb; None for never.
        pause: the least time between two notices for one occasion on a ticket.
    """

    def __init__(
        self,
        *,
        carriers: Carriers,
        notices: Notices,
        writer: Writer,
        reader: Reader,
        clock: Clock,
        quiet: QuietHours | None,
        pause: timedelta,
    ) -> None:
        self._carriers = carriers
        self._notices = notices
        self._writer = writer
        self._reader = reader
        self._clock = clock
        self._quiet = quiet
        self._pause = pause

    async def work(self, row: Delivery) -> None:
        """Try a claimed notice once, unless it must wait or is merged; record the outcome."""
        assert row.ticket_id is not None
        now = self._clock.now()
        others = [
            one
            for one in await self._reader.notices_of(row.ticket_id)
            if one.action == row.action and one.id != row.id
        ]
        if any(one.state is DeliveryState.OPEN and one.id > row.id for one in others):
            await self._settle(row, NoticeOutcome.MERGED, tries=_tries(row))
            return
        later = self._not_before(row, others, now)
        if later is not None:
            await self._wait(row, later, held=later - now)
            return
        await self._try(row)

    async def _try(self, row: Delivery) -> None:
        tries = _tries(row) + 1
        try:
            outcome, reason = await self._carriers.carry(row)
        except UnavailableError as error:
            reason = str(error.data.get("reason", ""))
            now = self._clock.now()
            if out_of_time(row, now):
                await self._settle(row, NoticeOutcome.UNAVAILABLE, reason, tries=tries)
                return
            again = retry_at(row, error.data.get("retry_after"), now)
            await self._wait(row, again, tries=tries, reason=reason)
            return
        await self._settle(row, outcome, reason, tries=tries)

    def _not_before(
        self, row: Delivery, others: Iterable[Delivery], now: datetime
    ) -> datetime | None:
        """Return the time until which a notice must wait; None if it may go now."""
        times = [read_instant(one.payload.get("sent_at")) for one in others]
        last = max((at for at in times if at is not None), default=None)
        at = now if last is None else max(now, last + self._pause)
        if self._quiet is not None and Way(row.payload["way"]).disturbs:
            at = self._quiet.until(at) or at
        return at if at > now else None

    async def _wait(
        self,
        row: Delivery,
        until: datetime,
        *,
        held: timedelta = timedelta(0),
        tries: int | None = None,
        reason: str = "",
    ) -> None:
        """Postpone a row. Time on hold does not count against its retry period."""

        def decide(rows: WorkingSet) -> Changes:
            current = claimed(rows, row)
            assert current.give_up_at is not None
            told = {} if tries is None else {"tried": tries, "reason": reason}
            again = replace(
                current,
                due_at=until,
                give_up_at=current.give_up_at + held,
                payload={**current.payload, **told},
                version=current.version + 1,
            )
            return Changes(deliveries=(again,))

        await submit_claimed(self._writer, row, postponed(row, decide))

    async def _settle(
        self, row: Delivery, outcome: NoticeOutcome, reason: str = "", *, tries: int
    ) -> None:
        """End a row and log the outcome on the ticket; after a failure queue the next way."""
        assert row.ticket_id is not None
        now, job_id = self._clock.now(), f"result:{row.id.hex()}"
        way, ticket = str(row.payload["way"]), row.ticket_id
        data = {"occasion": row.action, "way": way, "tries": tries}
        entry = LogEntry(ticket, now, NOTED_BY, f"notice:{outcome}", reason, job_id, data)
        sent_at = write_instant(now) if outcome is NoticeOutcome.SENT else None
        kept = {"way": way, "outcome": outcome, "reason": reason, "tried": tries}
        failed = outcome not in {NoticeOutcome.SENT, NoticeOutcome.MERGED}

        def decide(rows: WorkingSet) -> Changes:
            current = claimed(rows, row)
            state = DeliveryState.FAILED if failed else DeliveryState.DONE
            over = ended(current, state, **kept, sent_at=sent_at)
            following = self._notices.next_row(current, now) if failed else ()
            return Changes(ticket_log=(entry,), deliveries=(over, *following))

        locks = Locks(row.conversation_id, tickets=(ticket,), deliveries=(row.id,))
        await submit_claimed(self._writer, row, Job(job_id, locks, decide, once_per_ticket=ticket))


def _tries(row: Delivery) -> int:
    # Claims don't count tries: a row that was held was claimed, too.
    return int(row.payload.get("tried", 0))


def _told(answer: SendAnswer) -> tuple[NoticeOutcome, str]:
    outcome = NoticeOutcome(answer.outcome.value)
    if answer.outcome is SendOutcome.SENT or answer.reason is None:
        return outcome, ""
    return outcome, answer.reason.value
