"""Registered actions: what a ``do`` step does.

An action returns its outcome, or ``WAITS`` after it has asked the outside. What the outside
answered comes back through ``RECEIVERS``, which fill slots and return the outcome.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from privacydesk.dialog.guards import account_of
from privacydesk.dialog.options import may_object, whose
from privacydesk.dialog.schema import Flow
from privacydesk.dialog.scopes import facts_of, items_of
from privacydesk.dialog.script import Running, Script
from privacydesk.dialog.vocabulary import KIND_ASSURANCE
from privacydesk.domain.account import AccountAction
from privacydesk.domain.conversation import OwnerKind
from privacydesk.domain.effects import (
    CallAccount,
    DropEvidence,
    MoveTicket,
    OpenTicket,
    SendCode,
)
from privacydesk.domain.identity import (
    Assurance,
    CodeVerdict,
    SendVerdict,
    Target,
    TargetKind,
    Verification,
)
from privacydesk.domain.ids import EvidenceId
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.ticket import Move, Requester, ScopeItem, Ticket, TicketState, may

WAITS: Final = "WAITS"
"""Returned by an action that asked the outside."""


@dataclass(frozen=True, slots=True)
class Act:
    """What an action is run with."""

    script: Script
    frame: Running
    flow: Flow
    params: Mapping[str, Any]


# -- one-time codes ------------------------------------------------------------------------------


def _target(act: Act) -> Target:
    to = act.params.get("to", "account_phone")
    if to == "contact":
        return Target(TargetKind.CONTACT, str(act.frame.slots["contact"]))
    if to == "ticket_contact":
        return Target(TargetKind.TICKET_CONTACT, str(act.frame.slots["number"]))
    return Target(TargetKind.ACCOUNT_PHONE, account_of(act.script, act.frame))


def _send_code(act: Act) -> str:
    script, frame = act.script, act.frame
    target = _target(act)
    if not target.value:
        return "no_phone"
    challenge = script.challenge_of(target)
    frame.slots.pop("code", None)
    verdict, until = challenge.may_send(script.now, script.rules.codes)
    if verdict is not SendVerdict.OK:
        assert until is not None
        frame.slots["until"] = until.isoformat()
        # The code that was sent before still works while it is open.
        frame.slots["_target"] = target.label()
        return verdict.value if verdict is SendVerdict.CAPPED else "wait"
    script.challenges[target.label()] = challenge.sent(script.now, script.rules.codes)
    frame.slots["_target"] = target.label()
    ref = script.wait_for(frame, "send_code")
    script.effects.append(SendCode(target=target, ref=ref, patience=script.rules.patience))
    return WAITS


def _code_sent(act: Act, outcome: str, data: Mapping[str, Any]) -> str:
    if outcome == "ok":
        act.frame.slots["contact_masked"] = str(data.get("masked") or "")
        return "sent"
    return "no_phone" if outcome in {"refused", "not_found"} else "unavailable"


def _check_code(act: Act) -> str:
    script, frame = act.script, act.frame
    target = _target(act)
    challenge = script.challenge_of(target)
    frame.slots.pop("code", None)
    if not script.observed.code_hash or script.needs.code_target != target.label():
        return CodeVerdict.NONE_OPEN.value
    challenge, verdict = challenge.entered(script.observed.code_hash, script.now)
    script.challenges[target.label()] = challenge
    frame.slots["tries"] = challenge.entries_left
    if verdict is CodeVerdict.RIGHT:
        account = target.kind is TargetKind.ACCOUNT_PHONE
        subject = {
            TargetKind.ACCOUNT_PHONE: target.value,
            TargetKind.CONTACT: f"contact:{target.value}",
            TargetKind.TICKET_CONTACT: f"ticket:{target.value}",
        }[target.kind]
        script.verifications = (
            *(proof for proof in script.verifications if proof.subject != subject),
            Verification(
                subject=subject,
                level=Assurance.ONE_TIME_CODE if account else Assurance.NONE,
                at=script.now,
                target=target.label(),
            ),
        )
    elif verdict is CodeVerdict.SPENT and challenge.not_before is not None:
        frame.slots["until"] = max(challenge.not_before, script.now).isoformat()
    return verdict.value


# -- reading the account -------------------------------------------------------------------------


def _reading(action: AccountAction) -> Callable[[Act], str]:
    def run(act: Act) -> str:
        ref = act.script.wait_for(act.frame, action.value)
        act.script.effects.append(
            CallAccount(
                action=action,
                account=account_of(act.script, act.frame),
                ref=ref,
                patience=act.script.rules.patience,
            )
        )
        return WAITS

    return run


def _rows_of(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Word a profile as labelled values; what is empty is left out."""
    rows: list[dict[str, Any]] = []
    for field in ("nickname", "gender", "birthday", "signature", "tags", "interests"):
        value = data.get(field)
        if value in (None, "", [], ()):
            continue
        if field == "birthday":
            shown: Any = {"$date": value, "year": True}
        elif field == "gender":
            shown = {"$term": f"gender.{value}"}
        elif isinstance(value, (list, tuple)):
            shown = {"$texts": list(value)}
        else:
            shown = str(value)
        rows.append({"label": {"$term": f"field.{field}"}, "value": shown})
    for field, label in (
        ("phone_masked", "provider.phone"),
        ("real_name_masked", "field.real_name"),
    ):
        if data.get(field):
            rows.append({"label": {"$term": label}, "value": str(data[field])})
    return rows


