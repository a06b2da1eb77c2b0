"""Questions where an answer was expected.

A question about the open form is answered from what its flows explain. Where free text is expected,
nothing that looks like a question is stored before the user has said that it is their answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from privacydesk.dialog import arguments, reading
from privacydesk.dialog.entries import FIELD_VALUE, VALUE
from privacydesk.dialog.runner import Runner
from privacydesk.dialog.running import Running
from privacydesk.dialog.schema import ALL, Ask, Flow
from privacydesk.dialog.script import Script
from privacydesk.dialog.slots import TO_STAFF, parse, takes_any_words
from privacydesk.domain.events import Choice
from privacydesk.domain.intents import Intent, RequestKind
from privacydesk.domain.reading import ReplyAct

_HELD: Final = "_held"
"""The slot that keeps words which may be the answer or a question, until the user says which."""

_IS_ANSWER: Final = "_is_answer"
_IS_QUESTION: Final = "_is_question"
_WHICH: Final = (
    Choice(id=_IS_ANSWER, key="desk.is_answer"),
    Choice(id=_IS_QUESTION, key="desk.is_question"),
)

_ASKED: Final = frozenset({Intent.POLICY_QUESTION, Intent.HUMAN_AGENT, Intent.REQUEST_STATUS})
_OF_WHAT_WAITS: Final = frozenset(
    {Intent.POLICY_QUESTION, Intent.DEREGISTRATION, Intent.CANCEL_REQUEST, Intent.SMALLTALK}
)
"""Intents that a question about an approved but waiting request is recognised as."""

_DURATION: Final = "asks_duration"
"""The topic of "how long will it take": answered for every form that files a request."""

_NOTED: Final = "asks_noted"
"""The topic of whether something was noted, which may be asked in any form."""

_EFFECT: Final = "asks_effect"

_SAID_AT_ONCE: Final = frozenset(
    {
        _DURATION,
        "asks_balance",
        "asks_undo",
        "asks_reconsent",
        "asks_login",
        "asks_refund",
        "asks_account",
    }
)
"""Topics answered before a form begins, if the sentence that begins it asks about them."""

_SURELY: Final = 0.6
"""The confidence from which a sentence is a question where free text is expected."""

_LONGEST: Final = 100
"""Characters; a longer text is a story, even with a question in it."""

_VALUES: Final = frozenset({"text", "field_value", "account_name"})
"""Types whose values are a name or a few words."""

_BARE: Final = 24
"""Latin letters, each Chinese character counted as three."""


def asks_back(runner: Runner, script: Script, frame: Running, step: Ask, text: str) -> bool:
    """Handle a reply that is a question; return whether it was handled.

    A question may well be the answer to staff, and is one where a policy question is asked for.
    """
    slot_type = runner.asking.slot_type(frame, step)
    if not takes_any_words(slot_type):
        return explain(runner, script, *_topics(script))
    if slot_type == FIELD_VALUE and _asks_how_long(runner, script, text):
        return explain(runner, script, *_topics(script))
    if slot_type in TO_STAFF or Intent.POLICY_QUESTION in runner.flows[frame.flow].intents:
        return False
    chats = slot_type in _VALUES and reading.only_chats(script)
    if not chats and not _is_question(script, text):
        return False
    only_asks = script.observed.entities.get("consequence")
    if only_asks and explain(runner, script, *_topics(script)):
        return True
    frame.slots[_HELD] = {"text": text, "intent": _asked(script), "topic": _topic(script)}
    script.ask("desk.answer_or_question", {"said": text.strip()}, _WHICH, serial=frame.serial)
    return True


def takes_value(slot_type: str, frame: Running) -> bool:
    """Whether a name or a few words are expected, and no text is held to ask what it is."""
    return slot_type in _VALUES and _HELD not in frame.slots


def asks_policy(script: Script) -> bool:
    """Whether a text is a question about the policy rather than an answer."""
    return reading.asks(script) and _asked(script) == Intent.POLICY_QUESTION.value


def asks_consequence(runner: Runner, script: Script) -> bool:
    """Look up what becomes of something, if that is asked; the open question is repeated.

    "Will my posts stay?" contains the words of a button, and chooses none.
    """
    if not script.observed.entities.get("consequence") and not _is_at_stake(runner, script):
        return False
    return runner.start(script, Intent.POLICY_QUESTION)


def _is_at_stake(runner: Runner, script: Script) -> bool:
    """Whether a question is asked where a word may undo what was filed: "keep my account?".

    Requests for a person, for status or for something else are followed instead.
    """
    top, found = script.top, script.observed.recognised
    if top is None or not runner.flows[top.flow].left or not reading.asks(script):
        return False
    return found is None or not found.sure or found.intent in _OF_WHAT_WAITS


_NOT_RECEIVED: Final = frozenset({"verify.resend"})


def cannot_get_code(script: Script, step: Ask) -> bool:
    """Whether no code arrives: 收不到啊, "still nothing", "I cannot get the code".

    A user who has not received it yet is sent another one first; if that does not arrive either,
    only another way helps.
    """
    again = step.text == "verify.wait"
    said = set(script.observed.entities.get("answer_alone", ()))
    if said & _NOT_RECEIVED:
        return again and not reading.does(script, ReplyAct.AGAIN)
    waits = reading.does(script, ReplyAct.AGAIN, ReplyAct.LATER)
    return reading.does(script, ReplyAct.NO_CODE) and not waits


def is_bare(script: Script) -> bool:
    """Whether a message is a question of a word or two that does not say what it is about.

    "By email?" at a question is about that question. The recogniser has to guess, and would lead
    away from it.
    """
    if reading.does(script, ReplyAct.UNCLEAR):
        return True
    if not reading.asks(script) or reading.width(script.said) >= _BARE:
        return False
    found = script.observed.recognised
    spoken = script.observed.entities.get("wish_words", ())
    if found is None or not found.sure:
        return True
    # 问隐私政策 names the topic, and is no question itself.
    asked = script.observed.asks_question and found.intent in _ASKED
    return asked and found.intent.value not in spoken


def answers_from_policy(runner: Runner, script: Script) -> bool:
    """Look up in the policy what is asked at a question with buttons, if nothing else fits.

    "Why is there so much of it?" gets an answer rather than a hint to tap a button.
    """
    asked = len(script.said) <= _LONGEST and reading.asks(script)
    return asked and runner.start(script, Intent.POLICY_QUESTION)


def is_held(frame: Running, choice: Choice) -> bool:
    """Whether a button says whether the held text is an answer or a question."""
    return choice.id in {_IS_ANSWER, _IS_QUESTION} and _HELD in frame.slots


def take_held(
    runner: Runner, script: Script, frame: Running, step: Ask, choice: Choice
) -> Any | None:
    """Return the held text if it is an answer; answer a question from the form or the policy."""
    held: Mapping[str, str] = frame.slots.pop(_HELD)
    if choice.id == _IS_ANSWER:
        return parse(runner.asking.slot_type(frame, step), held["text"], {})
    if not explain(runner, script, held["topic"]):
        script.said = script.whole_message = held["text"]
        runner.start(script, Intent(held["intent"] or Intent.POLICY_QUESTION))
    return None


def explain_open(runner: Runner, script: Script) -> bool:
    """Answer a question about the open form, if a message is one; then ask again."""
    return explain(runner, script, *_topics(script))


def explain(runner: Runner, script: Script, *topics: str) -> bool:
    """Say what the open form explains about some topics; then ask again."""
    said = [explained(runner, script, topic) for topic in topics]
    if not any(said):
        return False
    runner.prompt_again(script)
    return True


def explained(runner: Runner, script: Script, topic: str) -> bool:
    """Say what the innermost flow of the open form explains about a topic; return whether any does.

    If no flow explains the duration, the operator's settings do.
    """
    if not topic or not script.stack:
        return False
    for frame in reversed(script.stack[script.form_at() :]):
        flow = runner.flows[frame.flow]
        if topic in flow.explains and _is_known(script, frame, flow, topic):
            _say(script, frame, flow, topic)
            return True
    if topic == _NOTED:
        script.say("desk.explain_noted")
        return True
    if topic != _DURATION or not _files(runner, script):
        return False
    _say_duration(script)
    return True


def explain_at_once(script: Script, flow: Flow | None) -> None:
    """Answer what is asked about a form in the sentence that begins it: 销号，余额怎么办."""
    topic = topic_at_once(script)
    if flow is None or not topic or not reading.is_brief(script):
        return
    explained_by(script, flow, topic)


def explained_by(script: Script, flow: Flow, topic: str) -> bool:
    """Say what a form that has not begun explains about a topic; return whether it does."""
    if can_explain_unbegun(script, flow, topic):
        explain_unbegun(script, flow, topic)
        return True
    if topic != _DURATION or flow.kind is None:
        return False
    _say_duration(script)
    return True


def topic_at_once(script: Script) -> str:
    """Return the topic asked about if it is answered before a form begins; else empty."""
    topic = _topic(script)
    return topic if topic in _SAID_AT_ONCE else ""


def explain_unbegun(script: Script, flow: Flow, topic: str) -> None:
    """Say what a form that has not begun, or was filed, explains about a topic."""
    _say(script, _unbegun(script, flow), flow, topic)


def _unbegun(script: Script, flow: Flow) -> Running:
    return Running(flow.name, flow.start, script.now, 0)


def can_explain_unbegun(script: Script, flow: Flow, topic: str) -> bool:
    """Whether a form explains a topic before any of its questions is answered."""
    return topic in flow.explains and _is_known(script, _unbegun(script, flow), flow, topic)


def may_explain(runner: Runner, script: Script) -> bool:
    """Whether a short message asks what some form explains."""
    topic = _topic(script)
    explained = topic and any(topic in flow.explains for flow in runner.flows.values())
    return (bool(explained) or topic == _NOTED) and reading.is_brief(script)


def explain_filed(runner: Runner, script: Script, kind: RequestKind) -> bool:
    """Answer what is asked about a form after it was filed: "can I turn it back on later?"."""
    topic = _topic(script)
    if topic == _NOTED and reading.is_brief(script):
        script.say("desk.explain_noted")
        return True
    flow = next((one for one in runner.flows.values() if one.kind is kind and one.intents), None)
    if flow is None or not reading.is_brief(script):
        return False
    if not can_explain_unbegun(script, flow, topic):
        return False
    explain_unbegun(script, flow, topic)
    return True


def _is_known(script: Script, frame: Running, flow: Flow, topic: str) -> bool:
    """Whether all values that an explanation shows are known."""
    args = flow.explains[topic].args
    shown = arguments.build(script, frame, flow, args)
    if any(frame.slots.get(name) == [ALL] for name in args):
        # If everything is meant, nothing else stays.
        return False
    return all(value != "" for value in shown.values())


def _say(script: Script, frame: Running, flow: Flow, topic: str) -> None:
    said = flow.explains[topic]
    # Two topics may be explained by one sentence.
    if all(event.key != said.text for event in script.events):
        script.say(said.text, arguments.build(script, frame, flow, said.args))


def _say_duration(script: Script) -> None:
    days = script.rules.answer_days
    if days:
        script.say("desk.explain_answer_days", {"days": days})
    else:
        script.say("desk.explain_duration")


def _files(runner: Runner, script: Script) -> bool:
    """Whether the open form files a request."""
    return runner.flows[script.stack[script.form_at()].flow].kind is not None


def _asks_how_long(runner: Runner, script: Script, text: str) -> bool:
    """Whether a text asks how long the open form takes, which is no new value: 多久能改好."""
    asks = _topic(script) == _DURATION and _files(runner, script)
    return asks and len(text) <= _LONGEST and not script.observed.entities.get(VALUE)


def _is_question(script: Script, text: str) -> bool:
    if len(text) > _LONGEST:
        return False
    # Commands recognise a request for a person or for status; a story may well sound like one, and
    # like a question as long as there is any doubt.
    found = script.observed.recognised
    asked = _asked(script) == Intent.POLICY_QUESTION.value
    surely = asked and found is not None and found.confidence >= _SURELY
    # A story is easily read as a question, so a long one has to be marked.
    marked = reading.is_marked(script) or reading.width(text) < _BARE
    asks = (reading.asks(script) and marked) or reading.does(script, ReplyAct.UNCLEAR)
    return bool(asks or _topic(script) or (surely and marked))


def _asked(script: Script) -> str:
    found = script.observed.recognised
    return found.intent.value if found and found.sure and found.intent in _ASKED else ""


def _topic(script: Script) -> str:
    return next(iter(_topics(script)), "")


def _topics(script: Script) -> tuple[str, ...]:
    said = reading.phrases_of(script.observed.entities)
    topics = (one for one in said if one.startswith("asks_"))
    return particular(topics, reading.width(script.said))


def particular(topics: Iterable[str], width: int) -> tuple[str, ...]:
    """Return the most specific of the topics that a question of a width may be about.

    The effect of a request in general is the least specific: 动态会怎样 is about the posts.
    """
    found = sorted({*topics})
    if len(found) > 1:
        found = [one for one in found if one != _EFFECT]
    # A bare "when?" in a form asks how long it takes; with more words, how something else stands.
    bare = width <= _BARE
    return tuple(_DURATION if bare and one == "asks_when" else one for one in found)
