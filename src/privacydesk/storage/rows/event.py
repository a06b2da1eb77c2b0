"""Row mapper of events; unset fields are left out, as rows are written for every message.

Enum members are converted by ``str``, which takes a quarter of the time of ``value``.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Any, Final

import orjson
import sqlalchemy as sa

from privacydesk.domain.choices_memo import ChoicesMemo
from privacydesk.domain.events import Choice, ChoiceStyle, Event, EventKind, InputKind, Sender
from privacydesk.domain.ids import ConversationId
from privacydesk.storage import tables
from privacydesk.storage.codec import from_json, from_micros, to_json, to_micros
from privacydesk.storage.rows.binding import Binding
from privacydesk.storage.sealing import Opener, Seal

# Looking up a member in a dict is several times faster than calling the enum.
_SENDERS = {member.value: member for member in Sender}
_KINDS = {member.value: member for member in EventKind}
_STYLES = {member.value: member for member in ChoiceStyle}

BINDING = Binding(
    "event.body", "conversation_id", "offset", "at", "sender", "kind", "job_id", keys=2
)
BLANK_BINDING = Binding("event.mac", *BINDING.columns, keys=2)
"""What the digest of a purged event covers, which is stored as its body."""
_DIGEST_BYTES: Final = 32
IS_PURGED: Final = sa.and_(
    tables.event.c.kind == EventKind.BLANK.value,
    sa.func.length(tables.event.c.body) == _DIGEST_BYTES,
)
"""Whether an event's body is a digest. Sealed, the empty body of a blank is shorter."""


def event_row(conversation: ConversationId, event: Event, seal: Seal) -> dict[str, Any]:
    """Return the row of an event."""
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
    row["body"] = seal.seal(BINDING.associated_data(row), to_json(body))
    return row


def purged_event_row(row: Any, key: Seal) -> dict[str, Any]:
    """Return the row of a purged event, which keeps its time and sender but no content.

    Its body is a digest, so that events can't be blanked without the key. It is not sealed: it
    would have to be sealed again whenever the conversation's key is replaced.

    Args:
        row: the event's row, without its body.
        key: the key of the rows' digests.
    """
    blank: dict[str, Any] = {
        "conversation_id": row.conversation_id,
        "offset": row.offset,
        "at": row.at,
        "sender": row.sender,
        "kind": EventKind.BLANK.value,
        # The job id is removed too, because clients choose it and may have put any text into it.
        "job_id": None,
    }
    blank["body"] = _digest(BLANK_BINDING.associated_data(blank), key)
    return blank


def _digest(associated_data: bytes, key: Seal) -> bytes:
    return hmac.digest(key.key, associated_data, hashlib.sha256)


def read_event(row: Any, seal: Opener, key: Seal | None) -> Event:
    """Return the event of a row.

    Args:
        row: all of its columns.
        seal: opens the conversation's values.
        key: the key of the rows' digests; None if there is none.

    Raises:
        SealError: the body was not sealed for this event, or a bound column was changed.
    """
    if row.kind == EventKind.BLANK.value and len(row.body) == _DIGEST_BYTES:
        bound = BLANK_BINDING.associated_data_of_row(row)
        if key is None or not hmac.compare_digest(_digest(bound, key), row.body):
            raise BINDING.error(row, "is not as it was written")
        body: dict[str, Any] = {}
    else:
        # Also the blank that a purge itself leaves in the log.
        body = from_json(BINDING.open(row, seal, row.body))
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
    """Return the JSON record of a choice."""
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
    if choice.detail:
        record["detail"] = choice.detail
    return record


choice_records = ChoicesMemo(
    lambda choices: orjson.Fragment(to_json([choice_record(choice) for choice in choices]))
)
"""Returns the encoded JSON records of a prompt's choices; results are cached."""


def read_choice(record: dict[str, Any]) -> Choice:
    """Return the choice of a record."""
    return Choice(
        id=record["id"],
        key=record.get("key", ""),
        label=record.get("label", ""),
        style=_STYLES[record.get("style", ChoiceStyle.PLAIN.value)],
        value=record.get("value"),
        args=record.get("args", {}),
        detail=record.get("detail", ""),
    )
