"""Settlement of released tickets: the account service's answers are applied to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from msgspec.structs import replace

from privacydesk.dialog.held import summary_rows
from privacydesk.domain.account import AccountAnswer, ItemResult
from privacydesk.domain.account_terms import AccountAction, AccountReason, DataCategory, ItemOutcome
from privacydesk.domain.deliveries import Delivery
from privacydesk.domain.ids import TicketId
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.tasks import TaskResult
from privacydesk.domain.ticket import LogEntry, ScopeItem, Ticket
from privacydesk.domain.ticket_moves import Move, move
from privacydesk.domain.work import Work
from privacydesk.services.deadlines import Deadlines

SUCCESS_OUTCOMES = frozenset({"ok", "partly"})
"""Outcomes of calls that did or found at least part of what was requested."""

LEGAL_HOLD: Final = "legal_hold"
"""Why the desk did not make a call: a legal hold keeps what it would destroy. Only staff learn it,
since a hold may mean an investigation."""

_UNSUCCESSFUL_ITEM_OUTCOMES = frozenset({ItemOutcome.KEPT, ItemOutcome.FAILED})


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of an external service, for the waiting dialog step or the ticket.

    Attributes:
        outcome: a value of ``AccountOutcome``.
        data: what the service returned.
        items: the outcome of each item of the call.
        reason: the service's code for why it refused the call, or ``LEGAL_HOLD``; empty if it did
            not.
    """

    outcome: str
    data: Mapping[str, Any] = field(default_factory=dict)
    items: tuple[ItemResult, ...] = ()
    reason: str = ""

    @classmethod
    def of(cls, answer: AccountAnswer) -> Answer:
        """Return the answer of the account service in this form."""
        return cls(answer.outcome.value, answer.data, answer.items, answer.reason_code)

    @property
    def reasons(self) -> tuple[str, ...]:
        """The service's codes for why the call or an item of it was not carried out."""
        item_reasons = (
            item.reason_code for item in self.items if item.outcome in _UNSUCCESSFUL_ITEM_OUTCOMES
        )
        reasons = (self.reason, *item_reasons)
        return tuple(dict.fromkeys(reason for reason in reasons if reason))


@dataclass(frozen=True, slots=True)
class Settlement:
    """The effect of an answer on a ticket.

    Attributes:
        ticket: the ticket with the answer applied.
        entry: the entry for the ticket's log.
        outcome: the outcome to tell the user: ``ok``, ``partly`` or ``refused``; empty while other
            calls for the ticket are unanswered.
        data: arguments of that message.
    """

    ticket: Ticket
    entry: LogEntry
    outcome: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


def apply_answer(
    ticket: Ticket,
    row: Delivery,
    answer: Answer,
    deadlines: Deadlines,
    now: datetime,
) -> Settlement:
    """Apply an answer to its ticket; the last answer changes the ticket's state.

    Args:
        ticket: the ticket for which the call was made.
        row: the outbox row of the call.
        answer: the answer to the call.
        deadlines: recomputes the deadlines of a ticket that goes back to review.
        now: the current time.
    """
    results = {item.scope: item.outcome.value for item in answer.items}
    items = list(ticket.items)
    for index in row.payload.get("items") or ():
        items[index] = replace(items[index], result=_result(items[index], results, answer.outcome))
    work = _with_answer(ticket.work, row, answer, deadlines.rules.zone)
    entry = log_entry(ticket.id, row, answer, now)
    ticket = replace(ticket, items=tuple(items), work=work)
    settled = settle(ticket, deadlines, now)
    if settled is None:
        return Settlement(replace(ticket, version=ticket.version + 1), entry)
    return Settlement(settled.ticket, entry, settled.outcome, settled.data)


@dataclass(frozen=True, slots=True)
class Settled:
    """A ticket after everything that it was granted for was answered.

    Attributes:
        ticket: the ticket, closed or back in review.
        outcome: ``ok``, ``partly`` or ``refused``, as the user is told.
        data: arguments of that message.
    """

    ticket: Ticket
    outcome: str
    data: Mapping[str, Any]


