"""Run-time checks of proof and confirmation, and the way back to the steps that obtain them."""

from __future__ import annotations

from privacydesk.dialog.demands import demand_of
from privacydesk.dialog.guards import account_of, document_proof
from privacydesk.dialog.running import Running
from privacydesk.dialog.schema import Call, Confirm, Do, Flow
from privacydesk.dialog.script import Script
from privacydesk.domain.identity import Assurance, Verification, is_fresh


def is_allowed(script: Script, frame: Running, flow: Flow, step: Do) -> bool:
    """Whether a step has the assurance it demands; the checker proves that it is never refused."""
    demand = demand_of(flow, step)
    if demand.level is Assurance.NONE or demand.contact_will_do:
        # Contacts and the ownership of tickets are checked one by one where they matter.
        return True
    return _proof(script, frame, flow, step) is not None


def _proof(script: Script, frame: Running, flow: Flow, step: Do) -> Verification | None:
    proof = script.is_verified(account_of(script, frame), demand_of(flow, step).level)
    if proof is None and step.action == "confirm_closing":
        proof = document_proof(script, frame)
    return proof


def is_confirmed(script: Script, frame: Running, flow: Flow, step: Do) -> bool:
    """Whether the user recently confirmed the step, having been verified before."""
    at = frame.confirmed_at
    if at is None or not is_fresh(at, script.now, script.rules.fresh):
        return False
    proof = _proof(script, frame, flow, step)
    # A session is always present; its proof is created anew whenever it is asked for.
    return proof is not None and (proof.level <= Assurance.APP_SESSION or proof.at <= at)


def confirm_again(frame: Running, flow: Flow, step: Do) -> None:
    """Go back to the confirmation of an irreversible step that was not confirmed."""
    asking = [s for s in flow.steps.values() if isinstance(s, Confirm)]
    if not asking:
        raise RuntimeError(f"flow {flow.name} acts without a way to confirm")
    frame.state = next((s for s in asking if s.on["yes"] == step.id), asking[0]).id


def verify_again(frame: Running, flow: Flow) -> None:
    """Go back to where the flow verifies, as a proof has expired; then confirm again."""
    for step in flow.steps.values():
        if isinstance(step, Call) and step.flow == "verify":
            frame.state = step.id
            frame.trail = []
            return
    raise RuntimeError(f"flow {flow.name} acts without a way to verify")
