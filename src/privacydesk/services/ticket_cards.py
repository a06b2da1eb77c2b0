"""Ticket cards: a request's state for its requester, in the format of docs/protocol.md.

A card says what was asked for and what stays, which steps are done, until when an answer is due and
why then, what came of each item, and what the requester may do now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from privacydesk.dialog.entries import shown_value
from privacydesk.dialog.naming import date_argument, part_label
from privacydesk.dialog.outcomes import item_rows
from privacydesk.dialog.request_actions import (
    actions_of,
    is_objection_offered,
    lacks_proof,
    last_objection_day,
)
from privacydesk.dialog.rules import Rules
from privacydesk.dialog.schema import ALL
from privacydesk.domain.clocks import Clock
from privacydesk.domain.deadlines import Day, DayReason
from privacydesk.domain.identity import Assurance
from privacydesk.domain.instants import write_instant
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.scopes import OLD_VALUE, part_of
from privacydesk.domain.selection import Part
from privacydesk.domain.ticket import (
    Outcome,
    ScheduledEventKind,
    ScopeItem,
    Ticket,
    TicketState,
)
from privacydesk.ports import Catalog
from privacydesk.services.capitals import capitalize_first
from privacydesk.services.deadlines import Deadlines
from privacydesk.services.due_dates import bare_date, holidays_between

Row = Mapping[str, Any]
RenderRow = Callable[[Row, str], dict[str, str]]
"""Renders a row of labelled values in a locale."""

RenderLabel = Callable[[str, str, Mapping[str, Any]], str]
"""Returns a button's label by its locale, key and arguments."""

RenderItem = Callable[[Ticket, ScopeItem, str], str]
"""Returns an item's label in a locale; empty for kinds without named items."""

_GOING: Final = frozenset(
    {RequestKind.DELETION, RequestKind.CONSENT_WITHDRAWAL, RequestKind.UNBINDING}
)
"""Kinds whose items go, while the rest stays."""
_RESTS: Final[Mapping[RequestKind, str]] = {
    RequestKind.DELETION: "ticket.stays_rest_of_data",
    RequestKind.CONSENT_WITHDRAWAL: "ticket.stays_consents",
    RequestKind.UNBINDING: "ticket.stays_logins",
}
_DECIDED: Final = frozenset({TicketState.AWAITING_CONFIRMATION, TicketState.FULFILLING})


