"""Questions where an answer was expected.

One about the open form is answered from what its flows explain. Where any words may be the answer,
nothing that looks like a question is stored before the user has said that it is their answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from privacydesk.dialog import arguments, reading
from privacydesk.dialog.entries import FIELD_VALUE, VALUE
from privacydesk.dialog.runner import Runner
from privacydesk.dialog.running import Running
from privacydesk.dialog.schema import ALL, Ask, Flow
from privacydesk.dialog.script import Script
from privacydesk.dialog.slots import LONG_TEXT_LIMIT, parse, takes_any_words
from privacydesk.domain.events import Choice
from privacydesk.domain.intents import Intent, RequestKind

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
"""What a question is taken for that is about a request which was approved and waits."""

_DURATION: Final = "asks_duration"
"""What is asked with "how long will it take": of every form that files a request it is told."""

_NOTED: Final = "asks_noted"
"""Whether something that was said was noted, which is asked in any form."""

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
"""What is answered before a form begins, where the sentence that begins it asks it, too."""

_SURELY: Final = 0.6
"""The confidence from which a sentence is a question where any words may be the answer."""

_LONGEST: Final = 100
"""Characters; a whole story with a question in it is told, not asked."""

_VALUES: Final = frozenset({"text", "field_value", "account_name"})
"""Types whose values are a name or a few words of one's own."""

_SHORT: Final = 40
"""Characters of a message that may only say to wait."""

_BARE_WHEN: Final = 24
"""Latin letters, each Chinese character counted as three."""

_HAN = re.compile(r"[\u4e00-\u9fff]")
_SENTENCE_HAN: Final = 8
_SENTENCE_WORDS: Final = 5
"""Chinese characters, or words with spaces between them, from which words tell something."""

_REMARK_HAN: Final = 5
_REMARK_WORDS: Final = 4
"""The same where the desk asked what was not right, and nothing else is meant."""

_ASKS = re.compile(
    r"[?？]|[吗嗎呢么麼][。.!！~～\s]*$|^(?:这|這|那)?(?:是|系|係)?(?:什么|什麼|啥|咩)意思"
    # How long a new value may be, and what it may hold.
    r"|^(?:最多|最少|可以|能|限|有)?[写寫填用打]?(?:几多|幾多|多少|几|幾)(?:个|個)?字(?:[啊呀呢]|[\s。.!！]|$)"
    r"|^(?:how many|what) (?:characters|letters|words)\b|\b(?:max|maximum) (?:length|characters)\b"
    r"|^what do(?:es)? (?:you|that|this|it) mean"
    r"|^(?:so |and |but )?(?:what now|what do i do|now what)",
    re.IGNORECASE,
)

_ENDS_ASKING = re.compile(r"[?？吗嗎呢么麼][。.!！~～\s]*$")

_BEGINS_ASKING = re.compile(
    r"^(?:那|咁|请问|請問)?(?:为什么|為什麼|为啥|為啥|点解|點解|凭什么|憑什麼|怎么[这会]|怎麼[這會]"
    r"|会不会|會不會|是不是|有没有|有沒有|仲有[冇无]|能不能|可不可以|可唔可以"
    # 收唔收錢
    r"|(?P<verb>[\u4e00-\u9fff])唔(?P=verb))"
    r"|^(?:(?:um+|hmm+|so|and|but|wait|ok)[, ]+)*(?:why|what|how|when|where|who|will|is|are"
    # "Ok, do it" asks nothing.
    r"|do(?! (?:it|that|this|so|them|both|all)\b)|does|did|can|could|would|should)\b",
    re.IGNORECASE,
)

_WHAT_IS_MEANT: Final = re.compile(
    r"(?:[这這那呢][个個]?)?(?:是|系|係)?(?:几个|幾個)?(?:什么|什麼|啥|咩|乜)(?:嘢|东西|東西)?"
    r"意思(?:啊|呀|呢|来的|嚟㗎|㗎)?"
    r"|(?:没|沒)(?:看|听|聽)?(?:懂|明白)|(?:看|听|聽|睇)(?:不|唔)(?:懂|明白?)"
    r"|唔明(?:白)?(?:喎|呀|啊)?|不懂|不明白"
    r"|huh|what|what do you mean|what does (?:that|this|it) mean|meaning"
    r"|i don['’]?t (?:get|understand)(?: it)?",
    re.IGNORECASE,
)

