"""Execution of outbox rows; each answer is committed as one job.

    claimed row ─► connector ─► result:<row>: row finished + ticket moved + user told, one commit
                       └ unavailable ─► tried again later; a waiting step gives up after its
                                        patience, a ticket's action never does

A row is finished only under the attempt at which it was claimed, so a worker that was thought dead
can't finish it a second time. ``sending`` calls the code gateway, ``settling`` applies an answer
to a ticket, and ``notifying`` and ``letters`` do all of this for mail.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from msgspec.structs import replace

from privacydesk.clock import Clock
from privacydesk.domain.account import AccountService
from privacydesk.domain.account_terms import AccountAction
from privacydesk.domain.deliveries import ACCEPTED, Channel, Delivery
from privacydesk.domain.ticket import LogEntry, Ticket, TicketState
from privacydesk.domain.turn import SLOW, Result
from privacydesk.errors import DeskError, ErrorCode, StaleError, UnavailableError
from privacydesk.ports import Changes, Hashing, WorkingSet, Writer
from privacydesk.services.ages import asks_age, marked, told_to_child, with_phone
from privacydesk.services.deadlines import Deadlines
from privacydesk.services.decision import Prepared
from privacydesk.services.mail_replies import Letters
from privacydesk.services.notices import Notices
from privacydesk.services.notifying import Notifying
from privacydesk.services.outbox import (
    claimed,
    ended,
    out_of_time,
    postponed,
    retry_at,
    submit_claimed,
)
from privacydesk.services.packages import Packages
from privacydesk.services.sending import Codes
from privacydesk.services.settlement import DONE_SOME, Answer, entry_of, settle
from privacydesk.services.turns import Turns

_log = structlog.get_logger(__name__)

_NO_ANSWER = "no_answer"
_NOT_SETTLED = "not_settled"
_TELL_AFTER = timedelta(minutes=10)
"""When users are told that the account service is still working on their request."""
_TELL_WAITING = timedelta(seconds=4)
"""When a user waiting in the chat is told that it takes longer."""
_TELL_AFTER_ATTEMPTS = 2
"""Failed attempts after which users are told that their released request is delayed."""


class Deliveries:
    """Works on claimed outbox rows."""

    def __init__(
        self,
        *,
        accounts: AccountService,
        codes: Codes,
        turns: Turns,
        writer: Writer,
        notices: Notices,
        notifying: Notifying,
        letters: Letters,
        packages: Packages,
        deadlines: Deadlines,
        hashing: Hashing,
        clock: Clock,
    ) -> None:
        self._accounts = accounts
        self._codes = codes
        self._turns = turns
        self._writer = writer
        self._notices = notices
        self._notifying = notifying
        self._letters = letters
        self._packages = packages
        self._deadlines = deadlines
        self._hashing = hashing
        self._clock = clock

    async def work(self, row: Delivery) -> None:
        """Try a claimed row once and settle the result."""
        if row.channel is Channel.NOTICE:
            await self._notifying.work(row)
            return
        if row.channel is Channel.LETTER:
            await self._letters.work(row)
            return
        asking = asyncio.ensure_future(self._ask(row))
        try:
            row = await self._told_if_slow(row, asking)
            answer = await asking
        except UnavailableError as error:
            await self._postpone(
                row, str(error.data.get("reason") or _NO_ANSWER), error.data.get("retry_after")
            )
            return
        finally:
            asking.cancel()
        try:
            await self._finish(row, answer)
        except Exception as error:
            if isinstance(error, DeskError) and error.code is not ErrorCode.FAILED:
                raise
            # An answer that can't be applied to its ticket now may be with the next answer or
            # version; until then the row backs off longer each time, and waiting users are told.
            _log.exception("answer_not_settled", action=row.action)
            await self._postpone(row, _NOT_SETTLED, None)

    # -- the outside -----------------------------------------------------------------------

    async def _ask(self, row: Delivery) -> Answer:
        if row.channel is Channel.CODE:
            return await self._codes.send(row)
        answer = await self._accounts.call(
            AccountAction(row.action),
            str(row.payload["account"]),
            row.payload.get("arguments", {}),
            key=row.id.hex(),
        )
        if not answer.final:
            raise UnavailableError("still at it", reason=ACCEPTED, retry_after=answer.retry_after)
        return Answer.of(answer)

    async def _told_if_slow(self, row: Delivery, asking: asyncio.Future[Answer]) -> Delivery:
        """Tell a user waiting in the chat if an answer is slow; return the current row."""
        if row.told or not row.ref:
            return row
        left = row.created_at + _TELL_WAITING - self._clock.now()
        await asyncio.wait([asking], timeout=max(left.total_seconds(), 0.0))
        if asking.done():
            return row

        def told(rows: WorkingSet) -> Delivery:
            held = claimed(rows, row)
            return replace(held, told=True, version=held.version + 1)

        try:
            await self._tell_waiting(row, told)
        except DeskError as error:
            # They get the answer all the same.
            _log.info("slow_answer_not_told", code=error.code.value)
            return row
        return replace(row, told=True)

    async def _tell_waiting(self, row: Delivery, left: Callable[[WorkingSet], Delivery]) -> None:
        """Tell the waiting user that it takes longer, and keep the row as ``left`` returns it.

        Nobody waits in the chat in a conversation by mail: a letter would come with the answer.
        """
        job_id = f"slow:{row.id.hex()}"

        def prepare(rows: WorkingSet) -> Prepared:
            changes = Changes(deliveries=(left(rows),))
            if rows.conversation is not None and rows.conversation.mail is not None:
                return Prepared(None, changes)
            return Prepared(Result(job_id, row.ref, row.action, SLOW), changes)

        await self._turns.run(row.conversation_id, job_id, prepare, deliveries=(row.id,))

    # -- the answer ------------------------------------------------------------------------

    async def _finish(self, row: Delivery, answer: Answer) -> None:
        now = self._clock.now()
        job_id = f"result:{row.id.hex()}"
        made = await self._packages.made_of(row, answer)
        parts = () if made is None else made.parts

        def prepare(rows: WorkingSet) -> Prepared:
            done = ended(claimed(rows, row))
            if row.ticket_id is None:
                return Prepared(
                    Result(job_id, row.ref, row.action, answer.outcome, answer.data),
                    Changes(deliveries=(done,)),
                )
            ticket = rows.tickets[row.ticket_id]
            if asks_age(row):
                return self._looked_up(ticket, done, answer, now)
            if row.action == AccountAction.RESTORE:
                entry = replace(entry_of(ticket.id, row, answer, now), job_id=job_id)
                return _restored(ticket, entry, done, worked=answer.outcome in DONE_SOME)
            if ticket.state is not TicketState.FULFILLING:
                return Prepared(None, Changes(deliveries=(done,)))
            settled = settle(ticket, row, answer, self._deadlines, now)
            moved = settled.ticket if made is None else made.offered_with(settled.ticket)
            entry = replace(settled.entry, job_id=job_id)
            left = Changes(
                tickets=(moved,), ticket_log=(entry,), deliveries=(done,), package_parts=parts
            )
            if not settled.outcome:
                return Prepared(None, left)
            message = Result(job_id, "", row.action, settled.outcome, settled.data, ticket=moved)
            notices = Changes(deliveries=self._notices.rows(message, now))
            return Prepared(message, left.joined(notices))

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

    def _looked_up(self, ticket: Ticket, done: Delivery, answer: Answer, now: datetime) -> Prepared:
        """Flag a minor's request and keep the phone hash by which staff find it.

        A child is told that a parent or guardian has to take part.
        """
        job_id = f"result:{done.id.hex()}"
        zone = self._deadlines.rules.zone
        after, entry = marked(ticket, answer.outcome, answer.data, zone, now)
        after = with_phone(after, answer.data, self._hashing)
        if after != ticket:
            after = replace(after, version=ticket.version + 1)
        told = told_to_child(ticket, after)
        return Prepared(
            Result(job_id, "", done.action, told, ticket=after) if told else None,
            Changes(
                tickets=() if after == ticket else (after,),
                ticket_log=() if entry is None else (replace(entry, job_id=job_id),),
                deliveries=(done,),
            ),
        )

    async def _postpone(self, row: Delivery, came_to: str, retry_after: float | None) -> None:
        now = self._clock.now()
        if out_of_time(row, now):
            await self._finish(row, Answer("unavailable"))
            return
        due_at = retry_at(row, retry_after, now)
        if row.ref and not row.told and due_at - row.created_at > _TELL_WAITING:
            await self._postpone_told(row, came_to, due_at)
            return
        if _is_delayed(row, came_to, now):
            await self._tell_delay(row, came_to, due_at)
            return

        def decide(rows: WorkingSet) -> Changes:
            return Changes(deliveries=(_later(rows, row, came_to, due_at, now),))

        await submit_claimed(self._writer, row, postponed(row, decide))

    async def _postpone_told(self, row: Delivery, came_to: str, due_at: datetime) -> None:
        now = self._clock.now()
        try:
            await self._tell_waiting(
                row, lambda rows: replace(_later(rows, row, came_to, due_at, now), told=True)
            )
        except StaleError:
            _log.info("delivery_claimed_elsewhere")

    async def _tell_delay(self, row: Delivery, came_to: str, due_at: datetime) -> None:
        job_id = f"delayed:{row.id.hex()}"
        assert row.ticket_id is not None
        ticket_id, now = row.ticket_id, self._clock.now()

        def prepare(rows: WorkingSet) -> Prepared:
            later = replace(_later(rows, row, came_to, due_at, now), told=True)
            outcome = "at_work" if came_to == ACCEPTED else "delayed"
            message = Result(job_id, "", row.action, outcome, ticket=rows.tickets[ticket_id])
            return Prepared(message, Changes(deliveries=(later,)))

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


def _restored(ticket: Ticket, entry: LogEntry, done: Delivery, *, worked: bool) -> Prepared:
    """Note the outcome of restoring an account; the requester is told once it is usable again."""
    # If it failed, a supervisor may find out why and ask again.
    work = ticket.work if worked else replace(ticket.work, restored_by="")
    ticket = replace(ticket, work=work, version=ticket.version + 1)
    told = Result(entry.job_id, "", done.action, "restored", ticket=ticket)
    left = Changes(tickets=(ticket,), ticket_log=(entry,), deliveries=(done,))
    return Prepared(told if worked else None, left)


def _is_delayed(row: Delivery, came_to: str, now: datetime) -> bool:
    """Return whether to tell the requester now that it takes longer; they are told once."""
    if row.channel is not Channel.ACCOUNT or row.ticket_id is None or row.told:
        return False
    if row.action == AccountAction.RESTORE or asks_age(row):
        # Nobody but staff waits for it.
        return False
    if came_to == ACCEPTED:
        # Long work is normal; people are told when they would begin to wonder.
        return now - row.created_at >= _TELL_AFTER
    return row.attempts >= _TELL_AFTER_ATTEMPTS


def _later(
    rows: WorkingSet, row: Delivery, came_to: str, due_at: datetime, now: datetime
) -> Delivery:
    """Return the row rescheduled; due at once if a callback came meanwhile."""
    held = claimed(rows, row)
    # While a claim is held, its due time lies ahead.
    called_back = held.due_at <= now
    return held.tried(now, came_to, now if called_back else due_at)
