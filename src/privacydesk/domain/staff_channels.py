"""Staff channels: group chats in which staff are told of alarms and assignments.

What is told has no content of tickets or conversations: the reason, the ticket's number, its kind
and due date, and a link to the console. It leaves the desk for the operator of the chat service.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol

from msgspec import Struct

from privacydesk.domain.alarms import StaffAlarm
from privacydesk.domain.ids import ConversationId, TicketId
from privacydesk.domain.ticket import LogEntry, Ticket

ASSIGNED: Final = "assigned"
"""The reason of the message about a ticket that was given to an agent by somebody else."""
SEND_INTERVAL: Final = timedelta(seconds=5)
"""The time in which messages of a channel are gathered into one. Robots of WeCom and DingTalk may
send 20 messages a minute, and are shut off for minutes if they send more."""
_ASSIGN_ENTRY: Final = "assign"


class Platform(StrEnum):
    """The chat service of a channel, by the form of its incoming webhooks."""

    WECOM = "wecom"
    DINGTALK = "dingtalk"
    FEISHU = "feishu"
    SLACK = "slack"
    """Also services that take the same messages, such as Mattermost."""


class StaffChannel(Struct, frozen=True):
    """What a group chat is told.

    Attributes:
        name: the operator's name for it; unique.
        kinds: the reasons for messages: kinds of alarms, ``ASSIGNED``.
        locale: the language of its messages.
    """

    name: str
    kinds: frozenset[str]
    locale: str


class StaffNews(Struct, frozen=True):
    """Something to tell a group chat.

    Attributes:
        kind: the kind of an alarm, or ``ASSIGNED``.
        at: when it happened.
        number: the ticket's number; empty if it isn't about a ticket.
        agent: the name of the agent to whom the ticket was assigned.
    """

    kind: str
    at: datetime
    conversation_id: ConversationId | None = None
    ticket_id: TicketId | None = None
    number: str = ""
    agent: str = ""


class StaffChannelSender(Protocol):
    """Posts messages into one group chat.

    Attributes:
        max_bytes: the maximum length of a message in UTF-8.
    """

    max_bytes: int

    async def send(self, text: str) -> None:
        """Post a message of plain text.

        Raises:
            UnavailableError: it was not accepted and may be later; ``data`` has the ``reason``.
            InvalidRequestError: the service refuses this message for good.
        """
        ...


def news_of_alarms(alarms: Iterable[StaffAlarm]) -> tuple[StaffNews, ...]:
    """Return what alarms tell: each cause once, though it alerts several agents."""
    return tuple(
        dict.fromkeys(
            StaffNews(one.kind.value, one.at, one.conversation_id, one.ticket_id, one.number)
            for one in alarms
        )
    )


def news_of_assignment(entry: LogEntry, ticket: Ticket) -> StaffNews | None:
    """Return what an entry of a ticket's log tells of its holder; None for any other entry."""
    if entry.what != _ASSIGN_ENTRY or not entry.why or entry.why == entry.by:
        return None
    return StaffNews(
        ASSIGNED, entry.at, ticket.conversation_id, ticket.id, ticket.number, entry.why
    )


def next_sending(now: datetime) -> datetime:
    """Return when what happens now is sent: all processes agree on the instants."""
    epoch = datetime.min.replace(tzinfo=now.tzinfo)
    return now + SEND_INTERVAL - (now - epoch) % SEND_INTERVAL