def _profile_read(act: Act, outcome: str, data: Mapping[str, Any]) -> str:
    if outcome != "ok":
        return "not_found" if outcome == "not_found" else "unavailable"
    act.frame.slots["profile"] = _rows_of(data.get("profile", data))
    return "ok"


def _bindings_read(act: Act, outcome: str, data: Mapping[str, Any]) -> str:
    if outcome != "ok":
        return "unavailable"
    act.frame.slots["bindings"] = [
        {"provider": row["provider"], "label_masked": row.get("label_masked", "")}
        for row in data.get("bindings", ())
    ]
    return "ok" if act.frame.slots["bindings"] else "none"


def _decisions_read(act: Act, outcome: str, data: Mapping[str, Any]) -> str:
    if outcome != "ok":
        return "unavailable"
    act.frame.slots["decisions"] = [
        {"id": row["id"], "what": row["what"], "made_at": row["made_at"]}
        for row in data.get("decisions", ())
    ]
    return "ok" if act.frame.slots["decisions"] else "none"


def _export_read(act: Act, outcome: str, data: Mapping[str, Any]) -> str:
    if outcome != "ok":
        return "not_found" if outcome == "not_found" else "unavailable"
    act.frame.slots["summary"] = summary_rows(data)
    return "ok"


def summary_rows(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Word what is stored as labelled counts, from an export's ``summary``."""
    summary = data.get("summary", {})
    pairs = (
        summary.items()
        if isinstance(summary, Mapping)
        else ((row.get("category"), row.get("count")) for row in summary)
    )
    return [
        {"label": {"$term": f"category.{name}"}, "value": {"$number": count}}
        for name, count in pairs
        if isinstance(count, int) and count
    ]


# -- tickets -------------------------------------------------------------------------------------


def _flags(act: Act) -> set[str]:
    flags: set[str] = set()
    script, slots = act.script, act.frame.slots
    if script.minor_hint:
        flags.add("minor")
    if act.flow.kind is RequestKind.GUARDIAN:
        flags |= {"guardian", "minor"}
    if act.flow.kind is RequestKind.UNDERAGE_REPORT:
        flags.add("minor")
    if slots.get("age_group"):
        flags.add(str(slots["age_group"]))
    return flags


def _evidence(frame: Running) -> tuple[EvidenceId, ...]:
    return tuple(EvidenceId(bytes.fromhex(one["id"])) for one in frame.slots.get("evidence") or ())


def _requester(kind: RequestKind) -> Requester:
    if kind is RequestKind.GUARDIAN:
        return Requester.GUARDIAN
    if kind is RequestKind.UNDERAGE_REPORT:
        return Requester.STRANGER
    return Requester.SUBJECT


def _proven_contact(act: Act) -> str:
    contact = str(act.frame.slots.get("contact") or "")
    return contact if contact and act.script.contact_proof(contact) else ""


def _subject_account(act: Act, kind: RequestKind) -> str:
    # A guardian's or stranger's own account is not the one the request is about.
    if kind in {RequestKind.GUARDIAN, RequestKind.UNDERAGE_REPORT}:
        return ""
    return account_of(act.script, act.frame)


def _file(act: Act, *, verified: bool, document: bool = False) -> str:
    script, frame, flow = act.script, act.frame, act.flow
    assert flow.kind is not None
    kind = flow.kind
    symbol = f"sym:{len(script.effects)}"
    account = _subject_account(act, kind)
    flags = _flags(act)
    if document:
        flags.add("document")
    proof = script.is_verified(account, KIND_ASSURANCE[kind]) if account else None
    if verified and kind not in _CLOCK_FROM_FILING:
        # The promise counts from the proof; a wish made under an older proof counts from itself.
        verified_at = max(proof.at, frame.started_at) if proof else None
    else:
        verified_at = script.now if verified else None
    automated = (
        verified
        and kind is RequestKind.UNBINDING
        and script.rules.unbinding_window is not None
        and "minor" not in flags
    )
    frame.slots["ticket"] = symbol
    waiting = _waiting(script, kind, account) if verified and account else None
    if waiting is not None:
        script.effects.append(
            MoveTicket(
                waiting.id,
                Move.VERIFY,
                why="taken up again",
                symbol=symbol,
                verified_at=verified_at,
                items=items_of(kind, frame.slots),
                flags=frozenset(flags),
                facts=facts_of(frame.slots),
                evidence=_evidence(frame),
                unbinding_window=automated,
            )
        )
        return "filed"
    script.effects.append(
        OpenTicket(
            symbol=symbol,
            kind=kind,
            state=TicketState.IN_REVIEW if verified else TicketState.AWAITING_VERIFICATION,
            received_at=frame.started_at,
            items=items_of(kind, frame.slots),
            requester=_requester(kind),
            account=account,
            verified_at=verified_at,
            needs=Assurance.DOCUMENT_CHECKED if document else KIND_ASSURANCE[kind],
            flags=frozenset(flags),
            contact=_proven_contact(act),
            facts=facts_of(frame.slots),
            evidence=_evidence(frame),
            unbinding_window=automated,
        )
    )
    return "filed"


def _waiting(script: Script, kind: RequestKind, account: str) -> Ticket | None:
    """Return the person's request of the same kind that still waits for verification."""
    return next(
        (
            ticket
            for ticket in script.tickets_of(whose(script))
            if ticket.kind is kind
            and ticket.account == account
            and ticket.state is TicketState.AWAITING_VERIFICATION
        ),
        None,
    )


_CLOCK_FROM_FILING = frozenset(
    {RequestKind.CONSENT_WITHDRAWAL, RequestKind.COMPLAINT, RequestKind.UNDERAGE_REPORT}
)


def _file_ticket(act: Act) -> str:
    return _file(act, verified=True)


def _file_unverified(act: Act) -> str:
    return _file(act, verified=False, document=bool(act.params.get("document")))


def _slot_ticket(act: Act) -> Ticket | None:
    raw = act.frame.slots.get("ticket")
    if not isinstance(raw, str) or raw.startswith("sym:"):
        return None
    ticket = act.script.ticket_with_id(bytes.fromhex(raw))
    return ticket if ticket is not None and _is_theirs(act.script, ticket) else None


def _is_theirs(script: Script, ticket: Ticket) -> bool:
    if script.acts_on(ticket, script.account):
        return True
    if ticket.conversation_id == script.before.id:
        return True
    if ticket.contact and script.contact_proof(ticket.contact):
        return True
    return any(
        proof.subject == f"ticket:{ticket.number}" and script.now - proof.at <= script.rules.fresh
        for proof in script.verifications
    )


def _attach_evidence(act: Act) -> str:
    ticket = _slot_ticket(act)
    if ticket is None or not ticket.is_open:
        return "too_late"
    move = Move.REQUESTER_ANSWERED if may(ticket, Move.REQUESTER_ANSWERED) else None
    if move is None:
        return "too_late"
    act.script.effects.append(
        MoveTicket(ticket.id, move, why="evidence", evidence=_evidence(act.frame))
    )
    return "ok"


def _list_requests(act: Act) -> str:
    tickets = act.script.tickets_of(whose(act.script))
    if not tickets:
        return "none"
    for ticket in tickets[:_CARDS]:
        act.script.show_ticket({"$id": ticket.id.hex()})
    return "some"


_CARDS = 5


def _show_ticket(act: Act) -> str:
    number = str(act.frame.slots.get("number") or "")
    ticket = act.script.ticket_numbered(number)
    if ticket is None or not _is_theirs(act.script, ticket):
        return "unknown"
    act.frame.slots["ticket"] = ticket.id.hex()
    act.script.show_ticket({"$id": ticket.id.hex()})
    return "shown"


def _withdraw_ticket(act: Act) -> str:
    ticket = _slot_ticket(act)
    if ticket is None or not may(ticket, Move.WITHDRAW):
        return "too_late"
    act.script.effects.append(MoveTicket(ticket.id, Move.WITHDRAW, why="requester"))
    return "withdrawn"


def _file_objection(act: Act) -> str:
    first = _slot_ticket(act)
    script, frame = act.script, act.frame
    if first is None or not may_object(script, first):
        return "too_late"
    symbol = f"sym:{len(script.effects)}"
    frame.slots["ticket"] = symbol
    script.effects.append(
        OpenTicket(
            symbol=symbol,
            kind=first.kind,
            state=TicketState.IN_REVIEW,
            received_at=script.now,
            items=tuple(items_again(first)),
            requester=first.requester,
            account=first.account,
            verified_at=script.now,
            needs=first.needs,
            flags=first.flags | {"objection"},
            contact=first.contact,
            linked=first.id,
            reviewer_not=first.holder,
            facts={"reason": str(frame.slots.get("reason", ""))},
        )
    )
    return "filed"


def items_again(ticket: Ticket) -> list[ScopeItem]:
    """Return a ticket's items without what was decided, for whoever looks again."""
    return [replace(i, decision="", ground=None, reason="", result="") for i in ticket.items]


def _confirm_closing(act: Act) -> str:
    return _move_slot_ticket(act, Move.CONFIRM)


def _decline_closing(act: Act) -> str:
    return _move_slot_ticket(act, Move.WITHDRAW)


def _move_slot_ticket(act: Act, move: Move) -> str:
    ticket = _slot_ticket(act)
    if ticket is None or not may(ticket, move):
        return "too_late"
    act.script.effects.append(MoveTicket(ticket.id, move, why="requester"))
    return "ok"


# -- people --------------------------------------------------------------------------------------


def _queue_human(act: Act) -> str:
    script = act.script
    staffed, place = script.queue()
    act.frame.slots["place"] = place
    if script.owner.kind is not OwnerKind.QUEUE:
        script.own(
            OwnerKind.QUEUE,
            "owner.queued" if staffed else "owner.queued_nobody",
            {"place": place} if staffed else {},
        )
    return "queued" if staffed else "nobody"


def _leave_queue(act: Act) -> str:
    if act.script.owner.kind is OwnerKind.QUEUE:
        act.script.own(OwnerKind.ASSISTANT, "owner.left_queue", {})
    return "ok"


def _drop_evidence(act: Act) -> str:
    dropped = _evidence(act.frame)
    if dropped:
        act.script.effects.append(DropEvidence(dropped))
    act.frame.slots.pop("evidence", None)
    return "ok"


ACTIONS: Mapping[str, Callable[[Act], str]] = {
    "send_code": _send_code,
    "check_code": _check_code,
    "read_profile": _reading(AccountAction.PROFILE),
    "read_bindings": _reading(AccountAction.BINDINGS),
    "read_decisions": _reading(AccountAction.DECISIONS),
    "read_export_summary": _reading(AccountAction.EXPORT),
    "file_ticket": _file_ticket,
    "file_unverified": _file_unverified,
    "attach_evidence": _attach_evidence,
    "list_requests": _list_requests,
    "show_ticket": _show_ticket,
    "withdraw_ticket": _withdraw_ticket,
    "file_objection": _file_objection,
    "confirm_closing": _confirm_closing,
    "decline_closing": _decline_closing,
    "queue_human": _queue_human,
    "leave_queue": _leave_queue,
    "drop_evidence": _drop_evidence,
}

RECEIVERS: Mapping[str, Callable[[Act, str, Mapping[str, Any]], str]] = {
    "send_code": _code_sent,
    "read_profile": _profile_read,
    "read_bindings": _bindings_read,
    "read_decisions": _decisions_read,
    "read_export_summary": _export_read,
}

__all__ = ["ACTIONS", "RECEIVERS", "WAITS", "Act", "items_again", "summary_rows"]
