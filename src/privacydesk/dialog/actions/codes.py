"""One-time codes: sending and checking."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from privacydesk.dialog.actions.base import WAITS, Act
from privacydesk.dialog.guards import account_of
from privacydesk.domain.effects import (
    SendCode,
)
from privacydesk.domain.identity import (
    Assurance,
    CodeVerdict,
    SendVerdict,
    Target,
    TargetKind,
    Verification,
)


def _target(act: Act) -> Target:
    to = act.params.get("to", "account_phone")
    if to == "contact":
        return Target(TargetKind.CONTACT, str(act.frame.slots["contact"]))
    if to == "ticket_contact":
        return Target(TargetKind.TICKET_CONTACT, str(act.frame.slots["number"]))
    return Target(TargetKind.ACCOUNT_PHONE, account_of(act.script, act.frame))


def send_code(act: Act) -> str:
    """Send a one-time code, unless the wait or the daily cap forbids it."""
    script, frame = act.script, act.frame
    target = _target(act)
    if not target.value:
        return "no_phone"
    challenge = script.challenge_of(target)
    frame.slots.pop("code", None)
    verdict, until = challenge.may_send(script.now, script.rules.codes)
    if verdict is not SendVerdict.OK:
        assert until is not None
        frame.slots["until"] = until.isoformat()
        # The code that was sent before still works while it is open.
        frame.slots["_target"] = target.label()
        return verdict.value if verdict is SendVerdict.CAPPED else "wait"
    script.challenges[target.label()] = challenge.sent(script.now, script.rules.codes)
    frame.slots["_target"] = target.label()
    if target.kind is TargetKind.TICKET_CONTACT:
        # Nobody waits for the answer: how long it takes, or that it fails, would tell whether
        # there is such a ticket.
        script.effects.append(SendCode(target=target, ref="", patience=script.rules.patience))
        return "sent"
    ref = script.wait_for(frame, "send_code")
    script.effects.append(SendCode(target=target, ref=ref, patience=script.rules.patience))
    return WAITS


def code_sent(act: Act, outcome: str, data: Mapping[str, Any]) -> str:
    """Take what the gateway said."""
    if outcome == "ok":
        act.frame.slots["contact_masked"] = str(data.get("masked") or "")
        return "sent"
    target = _target(act)
    challenge = act.script.challenge_of(target)
    if outcome not in {"refused", "not_found"}:
        act.script.challenges[target.label()] = challenge.undelivered()
        return "unavailable"
    # Nothing went out, so nobody is told later that a code is on its way.
    by_account = target.kind is TargetKind.ACCOUNT_PHONE
    act.script.challenges[target.label()] = (
        challenge.nowhere() if by_account else challenge.refused()
    )
    act.frame.slots.pop("_target", None)
    return "no_phone"


def check_code(act: Act) -> str:
    """Check a typed code; a right one is a proof."""
    script, frame = act.script, act.frame
    target = _target(act)
    challenge = script.challenge_of(target)
    frame.slots.pop("code", None)
    if not script.observed.code_hash or script.needs.code_target != target.label():
        return CodeVerdict.NONE_OPEN.value
    challenge, verdict = challenge.entered(script.observed.code_hash, script.now)
    script.challenges[target.label()] = challenge
    frame.slots["tries"] = challenge.entries_left
    if verdict is CodeVerdict.RIGHT:
        account = target.kind is TargetKind.ACCOUNT_PHONE
        subject = {
            TargetKind.ACCOUNT_PHONE: target.value,
            TargetKind.CONTACT: f"contact:{target.value}",
            TargetKind.TICKET_CONTACT: f"ticket:{target.value}",
        }[target.kind]
        script.verifications = (
            *(proof for proof in script.verifications if proof.subject != subject),
            Verification(
                subject=subject,
                level=Assurance.ONE_TIME_CODE if account else Assurance.NONE,
                at=script.now,
                target=target.label(),
            ),
        )
    elif verdict is CodeVerdict.SPENT and challenge.not_before is not None:
        frame.slots["until"] = max(challenge.not_before, script.now).isoformat()
    return verdict.value
