"""What an action needs before it is done: who speaks is shown, and they said yes to it.

The checker proves both for every flow; here they are refused at run time all the same, since a
proof grows old and a frame may outlive the flow it began in.
"""

from __future__ import annotations

from privacydesk.dialog.guards import account_of, document_proof
from privacydesk.dialog.running import Running
from privacydesk.dialog.schema import Call, Confirm, Do, Flow
from privacydesk.dialog.script import Script
from privacydesk.dialog.vocabulary import ACTIONS, DESTRUCTIVE_KINDS, KIND_ASSURANCE
from privacydesk.domain.identity import Assurance, Verification, is_fresh

_OWN_TICKETS = frozenset({"list_requests", "withdraw_ticket", "file_objection"})


def _level(flow: Flow, step: Do) -> Assurance:
    """Return what must have been shown before an action is done."""
    level = ACTIONS[step.action].assurance
    if step.action == "file_ticket" and flow.kind is not None:
        return max(level, KIND_ASSURANCE[flow.kind])
    return level


def is_destructive(flow: Flow, step: Do) -> bool:
    """Tell whether an action needs the user's yes besides."""
    if step.action == "file_ticket":
        return flow.kind in DESTRUCTIVE_KINDS
    return ACTIONS[step.action].destructive


def is_allowed(script: Script, frame: Running, flow: Flow, step: Do) -> bool:
    """Refuse at run time what lacks assurance; the checker proves that it never happens."""
    level = _level(flow, step)
    if level is Assurance.NONE:
        return True
    if step.action in _OWN_TICKETS:
        # Which tickets are theirs is checked one by one, by account, contact or conversation.
        return True
    return _proof(script, frame, flow, step) is not None


def _proof(script: Script, frame: Running, flow: Flow, step: Do) -> Verification | None:
    proof = script.is_verified(account_of(script, frame), _level(flow, step))
    if proof is None and step.action == "confirm_closing":
        proof = document_proof(script, frame)
    return proof


def is_confirmed(script: Script, frame: Running, flow: Flow, step: Do) -> bool:
    """Tell whether the user said yes to this lately, when they had already been verified."""
    at = frame.confirmed_at
    if at is None or not is_fresh(at, script.now, script.rules.fresh):
        return False
    proof = _proof(script, frame, flow, step)
    # A session is there all the time; its proof is made up anew whenever it is asked for.
    return proof is not None and (proof.level <= Assurance.APP_SESSION or proof.at <= at)


def confirm_again(frame: Running, flow: Flow, step: Do) -> None:
    """What can't be undone was not said yes to: ask for it, at the question before it."""
    asking = [s for s in flow.steps.values() if isinstance(s, Confirm)]
    if not asking:
        raise RuntimeError(f"flow {flow.name} acts without a way to confirm")
    frame.state = next((s for s in asking if s.on["yes"] == step.id), asking[0]).id


def verify_again(frame: Running, flow: Flow) -> None:
    """A proof has grown old: go back to where the flow verifies, then confirm anew."""
    for step in flow.steps.values():
        if isinstance(step, Call) and step.flow == "verify":
            frame.state = step.id
            frame.trail = []
            return
    raise RuntimeError(f"flow {flow.name} acts without a way to verify")
