"""Putting events into words: arguments resolved, labels worded, ticket cards laid out.

The log keeps the text as it was shown, so this happens once, when the rows are made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from privacydesk.dialog.naming import part_label
from privacydesk.domain.account_terms import ItemOutcome
from privacydesk.domain.clocks import Clock
from privacydesk.domain.deadlines import Day
from privacydesk.domain.events import Choice, Event, EventKind
from privacydesk.domain.memo import ChoicesMemo, FixedChoices
from privacydesk.domain.scopes import FAMILIES, named, part_of, words_of
from privacydesk.domain.ticket import DueKind, ScopeItem, Ticket
from privacydesk.ports import Catalog
from privacydesk.services.deadlines import Deadlines

Find = Callable[[str], Ticket | None]
"""Finds a ticket of this turn by its symbol (``sym:0``) or its id in hex."""


class Wording:
    """Words events and tickets in a reader's language."""

    def __init__(self, catalog: Catalog, deadlines: Deadlines) -> None:
        self._catalog = catalog
        self._deadlines = deadlines
        self._worded: dict[str, ChoicesMemo[tuple[Choice, ...]]] = {}
        self._labels: dict[tuple[str, str], str] = {}

    def event(self, event: Event, find: Find, now: datetime) -> Event:
        """Return an event with its text, button labels and card as they will be shown."""
        locale = event.locale
        args = self._args(event.args, find) if event.args else event.args
        text = self._catalog.text(locale, event.key, args) if event.key else event.text
        choices = event.choices
        if choices:
            choices = self._choices(locale, choices)
        data = event.data
        if event.kind is EventKind.TICKET:
            ticket = self._found(data["ticket"], find)
            data = {"ticket": self.ticket(ticket, locale, now) if ticket else {}}
        elif event.kind is EventKind.PACKAGE:
            data = {"package": self._package(data["package"], locale)}
        elif event.kind is EventKind.DETAILS:
            data = {"rows": [self._row(row, locale) for row in data.get("rows", ())]}
        return event.worded(text, args, choices, data)

    def label(self, locale: str, key: str, args: Mapping[str, Any]) -> str:
        """Return a button's label."""
        if args:
            return standing_alone(self._catalog.text(locale, key, args))
        # Typed text is compared with every button on the page, so labels are looked up often.
        held = self._labels.get((locale, key))
        if held is None:
            held = self._labels[locale, key] = standing_alone(self._catalog.text(locale, key, args))
        return held

    def _choices(self, locale: str, choices: tuple[Choice, ...]) -> tuple[Choice, ...]:
        memo = self._worded.get(locale)
        if memo is None:

            def word(fresh: tuple[Choice, ...]) -> tuple[Choice, ...]:
                worded = (self._choice(choice, locale) for choice in fresh)
                return FixedChoices(worded) if isinstance(fresh, FixedChoices) else tuple(worded)

            memo = self._worded[locale] = ChoicesMemo(word)
        return memo(choices)

    def _choice(self, choice: Choice, locale: str) -> Choice:
        if not choice.key:
            return choice
        return replace(choice, label=self.label(locale, choice.key, choice.args))

    def _row(self, row: Mapping[str, Any], locale: str) -> dict[str, str]:
        if "result" in row:
            value = standing_alone(self._result(row, locale))
        elif "text" in row:
            value = standing_alone(self._catalog.text(locale, row["text"], row.get("args", {})))
        else:
            value = self._value(row["value"], locale)
            # Plain text is somebody's own and stays as it is.
            value = standing_alone(value) if isinstance(row["value"], Mapping) else value
        return {"label": standing_alone(self._value(row["label"], locale)), "value": value}

    def _package(self, card: Mapping[str, Any], locale: str) -> dict[str, Any]:
        until = card["until"]
        return {**card, "until": until["$time"], "until_text": self._value(until, locale)}

    def _result(self, row: Mapping[str, Any], locale: str) -> str:
        """Word the result of one item: done, kept or not done, why, until when, what to do."""
        text = self._catalog.text
        if row.get("until"):
            until = {"$day": row["until"]}
            result = text(locale, "result.kept_until", {"until": until})
        else:
            result = text(locale, f"result.{row['result']}", {})
        if not row.get("reason"):
            return result
        why = {"result": result, "reason": text(locale, f"reason.{row['reason']}", {})}
        if row["result"] != ItemOutcome.FAILED:
            return text(locale, "result.because", why)
        advice = text(locale, f"advice.{row['reason']}", {})
        return text(locale, "result.advised", {**why, "advice": advice})

    def _value(self, value: Any, locale: str) -> str:
        return self._catalog.value(locale, value)

    def _found(self, reference: Any, find: Find) -> Ticket | None:
        if not isinstance(reference, Mapping):
            return None
        name = reference.get("$symbol") or reference.get("$id")
        return find(str(name)) if name else None

    def _args(self, args: Mapping[str, Any], find: Find) -> dict[str, Any]:
        resolved: dict[str, Any] = {}
        for name, value in args.items():
            if isinstance(value, Mapping):
                if "$ticket" in value:
                    ticket = find(str(value["$ticket"]))
                    resolved[name] = ticket.number if ticket else ""
                    continue
                if "$due" in value:
                    ticket = find(str(value["$due"]))
                    clock = ticket.clock if ticket else None
                    resolved[name] = due_argument(clock) if clock else ""
                    continue
            resolved[name] = value
        return resolved

    # -- tickets ---------------------------------------------------------------------------

    def ticket(self, ticket: Ticket, locale: str, now: datetime) -> dict[str, Any]:
        """Return a ticket's card as docs/protocol.md describes it."""
        text = self._catalog.text
        clock = ticket.clock
        card: dict[str, Any] = {
            "number": ticket.number,
            "kind": ticket.kind.value,
            "kind_label": text(locale, f"kind.{ticket.kind.value}", {}),
            "state": ticket.state.value,
            "state_label": text(locale, _state_key(ticket), {}),
            "items": [label for i in ticket.items if (label := self.item(ticket, i, locale))],
            "late": ticket.is_late(now),
            "provisional": bool(clock and clock.provisional),
        }
        if ticket.outcome is not None:
            card["outcome"] = ticket.outcome.value
            card["outcome_label"] = text(locale, f"ticket.outcome.{ticket.outcome.value}", {})
        if clock is not None:
            card |= {
                "due_date": clock.due_date.isoformat(),
                "due_text": self._value(due_argument(clock), locale),
                "zone": clock.zone,
                "days": [self._day(day, locale) for day in self._deadlines.days(clock)],
            }
        return card

    def item(self, ticket: Ticket, item: ScopeItem, locale: str) -> str:
        """Return one item's label, with what narrows it.

        Empty if the ticket's kind says it all.
        """
        family, name = FAMILIES.get(ticket.kind), named(item)
        if family is None or not name:
            return ""
        try:
            label = self.label(locale, f"{family}.{name}", {})
        except KeyError:
            label = name
        return self._value(part_label(label, part_of(item), words_of(item)), locale)

    def _day(self, day: Day, locale: str) -> dict[str, Any]:
        return {
            "date": day.date.isoformat(),
            "text": self._value({"$date": day.date.isoformat()}, locale),
            "working": day.working,
            "count": day.count,
            "reason": day.reason.value,
            "reason_label": self._catalog.text(locale, f"ticket.day.{day.reason.value}", {}),
        }


def standing_alone(text: str) -> str:
    """Return text capitalised to stand outside a sentence: on a button, in a row.

    The catalogs hold terms in the form used within a sentence. A name with a spelling of its own
    ("iPhone") stays, and so does every script without capitals.
    """
    first = text.split(maxsplit=1)[0] if text else ""
    return text[0].upper() + text[1:] if first.islower() else text


def _state_key(ticket: Ticket) -> str:
    """Return the text key of a ticket's state, as its requester sees it."""
    if any(due.kind is DueKind.UNBINDING_WINDOW for due in ticket.dues):
        # Nobody is working on it: the unbinding is automatic when the window closes.
        return "ticket.in_window"
    return f"ticket.state.{ticket.state.value}"


def due_argument(clock: Clock) -> dict[str, Any]:
    """Return a due date as an argument of a text."""
    return {"$date": clock.due_date.isoformat(), "year": True}
