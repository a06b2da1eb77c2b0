"""Starting an objection when an answer of the desk is disputed."""

from __future__ import annotations

from privacydesk.dialog import rating, reading
from privacydesk.dialog.options import may_object, whose
from privacydesk.dialog.runner import Runner
from privacydesk.dialog.script import Script
from privacydesk.domain.intents import Intent, RequestKind
from privacydesk.domain.ticket import REFUSALS

_ONLY_DISPUTES = 12
"""The most characters of a message that disputes something without saying what."""

_SOUND_LIKE_DISPUTES = frozenset(
    {
        Intent.CONSENT_WITHDRAWAL,
        Intent.AUTOMATED_DECISION,
        Intent.REQUEST_STATUS,
        Intent.SMALLTALK,
        Intent.OTHER,
    }
)
"""What the recogniser takes bare disagreement for, not knowing the answer it is about."""


def objects(runner: Runner, script: Script) -> bool:
    """Begin an objection if an answer is disputed, unless something clearer is asked for."""
    entities = script.observed.entities
    found = script.observed.recognised
    said = reading.phrases_of(entities)
    if "objection" not in runner.flows:
        return False
    disputed = "disputes" in said and _means_answer(script)
    protests = _protests(script)
    if "objection" not in said and not disputed and not protests:
        return False
    if _is_about_a_machine(runner, script):
        # 我不服 answers the form's question of what to do about the decision.
        return False
    if found is not None and found.sure and found.intent.kind is not None and not protests:
        # "I don't agree with that" sounds like a withdrawn consent, "judge again" like an automated
        # decision; if nothing more is said, an answer of the desk is meant.
        only = sum(len(event.text) for event in script.events) <= _ONLY_DISPUTES
        clear = entities.get("purpose") or not has_answer(script)
        if found.intent is Intent.CONSENT_WITHDRAWAL and clear:
            # "I object to profiling" names what should stop; or there is no answer to dispute.
            return False
        judges = found.intent is Intent.AUTOMATED_DECISION and (only or has_answer(script))
        complains = found.intent is Intent.COMPLAINT and reading.is_brief(script)
        if found.intent is not Intent.CONSENT_WITHDRAWAL and not judges and not complains:
            return False
    asked = rating.asked_about(script)
    if asked is not None and may_object(script, asked):
        runner.start_on_ticket(script, "objection", asked)
    else:
        runner.start_flow(script, "objection", {})
    return True


def _protests(script: Script) -> bool:
    """Whether a message is about what was just refused, and requests nothing new."""
    found = script.observed.recognised
    entities = script.observed.entities
    if script.stack or found is None or not found.sure or found.intent.kind is None:
        return False
    if found.intent is Intent.COMPLAINT and reading.is_brief(script):
        # While the satisfaction question is open, a complaint is about that request.
        asked = rating.asked_about(script)
        return asked is not None and asked.outcome in REFUSALS and may_object(script, asked)
    if entities.get("wants") or found.intent.value in entities.get("wish_words", ()):
        return False
    theirs = (t for t in script.tickets_of(whose(script)) if t.kind is found.intent.kind)
    return any(may_object(script, one) for one in theirs)


def _is_about_a_machine(runner: Runner, script: Script) -> bool:
    """Whether the open form is about an automated decision, and there is no answer to dispute."""
    if not script.stack or has_answer(script):
        return False
    kind = runner.flows[script.stack[script.form_at()].flow].kind
    return kind is RequestKind.AUTOMATED_DECISION


def _means_answer(script: Script) -> bool:
    """Whether "I don't agree" or "why on earth" is about an answer of the desk.

    Not if a consent is named, or something else is clearly asked for.
    """
    found = script.observed.recognised
    unclear = found is None or not found.sure or found.intent in _SOUND_LIKE_DISPUTES
    return unclear and not script.observed.entities.get("purpose") and has_answer(script)


def has_answer(script: Script) -> bool:
    """Whether there is a decision that the user may mean, and no machine is named."""
    if "machine" in reading.phrases_of(script.observed.entities):
        return False
    return any(may_object(script, ticket) for ticket in script.tickets_of(whose(script)))