def settle(ticket: Ticket, deadlines: Deadlines, now: datetime) -> Settled | None:
    """Close a ticket that was granted, or return it to review; None while an answer is missing.

    The ticket needs the answers of the account service and of its teams. Staff decide again if a
    team could not do what was granted, or if nothing of it was done.
    """
    work = ticket.work
    if work.left > 0 or ticket.open_tasks:
        return None
    ticket, impossible = _with_task_results(ticket)
    work = ticket.work
    data = {"rows": work.summary} if work.summary else {}
    if not ticket.contact:
        # Account holders can read the summary in their conversation. Requesters who come back by
        # number and code can only read it here, where it stays until the content is purged.
        work = replace(work, summary=())
    ticket = replace(ticket, work=work)
    some_refused = not all(item.is_granted_whole for item in ticket.items)
    if not impossible:
        if all(outcome == "ok" for outcome in work.outcomes) and not some_refused:
            return Settled(move(ticket, Move.FULFIL, now), "ok", data)
        if any(outcome in SUCCESS_OUTCOMES for outcome in work.outcomes):
            return Settled(move(ticket, Move.FULFIL_PARTLY, now), "partly", data)
    ticket = move(ticket, Move.RETURN_TO_REVIEW, now)
    ticket = replace(
        ticket,
        scheduled_events=deadlines.deadline_events(ticket, now),
        # These fields describe calls in progress, and there are none any more.
        work=replace(work, left=0, outcomes=(), results=(), summary=()),
    )
    return Settled(ticket, "refused", {"results": work.results})


def _with_task_results(ticket: Ticket) -> tuple[Ticket, bool]:
    """Return the ticket with the answers of its teams, and whether one of them was not possible.

    Only answers after the decision count: staff knew the earlier ones.
    """
    items, impossible = list(ticket.items), False
    outcomes: list[str] = []
    rows: list[dict[str, Any]] = []
    for task in ticket.tasks:
        if not task.settles or task.result is None:
            continue
        if task.result is TaskResult.NOT_POSSIBLE:
            impossible = True
            continue
        outcomes.append("ok")
        for index in task.items:
            if items[index].is_granted_whole and not items[index].result:
                items[index] = replace(items[index], result=ItemOutcome.DONE.value)
                rows.append(_task_row(ticket, items[index], task.result))
    work = ticket.work
    work = replace(work, outcomes=(*work.outcomes, *outcomes), results=(*work.results, *rows))
    return replace(ticket, items=tuple(items), work=work), impossible


def _task_row(ticket: Ticket, item: ScopeItem, result: TaskResult) -> dict[str, Any]:
    """Return the result of an item that a team carried out, as those of the account service."""
    row: dict[str, Any] = {"scope": item.name, "outcome": ItemOutcome.DONE.value}
    if ticket.kind is RequestKind.DELETION:
        row["action"] = AccountAction.DELETE.value
    if result is TaskResult.NOTHING_HELD:
        row["count"] = 0
    return row


def _with_answer(work: Work, row: Delivery, answer: Answer, zone: str) -> Work:
    """Return the work with one more answer; the results are shown once all calls are answered."""
    summary = work.summary
    if AccountAction(row.action) is AccountAction.EXPORT and answer.outcome in SUCCESS_OUTCOMES:
        summary = tuple(summary_rows(requested_categories(row), answer.data, zone))
    return replace(
        work,
        outcomes=(*work.outcomes, answer.outcome),
        left=max(work.left - 1, 0),
        results=(*work.results, *_results(row, answer)),
        summary=summary,
    )


def log_entry(ticket: TicketId, row: Delivery, answer: Answer, now: datetime) -> LogEntry:
    """Return the entry of a call for its ticket's log."""
    return LogEntry(
        ticket,
        now,
        "account_service",
        f"{row.action}:{answer.outcome}",
        why=", ".join(answer.reasons),
        data={
            "items": [item.to_json() for item in answer.items],
            "asked_at": row.created_at.isoformat(),
            "tries": row.attempts,
            "key": row.id.hex(),
            "before": [
                [attempt.at.isoformat(), attempt.outcome] for attempt in row.recent_attempts
            ],
        },
    )


def _results(row: Delivery, answer: Answer) -> list[dict[str, Any]]:
    """Return the outcome of each item; for a refusal without items, that of the whole call."""
    items = answer.items
    if not items and answer.outcome not in SUCCESS_OUTCOMES:
        scope = str(row.payload.get("arguments", {}).get("provider", ""))
        sent = "" if answer.reason == LEGAL_HOLD else answer.reason
        reason = AccountReason.read(sent or None)
        items = (ItemResult(scope, ItemOutcome.FAILED, reason=reason, sent_reason=sent),)
    return [{**item.to_json(), "action": row.action} for item in items]


def requested_categories(row: Delivery) -> tuple[DataCategory, ...]:
    """Return the categories that an export was requested for; all if none were named."""
    names = row.payload.get("arguments", {}).get("categories")
    if names is None:
        return tuple(DataCategory)
    requested = set(names)
    return tuple(category for category in DataCategory if category in requested)


def _result(item: ScopeItem, results: Mapping[str, str], outcome: str) -> str:
    """Return the result of an item, or the outcome of the call if it did not report the item."""
    for name in (item.name, str(item.detail.get("provider", ""))):
        if name in results:
            return results[name]
    return outcome