_MARKS: Final = "?？。.!！~～ \n"


def asks_back(runner: Runner, script: Script, frame: Running, step: Ask, text: str) -> bool:
    """Take a question for one; tell whether it was dealt with.

    What staff asked may well be answered by a question, and a question about the policy is one.
    """
    slot_type = runner.asking.slot_type(frame, step)
    if not takes_any_words(slot_type):
        return explain(runner, script, *_topics(script))
    if slot_type == FIELD_VALUE and _asks_how_long(runner, script, text):
        return explain(runner, script, *_topics(script))
    if slot_type == "reply" or Intent.POLICY_QUESTION in runner.flows[frame.flow].intents:
        return False
    if not _is_question(script, text):
        return False
    only_asks = script.observed.entities.get("consequence")
    if only_asks and explain(runner, script, *_topics(script)):
        return True
    frame.slots[_HELD] = {"text": text, "intent": _asked(script), "topic": _topic(script)}
    script.ask("desk.answer_or_question", {"said": text.strip()}, _WHICH, serial=frame.serial)
    return True


def asks_policy(script: Script, text: str) -> bool:
    """Tell whether words are a question about the policy rather than an answer."""
    return bool(_ENDS_ASKING.search(text)) and _asked(script) == Intent.POLICY_QUESTION.value


def asks_consequence(runner: Runner, script: Script) -> bool:
    """Look up what becomes of something, where that is asked; what is open is asked again.

    "Will my posts stay?" has the words of a button in it, and chooses none.
    """
    if not script.observed.entities.get("consequence") and not _is_at_stake(runner, script):
        return False
    return runner.start(script, Intent.POLICY_QUESTION)


def _is_at_stake(runner: Runner, script: Script) -> bool:
    """Tell whether a question is put where a word may undo what was filed: "keep my account?".

    Whoever asks for a person, for news or for something else is followed.
    """
    top, found = script.top, script.observed.recognised
    if top is None or not runner.flows[top.flow].left or not _ENDS_ASKING.search(script.said):
        return False
    return found is None or not found.sure or found.intent in _OF_WHAT_WAITS


def stalls(script: Script, slot_type: str, frame: Running) -> bool:
    """Tell whether words where a value is asked for only say to wait: 等我一下 接个电话.

    Whoever tells a value in the same breath is not waited for.
    """
    if slot_type not in _VALUES or len(script.said) > _SHORT or _HELD in frame.slots:
        return False
    told = script.observed.entities.get(VALUE) or script.observed.entities.get("entry_told")
    said = reading.phrases_of(script.observed.entities)
    return not told and not said.isdisjoint({"stalls", "thinks"})


def postpones(script: Script) -> bool:
    """Tell whether words that answer nothing only say that an answer comes later: 明天再传."""
    if len(script.said) > _SHORT or ends_asking(script):
        return False
    if _OF_SOMEBODY.match(script.said) and not _HANDS_IN.search(script.said):
        # 佢成日话听日要返学 tells of somebody, and of no answer of the speaker's own.
        return False
    said = reading.phrases_of(script.observed.entities)
    return not said.isdisjoint({"postpones", "stalls", "thinks"})


_OF_SOMEBODY: Final = re.compile(r"\s*(?:[他她佢]|(?:he|she|they)\b)", re.IGNORECASE)
_HANDS_IN: Final = re.compile(r"[传傳发發拍给給畀俾]|\b(?:send|upload|give|show)", re.IGNORECASE)

