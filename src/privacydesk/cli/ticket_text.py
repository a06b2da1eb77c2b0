"""Formatting of tickets: text for people, records for JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, tzinfo
from typing import TYPE_CHECKING, Any

from msgspec import to_builtins
from msgspec.structs import replace

from privacydesk.cli.common import format_day, format_instant, humanize
from privacydesk.domain.clocks import Clock
from privacydesk.domain.deadlines import Day, Unit
from privacydesk.domain.deliveries import Delivery, DeliveryState
from privacydesk.domain.evidence import Evidence
from privacydesk.domain.tasks import Task
from privacydesk.domain.ticket import LogEntry, ScopeItem, Ticket

if TYPE_CHECKING:
    from privacydesk.services.deadlines import Deadlines
    from privacydesk.services.staff.preconditions import Refusal
    from privacydesk.services.staff.ticket_lookup import TicketDetails


class TicketFormatter:
    """Formats tickets.

    Args:
        deadlines: counts the days of a ticket's deadlines.
        now: the current time, to tell which tickets are late.
    """

    def __init__(self, deadlines: Deadlines, now: datetime) -> None:
        self._deadlines = deadlines
        self.now = now
        self.zone: tzinfo = deadlines.zone
        self.today: date = deadlines.today(now)

    def day_of(self, clock: Clock) -> int:
        """Return how many days of a deadline have been counted up to today."""
        days = self._deadlines.days(clock)
        return max((day.count or 0 for day in days if day.date <= self.today), default=0)

    # -- text ------------------------------------------------------------------------------

    def row(self, ticket: Ticket) -> tuple[str, ...]:
        """Return a ticket as a row of the list."""
        return (
            ticket.number,
            humanize(ticket.kind.value),
            _state(ticket),
            self.due(ticket),
            ticket.holder or "nobody",
        )

    def completion(self, ticket: Ticket) -> str:
        """Return by when an approved closing is carried out; empty for other tickets."""
        clock = ticket.completion
        if clock is None:
            return ""
        text = format_day(clock.due_date) + (" (provisional)" if clock.provisional else "")
        return f"{text}, LATE" if ticket.is_completed_late(self.now) else text

    def due(self, ticket: Ticket) -> str:
        """Return when the answer is due, and the counted days or whether it was in time."""
        clock = ticket.clock
        if clock is None:
            return "no clock yet" if ticket.is_open else "no clock ran"
        text = f"due {format_day(clock.due_date)}"
        if clock.provisional:
            text += " (provisional)"
        if ticket.answered_at is not None:
            answered = "late" if ticket.is_late(self.now) else "in time"
            return f"{text}, answered {answered}"
        if ticket.is_late(self.now):
            return f"{text}, OVERDUE"
        return f"{text}, {_unit(clock)} {self.day_of(clock)} of {clock.amount}"

    def lines(self, case: TicketDetails) -> Iterator[str]:
        """Yield the lines of a ticket's details."""
        ticket = case.ticket
        yield f"{ticket.number}  {humanize(ticket.kind.value)}, {_state(ticket)}"
        yield ""
        yield from self._facts(ticket)
        if case.held_from:
            yield f"{'Account held:':14}from {', '.join(case.held_from)}"
        if ticket.items:
            yield ""
            yield "Asked for:"
            yield from (_indent_continuation(f"  {_item(item)}") for item in ticket.items)
        if ticket.tasks:
            yield ""
            yield "Tasks:"
            yield from (f"  {self.task_line(ticket, task)}" for task in ticket.tasks)
        proposed = [_indent_continuation(f"  {line}") for line in _proposed(ticket)]
        if proposed:
            yield ""
            yield "Proposed:"
            yield from proposed
        if ticket.answers:
            yield ""
            yield "Answers given:"
            yield from (
                _indent_continuation(f"  {humanize(name)}: {_value(value)}")
                for name, value in ticket.answers.items()
            )
        if case.days:
            yield ""
            yield "The count:"
            yield from (f"  {_day(day)}" for day in case.days)
        if case.evidence:
            yield ""
            yield "Evidence:"
            yield from (f"  {'  '.join(self.evidence_row(file))}" for file in case.evidence)
        if case.notices:
            yield ""
            yield "Notices:"
            yield from (f"  {self._notice_line(notice)}" for notice in case.notices)
        yield ""
        yield "Log:"
        yield from (_indent_continuation(f"  {self._log_line(entry)}") for entry in case.log)

    def _facts(self, ticket: Ticket) -> Iterator[str]:
        facts = {
            "Version": str(ticket.version),
            "Due": self.due(ticket),
            "First due": str(ticket.work.first_due or ""),
            "Closed by": self.completion(ticket),
            "Holder": ticket.holder or "nobody",
            "Asked by": humanize(ticket.requester.value),
            "Account": ticket.account or "not known",
            "Contact": ticket.contact,
            "Language": ticket.locale,
            "Needs": humanize(ticket.required_assurance.name.lower()),
            "Received": self._at(ticket.received_at),
            "Verified": self._at(ticket.verified_at) or "not yet",
            "Answered": self._at(ticket.answered_at),
            "Closed": self._at(ticket.closed_at),
            "Marked": ", ".join(humanize(flag) for flag in sorted(ticket.flags)),
            "Proposed by": ticket.work.proposal.by if ticket.work.proposal else "",
            "Decided by": f"anyone but {', '.join(ticket.excluded_reviewers)}"
            if ticket.excluded_reviewers
            else "",
            "Conversation": ticket.conversation_id.hex(),
        }
        yield from (f"{name + ':':14}{text}" for name, text in facts.items() if text)

    def _at(self, at: datetime | None) -> str:
        return format_instant(at, self.zone) if at is not None else ""

    def task_line(self, ticket: Ticket, task: Task) -> str:
        """Return a task in one line, with its answer in words below it."""
        items = ", ".join(_item(ticket.items[index]) for index in task.items) or "all of it"
        state = task.result.value if task.result else task.state.value
        late = ", late" if task.is_late(self.now) else ""
        holder = f", {task.holder}" if task.holder else ""
        words = "".join(
            f"\n     {_indent_continuation(text)}" for text in (task.asked, task.note) if text
        )
        return (
            f"{task.number:>2}  {task.team or 'the desk'}: {items}"
            f"  {humanize(state)}{holder}, until {format_day(task.due_date)}{late}{words}"
        )

    def _log_line(self, entry: LogEntry) -> str:
        reason = f": {entry.why}" if entry.why else ""
        return f"{self._at(entry.at)}  {entry.by}  {humanize(entry.what)}{reason}"

    def _notice_line(self, notice: Delivery) -> str:
        """Return a notice's occasion, channel, outcome and number of tries."""
        payload = notice.payload
        tries = int(payload.get("tried", 0))
        channel = humanize(str(payload["way"]))
        text = f"{self._at(notice.created_at)}  {humanize(notice.action)}, by {channel}: "
        if notice.state is DeliveryState.OPEN:
            text += f"queued until {self._at(notice.due_at)}"
        else:
            text += humanize(str(payload["outcome"]))
        if payload.get("reason"):
            text += f", {humanize(str(payload['reason']))}"
        return f"{text} ({tries} {'try' if tries == 1 else 'tries'})"

    def evidence_row(self, file: Evidence) -> tuple[str, ...]:
        """Return an evidence file as a row of the list."""
        state = f"removed {self._at(file.removed_at)}" if file.removed_at else "can be opened"
        return (file.id.hex(), file.name, file.media_type, f"{file.size:,} bytes", state)

    # -- records ---------------------------------------------------------------------------

    def record(self, ticket: Ticket) -> dict[str, Any]:
        """Return a ticket as a record of the list."""
        clock, completion = ticket.clock, ticket.completion
        return {
            "number": ticket.number,
            "version": ticket.version,
            "kind": ticket.kind.value,
            "state": ticket.state.value,
            "outcome": ticket.outcome.value if ticket.outcome else None,
            "requester": ticket.requester.value,
            "holder": ticket.holder or None,
            "flags": sorted(ticket.flags),
            "received_at": _iso(ticket.received_at),
            "verified_at": _iso(ticket.verified_at),
            "answered_at": _iso(ticket.answered_at),
            "closed_at": _iso(ticket.closed_at),
            "due_date": clock.due_date.isoformat() if clock else None,
            "due_at": clock.due_at.isoformat() if clock else None,
            "provisional": bool(clock and clock.provisional),
            "unit": clock.unit.value if clock else None,
            "amount": clock.amount if clock else None,
            "day": self.day_of(clock) if clock else None,
            "late": ticket.is_late(self.now),
            "completion_date": completion.due_date.isoformat() if completion else None,
            "completed_late": ticket.is_completed_late(self.now),
        }

    def full_record(self, case: TicketDetails) -> dict[str, Any]:
        """Return a ticket's details as a record."""
        ticket = case.ticket
        return self.record(ticket) | {
            "conversation": ticket.conversation_id.hex(),
            "locale": ticket.locale,
            "needs": ticket.required_assurance.name.lower(),
            "account": ticket.account or None,
            "held_from": list(case.held_from),
            "contact": ticket.contact or None,
            "reviewer_not": list(ticket.excluded_reviewers),
            "items": [_item_record(item) for item in ticket.items],
            "tasks": [task_record(task, self.now) for task in ticket.tasks],
            "answers": ticket.answers,
            # Without the summary of the person's data, which only they may read.
            "work": to_builtins(replace(ticket.work, summary=())),
            "clocks": [clock.to_record() for clock in ticket.clocks],
            "days": [_day_record(day) for day in case.days],
            "evidence": evidence_records(case.evidence),
            "notices": [_notice_record(notice) for notice in case.notices],
            "log": [_entry_record(entry) for entry in case.log],
        }


