"""The queue for a person, discarding unused uploads, and queued requests."""

from __future__ import annotations

from privacydesk.dialog.act import Act
from privacydesk.dialog.actions.base import evidence_of, strangers_until
from privacydesk.dialog.office_hours import hours_of, never_closes
from privacydesk.dialog.script import Script
from privacydesk.dialog.slots import FILES
from privacydesk.domain.conversation import OwnerKind, RequestDraft
from privacydesk.domain.effects import DropEvidence
from privacydesk.domain.events import EventKind, Sender
from privacydesk.domain.hourly_limits import with_use
from privacydesk.domain.identity import is_fresh
from privacydesk.domain.intents import Intent
from privacydesk.domain.quotas import STRANGERS_QUEUED


def queue_human(act: Act) -> str:
    """Put the conversation into the queue for a person, unless too many strangers joined it."""
    script = act.script
    staffed, place = script.queue()
    act.frame.slots["place"] = place
    if script.owner.kind is not OwnerKind.QUEUE:
        if not _admitted(act):
            return "crowded"
        if staffed:
            script.own(OwnerKind.QUEUE, "owner.queued", {"place": place})
            _say_absent(script)
        else:
            opening = script.opening()
            key = "owner.queued_until" if opening else "owner.queued_nobody"
            script.own(OwnerKind.QUEUE, key, opening)
    return "queued" if staffed else "nobody"


def _admitted(act: Act) -> bool:
    """Count a stranger who joins the queue; else store from when on they may.

    Nobody in danger is refused or counted, nor who has verified an account or a contact.
    """
    script, rules = act.script, act.script.rules
    proofs = (proof.at for proof in script.verifications)
    known = script.account or any(is_fresh(at, script.now, rules.fresh) for at in proofs)
    if known or script.danger_at is not None:
        return True
    (row,) = script.counters(STRANGERS_QUEUED)
    until = strangers_until(script, row, rules.queue.strangers, "queue_ceiling_reached")
    if until is not None:
        act.frame.slots["until"] = until.isoformat()
        return False
    script.challenges[STRANGERS_QUEUED] = with_use(row, script.origin, script.now)
    return True


def _say_absent(script: Script) -> None:
    """Say that nobody is online within opening hours, and what these are."""
    if script.observed.online:
        return
    hours = {} if never_closes(script.rules.shifts) else hours_of(script.rules)
    key = "owner.nobody_online_hours" if hours else "owner.nobody_online"
    script.append(Sender.SYSTEM, EventKind.TEXT, key=key, args=hours)


def leave_queue(act: Act) -> str:
    """Take it out again."""
    if act.script.owner.kind is OwnerKind.QUEUE:
        act.script.own(OwnerKind.ASSISTANT, "owner.left_queue", {})
    return "ok"


def leave_contact(act: Act) -> str:
    """Keep the contact at which staff may answer; a later one takes its place."""
    act.script.reachable_at = str(act.frame.slots["contact"])
    return "ok"


def drop_alike(act: Act) -> str:
    """Drop queued requests of the flow's kind: what was just said holds for them, too."""
    kept = (wish for wish in act.script.pending_requests if wish.intent not in act.flow.intents)
    act.script.pending_requests = tuple(kept)
    return "ok"


def note_wish(act: Act) -> str:
    """Queue another request before all others, to start when this flow has ended.

    Other parameters than ``kind`` fill slots of that name, unless it was requested in words.
    """
    intent = Intent(str(act.params["kind"]))
    slots = {name: [value] for name, value in act.params.items() if name != "kind"}
    asked = (wish for wish in act.script.pending_requests if wish.intent is intent)
    waiting = (wish for wish in act.script.pending_requests if wish.intent is not intent)
    act.script.pending_requests = (next(asked, None) or RequestDraft(intent, slots), *waiting)
    return "ok"


def drop_evidence(act: Act) -> str:
    """Remove uploads that were not filed."""
    dropped = evidence_of(act.frame)
    if dropped:
        act.script.effects.append(DropEvidence(dropped))
    act.frame.slots.pop(FILES, None)
    return "ok"
