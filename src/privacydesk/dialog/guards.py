"""Registered guards: questions a flow may ask about what is known.

One that answers ``yes`` stores what it found in its frame, as its spec in ``vocabulary`` says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from privacydesk.dialog import openings
from privacydesk.dialog.act import Act
from privacydesk.dialog.held import held_value, plain_value
from privacydesk.dialog.options import (
    concerns_another,
    in_turn,
    is_by_another,
    is_theirs,
    may_object,
    narrowed,
    objection_to,
    whose,
)
from privacydesk.dialog.ownership import is_of_account
from privacydesk.dialog.request_actions import lacks_proof, may_be_added_to
from privacydesk.dialog.running import Running
from privacydesk.dialog.schema import ALL
from privacydesk.dialog.scopes import is_same_scope
from privacydesk.dialog.script import ANSWER, Script
from privacydesk.dialog.slots import AMENDS, FILES, values_in
from privacydesk.domain.account_terms import DEVICE_PERMISSIONS, DataCategory, ProfileField
from privacydesk.domain.ages import ADULT_FROM, age_group, age_on, possible_days
from privacydesk.domain.effects import OpenTicket
from privacydesk.domain.identity import Assurance, Target, Verification
from privacydesk.domain.ids import TicketId
from privacydesk.domain.intents import FOR_OTHERS, RequestKind
from privacydesk.domain.ticket import Ticket, TicketState
from privacydesk.domain.ticket_moves import Move, may

Guard = Callable[[Act], str]


_PHONE_DIGITS: Final = 8
"""The digits of the shortest phone number; a name has fewer."""


def _yes(value: object) -> str:
    return "yes" if value else "no"


def level_of(name: Any) -> Assurance:
    """Return the assurance a flow names."""
    return Assurance[str(name).upper()]


def account_of(script: Script, frame: Running) -> str:
    """Return the account a frame is about: its slot, else the one the user is logged in to."""
    return str(frame.slots.get("account") or script.account)


def subject_of(act: Act) -> str:
    """Return the account that a form's request is about; empty where only staff can tell.

    A guardian's, relative's or stranger's own account is not the one.
    """
    kind = act.flow.kind
    if kind in FOR_OTHERS or kind is RequestKind.UNDERAGE_REPORT:
        return ""
    return account_of(act.script, act.frame)


def _has_session(act: Act) -> str:
    return _yes(act.script.account)


def _is_verified(act: Act) -> str:
    level = level_of(act.params.get("level") or act.frame.slots.get("level", "one_time_code"))
    return _yes(act.script.is_verified(account_of(act.script, act.frame), level))


def _has_contact_proof(act: Act) -> str:
    contact = act.frame.slots.get("contact")
    return _yes(contact and act.script.contact_proof(str(contact)))


def _code_open(act: Act) -> str:
    """Whether a code that was sent before can still be entered."""
    challenge = act.script.challenge_of(Target.of_label(str(act.frame.slots["_target"])))
    lasts = challenge.expires_at is not None and act.script.now < challenge.expires_at
    return _yes(challenge.code_hash and challenge.attempts_left and lasts)


def _same_request_open(act: Act) -> str:
    same = next(
        (
            ticket
            for ticket in act.script.tickets_of(whose(act.script))
            if ticket.is_open
            and ticket.kind is act.flow.kind
            and ticket.id.hex() != act.frame.slots.get(AMENDS)
            and is_same_scope(act.flow.kind, act.frame.slots, ticket.items)
            and not concerns_another(ticket, subject_of(act), act.frame.slots)
            and not is_by_another(act.script, ticket, str(act.frame.slots.get("contact") or ""))
            # One that awaits verification is resumed by filing.
            and (
                ticket.state is not TicketState.AWAITING_VERIFICATION
                or ticket.required_assurance is Assurance.DOCUMENT_CHECKED
            )
        ),
        None,
    )
    if same is None:
        return "no"
    act.frame.slots["ticket"] = same.id.hex()
    return "yes"


def _last_login_way(act: Act) -> str:
    bound = {row["provider"] for row in act.frame.slots.get("bindings", ())}
    return _yes(bound and not bound.difference(values_in(act.frame.slots.get("provider"))))


def _other_way_named(act: Act) -> str:
    named = act.frame.slots.get("provider")
    bound = {row["provider"] for row in act.frame.slots.get("bindings", ())}
    return _yes(named and len(bound) == 1 and named not in bound)


def _only_login_way(act: Act) -> str:
    bound = list(dict.fromkeys(row["provider"] for row in act.frame.slots.get("bindings", ())))
    if len(bound) != 1:
        return "no"
    act.frame.slots["provider"] = bound[0]
    return "yes"


def _needs_document(act: Act) -> str:
    return _yes(act.frame.slots.get("field") in {ProfileField.REAL_NAME.value, "id_number"})


def _becomes_adult(act: Act) -> str:
    """Whether a new birthday would make an adult of who is a minor by the account's own."""
    slots, today = act.frame.slots, act.script.today
    held = plain_value(held_value(slots.get("profile") or (), ProfileField.BIRTHDAY))
    if slots.get("field") != ProfileField.BIRTHDAY.value or not held:
        return "no"
    before, after = (
        [age_on(born, today) for born in possible_days(str(told))]
        for told in (held, slots.get("new_value") or "")
    )
    return _yes(before and min(before) < ADULT_FROM and after and max(after) >= ADULT_FROM)


