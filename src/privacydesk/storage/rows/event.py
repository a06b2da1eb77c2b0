"""Events as rows. Runs for every message, so only what is set is written.

Enum members become text by ``str``, which takes a quarter of the time of ``value``.
"""

from __future__ import annotations

from typing import Any

import orjson

from privacydesk.domain.events import Choice, ChoiceStyle, Event, EventKind, InputKind, Sender
from privacydesk.domain.ids import ConversationId
from privacydesk.domain.memo import ChoicesMemo
from privacydesk.storage.codec import from_json, from_micros, to_json, to_micros
from privacydesk.storage.rows.binding import Binding
from privacydesk.storage.sealing import Seal

# Looking a member up in a dict is several times faster than calling the enum.
_SENDERS = {member.value: member for member in Sender}
_KINDS = {member.value: member for member in EventKind}
_STYLES = {member.value: member for member in ChoiceStyle}

BOUND = Binding("event.body", "conversation_id", "offset", "at", "sender", "kind", "job_id", keys=2)
_EMPTY = to_json({})


def event_row(conversation: ConversationId, event: Event, seal: Seal) -> dict[str, Any]:
    """Return an event's row."""
    body: dict[str, Any] = {}
    if event.key:
        body["key"] = event.key
    if event.args:
        body["args"] = event.args
    if event.text:
        body["text"] = event.text
    if event.locale:
        body["locale"] = event.locale
    if event.choices:
        body["choices"] = choice_records(event.choices)
    if event.input is not None:
        body["input"] = event.input.value
    if event.data:
        body["data"] = event.data
    if event.author:
        body["author"] = event.author
    row: dict[str, Any] = {
        "conversation_id": conversation,
        "offset": event.offset,
        "at": to_micros(event.at),
        "sender": str(event.sender),
        "kind": str(event.kind),
        "job_id": event.job_id or None,
    }
    row["body"] = seal.seal(BOUND.of(row), to_json(body))
    return row


def blank_row(row: Any, seal: Seal) -> dict[str, Any]:
    """Return what is left of a purged event: its time and sender, and no content.

    Its empty body is sealed like any other, so that nobody can blank an event without the key.
    """
    blank: dict[str, Any] = {
        "conversation_id": row.conversation_id,
        "offset": row.offset,
        "at": row.at,
        "sender": row.sender,
        "kind": EventKind.BLANK.value,
        # The job's id goes, too: a client may have put anything into it.
        "job_id": None,
    }
    blank["body"] = seal.seal(BOUND.of(blank), _EMPTY)
    return blank


def read_event(row: Any, seal: Seal) -> Event:
    """Return the event of a row.

    Raises:
        SealError: the body was not sealed for this place, or a column beside it was changed.
    """
    body: dict[str, Any] = from_json(BOUND.open(row, seal, row.body))
    shown = body.get("input")
    return Event(
        offset=row.offset,
        at=from_micros(row.at),
        sender=_SENDERS[row.sender],
        kind=_KINDS[row.kind],
        key=body.get("key", ""),
        args=body.get("args", {}),
        text=body.get("text", ""),
        locale=body.get("locale", ""),
        choices=tuple(read_choice(record) for record in body.get("choices", ())),
        input=None if shown is None else InputKind(shown),
        data=body.get("data", {}),
        job_id=row.job_id or "",
        author=body.get("author", ""),
    )


def choice_record(choice: Choice) -> dict[str, Any]:
    """Return a choice as JSON values."""
    record: dict[str, Any] = {"id": choice.id}
    if choice.key:
        record["key"] = choice.key
    if choice.label:
        record["label"] = choice.label
    if choice.style is not ChoiceStyle.PLAIN:
        record["style"] = choice.style.value
    if choice.value is not None:
        record["value"] = choice.value
    if choice.args:
        record["args"] = choice.args
    return record


choice_records = ChoicesMemo(
    lambda choices: orjson.Fragment(to_json([choice_record(choice) for choice in choices]))
)
"""The records of a row of buttons, already encoded."""


def read_choice(record: dict[str, Any]) -> Choice:
    """Return the choice of a record."""
    return Choice(
        id=record["id"],
        key=record.get("key", ""),
        label=record.get("label", ""),
        style=_STYLES[record.get("style", ChoiceStyle.PLAIN.value)],
        value=record.get("value"),
        args=record.get("args", {}),
    )
