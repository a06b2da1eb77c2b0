"""Parsing of the forms for decisions and for results of examinations.

Whether a decision is allowed is checked by the service, not here.

In a decision, ``verdict`` is ``grant``, ``partly`` or ``refuse``. With ``partly``, ``item-KEY`` is
``grant``, ``part`` or ``refuse`` for each item. Items that are refused, also in part, have
``ground-KEY`` and ``reason-KEY``; ``granted-KEY`` describes the part that is granted. For the
ground of abuse, ``abuse_request-NUMBER`` is ``yes`` for each request that shows it, and
``abuse_facts`` says how. In an examination, ``shown`` is ``yes`` or ``no``. None of these has a
default.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from privacydesk.domain.grounds import Ground
from privacydesk.domain.ticket import ScopeItem, Ticket
from privacydesk.errors import InvalidRequestError
from privacydesk.services.staff.examinations import ExaminationResult
from privacydesk.services.staff.preconditions import Refusal, Verdict
from privacydesk.services.staff.staleness import value_digest

_ABUSE_REQUEST: Final = "abuse_request-"
_ITEM_VERDICTS: Final = frozenset({"grant", "part", "refuse"})
_VERDICTS: Final = frozenset({"grant", "partly", "refuse"})
_YES_OR_NO: Final = frozenset({"yes", "no"})


def item_keys(ticket: Ticket) -> tuple[str, ...]:
    """Return the keys of a ticket's items in the form.

    A key depends on the content of its item: if items are replaced while a form is open, input
    for one item is never taken for another's.
    """
    return tuple(_key(index, item) for index, item in enumerate(ticket.items))


def parse_verdict(form: Mapping[str, str], ticket: Ticket) -> Verdict:
    """Return the decision in a form.

    Raises:
        InvalidRequestError: a choice is missing, for the ticket or for one of its items, or the
            description of a part that is granted.
    """
    choice = _parse_choice(form, "verdict", _VERDICTS)
    whole = _parse_refusal(form, "") if choice == "refuse" else None
    return Verdict(
        text="" if whole else form.get("answer", "").strip(),
        account=form.get("account", "").strip(),
        whole=whole,
        refused=_parse_refused_items(form, ticket) if choice == "partly" else {},
        withhold=form.get("withhold") == "yes",
        abuse_requests=tuple(
            name.removeprefix(_ABUSE_REQUEST)
            for name, value in form.items()
            if name.startswith(_ABUSE_REQUEST) and value == "yes"
        ),
        abuse_facts=form.get("abuse_facts", "").strip(),
    )


def parse_finding(form: Mapping[str, str]) -> ExaminationResult:
    """Return the result of an examination of evidence in a form.

    Raises:
        InvalidRequestError: it is not chosen whether the evidence suffices.
    """
    shown = _parse_choice(form, "shown", _YES_OR_NO)
    return ExaminationResult(shown == "yes", form.get("text", ""), form.get("account", "").strip())


def _parse_choice(form: Mapping[str, str], field: str, choices: frozenset[str]) -> str:
    choice = form.get(field, "")
    if choice not in choices:
        raise InvalidRequestError("nothing is chosen yet", reason="nothing_chosen")
    return choice


def _parse_refused_items(form: Mapping[str, str], ticket: Ticket) -> dict[int, Refusal]:
    keys = item_keys(ticket)
    if not keys or any(form.get(f"item-{key}") not in _ITEM_VERDICTS for key in keys):
        raise InvalidRequestError("an item has no verdict yet", reason="item_not_chosen")
    return {
        index: _parse_item_refusal(form, key)
        for index, key in enumerate(keys)
        if form.get(f"item-{key}") != "grant"
    }


def _parse_item_refusal(form: Mapping[str, str], key: str) -> Refusal:
    refusal = _parse_refusal(form, f"-{key}")
    if form.get(f"item-{key}") == "refuse":
        return refusal
    granted = form.get(f"granted-{key}", "").strip()
    if not granted:
        raise InvalidRequestError("say which part of the item is granted", reason="no_part")
    return Refusal(refusal.ground, refusal.reason, granted)


def _key(index: int, item: ScopeItem) -> str:
    return f"{index}-{value_digest((item.name, item.detail))}"


def _parse_refusal(form: Mapping[str, str], suffix: str) -> Refusal:
    try:
        ground = Ground(form.get(f"ground{suffix}", ""))
    except ValueError:
        ground = None
    return Refusal(ground, form.get(f"reason{suffix}", "").strip())
