"""Doing what outbox rows say, and bringing the answer back as one job.

    claimed row ─► connector ─► result:<row>: row finished + ticket moved + user told, one commit
                       └ unavailable ─► tried again later; a waiting step gives up after its
                                        patience, a ticket's action never does

A row is finished only under the attempt at which it was claimed, so a worker that was thought dead
can't finish it a second time. ``sending`` knows the gateway, ``settling`` what an answer makes of a
ticket.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from msgspec.structs import replace

from privacydesk.clock import Clock
from privacydesk.domain.account import AccountAction, AccountService, CodeSender
from privacydesk.domain.deliveries import ACCEPTED, Channel, Delivery, DeliveryState
from privacydesk.domain.ids import DeliveryId
from privacydesk.domain.ticket import LogEntry, TicketState
from privacydesk.domain.turn import Result
from privacydesk.errors import StaleError, UnavailableError
from privacydesk.ports import Changes, Job, Locks, Reader, WorkingSet, Writer
from privacydesk.services.deadlines import Deadlines
from privacydesk.services.notices import Notices
from privacydesk.services.packages import Packages
from privacydesk.services.sending import Reaches, Sending
from privacydesk.services.settling import Answer, settle
from privacydesk.services.turns import Prepared, Turns

_log = structlog.get_logger(__name__)

_FIRST_PAUSE = timedelta(seconds=1)
_LONGEST_PAUSE = timedelta(hours=1)
_MAKING = timedelta(minutes=15)
"""Longer than the file of the largest export takes to be made."""
_NO_ANSWER = "no_answer"
_TELL_AFTER = timedelta(minutes=10)
"""A user whose request the account service is at work on is told after this time."""
_TELL_AFTER_ATTEMPTS = 2
"""A user whose released request does not go through is told after this many tries."""


class Deliveries:
    """Works on claimed outbox rows."""

    def __init__(
        self,
        *,
        accounts: AccountService,
        codes: CodeSender,
        turns: Turns,
        writer: Writer,
        reader: Reader,
        notices: Notices,
        packages: Packages,
        deadlines: Deadlines,
        clock: Clock,
        reaches: Reaches,
    ) -> None:
        self._accounts = accounts
        self._sending = Sending(codes, reader, reaches)
        self._turns = turns
        self._writer = writer
        self._notices = notices
        self._packages = packages
        self._deadlines = deadlines
        self._clock = clock

    async def work(self, row: Delivery) -> None:
        """Try a claimed row once and settle what comes of it."""
        try:
            answer = await self._ask(row)
        except UnavailableError as error:
            await self._postpone(
                row, str(error.data.get("reason") or _NO_ANSWER), error.data.get("retry_after")
            )
            return
        await self._finish(row, answer)

    # -- the outside -----------------------------------------------------------------------

    async def _ask(self, row: Delivery) -> Answer:
        if row.channel is Channel.CODE:
            return await self._sending.code(row)
        if row.channel is Channel.NOTICE:
            return await self._sending.notice(row)
        answer = await self._accounts.call(
            AccountAction(row.action),
            str(row.payload["account"]),
            row.payload.get("arguments", {}),
            key=row.id.hex(),
        )
        if not answer.final:
            raise UnavailableError("still at it", reason=ACCEPTED, retry_after=answer.retry_after)
        return Answer.of(answer)

    # -- the answer ------------------------------------------------------------------------

    async def _finish(self, row: Delivery, answer: Answer) -> None:
        if row.channel is Channel.NOTICE:
            await self._note(row, answer)
            return
        now = self._clock.now()
        job_id = f"result:{row.id.hex()}"
        if self._packages.makes_of(row, answer):
            await self._hold(row, now + _MAKING)
        made = await self._packages.made_of(row, answer)
        parts = () if made is None else made.parts

        def prepare(rows: WorkingSet) -> Prepared:
            done = _done(_claimed(rows, row))
            if row.ticket_id is None:
                return Prepared(
                    Result(job_id, row.ref, row.action, answer.outcome, answer.data),
                    deliveries=(done,),
                )
            ticket = rows.tickets[row.ticket_id]
            if ticket.state is not TicketState.FULFILLING:
                return Prepared(None, deliveries=(done,))
            settled = settle(ticket, row, answer, self._deadlines, now)
            moved = settled.ticket if made is None else made.offered_with(settled.ticket)
            entry = replace(settled.entry, job_id=job_id)
            if not settled.outcome:
                return Prepared(
                    None, tickets=(moved,), log=(entry,), deliveries=(done,), package_parts=parts
                )
            message = Result(job_id, "", row.action, settled.outcome, settled.data, ticket=moved)
            return Prepared(
                message,
                tickets=(moved,),
                log=(entry,),
                package_parts=parts,
                deliveries=(done, *self._notices.rows(message, now)),
            )

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

    async def _hold(self, row: Delivery, until: datetime) -> None:
        """Keep a row from other workers while what came of it takes longer than a claim lasts."""

        def decide(rows: WorkingSet) -> Changes:
            held = _claimed(rows, row)
            return Changes(deliveries=(replace(held, due_at=until, version=held.version + 1),))

        await self._settle_quietly(
            Job(f"hold:{row.id.hex()}:{row.attempts}", Locks(deliveries=(row.id,)), decide)
        )

    async def _note(self, row: Delivery, answer: Answer) -> None:
        """Finish a notice; staff see on the ticket whether it went out."""
        assert row.ticket_id is not None
        job_id = f"result:{row.id.hex()}"
        entry = LogEntry(
            row.ticket_id,
            self._clock.now(),
            "code_gateway",
            f"notice:{answer.outcome}",
            why=answer.reason,
            job_id=job_id,
            data={"occasion": row.action},
        )
        await self._settle_quietly(
            Job(
                id=job_id,
                locks=Locks(
                    conversation=row.conversation_id,
                    tickets=(row.ticket_id,),
                    deliveries=(row.id,),
                ),
                decide=lambda rows: Changes(
                    ticket_log=(entry,), deliveries=(_done(_claimed(rows, row)),)
                ),
                once_per_ticket=row.ticket_id,
            )
        )

    async def _postpone(self, row: Delivery, came_to: str, retry_after: float | None) -> None:
        now = self._clock.now()
        if row.give_up_at is not None and now >= row.give_up_at - _FIRST_PAUSE:
            await self._finish(row, Answer("unavailable"))
            return
        due_at = now + _pause(row, retry_after)
        if row.give_up_at is not None:
            due_at = min(due_at, row.give_up_at)
        if _is_delayed(row, came_to, now):
            await self._tell_delay(row, came_to, due_at)
            return
        await self._settle_quietly(
            Job(
                id=f"postpone:{row.id.hex()}:{row.attempts}",
                locks=Locks(deliveries=(DeliveryId(row.id),)),
                decide=lambda rows: Changes(deliveries=(_later(rows, row, came_to, due_at, now),)),
            )
        )

    async def _settle_quietly(self, job: Job) -> None:
        try:
            await self._writer.submit(job)
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
            return Prepared(message, deliveries=(later,))

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


def _pause(row: Delivery, retry_after: float | None) -> timedelta:
    """Return how long to wait after a try: as long as the other side says, else ever longer."""
    if retry_after is not None:
        return min(max(timedelta(seconds=retry_after), _FIRST_PAUSE), _LONGEST_PAUSE)
    doubled: int = 2 ** min(row.attempts - 1, 12)
    return min(_FIRST_PAUSE * doubled, _LONGEST_PAUSE)


def _is_delayed(row: Delivery, came_to: str, now: datetime) -> bool:
    """Tell whether the requester should hear by now that it takes longer; they hear it once."""
    if row.channel is not Channel.ACCOUNT or row.ticket_id is None or row.told:
        return False
    if came_to == ACCEPTED:
        # Long work is no trouble; it is told when people would begin to wonder.
        return now - row.created_at >= _TELL_AFTER
    return row.attempts >= _TELL_AFTER_ATTEMPTS


def _later(
    rows: WorkingSet, row: Delivery, came_to: str, due_at: datetime, now: datetime
) -> Delivery:
    """Return the row as it is due again; at once where it was called back about meanwhile."""
    held = _claimed(rows, row)
    called_back = held.due_at < row.due_at
    return held.tried(now, came_to, now if called_back else due_at)


def _claimed(rows: WorkingSet, row: Delivery) -> Delivery:
    """Return the row if it is still held under this claim."""
    current = rows.deliveries.get(row.id)
    if (
        current is None
        or current.state is not DeliveryState.OPEN
        or current.attempts != row.attempts
    ):
        raise StaleError("the delivery was finished or claimed by another worker")
    return current


def _done(row: Delivery) -> Delivery:
    # What was sent is not kept: a code must not be found in a backup.
    return replace(row, state=DeliveryState.DONE, payload={}, version=row.version + 1)
