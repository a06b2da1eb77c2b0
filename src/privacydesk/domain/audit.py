"""Audit entries: who did what and when, on which ticket, conversation or file; never the content.

They are written in the transaction of what they tell of, and chained afterwards, so that none can
be changed, removed or moved unseen.
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
"""Who acts beside staff. An agent of such a name could not be told from them."""

_TOLD: Final = ("accepted", "ground", "proposed_by")
"""What of a log entry's data is a word of a closed list or an agent, and so may be audited."""


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
    """An entry as it is kept.

    Attributes:
        seq: its place in the chain; 0 while it waits to be sealed.
        id: sorts by when it was written.
    """

    seq: int
    entry: AuditEntry
    id: bytes


class ChainHead(Struct, frozen=True):
    """How many entries are sealed, and the last one's code, which stands for all of them."""

    entries: int
    code: str


class Fault(Struct, frozen=True):
    """The first thing that is wrong with the chain.

    Attributes:
        seq: the number of the entry; 0 where the chain's own head or key is at fault.
        what: ``missing``, ``changed``, ``added``; ``head_missing``, ``head_changed``,
            ``key_missing``; ``head_unknown`` where a head that was noted before
            is not part of the chain.
    """

    seq: int
    what: str


class ChainReport(Struct, frozen=True):
    """What came of checking the chain.

    Attributes:
        head: as it stands.
        waiting: entries that are not sealed yet.
        fault: the first one; None when all is well.
    """

    head: ChainHead
    waiting: int
    fault: Fault | None = None


class ChainState(Struct, frozen=True):
    """How far the chain is, without its being checked.

    Attributes:
        sealed: entries that are part of it.
        waiting: entries that are not yet.
        last_at: when what the last sealed one tells happened.
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
            says; ``missing``: it, or a part of its log, was taken away; ``refused``: it was read
            and left alone, for one of these.
        number: a ticket's, as it stands there; empty for what is no ticket.
    """

    table: str
    row: str
    what: str
    number: str = ""


class CheckedRows(Struct, frozen=True):
    """How far a check of all rows is.

    Attributes:
        table: which table is being gone through.
        done: how many of its rows were.
        faults: those found in the last page.
    """

    table: str
    done: int
    faults: tuple[RowFault, ...] = ()


def damaged_tickets(faults: Iterable[RowFault]) -> tuple[str, ...]:
    """Return which tickets are at fault, by their numbers as far as these can be read."""
    return tuple(sorted(one.number or one.row for one in faults if one.table == "ticket"))


def audited(entry: LogEntry, home: ConversationId) -> AuditEntry | None:
    """Return what is audited of an entry of a ticket's log: what staff did, without their words.

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
