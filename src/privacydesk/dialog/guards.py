"""Registered guards: questions a flow may ask about what is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from privacydesk.dialog.options import may_object, narrowed, whose
from privacydesk.dialog.running import Running
from privacydesk.dialog.scopes import is_same_scope
from privacydesk.dialog.script import ANSWER, Script
from privacydesk.dialog.slots import age_on
from privacydesk.domain.account_terms import DataCategory, ProfileField
from privacydesk.domain.identity import Assurance, Target, Verification
from privacydesk.domain.ids import TicketId
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.ticket import Ticket, TicketState
from privacydesk.domain.ticket_moves import Move, may

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


def _code_open(
    script: Script, frame: Running, _kind: RequestKind | None, _params: Mapping[str, Any]
) -> str:
    """Ask whether a code that was sent before can still be entered."""
    challenge = script.challenge_of(Target.of_label(str(frame.slots["_target"])))
    lasts = challenge.expires_at is not None and script.now < challenge.expires_at
    return _yes(challenge.code_hash and challenge.entries_left and lasts)


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


def _only_login_way(
    _script: Script, frame: Running, _kind: RequestKind | None, _params: Mapping[str, Any]
) -> str:
    bound = list(dict.fromkeys(row["provider"] for row in frame.slots.get("bindings", ())))
    if len(bound) != 1:
        return "no"
    frame.slots["provider"] = bound[0]
    return "yes"


def _bindings_known(
    _script: Script, frame: Running, _kind: RequestKind | None, _params: Mapping[str, Any]
) -> str:
    return _yes(frame.slots.get("bindings"))


def _needs_document(
    _script: Script, frame: Running, _kind: RequestKind | None, _params: Mapping[str, Any]
) -> str:
    return _yes(frame.slots.get("field") in {ProfileField.REAL_NAME.value, "id_number"})


def _is_device_permission(
    _script: Script, frame: Running, _kind: RequestKind | None, _params: Mapping[str, Any]
) -> str:
    return _yes(str(frame.slots.get("purpose", "")).startswith("device_"))


def age_group(age: int) -> str:
    """Return which of the rules about age hold for so many full years.

    The two documents disagree on exactly 14 (definitions against the children's statement), so that
    year is a human's decision.
    """
    if age < CHILD_UNDER:
        return "under_14"
    if age == CHILD_UNDER:
        return "exactly_14"
    return "teen" if age < ADULT_FROM else "adult"


def days_of(told: str) -> tuple[date, ...]:
    """Return the first and the last day that a date may be, of which only a part may be told."""
    if not told:
        return ()
    year, month, day = (*(int(part) for part in told.split("-")), 0, 0)[:3]
    if day:
        return (date(year, month, day),)
    first = date(year, month or 1, 1)
    last = first + timedelta(days=31) if month else date(year + 1, 1, 1)
    return first, last.replace(day=1) - timedelta(days=1)


def _child_age(
    script: Script, frame: Running, _kind: RequestKind | None, _params: Mapping[str, Any]
) -> str:
    frame.slots.pop("age_group", None)
    told = str(frame.slots.get("child_birth_date") or "")
    today = script.now.astimezone(ZoneInfo(script.rules.zone)).date()
    ages = [age_on(born, today) for born in days_of(told)]
    counted = frame.slots.get("child_age")
    if not ages and counted is not None:
        # Counted the old way a child is a year or two older than by the law.
        ages = [int(counted) - 2, int(counted)]
    groups = {age_group(age) for age in ages}
    if len(groups) != 1:
        return "unknown"
    frame.slots["age_group"] = groups.pop()
    return str(frame.slots["age_group"])


def _slot_is(
    _script: Script, frame: Running, _kind: RequestKind | None, params: Mapping[str, Any]
) -> str:
    held, value = frame.slots.get(str(params["slot"])), params["value"]
    return _yes(value in held if isinstance(held, list) else held == value)


def _has_evidence(
    _script: Script, frame: Running, _kind: RequestKind | None, _params: Mapping[str, Any]
) -> str:
    return _yes(frame.slots.get("evidence"))


def unbinds_alone(script: Script, frame: Running) -> bool:
    """Tell whether a machine carries out the unbinding that a form asks for.

    Never a minor's: the account's birthday was read, and neither it nor words show one.
    """
    return (
        script.rules.unbinding_window is not None
        and not script.minor_hint
        and bool(frame.slots.get("age_read"))
    )


def _unbinding_window_set(
    script: Script, _frame: Running, _kind: RequestKind | None, _params: Mapping[str, Any]
) -> str:
    return _yes(script.rules.unbinding_window is not None)


def _unbinding_automated(
    script: Script, frame: Running, _kind: RequestKind | None, _params: Mapping[str, Any]
) -> str:
    return _yes(unbinds_alone(script, frame))


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


def document_proof(script: Script, frame: Running) -> Verification | None:
    """Return the proof that lies in a frame's ticket: a document that staff checked for it.

    It counts for the last word on that very ticket, from the conversation it was handed in to or
    the account it is about, for as long as the ticket waits; it covers nothing else.
    """
    raw = str(frame.slots.get("ticket") or "")
    if not raw or raw.startswith("sym:"):
        return None
    ticket = script.ticket_with_id(TicketId(bytes.fromhex(raw)))
    if ticket is None or ticket.verified_at is None:
        return None
    theirs = ticket.conversation_id == script.before.id or script.acts_on(ticket, script.account)
    if not theirs or ticket.needs is not Assurance.DOCUMENT_CHECKED:
        return None
    return Verification(ticket.account, Assurance.DOCUMENT_CHECKED, ticket.verified_at)


def _shown_by_document(
    script: Script, frame: Running, _kind: RequestKind | None, _params: Mapping[str, Any]
) -> str:
    return _yes(document_proof(script, frame))


def proof_purpose(ticket: Ticket) -> str:
    """Return what the evidence of a ticket has to show, as ``collect_evidence`` calls it."""
    if ticket.kind is RequestKind.GUARDIAN:
        return "guardianship"
    return "real_name" if ticket.kind is RequestKind.RECTIFICATION else "identity"


def _shown_here(script: Script, frame: Running) -> tuple[Ticket, ...]:
    """Return a person's tickets, with one they came back to by its number, from another device."""
    tickets = script.tickets_of(whose(script))
    number = str(frame.slots.get("number") or "")
    if script.ticket_proof(number):
        numbered = script.ticket_numbered(number)
        tickets = (*tickets, numbered) if numbered is not None else tickets
    return tickets


def _waits_below(script: Script, flow: str, ticket: Ticket) -> bool:
    """Tell whether the desk's own question about a ticket is what is gone on with after this."""
    below = script.form_at() - 1
    frame = script.stack[below] if below >= 0 else None
    return frame is not None and frame.flow == flow and frame.slots["ticket"] == ticket.id.hex()


def _answer_wanted(
    script: Script, frame: Running, _kind: RequestKind | None, _params: Mapping[str, Any]
) -> str:
    wanted = next(
        (t for t in _shown_here(script, frame) if t.state is TicketState.AWAITING_REQUESTER), None
    )
    if wanted is None or _waits_below(script, ANSWER, wanted):
        return "no"
    frame.slots["ticket"] = wanted.id.hex()
    frame.slots["text"] = str(wanted.facts.get("told", {}).get("text", ""))
    return "yes"


def _proof_wanted(
    script: Script, frame: Running, _kind: RequestKind | None, _params: Mapping[str, Any]
) -> str:
    wanted = next(
        (
            ticket
            for ticket in _shown_here(script, frame)
            if ticket.state is TicketState.AWAITING_VERIFICATION
            and ticket.needs is Assurance.DOCUMENT_CHECKED
            # What was handed in was examined, and was not enough.
            and "document" not in ticket.flags
        ),
        None,
    )
    if wanted is None or _waits_below(script, "evidence_again", wanted):
        return "no"
    frame.slots["ticket"] = wanted.id.hex()
    frame.slots["purpose"] = proof_purpose(wanted)
    return "yes"


def _filed_here(
    script: Script, _frame: Running, _kind: RequestKind | None, _params: Mapping[str, Any]
) -> str:
    """A request was filed in this conversation under a contact that was proven in it.

    However long ago: nothing is told about it that does not come to this conversation by itself.
    A report of a minor needs no proof, so neither does what its reporter asks about it here.
    """
    proven = {proof.subject for proof in script.verifications}
    return _yes(
        any(
            ticket.conversation_id == script.before.id
            and (
                f"contact:{ticket.contact}" in proven or ticket.kind is RequestKind.UNDERAGE_REPORT
            )
            for ticket in script.tickets_of(whose(script))
        )
    )


def _has_open_request(
    script: Script, _frame: Running, _kind: RequestKind | None, _params: Mapping[str, Any]
) -> str:
    return _yes(any(ticket.is_open for ticket in script.tickets_of(whose(script))))


def _posts_go_first(
    script: Script, frame: Running, _kind: RequestKind | None, _params: Mapping[str, Any]
) -> str:
    """Tell whether a deletion of posts was filed and is not decided yet."""
    wanted = {DataCategory.POSTS.value, "all"}
    filed = next(
        (
            ticket
            for ticket in script.tickets_of(whose(script))
            if ticket.is_open
            and ticket.kind is RequestKind.DELETION
            and not wanted.isdisjoint(item.name for item in ticket.items)
        ),
        None,
    )
    if filed is not None:
        frame.slots["ticket"] = filed.id.hex()
    return _yes(filed)


def _number_misread(
    script: Script, _frame: Running, _kind: RequestKind | None, _params: Mapping[str, Any]
) -> str:
    return "yes" if script.observed.entities.get("misread_number") else "no"


def _is_unwilling(
    script: Script, _frame: Running, _kind: RequestKind | None, _params: Mapping[str, Any]
) -> str:
    """Ask whether a wish was made with the word that nothing will be shown for it."""
    return _yes("refuses_identity" in script.observed.entities.get("phrase", ()))


def _form_open(
    script: Script, _frame: Running, _kind: RequestKind | None, _params: Mapping[str, Any]
) -> str:
    return _yes(script.form_at() > 0)


def _wishes_wait(
    script: Script, _frame: Running, _kind: RequestKind | None, _params: Mapping[str, Any]
) -> str:
    return _yes(script.wishes)


def _may_object(
    script: Script, _frame: Running, _kind: RequestKind | None, _params: Mapping[str, Any]
) -> str:
    return _yes(any(may_object(script, ticket) for ticket in script.tickets_of(whose(script))))


def _one_to_withdraw(
    script: Script, frame: Running, _kind: RequestKind | None, _params: Mapping[str, Any]
) -> str:
    return _only(script, frame, lambda ticket: may(ticket, Move.WITHDRAW))


def _one_to_object(
    script: Script, frame: Running, _kind: RequestKind | None, _params: Mapping[str, Any]
) -> str:
    return _only(script, frame, lambda ticket: may_object(script, ticket))


def _only(script: Script, frame: Running, fits: Callable[[Ticket], bool]) -> str:
    """Fill the ticket where a single one can be meant."""
    meant = narrowed(script, [t for t in script.tickets_of(whose(script)) if fits(t)])
    if len(meant) == 1:
        frame.slots["ticket"] = meant[0].id.hex()
    return _yes(len(meant) == 1)


def _ticket_may(
    script: Script, frame: Running, _kind: RequestKind | None, params: Mapping[str, Any]
) -> str:
    """Ask about the ticket that was come back to by its number."""
    ticket = script.ticket_with_id(TicketId(bytes.fromhex(str(frame.slots["ticket"]))))
    if ticket is None:
        return "no"
    if params["what"] == "object":
        return _yes(may_object(script, ticket))
    return _yes(may(ticket, Move.WITHDRAW))


GUARDS: Mapping[str, Guard] = {
    "has_session": _has_session,
    "is_verified": _is_verified,
    "has_contact_proof": _has_contact_proof,
    "code_open": _code_open,
    "same_request_open": _same_request_open,
    "posts_go_first": _posts_go_first,
    "last_login_way": _last_login_way,
    "only_login_way": _only_login_way,
    "bindings_known": _bindings_known,
    "needs_document": _needs_document,
    "is_device_permission": _is_device_permission,
    "child_age": _child_age,
    "slot_is": _slot_is,
    "has_evidence": _has_evidence,
    "unbinding_window_set": _unbinding_window_set,
    "unbinding_automated": _unbinding_automated,
    "closing_awaits_me": _closing_awaits_me,
    "shown_by_document": _shown_by_document,
    "proof_wanted": _proof_wanted,
    "answer_wanted": _answer_wanted,
    "filed_here": _filed_here,
    "has_open_request": _has_open_request,
    "form_open": _form_open,
    "number_misread": _number_misread,
    "is_unwilling": _is_unwilling,
    "wishes_wait": _wishes_wait,
    "may_object": _may_object,
    "one_to_withdraw": _one_to_withdraw,
    "one_to_object": _one_to_object,
    "ticket_may": _ticket_may,
}
"""Each guard gets the script, the frame, the flow's request kind and its parameters."""
