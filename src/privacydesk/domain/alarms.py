"""Staff alarms: due dates, unexamined evidence, waiting users, escalations and outages."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from msgspec import Struct

from privacydesk.domain.ids import ConversationId, TicketId
from privacydesk.domain.ticket import ScheduledEventKind

_ID_BYTES: Final = 16


class AlarmKind(StrEnum):
    """The reason for an alarm."""

    REMIND_TWO = "remind_two"
    REMIND_ONE = "remind_one"
    INTERNAL_OVERDUE = "internal_overdue"
    """The operator's own date has passed, the promised one not yet."""
    OVERDUE = "overdue"
    COMPLETION_SOON = "completion_soon"
    """An approved closing has to be carried out in two working days."""
    COMPLETION_OVERDUE = "completion_overdue"
    EVIDENCE_WAITING = "evidence_waiting"
    PERSON_WAITING = "person_waiting"
    """A user has waited for an agent longer than the operator permits."""
    IN_DANGER = "in_danger"
    """A user told of danger to somebody's life or limb, and no agent has the conversation."""
    WAIT_TARGET_MISSED = "wait_target_missed"
    """Too few of today's waits for an agent ended in time."""
    LEFT_TARGET_MISSED = "left_target_missed"
    """Too many users left the queue unanswered today."""
    MANY_ATTEMPTS = "many_attempts"
    """A user entered many wrong codes, or many numbers of other people's tickets."""
    ESCALATED = "escalated"
    """An agent asked the supervisors for help."""
    FILES_ASKED = "files_asked"
    """An agent asks for permission to open a child's files."""
    ESCALATION_ANSWERED = "escalation_answered"
    """A supervisor answered the holder's question."""
    TASK_ASKED = "task_asked"
    """A team is asked to do something, or was reminded of it."""
    TASK_ANSWERED = "task_answered"
    """A team answered the task of a ticket's holder."""
    TASK_OVERDUE = "task_overdue"
    """A team has not answered a task by its date."""
    ACCOUNT_SERVICE_OUT = "account_service_out"
    ACCOUNT_SERVICE_BACK = "account_service_back"
    CODE_GATEWAY_OUT = "code_gateway_out"
    CODE_GATEWAY_BACK = "code_gateway_back"
    SCHEDULE_MISSING = "schedule_missing"
    """New deadlines reach into a year whose holiday schedule is not imported."""
    ROW_REFUSED = "row_refused"
    """A database row failed its integrity check, and was left out or refused."""
    WEBHOOKS_FAILING = "webhooks_failing"
    """A webhook endpoint has not taken its messages for a while, or is gone."""
    TICKETING_FAILING = "ticketing_failing"
    """The sync with the helpdesk has been failing for a while."""


ALARMS_OF_EVENTS: Final = {
    ScheduledEventKind.REMIND_TWO: AlarmKind.REMIND_TWO,
    ScheduledEventKind.REMIND_ONE: AlarmKind.REMIND_ONE,
    ScheduledEventKind.INTERNAL_OVERDUE: AlarmKind.INTERNAL_OVERDUE,
    ScheduledEventKind.OVERDUE: AlarmKind.OVERDUE,
    ScheduledEventKind.COMPLETION_SOON: AlarmKind.COMPLETION_SOON,
    ScheduledEventKind.COMPLETION_OVERDUE: AlarmKind.COMPLETION_OVERDUE,
    ScheduledEventKind.EVIDENCE_WAITING: AlarmKind.EVIDENCE_WAITING,
    ScheduledEventKind.TASK_OVERDUE: AlarmKind.TASK_OVERDUE,
}
"""The alarm for each scheduled event that concerns staff."""

ALARMS_OF_DAYS: Final = frozenset({AlarmKind.WAIT_TARGET_MISSED, AlarmKind.LEFT_TARGET_MISSED})
"""The alarms about the figures of a day."""

ALARMS_OF_OUTAGES: Final = {
    "account_service": (AlarmKind.ACCOUNT_SERVICE_OUT, AlarmKind.ACCOUNT_SERVICE_BACK),
    "code_gateway": (AlarmKind.CODE_GATEWAY_OUT, AlarmKind.CODE_GATEWAY_BACK),
}
"""By dependency, the alarms for the beginning and the end of an outage."""

_OUTAGE_BEGINNINGS: Final = {end: beginning for beginning, end in ALARMS_OF_OUTAGES.values()}
"""The alarm for the beginning of an outage, by the alarm for its end."""


class StaffAlarm(Struct, frozen=True):
    """One alarm for one agent, without any content of tickets or conversations.

    Attributes:
        id: derived from the cause (see ``alarm_id``), so that an alarm is never raised twice.
        agent: name of the agent to alert.
        conversation_id: the conversation that it is about; None for none.
        number: the ticket's number; empty if it isn't about a ticket.
        unattended: whether the ticket had no holder who was present.
        seen_at: when the agent opened the ticket or conversation.
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
    def reports_recovery(self) -> bool:
        """Whether it reports the end of an outage."""
        return self.kind in _OUTAGE_BEGINNINGS


class AlarmGroup(Struct, frozen=True):
    """All alarms of an agent about the same ticket or conversation, the newest first."""

    alarms: tuple[StaffAlarm, ...]

    @property
    def newest(self) -> StaffAlarm:
        """The newest of the alarms."""
        return self.alarms[0]

    @property
    def is_seen(self) -> bool:
        """Whether the agent has seen all of them."""
        return all(alarm.seen_at for alarm in self.alarms)

    @property
    def earlier_kinds(self) -> tuple[AlarmKind, ...]:
        """The reasons of the other alarms, each once."""
        kinds = dict.fromkeys(alarm.kind for alarm in self.alarms)
        return tuple(kind for kind in kinds if kind is not self.newest.kind)


def group_alarms(alarms: Iterable[StaffAlarm]) -> tuple[AlarmGroup, ...]:
    """Group alarms by what they are about; those about outages and damaged rows stay single.

    Args:
        alarms: alarms of one agent, the newest first.
    """
    groups: dict[bytes, list[StaffAlarm]] = {}
    for alarm in alarms:
        groups.setdefault(alarm.ticket_id or alarm.conversation_id or alarm.id, []).append(alarm)
    return tuple(AlarmGroup(tuple(group)) for group in groups.values())


def outage_length(end: StaffAlarm, alarms: Iterable[StaffAlarm]) -> timedelta | None:
    """Return how long an outage lasted.

    Args:
        end: the alarm that reports the end of the outage.
        alarms: alarms of the same agent, in any order.

    Returns:
        The time since the first alarm for its beginning (each process reports one); None if there
        is none among ``alarms``.
    """
    beginning = _OUTAGE_BEGINNINGS.get(end.kind)
    earlier = [alarm for alarm in alarms if alarm.at <= end.at and alarm.id != end.id]
    last_end = max((alarm.at for alarm in earlier if alarm.kind is end.kind), default=None)
    began = [
        alarm.at
        for alarm in earlier
        if alarm.kind is beginning and (last_end is None or alarm.at > last_end)
    ]
    return end.at - min(began) if began else None


def alarm_id(agent: str, kind: AlarmKind, about: bytes, at: datetime) -> bytes:
    """Return the ID of an alarm, derived from its agent, kind, subject and due time.

    Args:
        agent: name of the agent to alert.
        kind: the reason.
        about: ID of the ticket or conversation.
        at: when the alarm was due.
    """
    cause = b"|".join((agent.encode(), kind.value.encode(), about, at.isoformat().encode()))
    return hashlib.sha256(cause).digest()[:_ID_BYTES]
