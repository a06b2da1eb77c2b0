"""What is reported about the log of receipts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from privacydesk.domain.intents import RequestKind
from privacydesk.domain.ticket import Outcome, Ticket

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


_Instant = Annotated[datetime, Meta(tz=True)]


class ReceiptRecord(Struct, frozen=True):
    """A receipt that was verified, as ``privacydesk receipts verify --json`` prints it.

    Attributes:
        issuer: the operator's app, as the signed header names it.
        key: the id of the key that signed it, in hexadecimal.
        number: the number of the request.
        received_at: when the request was made.
        verified_at: when identity was verified; null if it wasn't.
        answered_at: when it was answered; null if it wasn't, as for a withdrawn one.
        signed_at: when the statement was signed.
        items: what was decided on each item; null if the file was given out without them.
        log: the id of the log, in hexadecimal.
        entry: its place in the log, from 0.
        log_size: the number of entries when the receipt was given out.
        standing: how it stands to the log of this database; null if that was not looked at.
    """

    genuine: bool
    issuer: str
    key: str
    number: str
    kind: RequestKind
    outcome: Outcome
    received_at: _Instant
    verified_at: _Instant | None
    answered_at: _Instant | None
    closed_at: _Instant
    signed_at: _Instant
    items: tuple[Mapping[str, Any], ...] | None
    log: str
    entry: int
    log_size: int
    standing: Standing | None


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
