from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from tests.common.stories import ROOT

from privacydesk.data import dialog_files
from privacydesk.dialog.reader import read_flows
from privacydesk.dialog.schema import Confirm
from privacydesk.understanding.lexicon_files import read_lexicon
from privacydesk.understanding.normalise import normalise
from privacydesk.understanding.plain_answers import ANY, PlainAnswers

LEXICON = read_lexicon()
ANSWERS = PlainAnswers(LEXICON)
SAMPLE: dict[str, list[str]] = yaml.safe_load(
    Path(ROOT / "tests" / "data" / "plain_answers.yaml").read_text("utf-8")
)
ONLY_READ = {"嗯", "嗯嗯", "ok", "就这样吧"}
"""Of the sample, what says no more than that somebody has read, or may give up."""


def _said(text: str) -> set[str]:
    return set(ANSWERS.find(normalise(text)))


@pytest.mark.parametrize("text", [one for one in SAMPLE["yes"] if one not in ONLY_READ])
def test_a_plain_yes_is_one(text: str) -> None:
    said = _said(text)
    assert said
    assert "no" not in said


@pytest.mark.parametrize("text", [*SAMPLE["not_yes"], *sorted(ONLY_READ)])
def test_what_says_anything_else_is_no_yes(text: str) -> None:
    assert _said(text) <= {"no"}


@pytest.mark.parametrize(
    "before",
    ["不", "没", "别", "唔", "冇", "未", "还没", "不是", "如果", "not", "don't", "no", "never"],
)
def test_no_listed_yes_is_one_after_a_denial_or_condition(before: str) -> None:
    space = " " if before.isascii() else ""
    assert _read_as_yes(before + space + "{}") == []


@pytest.mark.parametrize(
    "around",
    [
        *("{}吗", "{}不", "{}？", "{}?", "{}才怪", "{}但是先等等", "{}……", "{}...", "{}👍"),
        *("“{}”", '"{}"', "{} but not today", "{} if it's free"),
    ],
)
def test_no_listed_yes_is_one_with_anything_around_it(around: str) -> None:
    assert _read_as_yes(around) == []


def _read_as_yes(around: str) -> list[str]:
    listed = (word for key, words in LEXICON.plain.items() if key != "no" for word in words)
    return [one for one in listed if _said(around.format(one)) - {"no"}]


@pytest.mark.parametrize(
    ("text", "answers"),
    [
        ("不用", {"no"}),
        ("唔使喇，唔該", {"no"}),
        ("No, thanks!", {"no"}),
        ("no, never mind", {"no"}),
        ("好的，刪吧", {"deletion.sure_yes"}),
        ("好的，解吧", {"unbinding.sure_yes"}),
        ("Yes, unlink it, please", {"unbinding.sure_yes"}),
        ("删吧，解绑吧", set()),
        ("好的，算了", set()),
        ("谢谢", set()),
        ("", set()),
        ("，。！", set()),
    ],
)
def test_the_parts_of_a_message_answer_together(text: str, answers: set[str]) -> None:
    assert _said(text) == answers


def test_the_word_for_taking_back_is_both_a_no_and_the_button_of_that() -> None:
    assert _said("取消") == {"no", "cancel_request.sure_yes", "cancel_request.sure_all_yes"}


def test_a_long_message_is_no_plain_answer() -> None:
    assert _said("好的，" * 2_000) == set()


def test_what_is_listed_for_a_button_is_listed_for_one_that_words_confirm() -> None:
    flows = read_flows(dialog_files())
    confirms = [
        step for flow in flows.values() for step in flow.steps.values() if isinstance(step, Confirm)
    ]
    in_words = {step.yes for step in confirms if not step.exact}
    assert set(LEXICON.plain) - ANY == in_words
