"""Replies of the corpus name steps that there are, and acts that ``corpus/README.md`` explains."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from privacydesk.cli.understand import questions
from privacydesk.data import reply_files
from privacydesk.domain.reading import NO_QUESTION, Question, ReplyAct
from privacydesk.errors import SettingsError
from privacydesk.nlu.labels import REPLY_ACTS
from privacydesk.reply_training.replies import Asking, Reply, read_replies

README = Path(__file__).parents[3] / "corpus" / "README.md"
ASKED = {("deletion.sure", "en"): "Delete them?", ("deletion.which", "en"): "Which of them?"}
YES = Reply("deletion.sure", "yes please", (ReplyAct.YES,), "photos")


def test_replies_are_given_at_steps_that_ask_and_do_what_is_explained() -> None:
    asked, explained = questions(), README.read_text("utf-8")
    acts: Counter[str] = Counter()
    for file in reply_files():
        locale, replies = read_replies(*file)
        for number, reply in enumerate(replies, start=1):
            assert (reply.place, locale) in asked, f"{file[0]}, line {number}"
            assert reply.text.strip(), f"{file[0]}, line {number}"
            assert reply.acts, f"{file[0]}, line {number}"
            acts.update(reply.acts)
    assert set(acts) == set(ReplyAct)
    assert all(f"`{act}`" in explained for act in acts)
    assert min(acts.values()) > 50


@pytest.mark.parametrize("line", ["no json", '{"place": "a.b", "text": "x", "acts": ["dance"]}'])
def test_a_wrong_line_is_named_by_file_and_number(line: str) -> None:
    good = '{"place": "a.b", "text": "x", "acts": ["yes"]}'
    with pytest.raises(SettingsError, match=r"replies/en_me\.jsonl, line 2: "):
        read_replies("en_me", f"{good}\n{line}")


def test_a_reply_is_learnt_with_its_question() -> None:
    learnt = YES.labelled("en", ASKED)
    assert learnt.question == Question("Delete them?", "photos")
    assert learnt.acts == tuple(float(one is ReplyAct.YES) for one in REPLY_ACTS)


def test_some_replies_are_learnt_with_less_of_what_they_answer() -> None:
    asking = Asking([("en", [YES] * 200)], [], ASKED)
    seen = Counter(one.question for one in asking.replied(1))
    assert set(seen) == {
        Question("Delete them?", "photos"), Question("Delete them?"), Question("", "photos"),
        NO_QUESTION,
    }  # fmt: skip
    assert seen[Question("Delete them?", "photos")] > 100
    assert asking.replied(1) == asking.replied(1)
    assert asking.replied(1) != asking.replied(2)


def test_an_answer_without_a_question_is_put_where_it_fits() -> None:
    asking = Asking([("en", [YES])], [("sure", "yes"), ("maybe", "other")], ASKED)
    _, sure, maybe = asking.replied(1)
    assert sure.question == Question("Delete them?")
    known = dict(zip(REPLY_ACTS, sure.acts, strict=True))
    assert known[ReplyAct.YES] == 1
    assert known[ReplyAct.NO] == 0
    assert known[ReplyAct.UPSET] == -1
    assert dict(zip(REPLY_ACTS, maybe.acts, strict=True))[ReplyAct.YES] == 0
