from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from privacydesk.dialog.slots import ENTITY_KINDS
from privacydesk.domain.account_terms import (
    DEVICE_PERMISSIONS,
    ConsentPurpose,
    DataCategory,
    ProfileField,
    Provider,
)
from privacydesk.domain.intents import Intent
from privacydesk.ports import Recogniser
from privacydesk.understanding.keywords import KeywordRecogniser

DESK: Recogniser = KeywordRecogniser.load()

_WORDS = (
    "我 今年 十 岁 十一 13 不 别 注销 删 账号 微信 ， ? 2012 - 5 年 月 日 民国 pd 7c4k i'm don't"
    " LINE +852 👍 ﷺ </system> ٣ ² ① Ⅻ 歲 “ 」"
)
_PIECES = [*_WORDS.split(), " ", "\n", "\ud800", "\x00", "\u202e"]
_TEXTS = st.one_of(
    st.text(max_size=300),
    st.text(st.characters(), max_size=100),
    st.lists(st.sampled_from(_PIECES), max_size=40).map("".join),
)


# The first text pays for reading dictionaries, so that a deadline would measure the machine.
@given(_TEXTS)
def test_any_text_is_answered_with_values_that_exist(text: str) -> None:
    found = DESK.recognise(text)
    assert found.intent in Intent
    assert 0 <= found.confidence <= 1
    assert all(0 <= confidence <= 1 for _, confidence in found.alternatives)
    assert found.intent not in {intent for intent, _ in found.alternatives}
    assert DESK.language(text) in {"", "zh_Hans", "zh_Hant", "en"}
    entities = DESK.entities(text, ENTITY_KINDS)
    assert set(entities) <= set(ENTITY_KINDS)
    assert all(entities.values())
    assert set(entities.get("provider", ())) <= set(Provider)
    assert set(entities.get("category", ())) <= set(DataCategory)
    assert set(entities.get("profile_field", ())) <= set(ProfileField)
    assert set(entities.get("purpose", ())) <= {*ConsentPurpose, *DEVICE_PERMISSIONS}
    assert all(0 < age <= 120 for age in entities.get("own_age", ()))


def test_a_huge_message_takes_no_huge_time() -> None:
    for piece in (
        "我不想注销，",
        "1",
        "1-",
        "pd 7",
        "别",
        "i am only ",
        "“",
        "我说",
        "?",
        "a" * 50 + " ",
        "就",
        "查看",
        "用户1",
        "还是就我",
    ):
        text = piece * (100_000 // len(piece))
        before = time.thread_time()
        DESK.recognise(text)
        DESK.language(text)
        DESK.entities(text, ENTITY_KINDS)
        # Far above what it takes, far below what backtracking without end would.
        assert time.thread_time() - before < 1


def test_tens_of_tens_are_no_number() -> None:
    for text in ("十十", "生日是十十年十月十日", "二零一二年十十月三日", "一十十"):
        assert "date" not in DESK.entities(text, ENTITY_KINDS)
