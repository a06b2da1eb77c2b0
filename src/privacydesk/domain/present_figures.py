"""Figures of the present state: counts and ages, no personal data."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct, field


class Backlog(Struct, frozen=True):
    """The open outbox rows of a channel.

    Attributes:
        amount: how many there are.
        retried: how many of them have failed before.
        since: when the oldest was made.
    """

    amount: int
    retried: int
    since: datetime


class Figures(Struct, frozen=True):
    """The present state of the database.

    Attributes:
        queue_length: conversations that wait for a person.
        waiting_since: since when the first of them waits; None if none does.
        open_tickets: open requests by kind.
        overdue_tickets: those of them that are overdue, by kind.
        backlogs: open outbox rows by channel.
    """

    queue_length: int = 0
    waiting_since: datetime | None = None
    open_tickets: Mapping[str, int] = field(default_factory=dict)
    overdue_tickets: Mapping[str, int] = field(default_factory=dict)
    backlogs: Mapping[str, Backlog] = field(default_factory=dict)
