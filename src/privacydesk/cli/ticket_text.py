"""Requests as text: rows and lines for people, records for programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, tzinfo
from typing import TYPE_CHECKING, Any

from msgspec import to_builtins
from msgspec.structs import replace

from privacydesk.cli.common import day_text, instant_text, plain
from privacydesk.domain.clocks import Clock
from privacydesk.domain.deadlines import Day, Unit
from privacydesk.domain.deliveries import Delivery, DeliveryState
from privacydesk.domain.evidence import Evidence
from privacydesk.domain.ticket import LogEntry, ScopeItem, Ticket

if TYPE_CHECKING:
    from privacydesk.services.deadlines import Deadlines
    from privacydesk.services.staff.cases import Case
    from privacydesk.services.staff.preconditions import Refusal


class Reading:
    """Formats requests.

    Args:
        deadlines: counts the days of its clock.
        now: the present, for what is late.
    """

    def __init__(self, deadlines: Deadlines, now: datetime) -> None:
        self._deadlines = deadlines
        self.now = now
        self.zone: tzinfo = deadlines.zone
        self.today: date = deadlines.today(now)

    def day_of(self, clock: Clock) -> int:
        """Return how many days of a clock have been counted up to today."""
        days = self._deadlines.days(clock)
        return max((d.count or 0 for d in days if d.date <= self.today), default=0)

    # -- for people ------------------------------------------------------------------------

    def row(self, ticket: Ticket) -> tuple[str, ...]:
        """Return a request as a row of the list."""
        return (
            ticket.number,
            plain(ticket.kind.value),
            _state(ticket),
            self.due(ticket),
            ticket.holder or "nobody",
        )

    def due(self, ticket: Ticket) -> str:
        """Return when the answer is due, how far the count is, or how it ended."""
        clock = ticket.clock
        if clock is None:
            return "no clock yet" if ticket.is_open else "no clock ran"
        text = f"due {day_text(clock.due_date)}"
        if clock.provisional:
            text += " (provisional)"
        if ticket.answered_at is not None:
            answered = "late" if ticket.is_late(self.now) else "in time"
            return f"{text}, answered {answered}"
        if ticket.is_late(self.now):
            return f"{text}, OVERDUE"
        return f"{text}, {_unit(clock)} {self.day_of(clock)} of {clock.amount}"

    def lines(self, case: Case) -> Iterator[str]:
        """Yield all that an agent sees of a request."""
        ticket = case.ticket
        yield f"{ticket.number}  {plain(ticket.kind.value)}, {_state(ticket)}"
        yield ""
        yield from self._facts(ticket)
        if ticket.items:
            yield ""
            yield "Asked for:"
            yield from (_hanging(f"  {_item(item)}") for item in ticket.items)
        proposed = [_hanging(f"  {line}") for line in _proposed(ticket)]
        if proposed:
            yield ""
            yield "Proposed:"
            yield from proposed
        if ticket.answers:
            yield ""
            yield "Answers given:"
            yield from (
                _hanging(f"  {plain(name)}: {_value(value)}")
                for name, value in ticket.answers.items()
            )
        if case.days:
            yield ""
            yield "The count:"
            yield from (f"  {_day(day)}" for day in case.days)
        if case.evidence:
            yield ""
            yield "Evidence:"
            yield from (f"  {'  '.join(self.evidence_row(one))}" for one in case.evidence)
        if case.notices:
            yield ""
            yield "Notices:"
            yield from (f"  {self._notice(one)}" for one in case.notices)
        yield ""
        yield "Log:"
        yield from (_hanging(f"  {self._entry(entry)}") for entry in case.log)

    def _facts(self, ticket: Ticket) -> Iterator[str]:
        shown = {
            "Version": str(ticket.version),
            "Due": self.due(ticket),
            "First due": str(ticket.work.first_due or ""),
            "Holder": ticket.holder or "nobody",
            "Asked by": plain(ticket.requester.value),
            "Account": ticket.account or "not known",
            "Contact": ticket.contact,
            "Language": ticket.locale,
            "Needs": plain(ticket.needs.name.lower()),
            "Received": self._at(ticket.received_at),
            "Verified": self._at(ticket.verified_at) or "not yet",
            "Answered": self._at(ticket.answered_at),
            "Closed": self._at(ticket.closed_at),
            "Marked": ", ".join(plain(flag) for flag in sorted(ticket.flags)),
            "Proposed by": ticket.work.proposal.by if ticket.work.proposal else "",
            "Decided by": f"anyone but {', '.join(ticket.reviewer_not)}"
            if ticket.reviewer_not
            else "",
            "Conversation": ticket.conversation_id.hex(),
        }
        yield from (f"{name + ':':14}{text}" for name, text in shown.items() if text)

    def _at(self, at: datetime | None) -> str:
        return instant_text(at, self.zone) if at is not None else ""

    def _entry(self, entry: LogEntry) -> str:
        why = f": {entry.why}" if entry.why else ""
        return f"{self._at(entry.at)}  {entry.by}  {plain(entry.what)}{why}"

    def _notice(self, one: Delivery) -> str:
        """Return a notice: its reason, its way, its outcome and the number of tries."""
        told = one.payload
        tries = int(told.get("tried", 0))
        text = f"{self._at(one.created_at)}  {plain(one.action)}, by {plain(str(told['way']))}: "
        if one.state is DeliveryState.OPEN:
            text += f"queued until {self._at(one.due_at)}"
        else:
            text += plain(str(told["outcome"]))
        if told.get("reason"):
            text += f", {plain(str(told['reason']))}"
        return f"{text} ({tries} {'try' if tries == 1 else 'tries'})"

    def evidence_row(self, one: Evidence) -> tuple[str, ...]:
        """Return a file as a row of the list."""
        state = f"removed {self._at(one.removed_at)}" if one.removed_at else "can be opened"
        return (one.id.hex(), one.name, one.media_type, f"{one.size:,} bytes", state)

    # -- for programs ----------------------------------------------------------------------

    def record(self, ticket: Ticket) -> dict[str, Any]:
        """Return a request as an entry of the list."""
        clock = ticket.clock
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
        }

    def full_record(self, case: Case) -> dict[str, Any]:
        """Return all that an agent sees of a request."""
        ticket = case.ticket
        return self.record(ticket) | {
            "conversation": ticket.conversation_id.hex(),
            "locale": ticket.locale,
            "needs": ticket.needs.name.lower(),
            "account": ticket.account or None,
            "contact": ticket.contact or None,
            "reviewer_not": list(ticket.reviewer_not),
            "items": [_item_record(item) for item in ticket.items],
            "answers": ticket.answers,
            # The data held about a person is theirs to read, not the desk's.
            "work": to_builtins(replace(ticket.work, summary=())),
            "clocks": [clock.to_record() for clock in ticket.clocks],
            "days": [_day_record(day) for day in case.days],
            "evidence": evidence_records(case.evidence),
            "notices": [_notice_record(one) for one in case.notices],
            "log": [_entry_record(entry) for entry in case.log],
        }


def evidence_records(evidence: Sequence[Evidence]) -> list[dict[str, Any]]:
    """Return files, without their bodies, for programs."""
    return [
        {
            "id": one.id.hex(),
            "name": one.name,
            "media_type": one.media_type,
            "size": one.size,
            "sha256": one.sha256,
            "created_at": _iso(one.created_at),
            "removed_at": _iso(one.removed_at),
        }
        for one in evidence
    ]


def _state(ticket: Ticket) -> str:
    outcome = f": {plain(ticket.outcome.value)}" if ticket.outcome else ""
    return f"{plain(ticket.state.value)}{outcome}"


def _hanging(text: str) -> str:
    """Return a text whose further lines, if any, are indented below the first."""
    return "\n      ".join(text.splitlines())


def _unit(clock: Clock) -> str:
    return "working day" if clock.unit is Unit.WORKING_DAYS else "day"


def _item(item: ScopeItem) -> str:
    details = ", ".join(_detail(name, value) for name, value in item.detail.items())
    decided = {"grant": "granted", "refuse": "refused"}.get(item.decision, "")
    if item.ground is not None:
        decided += f" on ground {item.ground.item}, {plain(item.ground.value)}"
    parts = [plain(item.name), details, decided, plain(item.result)]
    return "; ".join(part for part in parts if part)


def _detail(name: str, value: Any) -> str:
    """Return a detail; spans that narrow an item have their days before the words."""
    if name in {"only", "but"}:
        return f"{name} {' and '.join(_span(span) for span in value)}"
    return f"{plain(name)} {_value(value)}"


def _span(span: Mapping[str, str]) -> str:
    days = (f"{name} {span[name]}" for name in ("from", "to") if name in span)
    return " ".join((*days, *([f"“{span['qualifier']}”"] if "qualifier" in span else ())))


def _proposed(ticket: Ticket) -> Iterator[str]:
    """Yield the decision that waits for a second agent; nothing without one."""
    from privacydesk.services.staff.decisions import proposal_of  # noqa: PLC0415 - brings the dialogs

    proposal = proposal_of(ticket)
    if proposal is None:
        return
    verdict = proposal.verdict
    if verdict.whole is not None:
        yield f"refuse {_refusal(verdict.whole)}"
    elif not verdict.refused:
        yield "grant"
    else:
        for place, item in enumerate(ticket.items):
            refusal = verdict.refused.get(place)
            what = "grant" if refusal is None else f"refuse {_refusal(refusal)}"
            yield f"{_item(item)}: {what}"
    for name, text in (("account", verdict.account), ("answer", verdict.text)):
        if text:
            yield f"{name}: {text}"
    if verdict.withhold:
        yield "the ground is left unnamed"


def _refusal(refusal: Refusal) -> str:
    ground = refusal.ground
    named = "" if ground is None else f"on ground {ground.item}, {plain(ground.value)}"
    return f"{named}: {refusal.reason}"


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{plain(str(name))} {_value(one)}" for name, one in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_value(one) for one in value)
    return str(value)


def _day(day: Day) -> str:
    count = "" if day.count is None else str(day.count)
    name = f": {day.name}" if day.name else ""
    return f"{day.date}  {day.date:%a}  {count:>3}  {plain(day.reason.value)}{name}"


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
        "result": item.result or None,
    }


def _notice_record(one: Delivery) -> dict[str, Any]:
    told, queued = one.payload, one.state is DeliveryState.OPEN
    return {
        "occasion": one.action,
        "way": told["way"],
        "state": "queued" if queued else told["outcome"],
        "reason": told.get("reason") or None,
        "tries": int(told.get("tried", 0)),
        "queued_at": _iso(one.created_at),
        "next_try_at": _iso(one.due_at) if queued else None,
        "sent_at": told.get("sent_at"),
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
