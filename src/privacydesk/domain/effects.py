"""Effects: what is to be done after a turn, as data.

IDs, ticket numbers and codes are generated later, when the effects are turned into rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct, field

from privacydesk.domain.account_terms import AccountAction
from privacydesk.domain.failed_attempts import AttemptKind
from privacydesk.domain.identity import Assurance, Target
from privacydesk.domain.ids import EvidenceId, PackageId, TicketId
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.ticket import (
    MaterialKind,
    Requester,
    Satisfaction,
    ScopeItem,
    TicketState,
)
from privacydesk.domain.ticket_moves import Move


class OpenTicket(Struct, frozen=True):
    """File a request as a new ticket.

    Attributes:
        symbol: placeholder for the ticket in event arguments of the turn: ``{"$ticket": symbol}``.
        verified_at: when identity was verified; None leaves the ticket awaiting verification.
        required_assurance: the level of identity verification that the kind requires;
            ``DOCUMENT_CHECKED`` means that an agent examines a document.
        evidence: uploads filed with the ticket.
        unbinding_window: whether the unbinding is automatic once the withdrawal window is over.
        agreed: keys of the warnings and the question that the requester said yes to.
    """

    symbol: str
    kind: RequestKind
    state: TicketState
    received_at: datetime
    items: tuple[ScopeItem, ...] = ()
    requester: Requester = Requester.SUBJECT
    account: str = ""
    verified_at: datetime | None = None
    required_assurance: Assurance = Assurance.NONE
    flags: frozenset[str] = frozenset()
    contact: str = ""
    linked: TicketId | None = None
    excluded_reviewers: tuple[str, ...] = ()
    answers: Mapping[str, Any] = field(default_factory=dict)
    evidence: tuple[EvidenceId, ...] = ()
    unbinding_window: bool = False
    agreed: tuple[str, ...] = ()


class MoveTicket(Struct, frozen=True):
    """Move a ticket of the snapshot, on behalf of the requester.

    ``Move.VERIFY`` and ``Move.HAND_IN`` also update a ticket that awaited verification with what
    the requester has said since; after ``HAND_IN`` its document waits to be examined.

    Attributes:
        symbol: placeholder for the ticket in event arguments of the turn; may be empty.
        verified_at: when identity was verified, which starts the clocks.
        items: the new items; empty keeps the old ones.
        flags: marks that the move gives the ticket.
        contact: a contact verified since; empty keeps the old one.
        agreed: keys of the warnings and the question that the requester said yes to.
    """

    ticket_id: TicketId
    move: Move
    why: str = ""
    symbol: str = ""
    verified_at: datetime | None = None
    items: tuple[ScopeItem, ...] = ()
    flags: frozenset[str] = frozenset()
    answers: Mapping[str, Any] = field(default_factory=dict)
    contact: str = ""
    evidence: tuple[EvidenceId, ...] = ()
    unbinding_window: bool = False
    agreed: tuple[str, ...] = ()


class AddMaterial(Struct, frozen=True):
    """Add words or files of the requester to an open ticket, whose state does not change.

    Attributes:
        kind: whether it adds material or asks a question.
        words: the requester's words; stored encrypted in the ticket's log and purged with it.
        evidence: uploads.
        flags: marks that the words give the ticket.
    """

    ticket_id: TicketId
    kind: MaterialKind
    words: str = ""
    evidence: tuple[EvidenceId, ...] = ()
    flags: frozenset[str] = frozenset()


class RateTicket(Struct, frozen=True):
    """Store the requester's rating of a closed ticket, replacing an earlier one.

    Attributes:
        comment: the requester's words; stored encrypted in the ticket's log and purged with it.
    """

    ticket_id: TicketId
    satisfaction: Satisfaction
    comment: str = ""


class OpenPackage(Struct, frozen=True):
    """Create a download link to a ticket's package, replacing an earlier one.

    Attributes:
        until: when the link expires.
        symbol: placeholder for the link in the cards of the turn.
    """

    ticket_id: TicketId
    package_id: PackageId
    until: datetime
    symbol: str


class SendCode(Struct, frozen=True):
    """Generate a code, store its hash in the challenge row of ``target``, and send it.

    Attributes:
        ref: identifies the pending call that the result ends.
        timeout: time to deliver the code before the step gets ``unavailable``.
    """

    target: Target
    ref: str
    timeout: timedelta


class CallAccount(Struct, frozen=True):
    """Call the account service; the step waits for the answer.

    Attributes:
        ref: identifies the pending call that the answer ends.
        timeout: time without an answer before the step gets ``unavailable``.
    """

    action: AccountAction
    account: str
    ref: str
    timeout: timedelta
    payload: Mapping[str, Any] = field(default_factory=dict)


class DropEvidence(Struct, frozen=True):
    """Delete uploads that were not filed with a ticket."""

    evidence: tuple[EvidenceId, ...]


class RecordAttempt(Struct, frozen=True):
    """Record a failed attempt in the audit.

    Attributes:
        ticket_id: the ticket it was about, whoever it belongs to; None for none.
        locks: whether it was the last one for now.
    """

    kind: AttemptKind
    ticket_id: TicketId | None = None
    locks: bool = False


class RaiseAlarm(Struct, frozen=True):
    """Alert the operator; ``name`` is the name of the log event."""

    name: str


Effect = (
    OpenTicket
    | MoveTicket
    | AddMaterial
    | RateTicket
    | OpenPackage
    | SendCode
    | CallAccount
    | DropEvidence
    | RecordAttempt
    | RaiseAlarm
)
