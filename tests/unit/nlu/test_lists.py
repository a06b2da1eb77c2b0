"""Listed words are found as whole messages, as clauses or anywhere; the lists only shrink."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml

from privacydesk.data import dialog_files
from privacydesk.dialog.reader import read_flows
from privacydesk.dialog.schema import Ask, Confirm
from privacydesk.nlu.lists.matching import load_lists

_LISTS = load_lists()
_FILES: dict[str, Any] = {
    one.name.removesuffix(".yaml"): yaml.load(one.read_text("utf-8"), yaml.CSafeLoader)
    for one in files("privacydesk.nlu.lists").iterdir()
    if one.name.endswith(".yaml")
}
_SAMPLE: dict[str, list[str]] = yaml.load(
    (Path(__file__).parents[2] / "data" / "plain_answers.yaml").read_text("utf-8"), yaml.CSafeLoader
)
_ONLY_READ = {"嗯", "嗯嗯", "ok", "就这样吧"}
"""Of the sample, what says no more than that somebody has read, or may give up."""

_ENTRIES = {
    "command": 579,
    "denials": 93,
    "labels": 3_476,
    "language": 123,
    "marks": 473,
    "plain_answer": 433,
    "spelling": 20,
    "topics": 1_219,
}
"""How many words each file lists; a number here may only be made smaller."""


def _found(kind: str, text: str) -> tuple[str, ...]:
    return _LISTS.found(text).get(kind, ())


def _words(listed: Any) -> Iterator[str]:
    """Yield what stands at the ends of a file's tree."""
    if isinstance(listed, str):
        yield listed
    else:
        for one in listed.values() if isinstance(listed, dict) else listed:
            yield from _words(one)


def test_lists_only_shrink() -> None:
    counted = {name: sum(1 for _ in _words(listed)) for name, listed in _FILES.items()}
    assert counted == _ENTRIES


@pytest.mark.parametrize(
    ("kind", "file"),
    [
        ("command", "command"),
        ("language", "language"),
        ("plain_answer", "plain_answer"),
    ],
)
def test_each_listed_message_is_found(kind: str, file: str) -> None:
    listed = _FILES[file]["messages"]
    missed = [
        word
        for meaning, words in listed.items()
        for word in words
        if meaning not in _found(kind, word)
    ]
    assert missed == []


@pytest.mark.parametrize("file", ["topics", "marks"])
def test_each_listed_phrase_is_found(file: str) -> None:
    listed = [*_FILES[file]["words"].items(), *_FILES[file]["messages"].items()]
    missed = [
        word
        for meaning, words in listed
        for word in words
        if meaning.removeprefix("relation.") not in _found("phrase", word)
    ]
    assert missed == []


@pytest.mark.parametrize("part", ["words", "clauses"])
def test_each_listed_label_is_found(part: str) -> None:
    listed = _FILES["labels"][part]
    missed = [
        (key, word)
        for key, words in listed.items()
        for word in words
        if key not in _found("answer", word)
    ]
    assert missed == []


@pytest.mark.parametrize("name", list(_FILES))
def test_nothing_is_listed_twice_under_one_meaning(name: str) -> None:
    def lists(tree: Any) -> Iterator[list[str]]:
        if isinstance(tree, list):
            yield tree
        elif isinstance(tree, dict):
            for one in tree.values():
                yield from lists(one)

    assert [one for one in lists(_FILES[name]) if len(one) != len(set(one))] == []


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("人工客服", "desk"),
        ("转人工", "human"),
        ("轉人工！", "human"),
        ("请转人工，谢谢", "human"),
        ("麻烦请帮我转人工客服谢谢啊", "human"),
        ("Talk to a human", "human"),
        ("不用了，谢谢", "cancel"),
        ("ＣＡＮＣＥＬ", "cancel"),
        ("never mind.", "cancel"),
        ("上一步", "back"),
        ("主選單", "menu"),
        ("查詢進度？", "status"),
        ("取消排隊", "leave_queue"),
        ("stop waiting", "leave_queue"),
        ("哈哈你是真人还是机器人呀", "who_answers"),
        ("呵呵 你係咪機械人", "who_answers"),
    ],
)
def test_a_message_that_is_nothing_but_a_command_is_one(text: str, command: str) -> None:
    assert _found("command", text)[:1] == (command,)


