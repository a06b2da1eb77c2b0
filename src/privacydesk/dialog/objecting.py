"""Beginning an objection where an answer of the desk is disputed."""

from __future__ import annotations

from privacydesk.dialog import rating, reading
from privacydesk.dialog.options import may_object, whose
from privacydesk.dialog.runner import Runner
from privacydesk.dialog.script import Script
from privacydesk.domain.intents import Intent, RequestKind
from privacydesk.domain.ticket import Outcome

_ONLY_DISPUTES = 12
"""Characters of a message that disputes something and does not say what."""

_SOUND_LIKE_DISPUTES = frozenset(
    {
        Intent.CONSENT_WITHDRAWAL,
        Intent.AUTOMATED_DECISION,
        Intent.REQUEST_STATUS,
        Intent.SMALLTALK,
        Intent.OTHER,
    }
)
"""What bare disagreement is taken for, without an answer to disagree with."""

_WITHHELD = frozenset({Outcome.REFUSED, Outcome.PARTLY_FULFILLED})
"""Outcomes by which not all is done that was asked for."""


def objects(runner: Runner, script: Script) -> bool:
    """Begin an objection where an answer is disputed, unless something clearer is asked for."""
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
        # 我不服 answers what shall be done about its decision.
        return False
    if found is not None and found.sure and found.intent.kind is not None and not protests:
        # "I don't agree with that" sounds like a consent taken back, "judge again" like a machine's
        # decision; where no more is said than that, an answer of the desk is meant.
        only = sum(len(event.text) for event in script.events) <= _ONLY_DISPUTES
        clear = entities.get("purpose") or not has_answer(script)
        if found.intent is Intent.CONSENT_WITHDRAWAL and clear:
            # "I object to profiling" names what shall stop, and no answer is there to be disputed.
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
    """Tell whether a message speaks of what was just refused, and wants nothing done anew."""
    found = script.observed.recognised
    entities = script.observed.entities
    if script.stack or found is None or not found.sure or found.intent.kind is None:
        return False
    if found.intent is Intent.COMPLAINT and reading.is_brief(script):
        # Where it is asked how the answer to a request was, a complaint is about that.
        asked = rating.asked_about(script)
        return asked is not None and asked.outcome in _WITHHELD and may_object(script, asked)
    if entities.get("wants") or found.intent.value in entities.get("wish_words", ()):
        return False
    theirs = (t for t in script.tickets_of(whose(script)) if t.kind is found.intent.kind)
    return any(may_object(script, one) for one in theirs)


def _is_about_a_machine(runner: Runner, script: Script) -> bool:
    """Tell whether a machine's decision is what the open form is about, and no answer disputed."""
    if not script.stack or has_answer(script):
        return False
    kind = runner.flows[script.stack[script.form_at()].flow].kind
    return kind is RequestKind.AUTOMATED_DECISION


def _means_answer(script: Script) -> bool:
    """Tell whether "I don't agree" or "why on earth" is about an answer of the desk.

    Where a consent is named, or something else is clearly asked for, it is not.
    """
    found = script.observed.recognised
    unclear = found is None or not found.sure or found.intent in _SOUND_LIKE_DISPUTES
    return unclear and not script.observed.entities.get("purpose") and has_answer(script)


def has_answer(script: Script) -> bool:
    """Tell whether a decision lies before the user that may be meant, and no machine is named."""
    if "machine" in reading.phrases_of(script.observed.entities):
        return False
    return any(may_object(script, ticket) for ticket in script.tickets_of(whose(script)))