def _is_device_permission(act: Act) -> str:
    """Whether permissions of the phone were chosen; they are told apart from consents."""
    slots = act.frame.slots
    chosen = values_in(slots.get("purpose"))
    permissions = [one for one in chosen if one in DEVICE_PERMISSIONS]
    consents = [one for one in chosen if one not in DEVICE_PERMISSIONS]
    if permissions:
        slots["permissions"] = permissions
    if permissions and consents:
        slots["purpose"] = consents
    return _yes(permissions)


def _child_age(act: Act) -> str:
    act.frame.slots.pop("age_group", None)
    told = str(act.frame.slots.get("child_birth_date") or "")
    ages = [age_on(born, act.script.today) for born in possible_days(told)]
    counted = act.frame.slots.get("child_age")
    if not ages and counted is not None:
        # By traditional counting a child is a year or two older than by law.
        ages = [int(counted) - 2, int(counted)]
    groups = {age_group(age) for age in ages}
    if len(groups) != 1:
        return "unknown"
    act.frame.slots["age_group"] = groups.pop()
    return str(act.frame.slots["age_group"])


def _slot_is(act: Act) -> str:
    return _yes(is_value(act.frame.slots.get(str(act.params["slot"])), act.params["value"]))


def is_value(held: Any, value: Any) -> bool:
    """Whether a slot holds a value, alone or among others."""
    return value in held if isinstance(held, list) else bool(held == value)


def _value_names_account(act: Act) -> str:
    """Whether a new phone is the number by which the account was described; it is dropped then.

    The old number and the new one were perhaps swapped, so the new one is asked for again.
    """
    slots = act.frame.slots
    value, account = (_digits(slots.get(name)) for name in ("new_value", "account_hint"))
    told = len(account) >= _PHONE_DIGITS and value.endswith(account)
    if slots.get("field") != "phone" or not told:
        return "no"
    del slots["new_value"]
    return "yes"


def _digits(told: Any) -> str:
    return "".join(one for one in str(told or "") if one.isdigit())


def _slot_filled(act: Act) -> str:
    return _yes(act.frame.slots.get(str(act.params["slot"])))


def _has_evidence(act: Act) -> str:
    return _yes(act.frame.slots.get(FILES))


def unbinds_alone(script: Script, frame: Running) -> bool:
    """Whether the unbinding that a form asks for is carried out automatically.

    Never a minor's: the account's birthday was read, and neither it nor words show one.
    """
    return (
        script.rules.unbinding_window is not None
        and not script.minor_hint
        and bool(frame.slots.get("age_read"))
    )


def _unbinding_window_set(act: Act) -> str:
    return _yes(act.script.rules.unbinding_window is not None)


def _unbinding_automated(act: Act) -> str:
    return _yes(unbinds_alone(act.script, act.frame))


