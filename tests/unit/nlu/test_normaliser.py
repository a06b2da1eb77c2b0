"""Messages are folded sign by sign, so that places stay places."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacydesk.nlu.normaliser import fold


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("刪除動態", "删除动态"),
        ("ＱＱ２０２４", "qq2024"),
        ("Keep MY photos", "keep my photos"),
        ("a\u200bb\tc\nd", "a b c d"),
        ("\ud800x\ufffd", " x "),
    ],
)
def test_spellings_are_one(written: str, folded: str) -> None:
    assert fold(written) == folded


@given(st.text(st.characters(codec=None)))
def test_every_sign_keeps_its_place(text: str) -> None:
    folded = fold(text)
    assert len(folded) == len(text)
    assert fold(folded) == folded