_NO_CODE: Final = re.compile(
    r"收[不唔]到|收不[着著]|(?:还是|還是|仍然|依然|一直|仲系|仲係|仲|都|根本)(?:没|沒|冇)(?:有|见|見)?"
    # 我根本没骂人 tells of something else.
    r"(?:来|來|到|收|[发發](?![过過])|[验驗][证證]|短信|[简簡][讯訊]|code|sms|$|[\s,，。.!！~～啊呀喇啦呢哦喎㗎])"
    r"|(?:短信|简讯|簡訊|验证码|驗證碼|code|sms|text) ?(?:没|沒|冇)(?:有|来|來|到)"
    r"|\b(?:can['’]?t|cannot|can not|couldn['’]?t|could not|never|not|haven['’]?t|hasn['’]?t"
    r"|isn['’]?t|unable to) (?:\w+ ){0,2}?(?:get|got|getting|gotten|receive[sd]?|receiving"
    r"|come|coming|came|arrive[sd]?|arriving)\b"
    r"|\bstill (?:nothing|no (?:code|sms|text|message)|none|not)\b|^no (?:code|sms|text|message)\b",
    re.IGNORECASE,
)
_NOT_RECEIVED: Final = frozenset({"verify.resend"})


def cannot_get_code(script: Script, step: Ask) -> bool:
    """Tell whether no code comes: 收不到啊, "still nothing", "I cannot get the code".

    Whoever has not received it yet is sent another one first; where that is asked for once more,
    it is another way that helps.
    """
    if len(script.said) > _SHORT or ends_asking(script):
        return False
    again = step.text == "verify.wait"
    said = set(script.observed.entities.get("answer_alone", ()))
    if said & _NOT_RECEIVED:
        return again and not _ASKS_ANOTHER.search(script.said)
    return _NO_CODE.search(script.said) is not None


_ASKS_ANOTHER: Final = re.compile(r"再|重|another|again|resend|new", re.IGNORECASE)


def waits_with_code(script: Script) -> bool:
    """Tell whether words where a code is asked for only say to wait: 明天再说, "later"."""
    if len(script.said) > _SHORT or ends_asking(script):
        return False
    said = reading.phrases_of(script.observed.entities)
    return not said.isdisjoint({"postpones", "stalls"}) and "leaving" not in said


def is_bare(script: Script) -> bool:
    """Tell whether a message is a question of a word or two, and no more than that shows of what.

    "By email?" at a question is about the question. A recogniser that has to guess sends it away
    from there.
    """
    if not script.said.strip(_MARKS) or _WHAT_IS_MEANT.fullmatch(script.said.strip(_MARKS)):
        return True
    if not _ENDS_ASKING.search(script.said) or tells(script.said.rstrip(_MARKS)):
        return False
    found = script.observed.recognised
    spoken = script.observed.entities.get("wish_words", ())
    if found is None or not found.sure:
        return True
    return found.intent in _ASKED and found.intent.value not in spoken


def ends_asking(script: Script) -> bool:
    """Tell whether a message ends as a question does."""
    return _ENDS_ASKING.search(script.said) is not None


def answers_from_policy(runner: Runner, script: Script) -> bool:
    """Look up in the policy what is asked at a question of buttons, where nothing else fits.

    "Why is there so much of it?" is answered rather than told to tap a button.
    """
    said = script.said.strip()
    asked = len(said) <= _LONGEST and (_ENDS_ASKING.search(said) or _BEGINS_ASKING.search(said))
    return bool(asked) and runner.start(script, Intent.POLICY_QUESTION)


def is_held(frame: Running, choice: Choice) -> bool:
    """Tell whether a button says what the words that are held are."""
    return choice.id in {_IS_ANSWER, _IS_QUESTION} and _HELD in frame.slots


def take_held(
    runner: Runner, script: Script, frame: Running, step: Ask, choice: Choice
) -> Any | None:
    """Return the answer, if it is one; a question is answered, from the form or the policy."""
    held: Mapping[str, str] = frame.slots.pop(_HELD)
    if choice.id == _IS_ANSWER:
        return parse(runner.asking.slot_type(frame, step), held["text"], {})
    if not explain(runner, script, held["topic"]):
        script.said = script.whole_message = held["text"]
        runner.start(script, Intent(held["intent"] or Intent.POLICY_QUESTION))
    return None


