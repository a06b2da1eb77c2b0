"""The form of a decision, read into a verdict. Nothing is judged here: the gate does that."""

from __future__ import annotations

from collections.abc import Mapping

from privacydesk.domain.grounds import Ground
from privacydesk.domain.ticket import Ticket
from privacydesk.services.staff.gate import Refusal, Verdict


def read_verdict(form: Mapping[str, str], ticket: Ticket) -> Verdict:
    """Return what a form decides.

    ``verdict`` is ``grant``, ``partly`` or ``refuse``; with ``partly``, ``item-N`` says ``grant``
    or ``refuse`` of each item, with ``ground-N`` and ``reason-N``.
    """
    chosen = form.get("verdict", "")
    whole = _refusal(form, "") if chosen == "refuse" else None
    refused = {}
    if chosen == "partly":
        refused = {
            place: _refusal(form, f"-{place}")
            for place in range(len(ticket.items))
            if form.get(f"item-{place}") == "refuse"
        }
    return Verdict(
        text="" if whole else form.get("answer", "").strip(),
        account=form.get("account", "").strip(),
        whole=whole,
        refused=refused,
        withhold=form.get("withhold") == "yes",
    )


def _refusal(form: Mapping[str, str], place: str) -> Refusal:
    try:
        ground = Ground(form.get(f"ground{place}", ""))
    except ValueError:
        ground = None
    return Refusal(ground, form.get(f"reason{place}", "").strip())
