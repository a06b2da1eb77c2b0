"""Rendering of events and tickets: texts, button labels and ticket cards in the user's language.

The log stores the text as it was shown, so each event is rendered once, when its row is created.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from msgspec.structs import replace

from privacydesk.dialog.entries import shown_value
from privacydesk.dialog.naming import part_label
from privacydesk.dialog.rules import Rules
from privacydesk.domain.account_terms import ItemOutcome
from privacydesk.domain.choices_memo import ChoicesMemo, FixedChoices
from privacydesk.domain.events import Choice, Event, EventKind
from privacydesk.domain.scopes import TERM_FAMILIES, item_name, part_of, words_of
from privacydesk.domain.ticket import ScopeItem, Ticket
from privacydesk.ports import Catalog
from privacydesk.services.capitals import capitalize_first
from privacydesk.services.deadlines import Deadlines
from privacydesk.services.due_dates import completion_argument, due_argument
from privacydesk.services.ticket_cards import TicketCards

_VERSION_DIGITS: Final = 12

FindTicket = Callable[[str], Ticket | None]
"""Returns a ticket of the current turn by its symbol (``sym:0``) or its id in hex."""


def wording_version(catalog: Catalog, locale: str, keys: Sequence[str]) -> str:
    """Return a digest of how texts are worded in a locale, apart from their arguments."""
    wording = "\n".join((locale, *keys, catalog.bare(locale, keys)))
    return hashlib.sha256(wording.encode()).hexdigest()[:_VERSION_DIGITS]


class Renderer:
    """Renders events and tickets in the language of their reader."""

    def __init__(self, catalog: Catalog, deadlines: Deadlines, rules: Rules) -> None:
        self._catalog = catalog
        self._deadlines = deadlines
        self._cards = TicketCards(
            catalog,
            deadlines,
            rules,
            label=self.label,
            item=self.item_label,
            row=self._render_row,
        )
        self._choice_memos: dict[str, ChoicesMemo[tuple[Choice, ...]]] = {}
        self._labels: dict[tuple[str, str], str] = {}

    def render_event(self, event: Event, find: FindTicket, now: datetime) -> Event:
        """Return an event with its text, button labels and card as they will be shown.

        Args:
            event: the event, with text keys and arguments.
            find: finds the tickets that the event refers to.
            now: the current time.
        """
        locale = event.locale
        args = self._resolve_args(event.args, find) if event.args else event.args
        text = self._catalog.text(locale, event.key, args) if event.key else event.text
        choices = event.choices
        if choices:
            choices = self._render_choices(locale, choices)
        data = event.data
        if event.kind is EventKind.TICKET:
            ticket = self._find_reference(data["ticket"], find)
            objection = find(ticket.work.objection) if ticket and ticket.work.objection else None
            card = self.ticket_card(ticket, locale, now, objection) if ticket else {}
            data = {**data, "ticket": card}
            text = self._cards.in_words(card, locale) if card else text
        elif event.kind is EventKind.PACKAGE:
            data = {"package": self._package_card(data["package"], locale)}
        elif event.kind is EventKind.DETAILS:
            data = {"rows": [self._render_row(row, locale) for row in data.get("rows", ())]}
        elif "card" in data:
            data = {"card": self._render_question_card(data["card"], locale)}
        elif "place" in data.get("passage", ()):
            passage = data["passage"]
            place = capitalize_first(self._value(passage["place"], locale))
            data = {"passage": {**passage, "place": place}}
        elif "summary" in data:
            data = {"summary": self._render_summary(data["summary"], locale)}
        return event.with_wording(text, args, choices, data)

    def wording_version(self, locale: str, keys: Sequence[str]) -> str:
        """Return the version of what was shown for these keys; see ``wording_version``."""
        return wording_version(self._catalog, locale, keys)

    def label(self, locale: str, key: str, args: Mapping[str, Any]) -> str:
        """Return a button's label."""
        if args:
            return capitalize_first(self._catalog.text(locale, key, args))
        # Typed text is compared with every button on the page, so labels are looked up often.
        label = self._labels.get((locale, key))
        if label is None:
            label = capitalize_first(self._catalog.text(locale, key, args))
            self._labels[locale, key] = label
        return label

    def _render_choices(self, locale: str, choices: tuple[Choice, ...]) -> tuple[Choice, ...]:
        memo = self._choice_memos.get(locale)
        if memo is None:

            def render(choices: tuple[Choice, ...]) -> tuple[Choice, ...]:
                rendered = (self._render_choice(choice, locale) for choice in choices)
                if isinstance(choices, FixedChoices):
                    return FixedChoices(rendered)
                return tuple(rendered)

            memo = self._choice_memos[locale] = ChoicesMemo(render)
        return memo(choices)

    def _render_choice(self, choice: Choice, locale: str) -> Choice:
        if not choice.key:
            return choice
        label = self.label(locale, choice.key, choice.args)
        detail = self._value(choice.detail, locale) if choice.detail else ""
        return replace(choice, label=label, detail=detail)

    def _render_row(self, row: Mapping[str, Any], locale: str) -> dict[str, str]:
        if "result" in row:
            value = capitalize_first(self._result_text(row, locale))
        elif "text" in row:
            value = capitalize_first(self._catalog.text(locale, row["text"], row.get("args", {})))
        else:
            value = self._entry(row["value"], locale)
        return {"label": capitalize_first(self._value(row["label"], locale)), "value": value}

    def _render_summary(self, summary: Mapping[str, Any], locale: str) -> dict[str, Any]:
        """Return what a confirmation shows, in words."""

        def render(value: Any) -> Any:
            if isinstance(value, Mapping) and "label" in value:
                return {name: self._entry(v, locale) for name, v in value.items()}
            return self._value(value, locale)

        return {name: [render(one) for one in values] for name, values in summary.items()}

    def _entry(self, value: Any, locale: str) -> str:
        """Return a value that stands by itself; what somebody typed is shown unchanged."""
        text = self._value(value, locale)
        return text if _begins_as_typed(value) else capitalize_first(text)

    def _render_question_card(self, card: Mapping[str, Any], locale: str) -> dict[str, Any]:
        """Return a card of questions with its labels in words."""

        def render(of: Mapping[str, Any]) -> dict[str, Any]:
            texts = {
                name: self._value(v, locale) if isinstance(v, Mapping) else v
                for name, v in of.items()
            }
            if "choices" in of:
                texts["choices"] = [
                    {**one, "label": capitalize_first(self._value(one["label"], locale))}
                    for one in of["choices"]
                ]
            return texts

        fields = [render(one) for one in card["fields"]]
        return {"text": self._value(card["text"], locale), "fields": fields}

    def _package_card(self, card: Mapping[str, Any], locale: str) -> dict[str, Any]:
        until = card["until"]
        return {**card, "until": until["$time"], "until_text": self._value(until, locale)}

    def _result_text(self, row: Mapping[str, Any], locale: str) -> str:
        """Return the text of an item's result: the outcome, its reason, an end date and advice."""
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

    def _find_reference(self, reference: Any, find: FindTicket) -> Ticket | None:
        if not isinstance(reference, Mapping):
            return None
        name = reference.get("$symbol") or reference.get("$id")
        return find(str(name)) if name else None

    def _resolve_args(self, args: Mapping[str, Any], find: FindTicket) -> dict[str, Any]:
        return {name: self._resolve(value, find) for name, value in args.items()}

    def _resolve(self, value: Any, find: FindTicket) -> Any:
        """Return an argument with its references to tickets replaced by what they show."""
        if not isinstance(value, Mapping):
            return value
        if "$ticket" in value:
            ticket = find(str(value["$ticket"]))
            return ticket.number if ticket else ""
        if "$due" in value:
            ticket = find(str(value["$due"]))
            return due_argument(ticket, self._deadlines) if ticket else ""
        if "$completion" in value:
            ticket = find(str(value["$completion"]))
            return completion_argument(ticket, self._deadlines) if ticket else ""
        if "args" in value:
            return {**value, "args": self._resolve_args(value["args"], find)}
        return value

    # -- tickets ---------------------------------------------------------------------------

    def ticket_card(
        self, ticket: Ticket, locale: str, now: datetime, objection: Ticket | None = None
    ) -> dict[str, Any]:
        """Return a ticket's card in the format of docs/protocol.md, with the objection to it."""
        return self._cards.card(ticket, locale, now, objection)

    def detail_value(self, item: ScopeItem, name: str, locale: str) -> str:
        """Return a value that an item of a correction holds; empty if there is none."""
        return self._entry(shown_value(item.name, item.detail.get(name) or ""), locale)

    def item_label(
        self, ticket: Ticket, item: ScopeItem, locale: str, *, quoted: bool = True
    ) -> str:
        """Return the label of an item, including the limits of its scope.

        Args:
            ticket: the item's ticket.
            item: the item.
            locale: the language of the label.
            quoted: whether the requester's words about the item are part of the label.

        Returns:
            The label; empty if tickets of this kind have no named items.
        """
        family, name = TERM_FAMILIES.get(ticket.kind), item_name(item)
        if family is None or not name:
            return ""
        try:
            label = self.label(locale, f"{family}.{name}", {})
        except KeyError:
            label = name
        words = words_of(item) if quoted else ""
        return self._value(part_label(label, part_of(item), words), locale)


def _begins_as_typed(value: Any) -> bool:
    """Return whether a value begins with words of a person, and not of a catalog."""
    if isinstance(value, Mapping):
        return any(isinstance(first, str) for first in value.get("$texts", ())[:1])
    return True
