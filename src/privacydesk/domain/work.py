"""The desk's own notes on a request that is being worked on, beside what the requester told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from msgspec import Struct, field

from privacydesk.domain.grounds import Ground


class Told(Struct, frozen=True):
    """Staff's last words, shown again to a requester who comes back by number.

    Attributes:
        kind: a ``DecisionKind``.
        text: as it was written.
        data: the values for the words around it, JSON only.
    """

    kind: str
    text: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


class Proposed(Struct, frozen=True):
    """A decision that waits for a second agent.

    Attributes:
        by: who decided first.
        verdict: what, as JSON.
        program: whether that was a program, which never counts as one of two people.
    """

    by: str
    verdict: Mapping[str, Any]
    program: bool = False


class Work(Struct, frozen=True, omit_defaults=True):
    """The progress of the work on a request.

    Attributes:
        first_due: the date that was promised first, where a supervisor gave more time since.
        told: what the requester may read again.
        proposal: what waits for a second pair of eyes.
        decided_by: the agent who decided, whether or not they hold it.
        touched_by: agents who took part in the decision, in this order: who examined, proposed,
            sent back, confirmed or decided it, answered the holder's question on it, or wrote to
            the requester: a reply, a question, more time with its reason.
        account_named_by: the agent who said whose account it is.
        files_asked: agents who ask the supervisors to be allowed to open a child's files.
        files_allowed: agents whom a supervisor allowed to open them; later holders of the case
            are not.
        restored_by: the supervisor who restored the account that was stopped for it.
        ground: why a request without items was refused.
        ground_withheld: whether the clause is cited as a whole instead of the ground.
        left: calls to the account service that are unanswered yet.
        outcomes: the outcomes of the answered ones.
        results: what became of each item: what was done, what was kept and why.
        objection: the id, in hex, of the ticket that objects to the decision.
        summary: what is held of the person; it stays only where no conversation has it.
    """

    first_due: date | None = None
    told: Told | None = None
    proposal: Proposed | None = None
    decided_by: str = ""
    touched_by: tuple[str, ...] = ()
    account_named_by: str = ""
    files_asked: tuple[str, ...] = ()
    files_allowed: tuple[str, ...] = ()
    restored_by: str = ""
    ground: Ground | None = None
    ground_withheld: bool = False
    left: int = 0
    outcomes: tuple[str, ...] = ()
    results: tuple[Mapping[str, Any], ...] = ()
    objection: str = ""
    summary: tuple[Mapping[str, Any], ...] = ()
