"""Answering the user's question from the policy."""

from __future__ import annotations

from privacydesk.dialog.act import Act
from privacydesk.dialog.quotes import say_quotes


def answer_policy(act: Act) -> str:
    """Quote the closest passages, and suggest the request that they are about."""
    script = act.script
    question = str(act.frame.slots.get("question") or script.said).strip()
    if not question:
        return "none"
    answer = script.policy(question)
    if answer is None:
        return "unavailable"
    if not answer.asked:
        return "none"
    if not answer.answerable:
        return "unknown"
    say_quotes(script, answer)
    script.suggested = answer.offers
    return "shown"
