"""Parsing of the forms for decisions and for results of examinations.

Whether a decision is allowed is checked by the service, not here.

In a decision, ``verdict`` is ``grant``, ``partly`` or ``refuse``. With ``partly``, ``item-KEY`` is
``grant``, ``part`` or ``refuse`` for each item. Items that are refused, also in part, have
``ground-KEY`` and ``reason-KEY``; ``granted-KEY`` describes the part that is granted. For the
ground of abuse, ``abuse_request-NUMBER`` is ``yes`` for each request that shows it, and
``abuse_facts`` says how. ``carried_out`` is ``yes`` if what no program carries out is done. In an
examination, ``shown`` is ``yes`` or ``no``. None of these has a default.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from privacydesk.domain.agents import Agent
from privacydesk.domain.grounds import Ground
from privacydesk.domain.ticket import ScopeItem, Ticket
from privacydesk.errors import InvalidRequestError
from privacydesk.services.staff.examinations import ExaminationResult
from privacydesk.services.staff.preconditions import (
    DecisionBlocker,
    Refusal,
    Verdict,
    find_decision_blockers,
)
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
    for reason in _missing_choices(form, ticket).values():
        raise InvalidRequestError("the decision is not complete yet", reason=reason)
    return _read_verdict(form, ticket)


def find_faults(form: Mapping[str, str], ticket: Ticket, agent: Agent) -> dict[str, str]:
    """Return what is missing or wrong in the form of a decision.

    Returns:
        The error's reason by the name of the field that it is about, in the order of the form.
        What no field can mend is not among them.
    """
    faults = _missing_choices(form, ticket)
    choice = form.get("verdict", "")
    if choice == "refuse":
        faults |= _missing_reasons(form, "")
    if choice == "partly":
        for key in item_keys(ticket):
            if form.get(f"item-{key}") in {"part", "refuse"}:
                faults |= _missing_reasons(form, f"-{key}")
    uncertain = {"nothing_chosen", "item_not_chosen"}.intersection(faults.values())
    if not uncertain:
        verdict = _read_verdict(form, ticket)
        for blocker in find_decision_blockers(ticket, agent, verdict):
            field = _FIELDS.get(blocker)
            if field is not None and (field != "account" or ticket.may_name_account):
                faults[field] = f"lack_{blocker.value}"
    places = {name: place for place, name in enumerate(_field_order(ticket))}
    return dict(sorted(faults.items(), key=lambda fault: places[fault[0]]))


_FIELDS: Final = {
    DecisionBlocker.ABUSE_EVIDENCE: "abuse_facts",
    DecisionBlocker.ANSWER: "answer",
    DecisionBlocker.CHILD_ACCOUNT: "account",
    DecisionBlocker.DECEASED_ACCOUNT: "account",
    DecisionBlocker.OTHER_ACCOUNT: "account",
}
"""The field that mends what a decision lacks."""


def _field_order(ticket: Ticket) -> list[str]:
    items = [
        f"{name}-{key}"
        for key in item_keys(ticket)
        for name in ("item", "granted", "ground", "reason")
    ]
    return ["verdict", *items, "ground", "reason", "abuse_facts", "answer", "account"]


def _missing_choices(form: Mapping[str, str], ticket: Ticket) -> dict[str, str]:
    choice = form.get("verdict", "")
    if choice not in _VERDICTS or (choice == "partly" and not ticket.items):
        return {"verdict": "nothing_chosen"}
    missing = {}
    for key in item_keys(ticket) if choice == "partly" else ():
        decided = form.get(f"item-{key}")
        if decided not in _ITEM_VERDICTS:
            missing[f"item-{key}"] = "item_not_chosen"
        elif decided == "part" and not form.get(f"granted-{key}", "").strip():
            missing[f"granted-{key}"] = "no_part"
    return missing


def _missing_reasons(form: Mapping[str, str], suffix: str) -> dict[str, str]:
    refusal = _parse_refusal(form, suffix)
    missing = {}
    if refusal.ground is None:
        missing[f"ground{suffix}"] = "lack_ground"
    if not refusal.reason:
        missing[f"reason{suffix}"] = "lack_reason"
    return missing


def _read_verdict(form: Mapping[str, str], ticket: Ticket) -> Verdict:
    choice = form["verdict"]
    whole = _parse_refusal(form, "") if choice == "refuse" else None
    return Verdict(
        text="" if whole else form.get("answer", "").strip(),
        account=form.get("account", "").strip(),
        whole=whole,
        refused=_parse_refused_items(form, ticket) if choice == "partly" else {},
        withhold=form.get("withhold") == "yes",
        carried_out=form.get("carried_out") == "yes",
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
    return {
        index: _parse_item_refusal(form, key)
        for index, key in enumerate(item_keys(ticket))
        if form.get(f"item-{key}") != "grant"
    }


def _parse_item_refusal(form: Mapping[str, str], key: str) -> Refusal:
    refusal = _parse_refusal(form, f"-{key}")
    if form.get(f"item-{key}") == "refuse":
        return refusal
    return Refusal(refusal.ground, refusal.reason, form.get(f"granted-{key}", "").strip())


def _key(index: int, item: ScopeItem) -> str:
    return f"{index}-{value_digest((item.name, item.detail))}"


def _parse_refusal(form: Mapping[str, str], suffix: str) -> Refusal:
    try:
        ground = Ground(form.get(f"ground{suffix}", ""))
    except ValueError:
        ground = None
    return Refusal(ground, form.get(f"reason{suffix}", "").strip())
