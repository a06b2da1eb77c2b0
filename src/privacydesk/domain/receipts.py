"""What is reported about the log of receipts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

from msgspec import Struct

from privacydesk.domain.ticket import Ticket

DECISIONS: Final = ("grant", "part", "refuse", "none")
"""What a receipt says was decided on an item."""

DescribeItems = Callable[[Ticket], Sequence[Mapping[str, Any]]]
"""Returns what was decided on each item of a ticket, as its requester keeps it; JSON only."""


class Standing(StrEnum):
    """How a genuine receipt stands to the log of this database."""

    RECORDED = "recorded"
    """The log has its entry."""
    LOST = "lost"
    """The log ends before its entry, or is missing: an older copy of the database was restored."""
    CONTRADICTED = "contradicted"
    """The log has another entry in its place, or another beginning."""


class ReceiptFault(Struct, frozen=True):
    """A fault of the log.

    Attributes:
        log: the id of the log, in hexadecimal.
        entry: the place of the entry; None for a fault of the log's head.
        what: ``missing``: the entry was removed; ``changed``: entry or head are not as they were
            written.
    """

    log: str
    entry: int | None
    what: str


class LogState(Struct, frozen=True):
    """One log: a Merkle tree that one key signs.

    Attributes:
        log: its id, in hexadecimal.
        size: the number of entries.
        root: the root of its tree, in hexadecimal.
        ended: whether it is continued by another, since a copy of the database was restored.
    """

    log: str
    size: int
    root: str
    ended: bool


class ReceiptReport(Struct, frozen=True):
    """The result of checking all receipts.

    Attributes:
        logs: the logs, oldest first.
        pending: the number of outcomes that are not in a log yet.
        faults: what is wrong.
    """

    logs: tuple[LogState, ...]
    pending: int
    faults: tuple[ReceiptFault, ...]
