"""One-time codes: sending and checking."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from privacydesk.dialog.act import Act
from privacydesk.dialog.actions.base import WAITS
from privacydesk.dialog.asking import RESEND_AT
from privacydesk.dialog.guards import account_of
from privacydesk.domain import quotas
from privacydesk.domain.effects import RaiseAlarm, SendCode
from privacydesk.domain.failed_attempts import AttemptKind
from privacydesk.domain.hourly_limits import with_use
from privacydesk.domain.identity import Assurance, Target, TargetKind, Verification
from privacydesk.domain.instants import write_instant
from privacydesk.domain.verification_codes import CodeVerdict, SendVerdict


def _target(act: Act) -> Target:
    to = act.params.get("to", "account_phone")
    if to == "contact":
        return Target(TargetKind.CONTACT, str(act.frame.slots["contact"]))
    if to == "ticket_contact":
        return Target(TargetKind.TICKET_CONTACT, str(act.frame.slots["number"]))
    return Target(TargetKind.ACCOUNT_PHONE, account_of(act.script, act.frame))


def send_code(act: Act) -> str:
    """Send a one-time code, unless a wait or one of the caps forbids it."""
    script, frame = act.script, act.frame
    target = _target(act)
    if not target.value:
        return "no_phone"
    frame.slots.pop("code", None)
    if target.kind is TargetKind.CONTACT and not script.rules.codes.allows_contact(target.value):
        frame.slots.pop("_target", None)
        return "no_phone"
    verdict, until = _counted(act, target)
    if verdict is SendVerdict.FULL:
        script.effects.append(RaiseAlarm("codes_ceiling_reached"))
        return "unavailable"
    if verdict is not SendVerdict.OK:
        assert until is not None
        if verdict is SendVerdict.CROWDED:
            script.effects.append(RaiseAlarm("origin_budget_reached"))
        frame.slots["until"] = frame.slots[RESEND_AT] = write_instant(until)
        # The code that was sent before still works while it is open.
        frame.slots["_target"] = target.label()
        return verdict.value
    frame.slots["_target"] = target.label()
    not_before = script.challenges[target.counter()].not_before
    frame.slots[RESEND_AT] = write_instant(not_before) or ""
    if target.kind is TargetKind.TICKET_CONTACT:
        # Nobody waits for the answer: how long it takes, or that it fails, would reveal whether
        # the ticket exists.
        script.effects.append(SendCode(target=target, ref="", timeout=script.rules.patience))
        return "sent"
    ref = script.wait_for(frame, "send_code")
    script.effects.append(SendCode(target=target, ref=ref, timeout=script.rules.patience))
    return WAITS


def _counted(act: Act, target: Target) -> tuple[SendVerdict, datetime | None]:
    """Count a code for a target if it may be sent now; else return why not, and when it may."""
    script, now, rules = act.script, act.script.now, act.script.rules.codes
    names = (
        target.counter(),
        quotas.sender_counter(script.account, script.before.id),
        quotas.code_limit_counter(target, script.account),
    )
    challenge, sender, ceiling = script.counters(*names)
    verdict, until = challenge.may_send(now, rules)
    # An account's own phone is nobody else's, so its target's counter is enough.
    typed = target.kind is not TargetKind.ACCOUNT_PHONE
    if verdict is SendVerdict.OK and typed:
        verdict, until = quotas.may_send_to(sender, challenge, now, rules)
    if verdict is not SendVerdict.OK:
        return verdict, until
    limits = quotas.code_limit(target, script.account, rules)
    until = limits.origin_blocked_until(ceiling, script.origin, now)
    if until is not None:
        return SendVerdict.CROWDED, until
    if limits.blocked_until(ceiling, script.origin, now) is not None:
        return SendVerdict.FULL, None
    rows = (
        challenge.after_sending(now, rules),
        quotas.after_sending_to(sender, challenge, now) if typed else sender,
        with_use(ceiling, script.origin, now),
    )
    script.challenges.update(zip(names, rows, strict=True))
    return SendVerdict.OK, None


def code_sent(act: Act, outcome: str, data: Mapping[str, Any]) -> str:
    """Take the gateway's answer."""
    if outcome == "ok":
        act.frame.slots["contact_masked"] = str(data.get("masked") or "")
        return "sent"
    target = _target(act)
    challenge = act.script.challenge_of(target)
    if outcome not in {"refused", "not_found"}:
        act.script.challenges[target.counter()] = challenge.after_outage()
        return "unavailable"
    # Nothing went out, so nobody is told later that a code is on its way.
    by_account = target.kind is TargetKind.ACCOUNT_PHONE
    act.script.challenges[target.counter()] = (
        challenge.after_no_contact() if by_account else challenge.after_refusal()
    )
    act.frame.slots.pop("_target", None)
    act.frame.slots.pop(RESEND_AT, None)
    return "no_phone"


def check_code(act: Act) -> str:
    """Check a typed code; a right one is a proof."""
    script, frame = act.script, act.frame
    target = _target(act)
    challenge = script.challenge_of(target)
    frame.slots.pop("code", None)
    if not script.observed.code_hash or script.needs.code_target != target.label():
        return CodeVerdict.NONE_OPEN.value
    challenge, verdict = challenge.check(script.observed.code_hash, script.now, script.rules.codes)
    script.challenges[target.counter()] = challenge
    frame.slots["tries"] = challenge.attempts_left
    if verdict in {CodeVerdict.WRONG, CodeVerdict.SPENT}:
        about = target.value if target.kind is TargetKind.TICKET_CONTACT else ""
        script.note_attempt(AttemptKind.WRONG_CODE, about, locks=verdict is CodeVerdict.SPENT)
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
        frame.slots["until"] = write_instant(max(challenge.not_before, script.now))
    return verdict.value
