"""Parsing of decision and finding forms. Nothing is judged here: the gate does that.

``verdict`` is ``grant``, ``partly`` or ``refuse``. With ``partly``, ``item-KEY`` says ``grant`` or
``refuse`` of each item, with ``ground-KEY`` and ``reason-KEY``. ``shown`` of evidence is ``yes`` or
``no``. A choice that was not made has no default.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from privacydesk.domain.grounds import Ground
from privacydesk.domain.ticket import ScopeItem, Ticket
from privacydesk.errors import InvalidRequestError
from privacydesk.services.staff.examinations import Finding
from privacydesk.services.staff.preconditions import Refusal, Verdict
from privacydesk.services.staff.staleness import digest

_OF_AN_ITEM: Final = frozenset({"grant", "refuse"})
_VERDICTS: Final = _OF_AN_ITEM | {"partly"}
_SHOWN: Final = frozenset({"yes", "no"})


def keys_of(ticket: Ticket) -> tuple[str, ...]:
    """Return the form key of each item of a ticket.

    Items may be replaced while a form is open. Input for one is never found under another's key,
    neither here nor by a page that fills a form again.
    """
    return tuple(_key(place, item) for place, item in enumerate(ticket.items))


def read_verdict(form: Mapping[str, str], ticket: Ticket) -> Verdict:
    """Return what a form decides.

    Raises:
        InvalidRequestError: it decides nothing, or not on each item.
    """
    chosen = _chosen(form, "verdict", _VERDICTS)
    whole = _refusal(form, "") if chosen == "refuse" else None
    return Verdict(
        text="" if whole else form.get("answer", "").strip(),
        account=form.get("account", "").strip(),
        whole=whole,
        refused=_refused(form, ticket) if chosen == "partly" else {},
        withhold=form.get("withhold") == "yes",
    )


def read_finding(form: Mapping[str, str]) -> Finding:
    """Return the finding on evidence in a form.

    Raises:
        InvalidRequestError: it says neither.
    """
    shown = _chosen(form, "shown", _SHOWN)
    return Finding(shown == "yes", form.get("text", ""), form.get("account", "").strip())


def _chosen(form: Mapping[str, str], field: str, among: frozenset[str]) -> str:
    chosen = form.get(field, "")
    if chosen not in among:
        raise InvalidRequestError("nothing is chosen yet", reason="nothing_chosen")
    return chosen


def _refused(form: Mapping[str, str], ticket: Ticket) -> dict[int, Refusal]:
    keys = keys_of(ticket)
    if not keys or any(form.get(f"item-{key}") not in _OF_AN_ITEM for key in keys):
        raise InvalidRequestError("an item has no verdict yet", reason="item_not_chosen")
    refused = (place for place, key in enumerate(keys) if form.get(f"item-{key}") == "refuse")
    return {place: _refusal(form, f"-{keys[place]}") for place in refused}


def _key(place: int, item: ScopeItem) -> str:
    return f"{place}-{digest((item.name, item.detail))}"


def _refusal(form: Mapping[str, str], place: str) -> Refusal:
    try:
        ground = Ground(form.get(f"ground{place}", ""))
    except ValueError:
        ground = None
    return Refusal(ground, form.get(f"reason{place}", "").strip())