@pytest.mark.parametrize(
    "text",
    [
        "怎么取消会员",
        "不要取消",
        "人工客服昨天挂了我电话",
        "stop sending ads",
        "返回的钱呢",
        "取消" * 40,
        "",
        "…",
    ],
)
def test_a_command_word_inside_a_sentence_is_none(text: str) -> None:
    assert _found("command", text) == ()


@pytest.mark.parametrize(
    ("text", "locale"),
    [
        ("in English please", "en"),
        ("说英文", "en"),
        ("可唔可以用英文", "en"),
        ("can we do this in Chinese", "zh_Hans"),
        ("简体中文", "zh_Hans"),
        ("繁體", "zh_Hant"),
        ("繁體中文可以嗎", "zh_Hant"),
        ("Can I have this in Traditional Chinese", "zh_Hant"),
    ],
)
def test_a_message_may_ask_for_a_language(text: str, locale: str) -> None:
    assert _found("language", text) == (locale,)


@pytest.mark.parametrize("text", ["我的英文名写错了", "英文不好", "my English is bad"])
def test_naming_a_language_in_a_sentence_asks_for_nothing(text: str) -> None:
    assert _found("language", text) == ()


@pytest.mark.parametrize("text", [one for one in _SAMPLE["yes"] if one not in _ONLY_READ])
def test_a_plain_yes_is_one(text: str) -> None:
    said = set(_found("plain_answer", text))
    assert said
    assert "no" not in said


@pytest.mark.parametrize("text", [*_SAMPLE["not_yes"], *sorted(_ONLY_READ)])
def test_what_says_anything_else_is_no_yes(text: str) -> None:
    assert set(_found("plain_answer", text)) <= {"no"}


@pytest.mark.parametrize(
    "around",
    [
        *("不{}", "没{}", "别{}", "唔{}", "冇{}", "未{}", "还没{}", "不是{}", "如果{}"),
        *("not {}", "don't {}", "no {}", "never {}"),
        *("{}吗", "{}不", "{}？", "{}?", "{}才怪", "{}但是先等等", "{}……", "{}...", "{}👍"),
        *("“{}”", '"{}"', "{} but not today", "{} if it's free"),
    ],
)
def test_no_listed_yes_is_one_with_anything_else_around_it(around: str) -> None:
    messages = _FILES["plain_answer"]["messages"]
    listed = (word for key, words in messages.items() if key != "no" for word in words)
    said = {one: set(_found("plain_answer", around.format(one))) - {"no"} for one in listed}
    assert [one for one, answers in said.items() if answers] == []


@pytest.mark.parametrize(
    ("text", "answers"),
    [
        ("不用", {"no"}),
        ("唔使喇，唔該", {"no"}),
        ("No, thanks!", {"no"}),
        ("好的，刪吧", {"deletion.sure_yes"}),
        ("Yes, unlink it, please", {"unbinding.sure_yes"}),
        ("删吧，解绑吧", set()),
        ("好的，算了", set()),
        ("取消", {"no", "cancel_request.sure_yes", "cancel_request.sure_all_yes"}),
        ("谢谢", set()),
        ("，。！", set()),
        ("好的，" * 2_000, set()),
    ],
)
def test_the_clauses_of_a_message_answer_together(text: str, answers: set[str]) -> None:
    assert set(_found("plain_answer", text)) == answers


@pytest.mark.parametrize(
    ("text", "button"),
    [
        ("等一下 我没收到", "verify.resend"),
        ("電話唔見咗", "verify.no_code"),
        ("你倒是解释清楚啊", "automated_decision.wish_explain"),
        ("the meeting got leaked and now my address is online", "complaint.about_leak"),
        ("唔使喇，喺度睇就得", "deregistration.answer_chat"),
        ("都删干净再注销", "deregistration.delete_first"),
        ("post留返", "deregistration.go_on"),
        ("I'm not giving you any code, that's creepy", "verify.rather_not"),
        ("none, I pressed the wrong thing", "unbinding.none_of_these"),
        ("nope that's everything", "collect_evidence.nothing_to_add"),
        ("唔使喇 直接銷", "deregistration.go_on"),
        ("要不要解释一下", "automated_decision.wish_explain"),
    ],
)
def test_words_stand_for_a_button_anywhere_in_a_message(text: str, button: str) -> None:
    assert button in _found("answer", text)


