"""Questions about a form that do not start it: 解绑谷歌会怎么样, "if I unlink Facebook, …".

The form's explanation is given and its button offered. What the policy answers is quoted.
"""

from __future__ import annotations

from typing import Final

from privacydesk.dialog import questions, reading
from privacydesk.dialog.desk_choices import human_choice, intent_choice
from privacydesk.dialog.runner import Runner
from privacydesk.dialog.schema import Flow
from privacydesk.dialog.script import Script
from privacydesk.domain.intents import Intent

_ACCOUNT: Final = "asks_account"
_LOGIN: Final = "asks_login"
_UNDONE: Final = "asks_undo"
_TOPICS: Final = (_ACCOUNT, "asks_effect", _UNDONE)
"""Topics of explicit questions, with no "if" before them."""

_ASKED: Final = frozenset((*_TOPICS, _LOGIN))
_OF_FILED: Final = frozenset({Intent.CANCEL_REQUEST, Intent.REQUEST_STATUS, Intent.HUMAN_AGENT})
"""点错了注销，能撤回吗 is about something that may have been filed."""


def answered(runner: Runner, script: Script) -> bool:
    """Answer a mere question about a form; return whether it was one and is fully answered."""
    asks = _is_asked_of_policy(script) or not _ASKED.isdisjoint(
        reading.phrases_of(script.observed.entities)
    )
    return (
        asks
        and reading.is_brief(script)
        and (
            _what_it_does(runner, script)
            or _how_to_get_in(runner, script)
            or _what_is_supposed(runner, script)
        )
    )


def _what_it_does(runner: Runner, script: Script) -> bool:
    """Answer what is lost, is affected or can be undone: 解绑了账号会不会没了.

    "Will that delete my account?" doesn't request closing, and doesn't say what "that" is.
    """
    entities, found = script.observed.entities, script.observed.recognised
    said = reading.phrases_of(entities)
    topic = next((one for one in _TOPICS if one in said), "")
    if not topic or (topic != _ACCOUNT and found and found.sure and found.intent in _OF_FILED):
        return False
    wished = found is not None and found.sure and found.intent.kind is not None
    closing = found is not None and found.intent is Intent.DEREGISTRATION
    # 解绑谷歌会怎么样 is one question; a separate part beside it may be a request.
    asks = bool(entities.get("consequence")) and script.observed.mixed is None
    if wished and not asks and not (closing and reading.asks(script)):
        return False
    about = [
        (intent, flow)
        for intent, flow in _named(runner, script)
        if questions.can_explain_unbegun(script, flow, topic)
    ]
    if topic != _ACCOUNT and (len(about) != 1 or _policy_tells(script)):
        return False
    if len(about) == 1:
        return _explain(script, *about[0], topic)
    script.unanswered = 0
    meant = (Intent.POLICY_QUESTION, Intent.DEREGISTRATION)
    script.ask("desk.unsure", {}, (*(intent_choice(one) for one in meant), human_choice()))
    return True


def _how_to_get_in(runner: Runner, script: Script) -> bool:
    """Answer how to log in after a hypothetical unbinding: "if I unlink Facebook"."""
    entities, found = script.observed.entities, script.observed.recognised
    if found is None or found.intent is not Intent.POLICY_QUESTION:
        return False
    flow = runner.by_intent.get(Intent.UNBINDING)
    asked = _LOGIN in reading.phrases_of(entities) and entities.get("provider")
    return bool(asked and flow is not None and _explain(script, Intent.UNBINDING, flow, _LOGIN))


def _what_is_supposed(runner: Runner, script: Script) -> bool:
    """Answer a hypothetical question that the policy leaves open: 如果我注销了，余额会退吗."""
    if not _is_asked_of_policy(script) or not script.observed.entities.get("consequence"):
        return False
    about = _named(runner, script)
    topic = questions.topic_at_once(script)
    if len(about) != 1 or topic in {"", _UNDONE} or topic not in about[0][1].explains:
        return False
    return _explain(script, *about[0], topic)


def _policy_tells(script: Script) -> bool:
    """Whether the message asks the policy something that it answers."""
    answer = script.policy(script.said.strip()) if _is_asked_of_policy(script) else None
    return answer is not None and answer.answerable


def _is_asked_of_policy(script: Script) -> bool:
    found = script.observed.recognised
    return found is not None and found.sure and found.intent is Intent.POLICY_QUESTION


def _named(runner: Runner, script: Script) -> list[tuple[Intent, Flow]]:
    """Return the forms that a message mentions."""
    spoken = script.observed.entities.get("wish_words", ())
    return [(one, flow) for one, flow in runner.by_intent.items() if one.value in spoken]


def _explain(script: Script, intent: Intent, flow: Flow, topic: str) -> bool:
    script.unanswered = 0
    questions.explain_unbegun(script, flow, topic)
    script.offer_more(intent_choice(intent))
    return True
