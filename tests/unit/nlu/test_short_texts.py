from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from privacydesk.domain.intents import Intent
from privacydesk.domain.reading import Answer, Modality
from privacydesk.nlu.pipeline import Pipeline
from privacydesk.nlu.short_texts import LONGEST, characters

TODAY = date(2026, 11, 29)


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    return Pipeline.load()


def test_characters_are_told_at_one_length() -> None:
    for text in ("删吧", "no thanks, leave everything as it is"):
        assert np.linalg.norm(characters(text)) == pytest.approx(8.0, rel=1e-5)
    assert (characters("DELETE") == characters("delete")).all()
    assert (characters("删吧") != characters("别删")).any()


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("嗯这样对了，删吧", Answer.YES),
        ("冇錯，就係咁", Answer.YES),
        ("Yes, do that one", Answer.YES),
        ("不要删了", Answer.NO),
        ("没有截图", Answer.DONE),
        ("yes but keep the photos", None),
        ("好，不过微信别解", None),
        ("昵称改成小雨", None),
    ],
)
def test_what_is_nothing_but_an_answer_is_one(
    pipeline: Pipeline, text: str, answer: Answer | None
) -> None:
    assert pipeline.parse(text, TODAY).answer is answer


def test_a_long_message_is_no_answer(pipeline: Pipeline) -> None:
    assert pipeline.parse("好的删吧" * (LONGEST // 4 + 1), TODAY).answer is None


def test_a_message_that_only_asks_wishes_nothing(pipeline: Pipeline) -> None:
    reading = pipeline.parse("重新看的时候是真人看还是又机器看", TODAY).reading
    assert reading.questions
    assert not [
        one
        for one in reading.requests
        if one.modality is Modality.WISHED and one.intent is not Intent.REQUEST_STATUS
    ]
