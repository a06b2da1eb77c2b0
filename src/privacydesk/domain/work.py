"""The progress of the work on a ticket: decisions, participants, open calls and results."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from msgspec import Struct, field

from privacydesk.domain.grounds import AbuseEvidence, Ground


class StaffMessage(Struct, frozen=True):
    """The last message of staff, shown again to a requester who asks about the ticket.

    Attributes:
        kind: a ``DecisionKind``.
        text: the text that staff wrote.
        data: arguments of the sentences around the text; JSON only.
    """

    kind: str
    text: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


class ProposedDecision(Struct, frozen=True):
    """A decision that a second agent has to confirm.

    Attributes:
        by: name of the agent who proposed it.
        verdict: the decision, as JSON.
        program: whether the agent is a program, which never counts as one of two people.
    """

    by: str
    verdict: Mapping[str, Any]
    program: bool = False


class Work(Struct, frozen=True, omit_defaults=True):
    """The progress of the work on a ticket. Stored as JSON under these names.

    Attributes:
        first_due: the date promised first, if a supervisor has extended the deadline since.
        extended_why: why, in the words that the requester was told last.
        told: the last message of staff to the requester.
        proposal: the decision that waits for a second agent.
        decided_by: the agent who decided, not always the holder.
        touched_by: agents who took part in the decision, in order: they examined evidence,
            proposed, sent back, confirmed or decided, answered the holder's question, or wrote to
            the requester (a reply, a question, an extension).
        account_named_by: the agent who set the ticket's account.
        files_asked: agents who asked the supervisors for permission to open a child's files.
        files_allowed: agents with that permission; it doesn't pass to later holders.
        restored_by: the supervisor who restored the account that was suspended for it.
        ground: the ground for refusing a ticket without items.
        abuse: what proves an abuse, for a refusal on that ground.
        ground_withheld: whether the clause is cited as a whole instead of the ground.
        left: number of calls to the account service that are not answered yet.
        outcomes: outcomes of the answered calls.
        results: the result of each item: what was done, what was kept and why.
        objection: ID, in hex, of the ticket that objects to the decision.
        summary: the person's data as shown to them; kept only if no conversation has it.
    """

    first_due: date | None = None
    extended_why: str = ""
    told: StaffMessage | None = None
    proposal: ProposedDecision | None = None
    decided_by: str = ""
    touched_by: tuple[str, ...] = ()
    account_named_by: str = ""
    files_asked: tuple[str, ...] = ()
    files_allowed: tuple[str, ...] = ()
    restored_by: str = ""
    ground: Ground | None = None
    abuse: AbuseEvidence | None = None
    ground_withheld: bool = False
    left: int = 0
    outcomes: tuple[str, ...] = ()
    results: tuple[Mapping[str, Any], ...] = ()
    objection: str = ""
    summary: tuple[Mapping[str, Any], ...] = ()