def task_record(task: Task, now: datetime) -> dict[str, Any]:
    """Return a task as a record; its items are counted from 1, as commands take them."""
    return {
        "number": task.number,
        "team": task.team or None,
        "items": [index + 1 for index in task.items],
        "asked": task.asked,
        "by": task.by,
        "state": task.state.value,
        "holder": task.holder or None,
        "result": task.result.value if task.result else None,
        "note": task.note,
        "created_at": _iso(task.created_at),
        "due_date": task.due_date.isoformat(),
        "late": task.is_late(now),
        "ended_by": task.ended_by or None,
        "ended_at": _iso(task.ended_at),
    }


def evidence_records(evidence: Sequence[Evidence]) -> list[dict[str, Any]]:
    """Return evidence files as records, without their contents."""
    return [
        {
            "id": file.id.hex(),
            "name": file.name,
            "media_type": file.media_type,
            "size": file.size,
            "sha256": file.sha256,
            "created_at": _iso(file.created_at),
            "removed_at": _iso(file.removed_at),
        }
        for file in evidence
    ]


def _state(ticket: Ticket) -> str:
    outcome = f": {humanize(ticket.outcome.value)}" if ticket.outcome else ""
    return f"{humanize(ticket.state.value)}{outcome}"


def _indent_continuation(text: str) -> str:
    """Indent the lines of a text after the first."""
    return "\n      ".join(text.splitlines())


