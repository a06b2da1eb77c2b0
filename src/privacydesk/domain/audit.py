"""Audit entries: who did what and when, on which ticket, conversation or file; without content.

An entry is written in the transaction that it records. Afterwards it is added to a hash chain, so
that changed, removed or moved entries are detected.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from msgspec import Struct, field

from privacydesk.domain.alarms import StaffAlarm
from privacydesk.domain.ids import ConversationId, EvidenceId, TicketId
from privacydesk.domain.ticket import LogEntry

NON_STAFF_ACTORS: Final = frozenset(
    {
        "requester",
        "assistant",
        "clock",
        "account_service",
        "notices",
        "operator",
        "identity_provider",
    }
)
"""Names of actors that are not staff. They are reserved, so that no agent can have them."""

_AUDITED_DATA: Final = ("accepted", "ground", "proof", "proposed_by")
"""Data of log entries that is copied to the audit: words of closed lists, and names of agents."""


class AuditEntry(Struct, frozen=True):
    """An action that was carried out or denied.

    Attributes:
        by: name of the agent, or one of ``NON_STAFF_ACTORS``.
        what: name of the action, such as ``refuse``, ``evidence_opened`` or ``access_denied``.
        detail: words of closed lists, numbers and dates; no texts by people.
    """

    at: datetime
    by: str
    what: str
    ticket_id: TicketId | None = None
    conversation_id: ConversationId | None = None
    evidence_id: EvidenceId | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


class SealedEntry(Struct, frozen=True):
    """A stored entry.

    Attributes:
        seq: number of the entry in the chain; 0 until it is added to the chain.
        id: the entry's ID, which sorts by time.
    """

    seq: int
    entry: AuditEntry
    id: bytes


class ChainHead(Struct, frozen=True):
    """The head of the chain: the number of entries, and the last one's code, which covers all."""

    entries: int
    code: str


class ChainFault(Struct, frozen=True):
    """The first fault of the chain.

    Attributes:
        seq: number of the entry; 0 for a fault of the stored head or key.
        what: ``missing``, ``changed``, ``added``; ``head_missing``, ``head_changed``,
            ``key_missing``; or ``head_unknown`` if a head recorded earlier is not part of the
            chain.
    """

    seq: int
    what: str


class ChainReport(Struct, frozen=True):
    """The result of checking the chain.

    Attributes:
        head: the current head.
        waiting: number of entries that are not in the chain yet.
        fault: the first fault; None for none.
    """

    head: ChainHead
    waiting: int
    fault: ChainFault | None = None


class ChainState(Struct, frozen=True):
    """The length of the chain, without a check.

    Attributes:
        sealed: number of entries in the chain.
        waiting: number of entries that are not in the chain yet.
        last_at: time of the last entry in the chain.
    """

    sealed: int
    waiting: int
    last_at: datetime | None = None


class RowFault(Struct, frozen=True):
    """A row that failed its integrity check.

    Attributes:
        table: name of the table.
        row: primary key as text, IDs and hashes in hexadecimal.
        what: ``changed``: a column or the encrypted value was changed; ``put_back``: the row was
            replaced by an older version; ``missing``: the row or a part of its log was removed;
            ``refused``: the row was skipped by a read for one of these reasons.
        number: the ticket's number as stored in the row; empty for other tables.
    """

    table: str
    row: str
    what: str
    number: str = ""


class CheckedRows(Struct, frozen=True):
    """The progress of a check of all rows.

    Attributes:
        table: name of the table that is being checked.
        done: number of rows of the table checked so far.
        faults: faults found in the last page of rows.
    """

    table: str
    done: int
    faults: tuple[RowFault, ...] = ()


def damaged_tickets(faults: Iterable[RowFault]) -> tuple[str, ...]:
    """Return the numbers of the damaged tickets, or the row keys if numbers can't be read."""
    return tuple(sorted(fault.number or fault.row for fault in faults if fault.table == "ticket"))


def audit_entry_for(entry: LogEntry, conversation: ConversationId) -> AuditEntry | None:
    """Return the audit entry for a ticket's log entry, without texts; None if not by staff.

    Args:
        entry: the log entry.
        conversation: the ticket's conversation.
    """
    if entry.by in NON_STAFF_ACTORS:
        return None
    evidence = entry.data.get("evidence")
    return AuditEntry(
        at=entry.at,
        by=entry.by,
        what=entry.what,
        ticket_id=entry.ticket_id,
        conversation_id=conversation,
        evidence_id=EvidenceId(bytes.fromhex(evidence)) if evidence else None,
        detail={name: entry.data[name] for name in _AUDITED_DATA if name in entry.data},
    )


def audit_entries_for_alarms(alarms: Iterable[StaffAlarm]) -> tuple[AuditEntry, ...]:
    """Return the audit entries that say who was alerted: one for each cause."""
    alerted: dict[tuple[Any, ...], list[str]] = {}
    for alarm in alarms:
        cause = (alarm.at, alarm.kind, alarm.ticket_id, alarm.conversation_id)
        alerted.setdefault(cause, []).append(alarm.agent)
    return tuple(
        AuditEntry(
            at,
            "clock",
            "alarm",
            ticket,
            conversation,
            detail={"alarm": kind, "to": ", ".join(names)},
        )
        for (at, kind, ticket, conversation), names in alerted.items()
    )
