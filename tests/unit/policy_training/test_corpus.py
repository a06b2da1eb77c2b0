"""Invented policies and their questions are read, and what is damaged in them is named."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from privacydesk.data import questioned_policies
from privacydesk.errors import SettingsError
from privacydesk.policy.chunks import split_sentences
from privacydesk.policy_training.corpus import QuestionedPolicy, read_questioned

POLICY = """小巷声明
生效日期：2025年3月1日

第一条【声音】房间里的声音只做转发，不做录音。举报时会截取六十秒，三十天后删除。

第二条【账号】您可以在设置里关掉账号，七天之内能找回来。
"""


def _line(answers: Sequence[str], **others: object) -> str:
    told = {"question": "会录音吗", "language": "zh-Hans", "answers": answers, **others}
    return json.dumps(told, ensure_ascii=False)


def _read(*lines: str) -> QuestionedPolicy:
    return read_questioned("lane", POLICY, "\n".join(lines))


def test_answers_are_places_of_sentences() -> None:
    kept = "举报时会截取六十秒，三十天后删除。"
    policy = _read(_line([]), _line([kept], partly=[]))
    none, one = policy.questions
    assert (none.answers, none.answering) == (frozenset(), frozenset())
    ((passage, at),) = one.answers
    assert split_sentences(policy.chunks[passage])[at] == kept
    assert one.answering == {passage}


def test_what_answers_is_not_partly_an_answer_as_well() -> None:
    kept = "举报时会截取六十秒，三十天后删除。"
    (question,) = _read(_line([kept], partly=[kept])).questions
    assert not question.partly


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (_line(["从来没有这句。"]), "line 2: the policy has no sentence '从来没有这句。'"),
        (_line([], why="x"), "line 2: Object contains unknown field `why`"),
        ('{"question": "a"', "line 2: "),
        ('{"question": "a"}', "line 2: Object missing required field `language`"),
    ],
)
def test_a_damaged_line_is_named(line: str, said: str) -> None:
    with pytest.raises(ValueError, match=r"^lane\.jsonl, ") as found:
        _read(_line([]), line)
    assert said in str(found.value)


def test_the_corpus_has_many_policies_that_answer_some_and_leave_others_open() -> None:
    policies = [read_questioned(*files) for files in questioned_policies()]
    assert len(policies) > 20
    for policy in policies:
        answered = sum(bool(one.answers) for one in policy.questions)
        assert 0.5 < answered / len(policy.questions) < 0.75, policy.name
        assert {one.language for one in policy.questions} >= {"zh-Hans", "zh-Hant", "yue", "en"}


def test_what_is_measured_by_is_not_learnt_from() -> None:
    learnt = {name for name, _, _ in questioned_policies()}
    left_out = [read_questioned(*files) for files in questioned_policies(left_out=True)]
    assert len(left_out) >= 12
    assert learnt.isdisjoint(policy.name for policy in left_out)


def test_a_policy_without_questions_is_told(tmp_path: Path) -> None:
    (tmp_path / "lane.md").write_text(POLICY, "utf-8")
    with pytest.raises(SettingsError, match=r"no questions lane\.jsonl"):
        questioned_policies(tmp_path)