def tells(text: str) -> bool:
    """Tell whether words are a story, or at least a sentence, and no question."""
    if _ASKS.search(text) or len(text) > LONG_TEXT_LIMIT:
        return False
    return len(_HAN.findall(text)) >= _SENTENCE_HAN or len(text.split()) >= _SENTENCE_WORDS


def remarks(text: str) -> bool:
    """Tell whether words say something, few as they are, and ask nothing."""
    if _ASKS.search(text) or _ENDS_ASKING.search(text):
        return False
    return len(_HAN.findall(text)) >= _REMARK_HAN or len(text.split()) >= _REMARK_WORDS


def explain_open(runner: Runner, script: Script) -> bool:
    """Answer a question about the open form, if a message is one; then ask anew."""
    return explain(runner, script, *_topics(script))


def explain(runner: Runner, script: Script, *topics: str) -> bool:
    """Say what the open form explains about some things; then ask anew."""
    said = [explained(runner, script, topic) for topic in topics]
    if not any(said):
        return False
    runner.prompt_again(script)
    return True


def explained(runner: Runner, script: Script, topic: str) -> bool:
    """Say what the innermost flow of the open form explains about something; tell whether it does.

    Where no flow does, within how long a request is answered is the operator's own to say.
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
    """Say what a form that is not begun explains about something; tell whether it does."""
    if can_explain_unbegun(script, flow, topic):
        explain_unbegun(script, flow, topic)
        return True
    if topic != _DURATION or flow.kind is None:
        return False
    _say_duration(script)
    return True


def topic_at_once(script: Script) -> str:
    """Return what is asked that is answered before a form begins; nothing where none of it is."""
    topic = _topic(script)
    return topic if topic in _SAID_AT_ONCE else ""


def begins_asking(script: Script) -> bool:
    """Tell whether a message begins as a question does."""
    return _BEGINS_ASKING.search(script.said.strip()) is not None


def explain_unbegun(script: Script, flow: Flow, topic: str) -> None:
    """Say what a form explains that is not begun, or was filed."""
    _say(script, _unbegun(script, flow), flow, topic)


def _unbegun(script: Script, flow: Flow) -> Running:
    return Running(flow.name, flow.start, script.now, 0)


def can_explain_unbegun(script: Script, flow: Flow, topic: str) -> bool:
    """Tell whether a form explains something before any of its questions is answered."""
    return topic in flow.explains and _is_known(script, _unbegun(script, flow), flow, topic)


def may_explain(runner: Runner, script: Script) -> bool:
    """Tell whether a short message asks what some form explains."""
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
    """Tell whether there is all that an explanation shows."""
    args = flow.explains[topic].args
    shown = arguments.build(script, frame, flow, args)
    if any(frame.slots.get(name) == [ALL] for name in args):
        # Where everything is meant, nothing else stays.
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
    """Tell whether the open form files a request."""
    return runner.flows[script.stack[script.form_at()].flow].kind is not None


def _asks_how_long(runner: Runner, script: Script, text: str) -> bool:
    """Tell whether it is asked how long the open form takes, which is no new value: 多久能改好."""
    asks = _topic(script) == _DURATION and _files(runner, script)
    return asks and len(text) <= _LONGEST and not script.observed.entities.get(VALUE)


def _is_question(script: Script, text: str) -> bool:
    if len(text) > _LONGEST:
        return False
    # A wish for a person or for news is told by commands; a story may well sound like one, and
    # like a question as long as there is any doubt.
    found = script.observed.recognised
    asked = _asked(script) == Intent.POLICY_QUESTION.value
    surely = asked and found is not None and found.confidence >= _SURELY
    # A sentence that does not even begin as a question does tells something.
    surely = surely and (begins_asking(script) or not tells(text))
    return bool(_ASKS.search(text) or _topic(script) or surely)


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
    """Return what a question of a width is about, of all that it may be.

    What a request does at all is asked least particularly: 动态会怎样 is about the posts.
    """
    found = sorted({*topics})
    if len(found) > 1:
        found = [one for one in found if one != _EFFECT]
    # In a form "when?" asks how long it takes; with more words, how something else stands.
    bare = width <= _BARE_WHEN
    return tuple(_DURATION if bare and one == "asks_when" else one for one in found)
