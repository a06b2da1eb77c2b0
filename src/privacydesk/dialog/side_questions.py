"""Side questions: what a message asks besides what it says is answered first.

The rest of the message is then handled as if nothing else had been said. At the menu a message is
kept whole if its rest requests nothing: a greeting before a question needs no answer.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from privacydesk.dialog import arguments, questions, quotes, reading
from privacydesk.dialog.runner import Runner
from privacydesk.dialog.schema import Ask, Confirm
from privacydesk.dialog.script import Script
from privacydesk.dialog.slots import TO_STAFF
from privacydesk.domain.intents import DESTRUCTIVE, Intent
from privacydesk.domain.turn import AskedQuestion, MixedMessage, Observation

_MOST: Final = 2
"""The most questions of a message that are answered."""
_HARMLESS: Final = frozenset(
    {
        "asks_duration",
        "asks_who_sees",
        "asks_hours",
        "asks_told",
        "asks_undo",
        "asks_reconsent",
        "asks_noted",
    }
)
"""Topics whose answer doesn't invalidate a yes to what can be undone."""


def answer(runner: Runner, script: Script) -> bool:
    """Answer the side questions, and leave the rest of the message.

    "OK, how long will it take?" confirms nothing: the user may not have made up their mind. "Yes
    please. How long will it take?" does, unless something would be lost, or the question is what
    becomes of something.

    Returns:
        Whether nothing is left to handle.
    """
    beside = script.observed.mixed
    if beside is None or not _is_taken_apart(runner, script, beside):
        return False
    for question in beside.questions[:_MOST]:
        _answer_one(runner, script, beside, question)
    script.answered_beside = True
    seen = script.observed
    script.said = beside.rest
    script.observed = replace(
        seen,
        recognised=beside.observed.recognised,
        entities=beside.observed.entities,
        requests=beside.observed.requests,
        parts=beside.observed.parts,
        reply_acts=beside.observed.reply_acts,
        chosen_line=beside.observed.chosen_line,
        asks_question=False,
        mixed=None,
    )
    if not _only_agrees(runner, script) or _agreed_before(runner, script, seen):
        return False
    runner.prompt_again(script)
    return True


def _only_agrees(runner: Runner, script: Script) -> bool:
    """Whether the rest of a message only agrees to the open confirmation."""
    _, step = runner.waiting_step(script)
    agrees = "yes" in script.observed.entities.get("plain_answer", ())
    return isinstance(step, Confirm) and agrees and not script.observed.entities.get("wants")


def _agreed_before(runner: Runner, script: Script, seen: Observation) -> bool:
    """Whether a separate sentence agreed to what loses nothing, before harmless questions."""
    losing = runner.flows[script.stack[script.form_at()].flow].kind in DESTRUCTIVE
    asked = seen.mixed.questions if seen.mixed is not None else ()
    harmless = all(one.topics and _HARMLESS.issuperset(one.topics) for one in asked)
    return harmless and not losing and "yes" in seen.entities.get("opens_with", ())


def _is_taken_apart(runner: Runner, script: Script, beside: MixedMessage) -> bool:
    frame, step = runner.waiting_step(script)
    if frame is None or frame.waiting is not None:
        found = beside.observed.recognised
        wished = found is not None and found.sure and found.intent.kind is not None
        return wished or bool(beside.observed.requests)
    if not isinstance(step, Ask):
        return True
    asked = runner.asking.slot_type(frame, step)
    if asked in TO_STAFF or Intent.POLICY_QUESTION in runner.flows[frame.flow].intents:
        return False
    return asked != "long_text" or bool(beside.observed.entities.get("nothing_to_add"))


def answer_one(runner: Runner, script: Script, text: str) -> None:
    """Answer a message that asks something besides what it tells, as a question of its own."""
    script.answered_beside = True
    _answer_one(runner, script, None, AskedQuestion(text, ()))


def _answer_one(
    runner: Runner, script: Script, beside: MixedMessage | None, question: AskedQuestion
) -> None:
    """Answer a question from what a form explains, else from the policy."""
    whole = (one for one in reading.phrases_of(script.observed.entities) if "asks_" in one)
    topics = questions.particular(question.topics or whole, reading.width(question.text))
    said = [
        questions.explained(runner, script, topic)
        or _explained_at_once(runner, script, beside, topic)
        for topic in topics
    ]
    if any(said):
        return
    found = script.policy(question.text)
    if found is not None and found.answerable:
        quotes.say_quotes(script, found)
        return
    key = f"policy_question.{'not_said' if found else 'answer'}"
    if any(event.key == key for event in script.events):
        return
    script.say(key, {"path_policy": arguments.path(script, "policy")})


def _explained_at_once(
    runner: Runner, script: Script, beside: MixedMessage | None, topic: str
) -> bool:
    """Say what the requested form explains about a topic; return whether it does."""
    found = beside.observed.recognised if beside is not None else None
    flow = runner.by_intent.get(found.intent) if found is not None and not script.stack else None
    return flow is not None and questions.explained_by(script, flow, topic)