class TicketCards:
    """Renders tickets as cards.

    Args:
        catalog: the texts.
        deadlines: lists the days of a deadline.
        rules: the operator's settings of dialogs, by which actions are offered.
        label: returns a button's label.
        item: returns an item's label, with its limits.
        row: renders a row of labelled values.
    """

    def __init__(
        self,
        catalog: Catalog,
        deadlines: Deadlines,
        rules: Rules,
        *,
        label: RenderLabel,
        item: RenderItem,
        row: RenderRow,
    ) -> None:
        self._catalog = catalog
        self._deadlines = deadlines
        self._rules = rules
        self._label = label
        self._item = item
        self._row = row

    def card(
        self, ticket: Ticket, locale: str, now: datetime, objection: Ticket | None = None
    ) -> dict[str, Any]:
        """Return a ticket's card in a language, as of an instant.

        Args:
            ticket: the ticket.
            locale: the language.
            now: the instant.
            objection: the objection to its decision, if there is one and it is known here.
        """
        card: dict[str, Any] = {
            "number": ticket.number,
            "kind": ticket.kind.value,
            "kind_label": self._kind(ticket, locale),
            "state": ticket.state.value,
            "state_label": self._text(locale, _state_key(ticket)),
            "items": [label for i in ticket.items if (label := self._item(ticket, i, locale))],
            "late": ticket.is_late(now),
            "provisional": bool(ticket.clock and ticket.clock.provisional),
            "received_at": write_instant(ticket.received_at),
            "version": ticket.version,
            "steps": list(self._steps(ticket, locale)),
            "stays": list(self._stays(ticket, locale)),
            "changes": list(self._changes(ticket, locale)),
            "outcomes": [self._row(row, locale) for row in item_rows(ticket, self._rules)],
            "actions": [
                {
                    "choice": one.id,
                    "label": self._label(locale, one.key, {}),
                    "style": one.style.value,
                }
                for one in actions_of(ticket, self._rules, now)
            ],
        }
        return (
            card
            | self._end(ticket, locale)
            | self._due(ticket, locale)
            | self._completion(ticket, locale, now)
            | self._waits_until(ticket, locale)
            | self._objection(objection, locale)
            | self._may_object(ticket, locale, now)
        )

    def in_words(self, card: Mapping[str, Any], locale: str) -> str:
        """Return what a card says first, for those who see no cards: a line each."""
        rows = [
            ("web.ticket.number", card["number"]),
            ("web.ticket.asked", card["kind_label"]),
            ("web.ticket.state", card.get("outcome_label") or card["state_label"]),
        ]
        if "outcome" not in card and "due_text" in card:
            rows.append(("web.ticket.due", card["due_text"]))
        named = ({"label": self._text(locale, key), "value": value} for key, value in rows)
        return "\n".join(self._text(locale, "ticket.row", row) for row in named)

    def _kind(self, ticket: Ticket, locale: str) -> str:
        kind = self._text(locale, f"kind.{ticket.kind.value}")
        if "objection" not in ticket.flags:
            return kind
        return self._text(locale, "ticket.kind_objection", {"kind": kind})

    def _may_object(self, ticket: Ticket, locale: str, now: datetime) -> dict[str, Any]:
        """Return until when its decision may be objected to, where that is still offered."""
        last = last_objection_day(self._rules, ticket)
        if last is None or not is_objection_offered(ticket, self._rules, now):
            return {}
        day = {"day": date_argument(last)}
        return {"object_until_text": self._text(locale, "ticket.object_until", day)}

    def _waits_until(self, ticket: Ticket, locale: str) -> dict[str, Any]:
        """Return until when a ticket waits for its requester to prove who they are."""
        events = (one for one in ticket.scheduled_events if one.kind is ScheduledEventKind.LAPSE)
        lapse = next(events, None)
        if lapse is None or not lacks_proof(ticket):
            return {}
        day = {"day": self._date(lapse.at)}
        return {"waits_text": self._text(locale, "ticket.waits_until", day)}

    def _objection(self, objection: Ticket | None, locale: str) -> dict[str, Any]:
        """Return the objection to a decision: its number, when it was made, how it stands."""
        if objection is None or objection.outcome is Outcome.WITHDRAWN:
            return {}
        args: dict[str, Any] = {"day": self._date(objection.received_at)}
        key = "ticket.objection_open"
        if objection.outcome is not None:
            key = "ticket.objection_closed"
            args["outcome"] = self._text(locale, f"ticket.outcome.{objection.outcome.value}")
        elif objection.clock is not None:
            key = "ticket.objection_due"
            args["due"] = date_argument(objection.clock.due_date)
        return {
            "objection": {
                "number": objection.number,
                "received_at": write_instant(objection.received_at),
                "text": self._text(locale, key, args),
            }
        }

    def _end(self, ticket: Ticket, locale: str) -> dict[str, Any]:
        """Return how and when a closed ticket ended."""
        if ticket.outcome is None or ticket.closed_at is None:
            return {}
        closed = {"day": self._date(ticket.closed_at)}
        key = "ticket.closed_on" if ticket.purged_at is None else "ticket.purged_on"
        return {
            "outcome": ticket.outcome.value,
            "outcome_label": self._text(locale, f"ticket.outcome.{ticket.outcome.value}"),
            "closed_at": write_instant(ticket.closed_at),
            "closed_text": self._text(locale, key, closed),
            "purged": ticket.purged_at is not None,
            "receipt": True,
        }

    # -- what it is about -------------------------------------------------------------------

    def _stays(self, ticket: Ticket, locale: str) -> Iterator[str]:
        """Yield what stays beside the items: what their limits leave, and all the rest."""
        if ticket.kind not in _GOING or ticket.purged_at is not None:
            return
        for part in map(part_of, ticket.items):
            for spans in (part.other_days, part.but):
                if spans:
                    term = {"$term": f"category.{part.value}"}
                    rest = part_label(term, Part(part.value, only=spans))
                    yield capitalize_first(self._value(rest, locale))
        whole = ticket.kind is RequestKind.DELETION and any(i.name == ALL for i in ticket.items)
        yield self._text(locale, "ticket.stays_account" if whole else _RESTS[ticket.kind])

    def _changes(self, ticket: Ticket, locale: str) -> Iterator[dict[str, str]]:
        """Yield each entry that is corrected, with its value before, if known, and after."""
        if ticket.kind is not RequestKind.RECTIFICATION:
            return
        for item in ticket.items:
            new = item.detail.get("new_value")
            if new is not None:
                old = item.detail.get(OLD_VALUE)
                yield {
                    "label": self._item(ticket, item, locale),
                    "new": self._value(shown_value(item.name, new), locale),
                } | ({"old": self._value(shown_value(item.name, old), locale)} if old else {})

    # -- how far it is ----------------------------------------------------------------------

    def _steps(self, ticket: Ticket, locale: str) -> Iterator[dict[str, str]]:
        """Yield the steps of a request of this kind, with the date of those that are done."""
        closed = ticket.outcome is not None
        yield self._step("filed", "ticket.step_filed", "done", ticket.received_at, locale)
        if ticket.verified_at is not None and _is_verified_apart(ticket):
            yield self._step("verified", "ticket.step_verified", "done", ticket.verified_at, locale)
        elif ticket.verified_at is None and not closed:
            yield self._step("verified", "ticket.step_verify", "now", None, locale)
        if ticket.answered_at is not None:
            yield self._step("review", "ticket.step_review", "done", ticket.answered_at, locale)
        elif not closed:
            state = "todo" if ticket.verified_at is None else "now"
            yield self._step("review", "ticket.step_review", state, None, locale)
        if ticket.state is TicketState.AWAITING_CONFIRMATION:
            yield self._step("confirm", "ticket.step_confirm", "now", None, locale)
        if ticket.outcome is not None:
            state = "done" if ticket.outcome is Outcome.FULFILLED else "ended"
            key = f"ticket.outcome.{ticket.outcome.value}"
            yield self._step("done", key, state, ticket.closed_at, locale)
        else:
            state = "now" if ticket.state is TicketState.FULFILLING else "todo"
            yield self._step("done", "ticket.step_done", state, None, locale)

    def _step(
        self, name: str, key: str, state: str, at: datetime | None, locale: str
    ) -> dict[str, str]:
        step = {"id": name, "label": self._text(locale, key), "state": state}
        if at is not None:
            step["date_text"] = self._value(bare_date(self._deadlines.today(at)), locale)
        return step

    # -- when it is answered ----------------------------------------------------------------

    def _due(self, ticket: Ticket, locale: str) -> dict[str, Any]:
        """Return until when a ticket is answered, and how that was counted."""
        clock = ticket.clock
        if clock is None:
            return {}
        if ticket.work.first_due is None:
            return self._date_with_days(clock, locale)
        first, why = date_argument(ticket.work.first_due), ticket.work.extended_why
        key = "ticket.date_extended_why" if why else "ticket.date_extended"
        return self._date_with_days(clock, locale) | {
            "reason_text": self._text(locale, key, {"first": first, "reason": why}),
            "first_due_date": ticket.work.first_due.isoformat(),
        }

    def _completion(self, ticket: Ticket, locale: str, now: datetime) -> dict[str, Any]:
        """Return until when an approved closing is carried out, and how that was counted."""
        clock = ticket.completion
        if clock is None or ticket.state is TicketState.AWAITING_CONFIRMATION:
            return {}
        completion = self._date_with_days(clock, locale)
        late = ticket.is_completed_late(now)
        return {"completion": completion | {"provisional": clock.provisional, "late": late}}

    def _date_with_days(self, clock: Clock, locale: str) -> dict[str, Any]:
        days = self._deadlines.days(clock)
        due = {
            "due_date": clock.due_date.isoformat(),
            "due_text": self._value(date_argument(clock.due_date), locale),
            "zone": clock.zone,
            "days": [self._render_day(day, locale) for day in days],
        }
        reason = self._reason(days, locale)
        return due | {"reason_text": reason} if reason else due

    def _reason(self, days: tuple[Day, ...], locale: str) -> str:
        """Return why a date is later than working days alone make it; empty if it isn't."""
        runs = holidays_between(days)
        if not runs:
            return ""
        reason = self._text(locale, "ticket.date_holiday", {"days": {"$texts": list(runs)}})
        worked = [one.date for one in days if one.reason is DayReason.MAKEUP and one.count]
        if not worked:
            return reason
        dates = {"$texts": [bare_date(one) for one in worked]}
        return self._text(locale, "ticket.date_makeup", {"reason": reason, "days": dates})

    def _render_day(self, day: Day, locale: str) -> dict[str, Any]:
        return {
            "date": day.date.isoformat(),
            "text": self._value({"$date": day.date.isoformat()}, locale),
            "working": day.working,
            "count": day.count,
            "reason": day.reason.value,
            "reason_label": self._text(locale, f"ticket.day.{day.reason.value}"),
        }

    # -- in words ---------------------------------------------------------------------------

    def _text(self, locale: str, key: str, args: Mapping[str, Any] | None = None) -> str:
        return self._catalog.text(locale, key, args or {})

    def _value(self, value: Any, locale: str) -> str:
        return self._catalog.value(locale, value)

    def _date(self, at: datetime) -> dict[str, Any]:
        return date_argument(self._deadlines.today(at))


def _is_verified_apart(ticket: Ticket) -> bool:
    """Whether verifying was a step of its own, as not for a request that needs none."""
    needs = ticket.required_assurance is not Assurance.NONE
    return needs or ticket.verified_at != ticket.received_at


def _state_key(ticket: Ticket) -> str:
    """Return the text key of a ticket's state as shown to its requester."""
    if any(due.kind is ScheduledEventKind.UNBINDING_WINDOW for due in ticket.scheduled_events):
        # No agent works on it: the account is unbound automatically when the window closes.
        return "ticket.in_window"
    if ticket.state is TicketState.AWAITING_VERIFICATION and not lacks_proof(ticket):
        return "ticket.in_examination"
    return f"ticket.state.{ticket.state.value}"
