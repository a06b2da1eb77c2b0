"""Doing what outbox rows say, and bringing the answer back as one job.

    claimed row ─► connector ─► result:<row>: row finished + ticket moved + user told, one commit
                       └ unavailable ─► tried again later; a waiting step gives up after its
                                        patience, a ticket's action never does

A row is finished only under the attempt at which it was claimed, so a worker that was thought dead
can't finish it a second time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from privacydesk.clock import Clock
from privacydesk.dialog.actions.readings import summary_rows
from privacydesk.domain.account import (
    AccountAction,
    AccountAnswer,
    AccountContact,
    AccountOutcome,
    AccountService,
    CodeSender,
    ItemResult,
    MailTarget,
    PhoneTarget,
    SendOutcome,
    mask_mail,
    mask_phone,
)
from privacydesk.domain.deliveries import Channel, Delivery, DeliveryState
from privacydesk.domain.identity import TargetKind
from privacydesk.domain.ids import DeliveryId
from privacydesk.domain.ticket import LogEntry, Move, ScopeItem, Ticket, TicketState, move
from privacydesk.domain.turn import Result
from privacydesk.errors import StaleError, UnavailableError
from privacydesk.ports import Changes, Job, Locks, Reader, WorkingSet, Writer
from privacydesk.services.deadlines import Deadlines
from privacydesk.services.turns import Prepared, Turns

_log = structlog.get_logger(__name__)

_FIRST_PAUSE = timedelta(seconds=1)
_LONGEST_PAUSE = timedelta(hours=1)
_TELL_AFTER_ATTEMPTS = 2
"""A user whose released request does not go through is told after this many tries."""

_CODE_TEMPLATE = "desk_code"

_WHILE_FULFILLING = frozenset({"outcomes", "left", "results"})
"""Facts that count only while the account service acts."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the outside said, for the waiting step or the ticket."""

    outcome: str
    data: Mapping[str, Any]
    items: tuple[ItemResult, ...] = ()


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
        deadlines: Deadlines,
        clock: Clock,
    ) -> None:
        self._accounts = accounts
        self._codes = codes
        self._turns = turns
        self._writer = writer
        self._reader = reader
        self._deadlines = deadlines
        self._clock = clock

    async def work(self, row: Delivery) -> None:
        """Try a claimed row once and settle what comes of it."""
        try:
            answer = await self._ask(row)
        except UnavailableError as error:
            await self._postpone(row, error.data.get("retry_after"))
            return
        if answer is None:
            await self._postpone(row, None)
            return
        await self._finish(row, answer)

    # -- the outside -----------------------------------------------------------------------

    async def _ask(self, row: Delivery) -> Answer | None:
        if row.channel is Channel.CODE:
            return await self._send_code(row)
        answer = await self._accounts.call(
            AccountAction(row.action),
            str(row.payload["account"]),
            row.payload.get("arguments", {}),
            key=row.id.hex(),
        )
        if not answer.final:
            if answer.retry_after is not None:
                raise UnavailableError("still at it", retry_after=answer.retry_after)
            return None
        return _answer(answer)

    async def _send_code(self, row: Delivery) -> Answer:
        payload = row.payload
        to = await self._destination(str(payload["kind"]), str(payload["to"]))
        if to is None:
            # Whether the number exists is not told, so nothing is sent and nothing is said of it.
            return Answer("ok", {"masked": ""})
        sent = await self._codes.send(
            to,
            _CODE_TEMPLATE,
            str(payload["locale"]).replace("_", "-"),
            str(payload["code"]),
            key=row.id.hex(),
        )
        if payload["kind"] == TargetKind.TICKET_CONTACT.value:
            return Answer("ok", {"masked": ""})
        if sent.outcome is not SendOutcome.SENT:
            return Answer("refused", {})
        masked = sent.masked
        if masked is None and isinstance(to, PhoneTarget):
            masked = mask_phone(to.number)
        elif masked is None and isinstance(to, MailTarget):
            masked = mask_mail(to.address)
        return Answer("ok", {"masked": masked or ""})

    async def _destination(
        self, kind: str, value: str
    ) -> AccountContact | PhoneTarget | MailTarget | None:
        if kind == TargetKind.ACCOUNT_PHONE.value:
            return AccountContact(value)
        contact = value
        if kind == TargetKind.TICKET_CONTACT.value:
            ticket = await self._reader.ticket_by_number(value)
            if ticket is None:
                return None
            if not ticket.contact:
                return AccountContact(ticket.account) if ticket.account else None
            contact = ticket.contact
        return MailTarget(contact) if "@" in contact else PhoneTarget(contact)

    # -- the answer ------------------------------------------------------------------------

    async def _finish(self, row: Delivery, answer: Answer) -> None:
        now = self._clock.now()
        job_id = f"result:{row.id.hex()}"

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
            ticket, entry = self._settle(ticket, row, answer, job_id, now)
            message = None
            if ticket.state is not TicketState.FULFILLING:
                data: dict[str, Any] = {}
                if AccountAction(row.action) is AccountAction.EXPORT:
                    data["rows"] = summary_rows(answer.data)
                message = Result(job_id, "", row.action, _told(ticket), data, ticket=ticket)
            return Prepared(message, tickets=(ticket,), log=(entry,), deliveries=(done,))

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

    def _settle(
        self, ticket: Ticket, row: Delivery, answer: Answer, job_id: str, now: datetime
    ) -> tuple[Ticket, LogEntry]:
        """Put an answer on the ticket; with the last one the ticket moves."""
        places = row.payload.get("items") or []
        items = list(ticket.items)
        results = {item.scope: item.outcome.value for item in answer.items}
        for place in places:
            item = items[place]
            items[place] = replace(item, result=_result_of(item, results, answer.outcome))
        outcomes = [*ticket.facts.get("outcomes", ()), answer.outcome]
        left = int(ticket.facts.get("left", 1)) - 1
        ticket = replace(
            ticket,
            items=tuple(items),
            facts={
                **ticket.facts,
                "outcomes": outcomes,
                "left": left,
                # What was done, kept and why is told with the outcome.
                "results": [
                    *ticket.facts.get("results", ()),
                    *(item.to_json() for item in answer.items),
                ],
            },
        )
        entry = LogEntry(
            ticket.id,
            now,
            "account_service",
            f"{row.action}:{answer.outcome}",
            job_id=job_id,
            data={"items": [item.to_json() for item in answer.items]},
        )
        if left > 0:
            return replace(ticket, version=ticket.version + 1), entry
        refused_some = any(item.decision == "refuse" for item in items)
        if all(outcome == "ok" for outcome in outcomes) and not refused_some:
            return move(ticket, Move.FULFIL, now), entry
        if any(outcome in {"ok", "partly"} for outcome in outcomes):
            return move(ticket, Move.FULFIL_PARTLY, now), entry
        ticket = move(ticket, Move.RETURN_TO_REVIEW, now)
        ticket = replace(
            ticket,
            dues=self._deadlines.dues(ticket, now),
            facts={k: v for k, v in ticket.facts.items() if k not in _WHILE_FULFILLING},
        )
        return ticket, entry

    async def _postpone(self, row: Delivery, retry_after: float | None) -> None:
        now = self._clock.now()
        if row.give_up_at is not None and now >= row.give_up_at - _FIRST_PAUSE:
            await self._finish(row, Answer("unavailable", {}))
            return
        pause = min(_FIRST_PAUSE * 2 ** min(row.attempts - 1, 12), _LONGEST_PAUSE)
        if retry_after is not None:
            pause = min(max(timedelta(seconds=retry_after), _FIRST_PAUSE), _LONGEST_PAUSE)
        if row.give_up_at is not None:
            pause = min(pause, row.give_up_at - now)
        tell = row.ticket_id is not None and not row.told and row.attempts >= _TELL_AFTER_ATTEMPTS
        if tell:
            await self._tell_delay(row, now + pause)
            return

        def decide(rows: WorkingSet) -> Changes:
            again = _claimed(rows, row)
            return Changes(
                deliveries=(replace(again, due_at=now + pause, version=again.version + 1),)
            )

        await self._settle_quietly(
            Job(
                id=f"postpone:{row.id.hex()}:{row.attempts}",
                locks=Locks(deliveries=(DeliveryId(row.id),)),
                decide=decide,
            )
        )

    async def _settle_quietly(self, job: Job) -> None:
        try:
            await self._writer.submit(job)
        except StaleError:
            _log.info("delivery_claimed_elsewhere")

    async def _tell_delay(self, row: Delivery, due_at: datetime) -> None:
        job_id = f"delayed:{row.id.hex()}"
        assert row.ticket_id is not None
        ticket_id = row.ticket_id

        def prepare(rows: WorkingSet) -> Prepared:
            again = _claimed(rows, row)
            later = replace(again, due_at=due_at, told=True, version=again.version + 1)
            message = Result(job_id, "", row.action, "delayed", ticket=rows.tickets[ticket_id])
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


def _answer(answer: AccountAnswer) -> Answer:
    outcome = answer.outcome
    name = outcome.value if outcome is not AccountOutcome.UNAVAILABLE else "unavailable"
    return Answer(name, answer.data, answer.items)


def _result_of(item: ScopeItem, results: Mapping[str, str], outcome: str) -> str:
    for name in (item.name, str(item.detail.get("provider", ""))):
        if name in results:
            return results[name]
    return outcome


def _told(ticket: Ticket) -> str:
    if ticket.state is not TicketState.CLOSED:
        return "refused"
    assert ticket.outcome is not None
    return "ok" if ticket.outcome.value == "fulfilled" else "partly"