def _closing_awaits_me(act: Act) -> str:
    waiting = next(
        (
            ticket
            for ticket in act.script.tickets_of(whose(act.script))
            if ticket.state is TicketState.AWAITING_CONFIRMATION
        ),
        None,
    )
    if waiting is not None:
        act.frame.slots["ticket"] = waiting.id.hex()
    return _yes(waiting)


def document_proof(script: Script, frame: Running) -> Verification | None:
    """Return the proof recorded on a frame's ticket: a document that staff checked for it.

    It counts for the final confirmation of that very ticket, from the conversation it was filed in
    or the account it is about, for as long as the ticket waits; it covers nothing else.
    """
    raw = str(frame.slots.get("ticket") or "")
    if not raw or raw.startswith("sym:"):
        return None
    ticket = script.ticket_with_id(TicketId(bytes.fromhex(raw)))
    if ticket is None or ticket.verified_at is None:
        return None
    theirs = ticket.conversation_id == script.before.id or is_of_account(ticket, script.account)
    if not theirs or ticket.required_assurance is not Assurance.DOCUMENT_CHECKED:
        return None
    return Verification(ticket.account, Assurance.DOCUMENT_CHECKED, ticket.verified_at)


def _shown_by_document(act: Act) -> str:
    return _yes(document_proof(act.script, act.frame))


def proof_purpose(ticket: Ticket) -> str:
    """Return what the evidence of a ticket has to show, as ``collect_evidence`` calls it."""
    if ticket.kind is RequestKind.GUARDIAN:
        return "guardianship"
    if ticket.kind is RequestKind.DECEASED:
        return "kinship"
    if ticket.kind is RequestKind.DEREGISTRATION:
        return "closing"
    return "real_name" if ticket.kind is RequestKind.RECTIFICATION else "identity"


def _shown_here(script: Script, frame: Running) -> tuple[Ticket, ...]:
    """Return the user's tickets, with one looked up by its number from another device."""
    tickets = script.tickets_of(whose(script))
    number = str(frame.slots.get("number") or "")
    if script.ticket_proof(number):
        numbered = script.ticket_numbered(number)
        tickets = (*tickets, numbered) if numbered is not None else tickets
    return tickets


def _waits_below(script: Script, flow: str, ticket: Ticket) -> bool:
    """Whether the desk's own question about a ticket waits just below the open form."""
    below = script.form_at() - 1
    frame = script.stack[below] if below >= 0 else None
    return frame is not None and frame.flow == flow and frame.slots["ticket"] == ticket.id.hex()


def _answer_wanted(act: Act) -> str:
    wanted = next(
        (
            t
            for t in _shown_here(act.script, act.frame)
            if t.state is TicketState.AWAITING_REQUESTER
        ),
        None,
    )
    if wanted is None or _waits_below(act.script, ANSWER, wanted):
        return "no"
    act.frame.slots["ticket"] = wanted.id.hex()
    act.frame.slots["text"] = wanted.work.told.text if wanted.work.told else ""
    return "yes"


def _proof_wanted(act: Act) -> str:
    wanted = next(
        (
            ticket
            for ticket in _shown_here(act.script, act.frame)
            # What was handed in was examined, and was not enough.
            if lacks_proof(ticket) and ticket.required_assurance is Assurance.DOCUMENT_CHECKED
        ),
        None,
    )
    if wanted is None or _waits_below(act.script, "evidence_again", wanted):
        return "no"
    act.frame.slots["ticket"] = wanted.id.hex()
    act.frame.slots["purpose"] = proof_purpose(wanted)
    return "yes"


def _filed_here(act: Act) -> str:
    """Whether a request was filed in this conversation under a contact that was proven in it.

    However long ago: nothing is revealed that this conversation is not told anyway. A report of a
    minor needs no proof, so neither does what its reporter asks about it here.
    """
    proven = {proof.subject for proof in act.script.verifications}
    return _yes(
        any(
            ticket.conversation_id == act.script.before.id
            and (
                f"contact:{ticket.contact}" in proven or ticket.kind is RequestKind.UNDERAGE_REPORT
            )
            for ticket in act.script.tickets_of(whose(act.script))
        )
    )


