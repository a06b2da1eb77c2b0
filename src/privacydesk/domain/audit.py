"""Audit entries: who did what and when, on which ticket, conversation or file; never the content.

They are written in the transaction that they record, and chained afterwards, so that none can be
changed, removed or moved unnoticed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from msgspec import Struct, field

from privacydesk.domain.ids import ConversationId, EvidenceId, TicketId
from privacydesk.domain.ticket import LogEntry

MACHINES: Final = frozenset(
    {"requester", "assistant", "clock", "account_service", "notices", "operator"}
)
"""Actors other than staff. An agent with such a name could not be told from them."""

_TOLD: Final = ("accepted", "ground", "proposed_by")
"""Log entry data that may be audited: words of closed lists, and agents."""


class AuditEntry(Struct, frozen=True):
    """One thing that somebody did, or was denied.

    Attributes:
        by: an agent's name, or one of ``MACHINES``.
        what: an act's name, such as ``refuse``, ``evidence_opened`` or ``access_denied``.
        detail: words of closed lists, numbers and dates; no text that a person wrote.
    """

    at: datetime
    by: str
    what: str
    ticket_id: TicketId | None = None
    conversation_id: ConversationId | None = None
    evidence_id: EvidenceId | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


class SealedEntry(Struct, frozen=True):
    """An entry as stored.

    Attributes:
        seq: its place in the chain; 0 while it waits to be sealed.
        id: sorts by when it was written.
    """

    seq: int
    entry: AuditEntry
    id: bytes


class ChainHead(Struct, frozen=True):
    """The number of sealed entries, and the last one's code, which covers all of them."""

    entries: int
    code: str


class Fault(Struct, frozen=True):
    """The first fault of the chain.

    Attributes:
        seq: the number of the entry; 0 where the chain's own head or key is at fault.
        what: ``missing``, ``changed``, ``added``; ``head_missing``, ``head_changed``,
            ``key_missing``; ``head_unknown`` where a head that was noted before
            is not part of the chain.
    """

    seq: int
    what: str


class ChainReport(Struct, frozen=True):
    """The result of checking the chain.

    Attributes:
        head: the current one.
        waiting: entries that are not sealed yet.
        fault: the first one; None when all is well.
    """

    head: ChainHead
    waiting: int
    fault: Fault | None = None


class ChainState(Struct, frozen=True):
    """The extent of the chain, unchecked.

    Attributes:
        sealed: entries that are part of it.
        waiting: entries that are not yet.
        last_at: when the act of the last sealed entry happened.
    """

    sealed: int
    waiting: int
    last_at: datetime | None = None


class RowFault(Struct, frozen=True):
    """A row that is not as the desk wrote it.

    Attributes:
        table: its table.
        row: its key as text, ids and hashes in hexadecimal.
        what: ``changed``: a column or the sealed value; ``put_back``: it is older than another row
            says; ``missing``: it, or a part of its log, was removed; ``refused``: it was read
            and skipped, for one of these.
        number: a ticket's, as stored in the row; empty for any other row.
    """

    table: str
    row: str
    what: str
    number: str = ""


class CheckedRows(Struct, frozen=True):
    """The progress of a check of all rows.

    Attributes:
        table: the table that is being checked.
        done: how many of its rows were checked.
        faults: those found in the last page.
    """

    table: str
    done: int
    faults: tuple[RowFault, ...] = ()


def damaged_tickets(faults: Iterable[RowFault]) -> tuple[str, ...]:
    """Return the numbers of the damaged tickets, as far as they can be read."""
    return tuple(sorted(one.number or one.row for one in faults if one.table == "ticket"))


def audited(entry: LogEntry, home: ConversationId) -> AuditEntry | None:
    """Return the audit entry for a ticket's log entry: what staff did, without their words.

    Args:
        entry: the entry.
        home: the ticket's conversation.
    """
    if entry.by in MACHINES:
        return None
    opened = entry.data.get("evidence")
    return AuditEntry(
        at=entry.at,
        by=entry.by,
        what=entry.what,
        ticket_id=entry.ticket_id,
        conversation_id=home,
        evidence_id=EvidenceId(bytes.fromhex(opened)) if opened else None,
        detail={name: entry.data[name] for name in _TOLD if name in entry.data},
    )
