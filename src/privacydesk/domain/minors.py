"""The yearly audit of minors' data: requests by age, and who had access to their files.

The law asks for those under 14 and those from 14 to 17 apart. The age is that at which the request
was filed, as its flags tell; they stay in the record after a purge, and audit entries stay, too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final

from msgspec import Struct

from privacydesk.domain.audit import SealedEntry
from privacydesk.domain.ids import TicketId
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.reports import Case, ReportBuilder
from privacydesk.domain.ticket import Outcome, Ticket


class AgeBand(StrEnum):
    """The age of the minor whom a request concerns."""

    UNDER_14 = "under_14"
    FROM_14 = "from_14"
    """14 to 17; 14 exactly belongs here, as by law."""
    UNKNOWN = "unknown"
    """A minor is concerned, and nobody said how old."""


class FileAct(StrEnum):
    """An audited act that concerns access to a minor's data."""

    ASKED = "files_asked"
    ALLOWED = "files_allowed"
    REFUSED = "files_refused"
    OPENED = "evidence_opened"
    COUNTED = "account_data_opened"
    """Somebody looked at how much the account holds."""


_FROM_14: Final = frozenset({"exactly_14", "teen"})


def age_band(ticket: Ticket) -> AgeBand | None:
    """Return the age of the minor whom a ticket concerns; None if it concerns none."""
    if not ticket.involves_minor:
        return None
    if "under_14" in ticket.flags:
        return AgeBand.UNDER_14
    return AgeBand.UNKNOWN if ticket.flags.isdisjoint(_FROM_14) else AgeBand.FROM_14


class FileAccess(Struct, frozen=True):
    """One audited act on a minor's request.

    Attributes:
        entry: the entry of the audit.
        act: what was done.
        number: the number of the ticket.
        band: the age of the minor.
        was_allowed: for an opened file, whether a supervisor had allowed access to the ticket's
            files before.
    """

    entry: SealedEntry
    act: FileAct
    number: str
    band: AgeBand
    was_allowed: bool = False


class MinorsAudit(Struct, frozen=True):
    """The figures of a year; each count is by a value and an age.

    Attributes:
        kinds: the requests received, by kind.
        punctuality: the same requests, by the columns of ``ON_TIME``, or ``NO_CLOCK``.
        outcomes: those of them that are closed, by outcome.
        reply_days: for each answer to them, the working days that it took.
        accesses: the acts of the year, oldest first.
    """

    kinds: Mapping[tuple[RequestKind, AgeBand], int]
    punctuality: Mapping[tuple[str, AgeBand], int]
    outcomes: Mapping[tuple[Outcome, AgeBand], int]
    reply_days: Mapping[AgeBand, tuple[int, ...]]
    accesses: tuple[FileAccess, ...]


def audit_minors(
    tickets: Iterable[Ticket],
    accesses: tuple[FileAccess, ...],
    builder: ReportBuilder,
    now: datetime,
) -> MinorsAudit:
    """Return the audit of a year.

    Args:
        tickets: the tickets received in it.
        accesses: the acts in it.
        builder: counts working days.
        now: the current time.
    """
    kinds: Counter[tuple[RequestKind, AgeBand]] = Counter()
    punctuality: Counter[tuple[str, AgeBand]] = Counter()
    outcomes: Counter[tuple[Outcome, AgeBand]] = Counter()
    days: dict[AgeBand, list[int]] = {band: [] for band in AgeBand}
    for ticket in tickets:
        band = age_band(ticket)
        if band is None:
            continue
        case = Case.of(ticket)
        kinds[ticket.kind, band] += 1
        punctuality[case.punctuality(now), band] += 1
        if ticket.outcome is not None:
            outcomes[ticket.outcome, band] += 1
        if case.answered_at is not None and case.counted_from is not None:
            days[band].append(builder.reply_days(case))
    by_band = {band: tuple(sorted(numbers)) for band, numbers in days.items()}
    return MinorsAudit(kinds, punctuality, outcomes, by_band, accesses)


def file_accesses(
    entries: Iterable[SealedEntry], tickets: Mapping[TicketId, Ticket], since: datetime
) -> tuple[FileAccess, ...]:
    """Return the acts on minors' tickets.

    Args:
        entries: the entries of these acts, oldest first, with earlier ones that allowed access.
        tickets: their tickets.
        since: the beginning of the year.
    """
    allowed: set[TicketId] = set()
    accesses: list[FileAccess] = []
    for sealed in entries:
        entry, ticket_id = sealed.entry, sealed.entry.ticket_id
        ticket = None if ticket_id is None else tickets.get(ticket_id)
        band = None if ticket is None else age_band(ticket)
        if ticket is None or band is None:
            continue
        act = FileAct(entry.what)
        if act is FileAct.ALLOWED:
            allowed.add(ticket.id)
        if entry.at >= since:
            was_allowed = act is FileAct.OPENED and ticket.id in allowed
            accesses.append(FileAccess(sealed, act, ticket.number, band, was_allowed))
    return tuple(accesses)
