"""Applying the account service's answers to released tickets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from privacydesk.dialog.held import summary_rows
from privacydesk.domain.account import AccountAnswer, ItemResult
from privacydesk.domain.account_terms import AccountAction, AccountReason, DataCategory, ItemOutcome
from privacydesk.domain.deliveries import Delivery
from privacydesk.domain.ids import TicketId
from privacydesk.domain.ticket import LogEntry, ScopeItem, Ticket
from privacydesk.domain.ticket_moves import Move, move
from privacydesk.domain.work import Work
from privacydesk.services.deadlines import Deadlines

DONE_SOME = frozenset({"ok", "partly"})
"""Outcomes with which something was done, or found."""

_NOT_DONE = frozenset({ItemOutcome.KEPT, ItemOutcome.FAILED})


@dataclass(frozen=True, slots=True)
class Answer:
    """An outside service's answer, for the waiting step or the ticket.

    Attributes:
        reason: why it was refused, as it was sent.
    """

    outcome: str
    data: Mapping[str, Any] = field(default_factory=dict)
    items: tuple[ItemResult, ...] = ()
    reason: str = ""

    @classmethod
    def of(cls, answer: AccountAnswer) -> Answer:
        """Return the account service's answer in this form."""
        return cls(answer.outcome.value, answer.data, answer.items, answer.reason_code)

    @property
    def reasons(self) -> tuple[str, ...]:
        """The reasons, as sent, why it or an item of it was not done."""
        found = (self.reason, *(i.reason_code for i in self.items if i.outcome in _NOT_DONE))
        return tuple(dict.fromkeys(one for one in found if one))


@dataclass(frozen=True, slots=True)
class Settlement:
    """The effect of an answer on a ticket.

    Attributes:
        outcome: what the user is told: ``ok``, ``partly`` or ``refused``; empty while other
            actions of the ticket are still under way.
        data: arguments for that message.
    """

    ticket: Ticket
    entry: LogEntry
    outcome: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


def settle(
    ticket: Ticket,
    row: Delivery,
    answer: Answer,
    deadlines: Deadlines,
    now: datetime,
) -> Settlement:
    """Apply an answer to its ticket; the last one moves the ticket."""
    results = {item.scope: item.outcome.value for item in answer.items}
    items = list(ticket.items)
    for place in row.payload.get("items") or ():
        items[place] = replace(items[place], result=_result(items[place], results, answer.outcome))
    work = _with_answer(ticket.work, row, answer, deadlines.rules.zone)
    entry = entry_of(ticket.id, row, answer, now)
    if work.left > 0:
        waits = replace(ticket, items=tuple(items), work=work, version=ticket.version + 1)
        return Settlement(waits, entry)
    data = {"rows": work.summary} if work.summary else {}
    if not ticket.contact:
        # Account holders read it in their conversation; those who come back by number and code
        # can only read it here, where it stays until the request's content is deleted.
        work = replace(work, summary=())
    ticket = replace(ticket, items=tuple(items), work=work)
    refused_some = any(item.decision == "refuse" for item in items)
    if all(outcome == "ok" for outcome in work.outcomes) and not refused_some:
        return Settlement(move(ticket, Move.FULFIL, now), entry, "ok", data)
    if any(outcome in DONE_SOME for outcome in work.outcomes):
        return Settlement(move(ticket, Move.FULFIL_PARTLY, now), entry, "partly", data)
    ticket = move(ticket, Move.RETURN_TO_REVIEW, now)
    ticket = replace(
        ticket,
        dues=deadlines.dues(ticket, now),
        # These count only while the account service acts.
        work=replace(work, left=0, outcomes=(), results=(), summary=()),
    )
    return Settlement(ticket, entry, "refused", {"results": work.results})


def _with_answer(work: Work, row: Delivery, answer: Answer, zone: str) -> Work:
    """Return the work with one more answer; what was done or kept, and why, is told at the end."""
    summary = work.summary
    if AccountAction(row.action) is AccountAction.EXPORT and answer.outcome in DONE_SOME:
        summary = tuple(summary_rows(asked_of(row), answer.data, zone))
    return replace(
        work,
        outcomes=(*work.outcomes, answer.outcome),
        left=max(work.left - 1, 0),
        results=(*work.results, *_results(row, answer)),
        summary=summary,
    )


def entry_of(ticket: TicketId, row: Delivery, answer: Answer, now: datetime) -> LogEntry:
    """Return a call's entry in its ticket's log."""
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
            "before": [[one.at.isoformat(), one.came_to] for one in row.tries],
        },
    )


def _results(row: Delivery, answer: Answer) -> list[dict[str, Any]]:
    """Return each item's outcome; for a refusal without items, what was asked and why not."""
    items = answer.items
    if not items and answer.outcome not in DONE_SOME:
        scope = str(row.payload.get("arguments", {}).get("provider", ""))
        why = AccountReason.read(answer.reason or None)
        refused = ItemResult(scope, ItemOutcome.FAILED, reason=why, sent_reason=answer.reason)
        items = (refused,)
    return [{**item.to_json(), "action": row.action} for item in items]


def asked_of(row: Delivery) -> tuple[DataCategory, ...]:
    """Return the categories that an export was asked for."""
    categories = row.payload.get("arguments", {}).get("categories")
    if categories is None:
        return tuple(DataCategory)
    wanted = set(categories)
    return tuple(one for one in DataCategory if one in wanted)


def _result(item: ScopeItem, results: Mapping[str, str], outcome: str) -> str:
    for name in (item.name, str(item.detail.get("provider", ""))):
        if name in results:
            return results[name]
    return outcome
