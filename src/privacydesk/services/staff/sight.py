"""What an agent saw of a case when they made up their mind, and whether it still is so.

A program names the version of the ticket that it looked at. That rises with every change: when a
reminder comes up, when the requester fetches a file, when a colleague claims the request. Forms
would be sent back for nothing by these. So a page takes along a digest of each part of the case
that acts are decided on, and an act compares those that matter to it, under the lock.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from hashlib import blake2b
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from privacydesk.domain.evidence import Evidence
from privacydesk.domain.ticket import LogEntry, Ticket
from privacydesk.errors import StaleError

CHANGED: Final = "ticket_changed"
"""The reason where a ticket has another version than an act was decided on."""
_BYTES: Final = 8
_ESCALATE: Final = "escalate"


class Part(StrEnum):
    """A part of a case that acts are decided on."""

    REQUEST = "request"
    """What is asked, item by item, by whom, about whose account, how far it is and what stands out
    on it: all of the ticket but what the other parts have, and what changes nothing for staff."""
    PROPOSAL = "proposal"
    """The decision that waits for a second pair of eyes."""
    FILES = "files"
    """What was handed in and lies here."""
    CLOCK = "clock"
    """By when it is to be answered."""
    HOLDER = "holder"
    ESCALATION = "escalation"
    """What the supervisors were asked last."""


class Sight(Struct, frozen=True):
    """What a page showed of a case; its text goes with the page's forms.

    Attributes:
        digests: of each part; one that is missing fits nothing.
    """

    digests: Mapping[Part, str]

    @classmethod
    def read(cls, text: str) -> Sight:
        """Return what a form brought back; what no page of ours wrote fits nothing."""
        digests = text.split(".")
        return cls(dict(zip(Part, digests, strict=True)) if len(digests) == len(Part) else {})

    def __str__(self) -> str:
        return ".".join(self.digests[part] for part in Part)


Seen = int | Sight
"""What an act was decided on: a ticket's version, or what a page showed of the case."""

Guard = Callable[[Ticket], None]
"""Refuses an act, by raising, unless the ticket under the lock is as it was seen. Pure, since it
may run again."""


def sight_of(ticket: Ticket, files: Sequence[Evidence] = (), log: Sequence[LogEntry] = ()) -> Sight:
    """Return what there is to see of a case."""
    asked = [(one.at, one.by, one.why) for one in log if one.what == _ESCALATE]
    return Sight(
        {
            Part.REQUEST: digest(_request(ticket)),
            Part.PROPOSAL: digest(ticket.work.proposal),
            Part.FILES: digest(sorted(one.id for one in files if one.removed_at is None)),
            Part.CLOCK: digest([ticket.clocks, ticket.work.first_due]),
            Part.HOLDER: digest(ticket.holder),
            Part.ESCALATION: digest(asked[-1:]),
        }
    )


def digest(value: object) -> str:
    """Return a short text that is the same for the same value alone."""
    raw = msgspec.json.encode(value, order="deterministic")
    return blake2b(raw, digest_size=_BYTES).hexdigest()


def anyhow(_: Ticket) -> None:
    """Refuse nothing: a ``Guard`` for acts that are right whatever became of the ticket."""


def at_version(seen: int) -> Guard:
    """Return what refuses an act on any other version of a ticket.

    Raises:
        StaleError: by the guard, with reason ``ticket_changed``.
    """

    def check(current: Ticket) -> None:
        if current.version != seen:
            raise StaleError("the request has changed meanwhile", reason=CHANGED)

    return check


def as_shown(
    seen: Sight,
    parts: Sequence[Part],
    ticket: Ticket,
    files: Sequence[Evidence],
    log: Sequence[LogEntry],
) -> Guard:
    """Return what refuses an act unless some parts of a case are as a page showed them.

    Args:
        seen: what it showed.
        parts: what the act is decided on; the first one that differs is named.
        ticket: as it was read before ``files`` and ``log``.
        files: as they were read for the act, where it is decided on them.
        log: the same.

    Raises:
        StaleError: by the guard, with reason ``seen_`` and the part.
    """
    beside = not _ON_TICKET.issuperset(parts)

    def check(current: Ticket) -> None:
        now = sight_of(current, files, log)
        for part in parts:
            if seen.digests.get(part) != now.digests[part]:
                raise StaleError(_TOLD[part], reason=f"seen_{part.value}")
        # Files and log lie beside the ticket: read before the lock, they are still as they were
        # only if it is. Whatever comes to them raises its version.
        if beside and current.version != ticket.version:
            raise StaleError(_TOLD[Part.REQUEST], reason=f"seen_{Part.REQUEST.value}")

    return check


_ON_TICKET: Final = frozenset(Part) - {Part.FILES, Part.ESCALATION}

_TOLD: Final[Mapping[Part, str]] = {
    Part.REQUEST: "the request has changed since it was looked at",
    Part.PROPOSAL: "another decision waits than the one that was looked at",
    Part.FILES: "the files have changed since they were looked at",
    Part.CLOCK: "the due date has changed since it was looked at",
    Part.HOLDER: "the request has another holder than it had when it was looked at",
    Part.ESCALATION: "the supervisors are asked something else by now",
}


def _request(ticket: Ticket) -> Ticket:
    return replace(
        ticket,
        version=0,
        # Other parts have these, and who may open files or took part says nothing of what there
        # is to see.
        work=replace(
            ticket.work,
            proposal=None,
            first_due=None,
            touched_by=(),
            files_asked=(),
            files_allowed=(),
        ),
        clocks=(),
        holder="",
        phone_hash=None,
        dues=(),
        packages=(),
        satisfaction=None,
    )
