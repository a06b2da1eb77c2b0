"""Readings of short messages are kept only where they hold nothing that was written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pytest

from privacydesk.domain.intents import Intent
from privacydesk.domain.reading import NO_QUESTION, Question
from privacydesk.domain.turn import (
    AskedQuestion,
    MixedMessage,
    Observation,
    RecognisedIntent,
    RecognisedRequest,
)
from privacydesk.understanding.common_messages import CommonMessages

TODAY = date(2026, 11, 29)
_GREETS = RecognisedIntent(Intent.SMALLTALK, 0.9)


def _observed(text: str, entities: Mapping[str, tuple[Any, ...]] | None = None) -> Observation:
    return Observation(_GREETS, entities={"bare_value": (text.strip(),), **(entities or {})})


def _kept(text: str, observed: Observation) -> Observation | None:
    common = CommonMessages()
    digest = common.digest(text, TODAY, NO_QUESTION)
    common.keep(digest, text, observed)
    return common.find(digest, text)


def test_a_reading_is_found_again_as_it_was() -> None:
    observed = _observed(" 你好 ", {"phrase": ("thanks",), "tells_nothing": ("yes",)})
    assert _kept(" 你好 ", observed) == observed


def test_it_is_found_for_the_same_question_on_the_same_day_alone() -> None:
    common = CommonMessages()
    asked = {
        common.digest("好", TODAY, NO_QUESTION),
        common.digest("好", TODAY, Question("删吗？")),
        common.digest("好", TODAY, Question("删吗？", "照片")),
        common.digest("好", TODAY + timedelta(1), NO_QUESTION),
        common.digest("好的", TODAY, NO_QUESTION),
        CommonMessages().digest("好", TODAY, NO_QUESTION),
    }
    assert len(asked) == 6


@pytest.mark.parametrize(
    "observed",
    [
        _observed("我叫小明", {"account_name": ("小明",)}),
        _observed("我叫小明", {"birthday": ("2001-02-03",)}),
        Observation(_GREETS, entities={"bare_value": ("小明",)}),
        Observation(_GREETS, "小明", {"bare_value": ("我叫小明",)}),
        Observation(
            _GREETS,
            entities={"bare_value": ("我叫小明",)},
            requests=(RecognisedRequest(_GREETS, {"new_value": ("小明",)}),),
        ),
        Observation(
            _GREETS,
            entities={"bare_value": ("我叫小明",)},
            mixed=MixedMessage((AskedQuestion("我叫小明", ()),), "", _observed("")),
        ),
    ],
)
def test_what_holds_anything_that_was_written_is_not_kept(observed: Observation) -> None:
    assert _kept("我叫小明", observed) is None


def test_a_long_message_is_not_kept() -> None:
    assert _kept("嗯" * 25, _observed("嗯" * 25)) is None


def test_only_so_many_are_kept_and_the_oldest_go_first() -> None:
    common = CommonMessages()
    for number in range(3_000):
        text = str(number)
        common.keep(common.digest(text, TODAY, NO_QUESTION), text, _observed(text))
    assert common.find(common.digest("2999", TODAY, NO_QUESTION), "2999")
    assert not common.find(common.digest("0", TODAY, NO_QUESTION), "0")
    common.clear()
    assert not common.find(common.digest("2999", TODAY, NO_QUESTION), "2999")
