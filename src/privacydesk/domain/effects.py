"""Effects: what a turn wants done, as data.

Ids, ticket numbers and codes are minted when rows are made.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct, field

from privacydesk.domain.account_terms import AccountAction
from privacydesk.domain.identity import Assurance, Target
from privacydesk.domain.ids import EvidenceId, PackageId, TicketId
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.ticket import Requester, Satisfaction, ScopeItem, TicketState
from privacydesk.domain.ticket_moves import Move


class OpenTicket(Struct, frozen=True):
    """File a request.

    Attributes:
        symbol: stands for the ticket in this turn's event arguments: ``{"$ticket": symbol}``.
        verified_at: when identity was shown; None leaves the ticket awaiting verification.
        needs: the assurance the kind asks for; ``DOCUMENT_CHECKED`` waits for an agent.
        evidence: uploads that go with it.
    """

    symbol: str
    kind: RequestKind
    state: TicketState
    received_at: datetime
    items: tuple[ScopeItem, ...] = ()
    requester: Requester = Requester.SUBJECT
    account: str = ""
    verified_at: datetime | None = None
    needs: Assurance = Assurance.NONE
    flags: frozenset[str] = frozenset()
    contact: str = ""
    linked: TicketId | None = None
    reviewer_not: tuple[str, ...] = ()
    answers: Mapping[str, Any] = field(default_factory=dict)
    evidence: tuple[EvidenceId, ...] = ()
    unbinding_window: bool = False
    """The operator automates this one after the withdrawal window."""


class MoveTicket(Struct, frozen=True):
    """Move a ticket the turn was shown; the mover is the requester.

    With ``Move.VERIFY`` a request that waited for verification goes on with what was said now; so
    does one with ``Move.HAND_IN``, which then waits for its document to be examined.

    Attributes:
        symbol: stands for the ticket in this turn's event arguments; may be empty.
        verified_at: when identity was shown; the clock starts there.
        items: the scope as it is now; empty keeps the old one.
        contact: a contact that was proven since; empty keeps the old one.
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


class RateTicket(Struct, frozen=True):
    """Keep what a requester says of a closed request; the last word counts.

    Attributes:
        comment: in their own words; kept with the ticket's log, sealed, and deleted with it.
    """

    ticket_id: TicketId
    satisfaction: Satisfaction
    comment: str = ""


class OpenPackage(Struct, frozen=True):
    """Make a link to a file of a ticket; it replaces the previous one.

    Attributes:
        until: when the link ends.
        symbol: stands for the link in this turn's cards.
    """

    ticket_id: TicketId
    package_id: PackageId
    until: datetime
    symbol: str


class SendCode(Struct, frozen=True):
    """Mint a code, put its hash on the challenge row of ``target`` and send it."""

    target: Target
    ref: str
    patience: timedelta


class CallAccount(Struct, frozen=True):
    """Ask the account service something a step waits for.

    Attributes:
        ref: the wait that the answer ends.
        patience: after this time without an answer the step gets ``unavailable``.
    """

    action: AccountAction
    account: str
    ref: str
    patience: timedelta
    payload: Mapping[str, Any] = field(default_factory=dict)


class DropEvidence(Struct, frozen=True):
    """Remove uploads that no ticket took."""

    evidence: tuple[EvidenceId, ...]


class RaiseAlarm(Struct, frozen=True):
    """Alert the operator that something needs a look; ``name`` is the log event."""

    name: str


Effect = (
    OpenTicket
    | MoveTicket
    | RateTicket
    | OpenPackage
    | SendCode
    | CallAccount
    | DropEvidence
    | RaiseAlarm
)
