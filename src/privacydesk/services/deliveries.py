"""Execution of claimed outbox rows.

    claimed row ─► connector ─► job result:<row>: row closed + ticket moved + user notified
                       └ unavailable ─► retried later; the row of a waiting dialog step until its
                                        deadline, the row of a ticket's action without end

A row is closed only under the attempt that claimed it, so a worker that was presumed dead can't
close it a second time. ``code_delivery`` calls the code gateway and ``settlement`` applies answers
to tickets. ``notice_delivery``, ``mail_replies`` and ``staff_channels`` process their own channels.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from msgspec.structs import replace

from privacydesk.clock import Clock
from privacydesk.domain.account import AccountService
from privacydesk.domain.account_terms import AccountAction, AccountOutcome
from privacydesk.domain.deliveries import ACCEPTED, Channel, Delivery
from privacydesk.domain.ticket import LogEntry, Ticket, TicketState
from privacydesk.domain.turn import SLOW, ResultMessage
from privacydesk.errors import DeskError, ErrorCode, StaleError, UnavailableError
from privacydesk.ports import Changes, Hashing, WorkingSet, Writer
from privacydesk.services.account_requests import AccountRequests
from privacydesk.services.ages import flag_if_minor, guardian_notice, is_age_lookup, with_phone_hash
from privacydesk.services.code_delivery import CodeDelivery
from privacydesk.services.deadlines import Deadlines
from privacydesk.services.decision import TurnInput
from privacydesk.services.mail_replies import MailReplies
from privacydesk.services.notice_delivery import NoticeDelivery
from privacydesk.services.notices import Notices
from privacydesk.services.outbox import (
    close_row,
    is_out_of_time,
    postpone_job,
    require_claim,
    retry_at,
    submit_claimed,
)
from privacydesk.services.packages import Packages
from privacydesk.services.settlement import (
    LEGAL_HOLD,
    SUCCESS_OUTCOMES,
    Answer,
    apply_answer,
    log_entry,
)
from privacydesk.services.staff_channels import StaffChannels
from privacydesk.services.turns import Turns

_log = structlog.get_logger(__name__)

_NO_ANSWER = "no_answer"
_NOT_SETTLED = "not_settled"
_NOTIFY_AT_WORK_AFTER = timedelta(minutes=10)
"""Time after which requesters are told that the account service is still working."""
_NOTIFY_SLOW_AFTER = timedelta(seconds=4)
"""Time after which a user waiting in the chat is told that the answer takes longer."""
_NOTIFY_AFTER_ATTEMPTS = 2
"""Failed attempts after which requesters are told that their released request is delayed."""


class Deliveries:
    """Executes claimed outbox rows."""

    def __init__(
        self,
        *,
        accounts: AccountService,
        codes: CodeDelivery,
        turns: Turns,
        writer: Writer,
        notices: Notices,
        notice_delivery: NoticeDelivery,
        mail_replies: MailReplies,
        staff_channels: StaffChannels,
        packages: Packages,
        holds: AccountRequests,
        deadlines: Deadlines,
        hashing: Hashing,
        clock: Clock,
    ) -> None:
        self._accounts = accounts
        self._codes = codes
        self._turns = turns
        self._writer = writer
        self._notices = notices
        self._notice_delivery = notice_delivery
        self._mail_replies = mail_replies
        self._staff_channels = staff_channels
        self._packages = packages
        self._holds = holds
        self._deadlines = deadlines
        self._hashing = hashing
        self._clock = clock

    async def deliver(self, row: Delivery) -> None:
        """Execute a claimed row once: close it with its answer, or schedule a retry."""
        if row.channel is Channel.NOTICE:
            await self._notice_delivery.deliver(row)
            return
        if row.channel is Channel.MAIL_REPLY:
            await self._mail_replies.deliver(row)
            return
        if row.channel is Channel.STAFF:
            await self._staff_channels.deliver(row)
            return
        call = asyncio.ensure_future(self._call(row))
        try:
            row = await self._notify_if_slow(row, call)
            answer = await call
        except UnavailableError as error:
            await self._schedule_retry(
                row, str(error.data.get("reason") or _NO_ANSWER), error.data.get("retry_after")
            )
            return
        finally:
            call.cancel()
        try:
            await self._finish(row, answer)
        except Exception as error:
            if isinstance(error, DeskError) and error.code is not ErrorCode.FAILED:
                raise
            # Applying the answer to its ticket failed, but may succeed with a later answer or
            # release. Retry with backoff; waiting users are told.
            _log.exception("answer_not_settled", action=row.action)
            await self._schedule_retry(row, _NOT_SETTLED, None)

    # -- calls to outside services ---------------------------------------------------------

    async def _call(self, row: Delivery) -> Answer:
        """Call the code gateway or the account service; return its final answer.

        What a legal hold on the account forbids is refused here, whatever ordered it, unless the
        account service has begun with it.

        Raises:
            UnavailableError: the service is unavailable, or has accepted the work and not finished.
        """
        if row.channel is Channel.CODE:
            return await self._codes.send(row)
        action, account = AccountAction(row.action), str(row.payload["account"])
        if action.destroys and not row.is_accepted and await self._holds.held_on(account):
            return Answer(AccountOutcome.REFUSED.value, reason=LEGAL_HOLD)
        answer = await self._accounts.call(
            action,
            account,
            row.payload.get("arguments", {}),
            key=row.id.hex(),
        )
        if not answer.final:
            raise UnavailableError("still at it", reason=ACCEPTED, retry_after=answer.retry_after)
        return Answer.of(answer)

    async def _notify_if_slow(self, row: Delivery, call: asyncio.Future[Answer]) -> Delivery:
        """Tell a user who waits in the chat if a call is slow; return the current row."""
        if row.delay_announced or not row.ref:
            return row
        remaining = row.created_at + _NOTIFY_SLOW_AFTER - self._clock.now()
        await asyncio.wait([call], timeout=max(remaining.total_seconds(), 0.0))
        if call.done():
            return row

        def mark_told(rows: WorkingSet) -> Delivery:
            current = require_claim(rows, row)
            return replace(current, delay_announced=True, version=current.version + 1)

        try:
            await self._notify_waiting_user(row, mark_told)
        except DeskError as error:
            # The user will get the answer anyway.
            _log.info("slow_answer_not_told", code=error.code.value)
            return row
        return replace(row, delay_announced=True)

    async def _notify_waiting_user(
        self, row: Delivery, update_row: Callable[[WorkingSet], Delivery]
    ) -> None:
        """Tell the user who waits in the chat that the answer takes longer.

        In a mail conversation nobody waits in the chat, so only the row is updated.

        Args:
            row: the claimed row.
            update_row: returns the row to store in the same commit.
        """
        job_id = f"slow:{row.id.hex()}"

        def prepare(rows: WorkingSet) -> TurnInput:
            changes = Changes(deliveries=(update_row(rows),))
            if rows.conversation is not None and rows.conversation.mail is not None:
                return TurnInput(None, changes)
            return TurnInput(ResultMessage(job_id, row.ref, row.action, SLOW), changes)

        await self._turns.run(row.conversation_id, job_id, prepare, deliveries=(row.id,))

    # -- answers and retries ---------------------------------------------------------------

    async def _finish(self, row: Delivery, answer: Answer) -> None:
        """Close a row and apply its answer to the conversation and the ticket, in one commit."""
        now = self._clock.now()
        job_id = f"result:{row.id.hex()}"
        package = await self._packages.build_for_export(row, answer)
        parts = () if package is None else package.parts

        def prepare(rows: WorkingSet) -> TurnInput:
            closed = close_row(require_claim(rows, row))
            if row.ticket_id is None:
                return TurnInput(
                    ResultMessage(job_id, row.ref, row.action, answer.outcome, answer.data),
                    Changes(deliveries=(closed,)),
                )
            ticket = rows.tickets[row.ticket_id]
            if is_age_lookup(row):
                return self._apply_age_lookup(ticket, closed, answer, now)
            if row.action == AccountAction.RESTORE:
                entry = replace(log_entry(ticket.id, row, answer, now), job_id=job_id)
                succeeded = answer.outcome in SUCCESS_OUTCOMES
                return _apply_restoration(ticket, entry, closed, succeeded=succeeded)
            if ticket.state is not TicketState.FULFILLING:
                return TurnInput(None, Changes(deliveries=(closed,)))
            settlement = apply_answer(ticket, row, answer, self._deadlines, now)
            moved = settlement.ticket if package is None else package.add_to(settlement.ticket)
            entry = replace(settlement.entry, job_id=job_id)
            changes = Changes(
                tickets=(moved,), ticket_log=(entry,), deliveries=(closed,), package_parts=parts
            )
            if not settlement.outcome:
                return TurnInput(None, changes)
            message = ResultMessage(
                job_id, "", row.action, settlement.outcome, settlement.data, ticket=moved
            )
            notices = Changes(deliveries=self._notices.rows(message, now))
            return TurnInput(message, changes.merged_with(notices))

        try:
            await self._turns.run(
                row.conversation_id,
                job_id,
                prepare,
                tickets=(row.ticket_id,) if row.ticket_id else (),
                deliveries=(row.id,),
            )
        except StaleError:
            _log.info("delivery_finished_elsewhere", action=row.action)

    def _apply_age_lookup(
        self, ticket: Ticket, closed: Delivery, answer: Answer, now: datetime
    ) -> TurnInput:
        """Flag a minor's ticket, and store the phone hash by which staff find it.

        A child is told that a parent or guardian has to take part.
        """
        job_id = f"result:{closed.id.hex()}"
        zone = self._deadlines.rules.zone
        after, entry = flag_if_minor(ticket, answer.outcome, answer.data, zone, now)
        after = with_phone_hash(after, answer.data, self._hashing)
        if after != ticket:
            after = replace(after, version=ticket.version + 1)
        outcome = guardian_notice(ticket, after)
        return TurnInput(
            ResultMessage(job_id, "", closed.action, outcome, ticket=after) if outcome else None,
            Changes(
                tickets=() if after == ticket else (after,),
                ticket_log=() if entry is None else (replace(entry, job_id=job_id),),
                deliveries=(closed,),
            ),
        )

    async def _schedule_retry(self, row: Delivery, reason: str, retry_after: float | None) -> None:
        """Make a failed row due again later, or close it if its time is up; tell users of delays.

        Args:
            row: the claimed row.
            reason: why the attempt failed, recorded in the row.
            retry_after: seconds that the service asked to wait; None for the usual backoff.
        """
        now = self._clock.now()
        if is_out_of_time(row, now):
            await self._finish(row, Answer("unavailable"))
            return
        due_at = retry_at(row, retry_after, now)
        if row.ref and not row.delay_announced and due_at - row.created_at > _NOTIFY_SLOW_AFTER:
            await self._retry_and_notify_waiting_user(row, reason, due_at)
            return
        if _should_notify_of_delay(row, reason, now):
            await self._retry_and_notify_requester(row, reason, due_at)
            return

        def decide(rows: WorkingSet) -> Changes:
            return Changes(deliveries=(_rescheduled(rows, row, reason, due_at, now),))

        await submit_claimed(self._writer, row, postpone_job(row, decide))

    async def _retry_and_notify_waiting_user(
        self, row: Delivery, reason: str, due_at: datetime
    ) -> None:
        now = self._clock.now()

        def reschedule(rows: WorkingSet) -> Delivery:
            return replace(_rescheduled(rows, row, reason, due_at, now), delay_announced=True)

        try:
            await self._notify_waiting_user(row, reschedule)
        except StaleError:
            _log.info("delivery_claimed_elsewhere")

    async def _retry_and_notify_requester(
        self, row: Delivery, reason: str, due_at: datetime
    ) -> None:
        job_id = f"delayed:{row.id.hex()}"
        assert row.ticket_id is not None
        ticket_id, now = row.ticket_id, self._clock.now()

        def prepare(rows: WorkingSet) -> TurnInput:
            rescheduled = replace(
                _rescheduled(rows, row, reason, due_at, now), delay_announced=True
            )
            outcome = "at_work" if reason == ACCEPTED else "delayed"
            message = ResultMessage(job_id, "", row.action, outcome, ticket=rows.tickets[ticket_id])
            return TurnInput(message, Changes(deliveries=(rescheduled,)))

        try:
            await self._turns.run(
                row.conversation_id,
                job_id,
                prepare,
                tickets=(ticket_id,),
                deliveries=(row.id,),
            )
        except StaleError:
            _log.info("delivery_claimed_elsewhere")


def _apply_restoration(
    ticket: Ticket, entry: LogEntry, closed: Delivery, *, succeeded: bool
) -> TurnInput:
    """Record the outcome of restoring an account; tell the requester if it succeeded."""
    # After a failure, a supervisor may order the restoration again.
    work = ticket.work if succeeded else replace(ticket.work, restored_by="")
    ticket = replace(ticket, work=work, version=ticket.version + 1)
    message = ResultMessage(entry.job_id, "", closed.action, "restored", ticket=ticket)
    changes = Changes(tickets=(ticket,), ticket_log=(entry,), deliveries=(closed,))
    return TurnInput(message if succeeded else None, changes)


def _should_notify_of_delay(row: Delivery, reason: str, now: datetime) -> bool:
    """Return whether to tell the requester now that their ticket is delayed; happens once."""
    if row.channel is not Channel.ACCOUNT or row.ticket_id is None or row.delay_announced:
        return False
    if row.action == AccountAction.RESTORE or is_age_lookup(row):
        # Requesters don't wait for these.
        return False
    if reason == ACCEPTED:
        # The service has accepted the work, which may normally take a while.
        return now - row.created_at >= _NOTIFY_AT_WORK_AFTER
    return row.attempts >= _NOTIFY_AFTER_ATTEMPTS


def _rescheduled(
    rows: WorkingSet, row: Delivery, reason: str, due_at: datetime, now: datetime
) -> Delivery:
    """Return the row due again at ``due_at``, or at once if a callback came meanwhile."""
    current = require_claim(rows, row)
    # A claim sets the due time to the end of its lease; only a callback moves it to the past.
    called_back = current.due_at <= now
    return current.after_attempt(now, reason, now if called_back else due_at)
