"""The form of a decision, read into a verdict. Nothing is judged here: the gate does that.

``verdict`` is ``grant``, ``partly`` or ``refuse``. With ``partly``, ``item-KEY`` says ``grant`` or
``refuse`` of each item, with ``ground-KEY`` and ``reason-KEY``.
"""

from __future__ import annotations

from collections.abc import Mapping

from privacydesk.domain.grounds import Ground
from privacydesk.domain.ticket import ScopeItem, Ticket
from privacydesk.services.staff.gate import Refusal, Verdict
from privacydesk.services.staff.sight import digest


def keys_of(ticket: Ticket) -> tuple[str, ...]:
    """Return what a form calls each item of a ticket.

    Items may become others while a form is open. What was typed on one is not found under the key
    of another, neither here nor by a page that fills a form again.
    """
    return tuple(_key(place, item) for place, item in enumerate(ticket.items))


def read_verdict(form: Mapping[str, str], ticket: Ticket) -> Verdict:
    """Return what a form decides."""
    chosen = form.get("verdict", "")
    whole = _refusal(form, "") if chosen == "refuse" else None
    refused = {}
    if chosen == "partly":
        refused = {
            place: _refusal(form, f"-{key}")
            for place, key in enumerate(keys_of(ticket))
            if form.get(f"item-{key}") == "refuse"
        }
    return Verdict(
        text="" if whole else form.get("answer", "").strip(),
        account=form.get("account", "").strip(),
        whole=whole,
        refused=refused,
        withhold=form.get("withhold") == "yes",
    )


def _key(place: int, item: ScopeItem) -> str:
    return f"{place}-{digest((item.name, item.detail))}"


def _refusal(form: Mapping[str, str], place: str) -> Refusal:
    try:
        ground = Ground(form.get(f"ground{place}", ""))
    except ValueError:
        ground = None
    return Refusal(ground, form.get(f"reason{place}", "").strip())
