"""Registered guards: questions a flow may ask about what is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from privacydesk.dialog.options import may_object, whose
from privacydesk.dialog.scopes import is_same_scope
from privacydesk.dialog.script import Running, Script
from privacydesk.dialog.slots import age_on
from privacydesk.domain.account import ProfileField
from privacydesk.domain.identity import Assurance
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.ticket import Ticket, TicketState

Guard = Callable[[Script, Running, RequestKind | None, Mapping[str, Any]], str]

CHILD_UNDER = 14
ADULT_FROM = 18


def _yes(value: object) -> str:
    return "yes" if value else "no"


def level_of(name: Any) -> Assurance:
    """Return the assurance a flow names."""
    return Assurance[str(name).upper()]


def account_of(script: Script, frame: Running) -> str:
    """Return the account a frame is about: its slot, else the one the user is logged in to."""
    return str(frame.slots.get("account") or script.account)


def _has_session(
    script: Script, _frame: Running, _kind: RequestKind | None, _params: Mapping[str, Any]
) -> str:
    return _yes(script.account)


def _is_verified(
    script: Script, frame: Running, _kind: RequestKind | None, params: Mapping[str, Any]
) -> str:
    level = level_of(params.get("level") or frame.slots.get("level", "one_time_code"))
    return _yes(script.is_verified(account_of(script, frame), level))


def _has_contact_proof(
    script: Script, frame: Running, _kind: RequestKind | None, _params: Mapping[str, Any]
) -> str:
    contact = frame.slots.get("contact")
    return _yes(contact and script.contact_proof(str(contact)))


def _same_request_open(
    script: Script, frame: Running, kind: RequestKind | None, _params: Mapping[str, Any]
) -> str:
    same = next(
        (
            ticket
            for ticket in script.tickets_of(whose(script))
            if ticket.is_open
            and ticket.kind is kind
            and is_same_scope(kind, frame.slots, ticket.items)
            # One that waits for its person to verify is taken up again by filing.
            and (
                ticket.state is not TicketState.AWAITING_VERIFICATION
                or ticket.needs is Assurance.DOCUMENT_CHECKED
            )
        ),
        None,
    )
    if same is None:
        return "no"
    frame.slots["ticket"] = same.id.hex()
    return "yes"


def _last_login_way(
    _script: Script, frame: Running, _kind: RequestKind | None, _params: Mapping[str, Any]
) -> str:
    bound = {row["provider"] for row in frame.slots.get("bindings", ())}
    return _yes(bound and not bound - {frame.slots.get("provider")})


def _needs_document(
    _script: Script, frame: Running, _kind: RequestKind | None, _params: Mapping[str, Any]
) -> str:
    return _yes(frame.slots.get("field") in {ProfileField.REAL_NAME.value, "id_number"})


def _is_device_permission(
    _script: Script, frame: Running, _kind: RequestKind | None, _params: Mapping[str, Any]
) -> str:
    return _yes(str(frame.slots.get("purpose", "")).startswith("device_"))


def _child_age(
    script: Script, frame: Running, _kind: RequestKind | None, _params: Mapping[str, Any]
) -> str:
    # The two documents disagree on exactly 14 (definitions against the children's statement), so
    # that year is a human's decision.
    born = date.fromisoformat(str(frame.slots["child_birth_date"]))
    age = age_on(born, script.now.astimezone(ZoneInfo(script.rules.zone)).date())
    if age < CHILD_UNDER:
        group = "under_14"
    elif age == CHILD_UNDER:
        group = "exactly_14"
    else:
        group = "teen" if age < ADULT_FROM else "adult"
    frame.slots["age_group"] = group
    return group


def _slot_is(
    _script: Script, frame: Running, _kind: RequestKind | None, params: Mapping[str, Any]
) -> str:
    return _yes(frame.slots.get(str(params["slot"])) == params["value"])


def _has_evidence(
    _script: Script, frame: Running, _kind: RequestKind | None, _params: Mapping[str, Any]
) -> str:
    return _yes(frame.slots.get("evidence"))


def _unbinding_automated(
    script: Script, _frame: Running, _kind: RequestKind | None, _params: Mapping[str, Any]
) -> str:
    return _yes(script.rules.unbinding_window is not None and not script.minor_hint)


def _closing_awaits_me(
    script: Script, frame: Running, _kind: RequestKind | None, _params: Mapping[str, Any]
) -> str:
    waiting = next(
        (
            ticket
            for ticket in script.tickets_of(whose(script))
            if ticket.state is TicketState.AWAITING_CONFIRMATION
        ),
        None,
    )
    if waiting is not None:
        frame.slots["ticket"] = waiting.id.hex()
    return _yes(waiting)


def proof_purpose(ticket: Ticket) -> str:
    """Return what the evidence of a ticket has to show, as ``collect_evidence`` calls it."""
    if ticket.kind is RequestKind.GUARDIAN:
        return "guardianship"
    return "real_name" if ticket.kind is RequestKind.RECTIFICATION else "identity"


def _proof_wanted(
    script: Script, frame: Running, _kind: RequestKind | None, _params: Mapping[str, Any]
) -> str:
    tickets = script.tickets_of(whose(script))
    number = str(frame.slots.get("number") or "")
    if any(proof.subject == f"ticket:{number}" for proof in script.verifications):
        # They came back by its number, from another device.
        numbered = script.ticket_numbered(number)
        tickets = (*tickets, numbered) if numbered is not None else tickets
    wanted = next(
        (
            ticket
            for ticket in tickets
            if ticket.state is TicketState.AWAITING_VERIFICATION
            and ticket.needs is Assurance.DOCUMENT_CHECKED
            # What was handed in was examined, and was not enough.
            and "document" not in ticket.flags
        ),
        None,
    )
    if wanted is not None:
        frame.slots["ticket"] = wanted.id.hex()
        frame.slots["purpose"] = proof_purpose(wanted)
    return _yes(wanted)


def _filed_here(
    script: Script, _frame: Running, _kind: RequestKind | None, _params: Mapping[str, Any]
) -> str:
    """A request was filed in this conversation under a contact that was proven in it.

    However long ago: nothing is told about it that does not come to this conversation by itself.
    """
    proven = {proof.subject for proof in script.verifications}
    return _yes(
        any(
            ticket.conversation_id == script.before.id and f"contact:{ticket.contact}" in proven
            for ticket in script.tickets_of(whose(script))
        )
    )


def _has_open_request(
    script: Script, _frame: Running, _kind: RequestKind | None, _params: Mapping[str, Any]
) -> str:
    return _yes(any(ticket.is_open for ticket in script.tickets_of(whose(script))))


def _may_object(
    script: Script, _frame: Running, _kind: RequestKind | None, _params: Mapping[str, Any]
) -> str:
    return _yes(any(may_object(script, ticket) for ticket in script.tickets_of(whose(script))))


GUARDS: Mapping[str, Guard] = {
    "has_session": _has_session,
    "is_verified": _is_verified,
    "has_contact_proof": _has_contact_proof,
    "same_request_open": _same_request_open,
    "last_login_way": _last_login_way,
    "needs_document": _needs_document,
    "is_device_permission": _is_device_permission,
    "child_age": _child_age,
    "slot_is": _slot_is,
    "has_evidence": _has_evidence,
    "unbinding_automated": _unbinding_automated,
    "closing_awaits_me": _closing_awaits_me,
    "proof_wanted": _proof_wanted,
    "filed_here": _filed_here,
    "has_open_request": _has_open_request,
    "may_object": _may_object,
}
"""Each guard gets the script, the frame, the flow's request kind and its parameters."""