@pytest.mark.parametrize(
    ("text", "button"),
    [
        ("不要解释，给我找个活人重新看", "automated_decision.wish_explain"),
        ("不要 解释", "automated_decision.wish_explain"),
        ("我不想再解释了", "automated_decision.wish_explain"),
        ("don't delete everything first, just close", "deregistration.delete_first"),
        ("不用删干净再注销 直接来", "deregistration.delete_first"),
        ("不满意", "satisfaction.satisfied"),
        ("不用删了", "deregistration.delete_first"),
        ("我没有刷屏", "guardian.no_remark"),
        ("the explanations2go app", "automated_decision.wish_explain"),
    ],
)
def test_what_is_denied_or_within_a_longer_word_speaks_for_nothing(text: str, button: str) -> None:
    assert button not in _found("answer", text)


@pytest.mark.parametrize(
    ("text", "alone"),
    [
        ("没有了，谢谢", True),
        ("没有 没有了", True),
        ("nothing to add, thanks", True),
        ("没有，他昨晚又来骂我了", False),
        ("没有 他昨晚又来骂我了", False),
        ("谢谢", False),
        ("，，，", False),
    ],
)
def test_a_button_is_meant_alone_where_every_clause_speaks_for_it(text: str, alone: bool) -> None:
    assert ("guardian.no_remark" in _found("answer_alone", text)) is alone


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("删了会不会影响账号", "asks_account"),
        ("會唔會連帳號一齊刪", "asks_account"),
        ("what happens to my posts if I don't", "asks_posts"),
        ("解了以后我还能用手机号登吗", "asks_login"),
        ("我都登录着呢还要验证个啥", "asks_why_identity"),
        ("另外把谷歌也解了", "also"),
        ("不满意！", "disputes"),
        ("那次禁言", "that_one"),
    ],
)
def test_phrases_are_found_anywhere(text: str, phrase: str) -> None:
    assert phrase in _found("phrase", text)


@pytest.mark.parametrize(
    "text",
    ["\ud800" * 5_000, "哈" * 5_000, "不想" * 5_000, "a\u0301" * 5_000, "\n\x00 ：，", "，" * 300],
)
def test_any_text_is_taken(text: str) -> None:
    assert _LISTS.found(text).keys() <= {"phrase", "answer", "answer_alone"}


def test_only_the_first_4000_characters_are_looked_at() -> None:
    assert "thanks" in _found("phrase", "，" * 3_990 + "多谢")
    assert _found("phrase", "，" * 4_000 + "多谢") == ()


def test_labels_are_those_of_buttons() -> None:
    steps = [step for flow in read_flows(dialog_files()).values() for step in flow.steps.values()]
    asked = {"satisfaction.satisfied", "satisfaction.not_satisfied", "category.all"}
    asked |= {"desk.ask_done", "desk.is_answer", "desk.is_question", "desk.opening_all"}
    asked |= {offer.text for step in steps if isinstance(step, Ask) for offer in step.choices}
    asked |= {step.skip for step in steps if isinstance(step, Ask) and step.skip}
    # Words for both parents are listed so that none of them is taken for one.
    asked.add("relation.parents")
    confirms = [step for step in steps if isinstance(step, Confirm)]
    labels = _FILES["labels"]
    assert {*labels["words"], *labels["clauses"]} <= asked | {step.no for step in confirms}
    in_words = {step.yes for step in confirms if not step.exact}
    listed = set(_FILES["plain_answer"]["messages"]) - {"yes", "no"}
    # A yes that is said in no words of its own has an empty list.
    assert (in_words - listed, listed - in_words) == (set(), set()), "see nlu/lists/plain_answer"
