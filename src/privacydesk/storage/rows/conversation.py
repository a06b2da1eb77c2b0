"""Row mapper of conversations; unset fields are left out, as rows are written at every turn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from privacydesk.domain.app_tokens import Standing
from privacydesk.domain.conversation import (
    Conversation,
    Frame,
    LocaleSource,
    MailThread,
    Owner,
    OwnerKind,
    PendingCall,
    Prompt,
    RequestDraft,
    StaffReply,
)
from privacydesk.domain.failed_attempts import Attempt, AttemptKind
from privacydesk.domain.identity import Assurance, Verification
from privacydesk.domain.ids import ConversationId, TicketId
from privacydesk.domain.intents import Intent
from privacydesk.storage.codec import (
    from_json,
    from_micros,
    opt_instant,
    opt_micros,
    to_json,
    to_micros,
)
from privacydesk.storage.rows.binding import Binding
from privacydesk.storage.rows.event import choice_records, read_choice
from privacydesk.storage.sealing import Opener, Seal

_DANGER = 0
_USUAL = 1

BINDING = Binding(
    "conversation.state",
    "id",
    "version",
    "epoch",
    "created_at",
    "owner_kind",
    "owner_agent",
    "queued_at",
    added="queue_rank",
    default=_USUAL,
)


def conversation_row(conversation: Conversation, seal: Seal) -> dict[str, Any]:
    """Return the row of a conversation."""
    owner = conversation.owner
    state: dict[str, Any] = {
        "locale": conversation.locale,
        "locale_from": str(conversation.locale_from),
    }
    if owner.offset:
        state["owner_offset"] = owner.offset
    if owner.since is not None:
        state["owner_since"] = to_micros(owner.since)
    if owner.waited_from is not None:
        state["waited_from"] = to_micros(owner.waited_from)
    if conversation.stack:
        state["stack"] = [_frame_record(frame) for frame in conversation.stack]
    if conversation.prompt is not None:
        state["prompt"] = _prompt_record(conversation.prompt)
    if conversation.verifications:
        state["verifications"] = [_verification_record(v) for v in conversation.verifications]
    if conversation.pending_requests:
        state["wishes"] = _request_records(conversation.pending_requests)
    if conversation.last_filed is not None:
        state["filed"] = _request_records([conversation.last_filed])
    if conversation.replied is not None:
        replied = conversation.replied
        state["replied"] = [replied.ticket.hex(), replied.text, replied.offset]
    _add_user_fields(conversation, state)
    _add_counters(conversation, state)
    row: dict[str, Any] = {
        "id": conversation.id,
        "epoch": conversation.epoch,
        "version": conversation.version,
        "created_at": to_micros(conversation.created_at),
        "owner_kind": str(owner.kind),
        "owner_agent": owner.agent,
        "queued_at": opt_micros(conversation.queued_at),
        "queue_rank": queue_rank(conversation),
    }
    row["state"] = seal.seal(BINDING.associated_data(row), to_json(state))
    return row


def queue_rank(conversation: Conversation) -> int:
    """Return the rank in the queue, in which those in danger come before all others."""
    return _USUAL if conversation.danger_at is None else _DANGER


def _add_user_fields(conversation: Conversation, state: dict[str, Any]) -> None:
    if conversation.account:
        state["account"] = conversation.account
    if conversation.mail is not None:
        mail = conversation.mail
        state["mail"] = [mail.address, mail.subject, mail.root]
    if conversation.origin:
        state["origin"] = conversation.origin.hex()
    if conversation.danger_at is not None:
        state["danger_at"] = to_micros(conversation.danger_at)
    if conversation.standing is not Standing.REGULAR:
        state["standing"] = conversation.standing.value
    if conversation.reachable_at:
        state["reachable_at"] = conversation.reachable_at


def _add_counters(conversation: Conversation, state: dict[str, Any]) -> None:
    if conversation.unanswered:
        state["unanswered"] = conversation.unanswered
    if conversation.serial:
        state["serial"] = conversation.serial
    if conversation.desk_calls:
        state["desk_calls"] = conversation.desk_calls
    if conversation.last_said_at is not None:
        state["last_said_at"] = to_micros(conversation.last_said_at)
    if conversation.explained:
        state["explained"] = sorted(conversation.explained)
    if conversation.minor_hint:
        state["minor_hint"] = True
    if conversation.bereaved:
        state["bereaved"] = True
    if conversation.attempts:
        state["attempts"] = [
            [to_micros(one.at), one.kind.value, one.number] for one in conversation.attempts
        ]
    if conversation.to_rate is not None:
        state["to_rate"] = conversation.to_rate.hex()


def read_conversation(row: Any, seal: Opener) -> Conversation:
    """Return the conversation of a row.

    Raises:
        SealError: the state was not sealed for this conversation at this version, or a bound
            column was changed.
    """
    state = from_json(BINDING.open(row, seal, row.state))
    prompt = state.get("prompt")
    return Conversation(
        id=ConversationId(row.id),
        epoch=row.epoch,
        created_at=from_micros(row.created_at),
        version=row.version,
        locale=state["locale"],
        locale_from=LocaleSource(state["locale_from"]),
        account=state.get("account", ""),
        owner=Owner(
            kind=OwnerKind(row.owner_kind),
            agent=row.owner_agent,
            offset=state.get("owner_offset", 0),
            since=opt_instant(state.get("owner_since")),
            waited_from=opt_instant(state.get("waited_from")),
        ),
        stack=tuple(_read_frame(record) for record in state.get("stack", ())),
        prompt=None if prompt is None else _read_prompt(prompt),
        verifications=tuple(_read_verification(v) for v in state.get("verifications", ())),
        queued_at=opt_instant(row.queued_at),
        unanswered=state.get("unanswered", 0),
        serial=state.get("serial", 0),
        desk_calls=state.get("desk_calls", 0),
        last_said_at=opt_instant(state.get("last_said_at")),
        explained=frozenset(state.get("explained", ())),
        mail=MailThread(*state["mail"]) if "mail" in state else None,
        origin=bytes.fromhex(state.get("origin", "")),
        standing=Standing(state.get("standing", Standing.REGULAR)),
        reachable_at=state.get("reachable_at", ""),
        minor_hint=state.get("minor_hint", False),
        bereaved=state.get("bereaved", False),
        danger_at=opt_instant(state.get("danger_at")),
        pending_requests=_read_requests(state.get("wishes", ())),
        last_filed=next(iter(_read_requests(state.get("filed", ()))), None),
        replied=_read_reply(state["replied"]) if "replied" in state else None,
        attempts=tuple(
            Attempt(from_micros(at), AttemptKind(kind), number)
            for at, kind, number in state.get("attempts", ())
        ),
        to_rate=TicketId(bytes.fromhex(state["to_rate"])) if "to_rate" in state else None,
    )


def _read_reply(record: Sequence[Any]) -> StaffReply:
    ticket, text, offset = record
    return StaffReply(TicketId(bytes.fromhex(ticket)), text, offset)


def open_conversation(row: Any, seal: Opener) -> Conversation:
    """Return the conversation of a row that was selected with its log's ``last_offset``.

    Raises:
        SealError: as ``read_conversation``; or the last offset of the log is not the version of
            the conversation, so one of them was rolled back.
    """
    if (row.last_offset or 0) != row.version:
        raise BINDING.error(row, "does not agree with the log")
    return read_conversation(row, seal)


def _frame_record(frame: Frame) -> dict[str, Any]:
    record: dict[str, Any] = {
        "flow": frame.flow,
        "step": frame.step,
        "started_at": to_micros(frame.started_at),
        "serial": frame.serial,
    }
    if frame.slots:
        record["slots"] = frame.slots
    if frame.waiting is not None:
        record["waiting"] = {
            "ref": frame.waiting.ref,
            "action": frame.waiting.action,
            "since": to_micros(frame.waiting.since),
        }
    if frame.misses:
        record["misses"] = frame.misses
    if frame.trail:
        record["trail"] = list(frame.trail)
    if frame.called:
        record["called"] = True
    if frame.confirmed_at is not None:
        record["confirmed_at"] = to_micros(frame.confirmed_at)
    if frame.agreed:
        record["agreed"] = frame.agreed
    return record


def _read_frame(record: dict[str, Any]) -> Frame:
    waiting = record.get("waiting")
    return Frame(
        flow=record["flow"],
        step=record["step"],
        started_at=from_micros(record["started_at"]),
        serial=record["serial"],
        slots=record.get("slots", {}),
        waiting=None
        if waiting is None
        else PendingCall(waiting["ref"], waiting["action"], from_micros(waiting["since"])),
        misses=record.get("misses", 0),
        trail=tuple(record.get("trail", ())),
        called=record.get("called", False),
        confirmed_at=opt_instant(record.get("confirmed_at")),
        agreed=tuple(record.get("agreed", ())),
    )


def _prompt_record(prompt: Prompt) -> dict[str, Any]:
    told = {"told": _request_records(prompt.requests)} if prompt.requests else {}
    return {
        "offset": prompt.offset,
        "choices": choice_records(prompt.choices),
        "serial": prompt.serial,
        **told,
    }


def _read_prompt(record: dict[str, Any]) -> Prompt:
    return Prompt(
        offset=record["offset"],
        choices=tuple(read_choice(choice) for choice in record["choices"]),
        serial=record["serial"],
        requests=_read_requests(record.get("told", ())),
    )


def _request_records(wishes: Iterable[RequestDraft]) -> list[dict[str, Any]]:
    return [
        {"intent": wish.intent.value, "slots": wish.slots}
        | ({"words": wish.words} if wish.words else {})
        | ({"only_asked": True} if wish.only_asked else {})
        for wish in wishes
    ]


def _read_requests(records: Iterable[Mapping[str, Any]]) -> tuple[RequestDraft, ...]:
    return tuple(
        RequestDraft(
            Intent(record["intent"]),
            record["slots"],
            record.get("words", ""),
            only_asked=record.get("only_asked", False),
        )
        for record in records
    )


def _verification_record(verification: Verification) -> dict[str, Any]:
    return {
        "subject": verification.subject,
        "level": verification.level.value,
        "at": to_micros(verification.at),
        "target": verification.target,
    }


def _read_verification(record: dict[str, Any]) -> Verification:
    return Verification(
        subject=record["subject"],
        level=Assurance(record["level"]),
        at=from_micros(record["at"]),
        target=record["target"],
    )
