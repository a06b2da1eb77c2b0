from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from privacydesk.domain.reading import Question, ReplyAct
from privacydesk.nlu.pipeline import Pipeline
from privacydesk.nlu.short_texts import characters

TODAY = date(2026, 11, 29)


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    return Pipeline.load()


def test_characters_are_told_at_one_length() -> None:
    for text in ("删吧", "no thanks, leave everything as it is"):
        assert np.linalg.norm(characters(text)) == pytest.approx(8.0, rel=1e-5)
    assert (characters("DELETE") == characters("delete")).all()
    assert (characters("删吧") != characters("别删")).any()


ASKED = Question("Shall these be deleted?\nYes, delete them\nNo, keep them", "photos")
ASKED_IN_CHINESE = Question("要删除这些吗？\n确认删除\n先不删", "照片")


@pytest.mark.parametrize(
    ("text", "asked", "does"),
    [
        ("嗯这样对了，删吧", ASKED_IN_CHINESE, {ReplyAct.YES}),
        ("冇錯，就係咁", ASKED_IN_CHINESE, {ReplyAct.YES}),
        ("Yes, do that one", ASKED, {ReplyAct.YES}),
        ("no, don't", ASKED, {ReplyAct.NO}),
    ],
)
def test_what_is_nothing_but_an_answer_is_one(
    pipeline: Pipeline, text: str, asked: Question, does: set[ReplyAct]
) -> None:
    assert pipeline.parse(text, TODAY, asked).reply_acts == does
    assert pipeline.parse(text, TODAY).reply_acts == set()


@pytest.mark.parametrize(
    "text", ["yes but keep the photos", "好，不过微信别解", "why do you need that", "再说一遍？"]
)
def test_what_says_more_than_yes_is_no_plain_yes(pipeline: Pipeline, text: str) -> None:
    does = pipeline.parse(text, TODAY, ASKED).reply_acts
    assert does != {ReplyAct.YES}
