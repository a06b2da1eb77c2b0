"""People: the queue, and what was handed in for nothing."""

from __future__ import annotations

from privacydesk.dialog.actions.base import Act, evidence_of
from privacydesk.domain.conversation import OwnerKind
from privacydesk.domain.effects import (
    DropEvidence,
)


def queue_human(act: Act) -> str:
    """Put the conversation into the queue for a person."""
    script = act.script
    staffed, place = script.queue()
    act.frame.slots["place"] = place
    if script.owner.kind is not OwnerKind.QUEUE:
        script.own(
            OwnerKind.QUEUE,
            "owner.queued" if staffed else "owner.queued_nobody",
            {"place": place} if staffed else {},
        )
    return "queued" if staffed else "nobody"


def leave_queue(act: Act) -> str:
    """Take it out again."""
    if act.script.owner.kind is OwnerKind.QUEUE:
        act.script.own(OwnerKind.ASSISTANT, "owner.left_queue", {})
    return "ok"


def drop_evidence(act: Act) -> str:
    """Remove uploads that were not filed."""
    dropped = evidence_of(act.frame)
    if dropped:
        act.script.effects.append(DropEvidence(dropped))
    act.frame.slots.pop("evidence", None)
    return "ok"
