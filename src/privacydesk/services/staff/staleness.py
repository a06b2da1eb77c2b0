"""Optimistic concurrency: an action is refused if the ticket has changed since the agent saw it.

A program sends the version of the ticket that it saw. The version rises with every change, such as
a reminder, a download by the requester or a claim by a colleague, so comparing it would reject
forms needlessly. Instead, a page carries a digest of each part of the case, and an action compares
only the parts that it is based on, while the ticket is locked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from hashlib import blake2b
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from privacydesk.domain.evidence import Evidence
from privacydesk.domain.tasks import TaskState
from privacydesk.domain.ticket import LogEntry, Ticket
from privacydesk.errors import StaleError

TICKET_CHANGED: Final = "ticket_changed"
"""The error reason if the ticket's version is not the one that was seen."""
_DIGEST_BYTES: Final = 8
_ESCALATE: Final = "escalate"
_ASK_FOR_FILES: Final = "files_asked"


class CasePart(StrEnum):
    """A part of a case that actions are based on."""

    REQUEST = "request"
    """The items, requester, account, state and flags: everything on the ticket that concerns staff
    and is in no other part."""
    PROPOSAL = "proposal"
    """The proposed decision that waits for a second agent."""
    FILES = "files"
    """The evidence that was submitted and not removed."""
    CLOCK = "clock"
    """The ticket's deadlines."""
    HOLDER = "holder"
    ESCALATION = "escalation"
    """The last question to the supervisors."""
    FILE_REQUESTS = "file_requests"
    """What was asked for by agents who want to open a child's files."""


class CaseDigest(Struct, frozen=True):
    """Digests of what a page showed of a case. The page's forms carry it as a string.

    Attributes:
        digests: the digest of each part; a missing one matches nothing.
    """

    digests: Mapping[CasePart, str]

    @classmethod
    def read(cls, text: str) -> CaseDigest:
        """Parse the string that a form carried; a malformed one matches nothing."""
        digests = text.split(".")
        return cls(
            dict(zip(CasePart, digests, strict=True)) if len(digests) == len(CasePart) else {}
        )

    def __str__(self) -> str:
        return ".".join(self.digests[part] for part in CasePart)


SeenState = int | CaseDigest
"""The state of a case that an agent saw: the ticket's version, or the digest on a page."""

Guard = Callable[[Ticket], None]
"""Raises a ``StaleError`` if the locked ticket is not as it was seen. Pure, since it may run again.
"""


def digest_case(
    ticket: Ticket, files: Sequence[Evidence] = (), log: Sequence[LogEntry] = ()
) -> CaseDigest:
    """Return the digest of a case.

    Args:
        ticket: the ticket.
        files: its evidence, including removed files.
        log: its log.
    """
    questions = _asked(log, _ESCALATE)
    return CaseDigest(
        {
            CasePart.REQUEST: value_digest(_request_part(ticket)),
            CasePart.PROPOSAL: value_digest(ticket.work.proposal),
            CasePart.FILES: value_digest(
                sorted(file.id for file in files if file.removed_at is None)
            ),
            CasePart.CLOCK: value_digest([ticket.clocks, ticket.completion, ticket.work.first_due]),
            CasePart.HOLDER: value_digest(ticket.holder),
            CasePart.ESCALATION: value_digest(questions[-1:]),
            CasePart.FILE_REQUESTS: value_digest(_asked(log, _ASK_FOR_FILES)),
        }
    )


def _asked(log: Sequence[LogEntry], what: str) -> list[tuple[datetime, str, str]]:
    return [(entry.at, entry.by, entry.why) for entry in log if entry.what == what]


def value_digest(value: object) -> str:
    """Return a short digest of a value, which differs for different values."""
    raw = msgspec.json.encode(value, order="deterministic")
    return blake2b(raw, digest_size=_DIGEST_BYTES).hexdigest()


def no_check(_: Ticket) -> None:
    """Do nothing: the ``Guard`` of actions that are valid however the ticket has changed."""


def require_version(seen: int) -> Guard:
    """Return a guard that requires a version of the ticket.

    The guard raises a ``StaleError`` with reason ``ticket_changed`` for any other version.
    """

    def check(current: Ticket) -> None:
        if current.version != seen:
            raise StaleError("the request has changed meanwhile", reason=TICKET_CHANGED)

    return check


def require_unchanged(
    seen: CaseDigest,
    parts: Sequence[CasePart],
    ticket: Ticket,
    files: Sequence[Evidence],
    log: Sequence[LogEntry],
) -> Guard:
    """Return a guard that requires some parts of a case to be as a page showed them.

    The guard raises a ``StaleError`` whose reason is ``seen_`` and the first part that differs.

    Args:
        seen: the digest on the page.
        parts: the parts on which the action is based.
        ticket: the ticket as it was read, before ``files`` and ``log``.
        files: the evidence as it was read, if the action is based on it.
        log: the log as it was read, if the action is based on it.
    """
    reads_other_rows = not _ON_TICKET.issuperset(parts)

    def check(current: Ticket) -> None:
        current_digest = digest_case(current, files, log)
        for part in parts:
            if seen.digests.get(part) != current_digest.digests[part]:
                raise StaleError(_MESSAGES[part], reason=f"seen_{part.value}")
        # Files and log were read before the ticket was locked. Any addition to them raises its
        # version, so they are current if the version is still the same.
        if reads_other_rows and current.version != ticket.version:
            raise StaleError(_MESSAGES[CasePart.REQUEST], reason=f"seen_{CasePart.REQUEST.value}")

    return check


ASKED_IN_LOG: Final = frozenset({CasePart.ESCALATION, CasePart.FILE_REQUESTS})
"""The parts that are read from the ticket's log."""
_ON_TICKET: Final = frozenset(CasePart) - {CasePart.FILES} - ASKED_IN_LOG

_MESSAGES: Final[Mapping[CasePart, str]] = {
    CasePart.REQUEST: "the request has changed since it was looked at",
    CasePart.PROPOSAL: "another decision waits than the one that was looked at",
    CasePart.FILES: "the files have changed since they were looked at",
    CasePart.CLOCK: "the due date has changed since it was looked at",
    CasePart.HOLDER: "the request has another holder than it had when it was looked at",
    CasePart.ESCALATION: "the supervisors are asked something else by now",
    CasePart.FILE_REQUESTS: "access to the files was asked for anew since it was looked at",
}


def _request_part(ticket: Ticket) -> Ticket:
    """Return the ticket with only the fields of ``CasePart.REQUEST``; the others are blank."""
    return replace(
        ticket,
        version=0,
        # These are in other parts, or don't concern the request: who may open files, and who took
        # part in decisions.
        work=replace(
            ticket.work,
            proposal=None,
            first_due=None,
            extended_why="",
            touched_by=(),
            files_asked=(),
            files_allowed=(),
        ),
        clocks=(),
        completion=None,
        holder="",
        phone_hash=None,
        scheduled_events=(),
        packages=(),
        # Who of a team has a task is theirs to say.
        tasks=tuple(
            replace(task, holder="", state=TaskState.WAITING if task.is_open else task.state)
            for task in ticket.tasks
        ),
        satisfaction=None,
    )
