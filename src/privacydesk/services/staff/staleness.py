"""What an agent saw of a case when they decided, and whether it has changed since.

A program names the version of the ticket that it looked at. That rises with every change, such as
a reminder, a file that the requester fetches, or a claim by a colleague, and would have forms
rejected needlessly. So a page carries a digest of each part of the case that acts are based on, and
an act compares those that matter to it, under the lock.
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
"""The error reason when a ticket has another version than the act was based on."""
_BYTES: Final = 8
_ESCALATE: Final = "escalate"


class Part(StrEnum):
    """A part of a case that acts are based on."""

    REQUEST = "request"
    """The items, requester, account, state and flags: all of the ticket except what the other parts
    cover, and what makes no difference to staff."""
    PROPOSAL = "proposal"
    """The decision that waits for a second pair of eyes."""
    FILES = "files"
    """The evidence that was handed in and not removed."""
    CLOCK = "clock"
    """When the answer is due."""
    HOLDER = "holder"
    ESCALATION = "escalation"
    """What the supervisors were asked last."""


class Sight(Struct, frozen=True):
    """What a page showed of a case; its text is carried by the page's forms.

    Attributes:
        digests: of each part; a missing one matches nothing.
    """

    digests: Mapping[Part, str]

    @classmethod
    def read(cls, text: str) -> Sight:
        """Return what a form brought back; text that no page of ours wrote matches nothing."""
        digests = text.split(".")
        return cls(dict(zip(Part, digests, strict=True)) if len(digests) == len(Part) else {})

    def __str__(self) -> str:
        return ".".join(self.digests[part] for part in Part)


Seen = int | Sight
"""What an act is based on: a ticket's version, or what a page showed of the case."""

Guard = Callable[[Ticket], None]
"""Refuses an act, by raising, unless the ticket under the lock is as it was seen. Pure, since it
may run again."""


def sight_of(ticket: Ticket, files: Sequence[Evidence] = (), log: Sequence[LogEntry] = ()) -> Sight:
    """Return what a page shows of a case."""
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
    """Return a short digest of a value, the same for equal values only."""
    raw = msgspec.json.encode(value, order="deterministic")
    return blake2b(raw, digest_size=_BYTES).hexdigest()


def anyhow(_: Ticket) -> None:
    """Refuse nothing: a ``Guard`` for acts that are valid however the ticket has changed."""


def at_version(seen: int) -> Guard:
    """Return a guard that refuses an act on any other version of a ticket.

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
    """Return a guard that refuses an act unless some parts of a case are as a page showed them.

    Args:
        seen: what it showed.
        parts: what the act is based on; the first one that differs is named.
        ticket: as it was read before ``files`` and ``log``.
        files: as they were read for the act, if it is based on them.
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
        # Files and log were read before the lock: they are unchanged only if the ticket is, since
        # any addition to them raises its version.
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
        # Other parts cover these, and who may open files or took part does not change what is
        # shown.
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