def _has_open_request(act: Act) -> str:
    return _yes(any(ticket.is_open for ticket in act.script.tickets_of(whose(act.script))))


def _posts_go_first(act: Act) -> str:
    """Whether a deletion of posts was filed, in this turn or before, and is not decided yet."""
    found = next((name for name, one in _open_requests(act.script) if _deletes_posts(one)), "")
    if found:
        act.frame.slots["ticket"] = found
    return _yes(found)


def _deletion_unfinished(act: Act) -> str:
    """Whether something is still to be deleted from the account, by a deletion that is verified.

    Once the account is closed, nothing can be found and deleted as its owner's.
    """
    found = next((name for name, one in _open_requests(act.script) if _deletes(one)), "")
    if found:
        act.frame.slots["deletion"] = found
    return _yes(found)


def _open_requests(script: Script) -> list[tuple[str, Ticket | OpenTicket]]:
    """Return the user's open requests and those filed in this turn, by id or symbol."""
    before = (one for one in script.tickets_of(whose(script)) if one.is_open)
    now = (one for one in script.effects if isinstance(one, OpenTicket))
    return [*((one.id.hex(), one) for one in before), *((one.symbol, one) for one in now)]


def _deletes(request: Ticket | OpenTicket) -> bool:
    return request.kind is RequestKind.DELETION and request.verified_at is not None


def _deletes_posts(request: Ticket | OpenTicket) -> bool:
    wanted = {DataCategory.POSTS.value, "all"}
    names = {item.name for item in request.items}
    return request.kind is RequestKind.DELETION and not wanted.isdisjoint(names)


def _number_misread(act: Act) -> str:
    return "yes" if act.script.observed.entities.get("misread_number") else "no"


def _is_unwilling(act: Act) -> str:
    """Whether a request was made along with a refusal to verify."""
    return _said_of_proof(act, openings.REFUSES)


def _is_out_of_reach(act: Act) -> str:
    """Whether a request was made along with the remark that no code would arrive."""
    return _said_of_proof(act, openings.OUT_OF_REACH)


def _said_of_proof(act: Act, what: str) -> str:
    """Whether this message, or the one that began the form, says ``what`` about verification.

    After the form has waited for the outside, the opening message is no longer this turn's.
    """
    began = openings.told_of_proof(act.script.stack[act.script.form_at()])
    return _yes(what in began or what in act.script.observed.entities.get("phrase", ()))


def _form_open(act: Act) -> str:
    return _yes(act.script.form_at() > 0)


def _wishes_wait(act: Act) -> str:
    # With no form below, the first of them starts in the same turn, which says so.
    return _yes(act.script.pending_requests and act.script.form_at() > 0)


def _may_object(act: Act) -> str:
    return _yes(
        any(may_object(act.script, ticket) for ticket in act.script.tickets_of(whose(act.script)))
    )


def _one_to_withdraw(act: Act) -> str:
    return _only(act.script, act.frame, lambda ticket: may(ticket, Move.WITHDRAW))


def _all_to_withdraw(act: Act) -> str:
    """Fill the slot for several tickets with those that were chosen, or with all."""
    chosen = act.frame.slots.get("ticket")
    if isinstance(chosen, list):
        act.frame.slots["tickets"] = chosen
        return "yes"
    if chosen != ALL and not act.script.observed.entities.get("all_of_them"):
        return "no"
    open_now = in_turn(t for t in act.script.tickets_of(whose(act.script)) if may(t, Move.WITHDRAW))
    if len(open_now) < (1 if chosen else 2):
        return "no"
    act.frame.slots["tickets"] = [ticket.id.hex() for ticket in open_now]
    return "yes"


def _one_to_object(act: Act) -> str:
    return _only(act.script, act.frame, lambda ticket: may_object(act.script, ticket))


def _only(script: Script, frame: Running, fits: Callable[[Ticket], bool]) -> str:
    """Fill the ticket slot if only one ticket can be meant."""
    meant = narrowed(script, [t for t in script.tickets_of(whose(script)) if fits(t)])
    if len(meant) == 1:
        frame.slots["ticket"] = meant[0].id.hex()
    return _yes(len(meant) == 1)