def _unit(clock: Clock) -> str:
    return "working day" if clock.unit is Unit.WORKING_DAYS else "day"


def _item(item: ScopeItem) -> str:
    details = ", ".join(_detail(name, value) for name, value in item.detail.items())
    decision = {"grant": "granted", "refuse": "refused"}.get(item.decision, "")
    if item.is_granted_in_part:
        decision = f"granted in part: {item.granted}; the rest refused"
    if item.ground is not None:
        decision += f" on ground {item.ground.item}, {humanize(item.ground.value)}"
    parts = [humanize(item.name), details, decision, humanize(item.result)]
    return "; ".join(part for part in parts if part)


def _detail(name: str, value: Any) -> str:
    """Return a detail of an item; ``only`` and ``but`` contain spans that limit the item."""
    if name in {"only", "but"}:
        return f"{name} {' and '.join(_span(span) for span in value)}"
    return f"{humanize(name)} {_value(value)}"


def _span(span: Mapping[str, str]) -> str:
    """Return the days of a span, and then the user's words that qualify it."""
    days = (f"{name} {span[name]}" for name in ("from", "to") if name in span)
    return " ".join((*days, *([f"“{span['qualifier']}”"] if "qualifier" in span else ())))


def _proposed(ticket: Ticket) -> Iterator[str]:
    """Yield the decision that awaits confirmation by a second agent, if there is one."""
    from privacydesk.services.staff.decisions import proposal_of  # noqa: PLC0415 - imports the dialogs

    proposal = proposal_of(ticket)
    if proposal is None:
        return
    verdict = proposal.verdict
    if verdict.whole is not None:
        yield f"refuse {_refusal(verdict.whole)}"
    elif not verdict.refused:
        yield "grant"
    else:
        for index, item in enumerate(ticket.items):
            refusal = verdict.refused.get(index)
            decision = "grant" if refusal is None else f"refuse {_refusal(refusal)}"
            if refusal is not None and refusal.granted:
                decision = f"grant {refusal.granted}; {decision} for the rest"
            yield f"{_item(item)}: {decision}"
    for name, text in (("account", verdict.account), ("answer", verdict.text)):
        if text:
            yield f"{name}: {text}"
    if verdict.withhold:
        yield "the ground is left unnamed"
    if verdict.abuse_requests:
        yield f"abuse shown by {', '.join(verdict.abuse_requests)}: {verdict.abuse_facts}"


