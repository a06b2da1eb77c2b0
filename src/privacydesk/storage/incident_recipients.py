"""Changes of the records of incidents' recipients, in the transaction of what they record."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import sqlalchemy as sa

from privacydesk.domain.incidents import (
    QUEUED,
    IncidentStep,
    NoticeSettled,
    RecipientState,
    RecipientTold,
)
from privacydesk.storage import tables
from privacydesk.storage.codec import to_micros
from privacydesk.storage.hash_forms import hash_params, matches

_recipient = tables.incident_recipient.c
INCIDENT: Final = sa.bindparam("incident", type_=_recipient.incident_id.type)
OF_INCIDENT: Final = _recipient.incident_id == INCIDENT
# A literal, so that the partial index can be used.
IS_WAITING: Final = _recipient.state == sa.literal_column("'waiting'")
TAKE_WAITING: Final = sa.update(tables.incident_recipient).where(
    OF_INCIDENT, matches(_recipient.key, "at_key"), IS_WAITING
)
_TELL: Final = TAKE_WAITING.values(
    state=RecipientState.TOLD.value,
    account=sa.null(),
    conversation_id=sa.bindparam("to_conversation", type_=_recipient.conversation_id.type),
    told_at=sa.bindparam("at", type_=sa.BigInteger),
    offset=sa.bindparam("to_offset", type_=sa.BigInteger),
    outcome=sa.bindparam("to_outcome"),
)
_SETTLE: Final = (
    sa.update(tables.incident_recipient)
    .where(_recipient.conversation_id == sa.bindparam("conversation"), OF_INCIDENT)
    .values(
        channel=sa.bindparam("to_channel"),
        outcome=sa.bindparam("to_outcome"),
        settled_at=sa.bindparam("at", type_=sa.BigInteger),
    )
)
FORGET_CONVERSATION: Final = (
    sa.update(tables.incident_recipient)
    .where(_recipient.conversation_id == sa.bindparam("conversation"))
    .values(conversation_id=sa.null())
)
"""Takes a deleted conversation off its recipients' records, which remain for the figures."""


def record_incident_steps(connection: sa.Connection, steps: Iterable[IncidentStep]) -> None:
    """Record steps in their order, within a transaction that the caller commits."""
    for step in steps:
        match step:
            case RecipientTold():
                connection.execute(_TELL, _told_values(step))
            case NoticeSettled():
                connection.execute(_SETTLE, _settled_values(step))


def _told_values(step: RecipientTold) -> dict[str, Any]:
    return {
        "incident": step.incident_id,
        **hash_params("at_key", step.key),
        "to_conversation": step.conversation_id,
        "at": to_micros(step.at),
        "to_offset": step.offset,
        "to_outcome": QUEUED if step.queued else "",
    }


def _settled_values(step: NoticeSettled) -> dict[str, Any]:
    return {
        "incident": step.incident_id,
        "conversation": step.conversation_id,
        "to_channel": step.channel,
        "to_outcome": step.outcome.value if step.is_last else QUEUED,
        "at": to_micros(step.at),
    }