def _is_objected_to(act: Act) -> str:
    """Fill the ticket slot with the existing objection to its decision."""
    ticket = act.script.ticket_with_id(TicketId(bytes.fromhex(str(act.frame.slots["ticket"]))))
    known = objection_to(act.script, ticket) if ticket is not None else None
    if known is not None:
        act.frame.slots["ticket"] = known.id.hex()
    return _yes(known)


def _ticket_may(act: Act) -> str:
    """Whether a ticket looked up by its number may be objected to, or withdrawn."""
    ticket = act.script.ticket_with_id(TicketId(bytes.fromhex(str(act.frame.slots["ticket"]))))
    return _yes(ticket is not None and _PERMITTED[act.params["what"]](act.script, ticket))


_PERMITTED: Mapping[str, Callable[[Script, Ticket], bool]] = {
    "add": lambda _, ticket: may_be_added_to(ticket),
    "object": may_object,
    "withdraw": lambda _, ticket: may(ticket, Move.WITHDRAW),
}
"""What ``ticket_may`` asks."""


def _own_ticket_named(act: Act) -> str:
    """Whether the form was begun about one of the user's own tickets."""
    named = str(act.frame.slots.get("ticket") or "")
    ticket = act.script.ticket_with_id(TicketId(bytes.fromhex(named))) if named else None
    return _yes(ticket is not None and is_theirs(act.script, ticket))


def _one_to_add_to(act: Act) -> str:
    """Fill the ticket slot if only one ticket can be meant: an open one, else the last closed."""
    script, kinds = act.script, set(act.script.observed.entities.get("wish_words", ()))
    theirs = in_turn(script.tickets_of(whose(script)))
    open_now = [ticket for ticket in theirs if may_be_added_to(ticket)] or theirs[-1:]
    meant = narrowed(script, [t for t in open_now if t.kind.value in kinds] or open_now)
    if len(meant) == 1:
        act.frame.slots["ticket"] = meant[0].id.hex()
    return _yes(len(meant) == 1)


GUARDS: Mapping[str, Guard] = {
    "has_session": _has_session,
    "is_verified": _is_verified,
    "has_contact_proof": _has_contact_proof,
    "code_open": _code_open,
    "same_request_open": _same_request_open,
    "posts_go_first": _posts_go_first,
    "last_login_way": _last_login_way,
    "other_way_named": _other_way_named,
    "only_login_way": _only_login_way,
    "needs_document": _needs_document,
    "becomes_adult": _becomes_adult,
    "is_device_permission": _is_device_permission,
    "child_age": _child_age,
    "slot_is": _slot_is,
    "slot_filled": _slot_filled,
    "value_names_account": _value_names_account,
    "has_evidence": _has_evidence,
    "faces_allowed": lambda act: _yes(act.script.rules.closing_faces),
    "unbinding_window_set": _unbinding_window_set,
    "unbinding_automated": _unbinding_automated,
    "closing_awaits_me": _closing_awaits_me,
    "deletion_unfinished": _deletion_unfinished,
    "shown_by_document": _shown_by_document,
    "proof_wanted": _proof_wanted,
    "answer_wanted": _answer_wanted,
    "filed_here": _filed_here,
    "amends_request": lambda act: _yes(AMENDS in act.frame.slots),
    "has_open_request": _has_open_request,
    "form_open": _form_open,
    "number_misread": _number_misread,
    "is_unwilling": _is_unwilling,
    "is_out_of_reach": _is_out_of_reach,
    "wishes_wait": _wishes_wait,
    "may_object": _may_object,
    "one_to_withdraw": _one_to_withdraw,
    "all_to_withdraw": _all_to_withdraw,
    "one_to_object": _one_to_object,
    "is_objected_to": _is_objected_to,
    "words_told": lambda act: _yes(act.frame.slots.get("words")),
    "own_ticket_named": _own_ticket_named,
    "one_to_add_to": _one_to_add_to,
    "ticket_may": _ticket_may,
}
"""The functions of the guards in ``vocabulary``."""