def _refusal(refusal: Refusal) -> str:
    ground = refusal.ground
    ground_text = "" if ground is None else f"on ground {ground.item}, {humanize(ground.value)}"
    return f"{ground_text}: {refusal.reason}"


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{humanize(str(name))} {_value(entry)}" for name, entry in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_value(entry) for entry in value)
    return str(value)


def _day(day: Day) -> str:
    count = "" if day.count is None else str(day.count)
    name = f": {day.name}" if day.name else ""
    return f"{day.date}  {day.date:%a}  {count:>3}  {humanize(day.reason.value)}{name}"


def _day_record(day: Day) -> dict[str, Any]:
    return {
        "date": day.date.isoformat(),
        "working": day.working,
        "count": day.count,
        "reason": day.reason.value,
    }


def _item_record(item: ScopeItem) -> dict[str, Any]:
    return {
        "name": item.name,
        "detail": dict(item.detail),
        "decision": item.decision or None,
        "ground": item.ground.value if item.ground else None,
        "reason": item.reason or None,
        "granted": item.granted or None,
        "result": item.result or None,
    }


def _notice_record(notice: Delivery) -> dict[str, Any]:
    payload, is_queued = notice.payload, notice.state is DeliveryState.OPEN
    return {
        "occasion": notice.action,
        "way": payload["way"],
        "state": "queued" if is_queued else payload["outcome"],
        "reason": payload.get("reason") or None,
        "tries": int(payload.get("tried", 0)),
        "queued_at": _iso(notice.created_at),
        "next_try_at": _iso(notice.due_at) if is_queued else None,
        "sent_at": payload.get("sent_at"),
    }


def _entry_record(entry: LogEntry) -> dict[str, Any]:
    return {
        "at": _iso(entry.at),
        "by": entry.by,
        "what": entry.what,
        "why": entry.why,
        "data": dict(entry.data),
    }


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None
