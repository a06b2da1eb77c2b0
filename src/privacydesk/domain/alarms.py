"""Staff alarms: dates that come near or have passed, evidence, people who wait."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from msgspec import Struct

from privacydesk.domain.ids import ConversationId, TicketId
from privacydesk.domain.ticket import DueKind

_ID_BYTES: Final = 16


class AlarmKind(StrEnum):
    """The reason for an alarm."""

    REMIND_TWO = "remind_two"
    REMIND_ONE = "remind_one"
    OVERDUE = "overdue"
    EVIDENCE_WAITING = "evidence_waiting"
    PERSON_WAITING = "person_waiting"
    """Somebody has waited for a person longer than the operator wants them to."""
    MANY_ATTEMPTS = "many_attempts"
    """Somebody entered many wrong codes, or asked for many requests that are not theirs."""
    ESCALATED = "escalated"
    """An agent asked the supervisors to look."""
    ESCALATION_ANSWERED = "escalation_answered"
    """A supervisor answered; the holder goes on."""
    ACCOUNT_SERVICE_OUT = "account_service_out"
    ACCOUNT_SERVICE_BACK = "account_service_back"
    CODE_GATEWAY_OUT = "code_gateway_out"
    CODE_GATEWAY_BACK = "code_gateway_back"
    ROW_REFUSED = "row_refused"
    """A database row is not as the desk wrote it, and was left out or refused."""


OF_DUES: Final = {
    DueKind.REMIND_TWO: AlarmKind.REMIND_TWO,
    DueKind.REMIND_ONE: AlarmKind.REMIND_ONE,
    DueKind.OVERDUE: AlarmKind.OVERDUE,
    DueKind.EVIDENCE_WAITING: AlarmKind.EVIDENCE_WAITING,
}
"""The scheduled events of tickets that concern staff, and their alarms."""

OF_OUTAGES: Final = {
    "account_service": (AlarmKind.ACCOUNT_SERVICE_OUT, AlarmKind.ACCOUNT_SERVICE_BACK),
    "code_gateway": (AlarmKind.CODE_GATEWAY_OUT, AlarmKind.CODE_GATEWAY_BACK),
}
"""The alarms for the beginning and the end of each outage."""

_OUTAGE_OF: Final = {back: out for out, back in OF_OUTAGES.values()}
"""The end of an outage to its beginning."""


class StaffAlarm(Struct, frozen=True):
    """One alarm for one agent, without content.

    Attributes:
        id: the same for the same alarm, so that it is never raised twice.
        agent: who is alerted.
        conversation_id: the conversation it is about; None without one.
        number: the ticket's; empty where a conversation waits.
        unattended: whether no agent who was present held it.
        seen_at: when the agent opened what it is about.
    """

    id: bytes
    agent: str
    kind: AlarmKind
    at: datetime
    conversation_id: ConversationId | None = None
    ticket_id: TicketId | None = None
    number: str = ""
    unattended: bool = False
    seen_at: datetime | None = None

    @property
    def is_good_news(self) -> bool:
        """Whether it reports the end of something."""
        return self.kind in _OUTAGE_OF


def outage_length(end: StaffAlarm, calls: Iterable[StaffAlarm]) -> timedelta | None:
    """Return how long the outage lasted whose end an alarm reports.

    Args:
        end: reports that something works again.
        calls: alarms of the same agent, in any order.

    Returns:
        None where the beginning is not among the alarms. If several are, as processes notice it one
        after the other, the first counts.
    """
    out = _OUTAGE_OF.get(end.kind)
    before = [one for one in calls if one.at <= end.at and one.id != end.id]
    ended = max((one.at for one in before if one.kind is end.kind), default=None)
    began = [one.at for one in before if one.kind is out and (ended is None or one.at > ended)]
    return end.at - min(began) if began else None


def alarm_id(agent: str, kind: AlarmKind, about: bytes, at: datetime) -> bytes:
    """Return the id of an alarm, made of agent, kind, ticket or conversation, and due time."""
    named = b"|".join((agent.encode(), kind.value.encode(), about, at.isoformat().encode()))
    return hashlib.sha256(named).digest()[:_ID_BYTES]
