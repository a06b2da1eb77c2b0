from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacydesk.domain.stream_safe import LONGEST_RUN, stream_safe

_MARKS = "\u0301\u0316\u0345\u0f73\u0f75\u0f81\uff9e\u3099"


def longest_run(text: str) -> int:
    """Return the longest run of marks in a text's decomposed form."""
    longest = run = 0
    for character in unicodedata.normalize("NFKD", text):
        run = run + 1 if unicodedata.combining(character) else 0
        longest = max(longest, run)
    return longest


@given(st.text(st.one_of(st.sampled_from(_MARKS + "aáガ한\u200b"), st.characters()), max_size=200))
def test_no_run_of_marks_is_longer_than_unicode_allows(text: str) -> None:
    safe = stream_safe(text)
    assert longest_run(safe) <= max(LONGEST_RUN, longest_run(text) if len(text) <= 30 else 0)
    assert stream_safe(safe) == safe


@pytest.mark.parametrize(
    "text",
    [
        "Tiếng Việt có nhiều dấu thanh, và câu này đủ dài để xem.",
        "हिन्दी में भी बहुत सी मात्राएँ होती हैं, और यह वाक्य लंबा है।",
        "註銷帳號之前，請先把我所有的照片和貼文都刪除掉，另外也請把暱稱改回去，謝謝你們的幫忙。",
        "ｶﾞｷﾞｸﾞ 👨‍👩‍👧 שָׁלוֹם עֲלֵיכֶם and some more words to make it longer",
    ],
)
def test_what_people_write_stays_as_it_is(text: str) -> None:
    assert stream_safe(text) == text


def test_what_was_cut_of_a_run_is_its_end() -> None:
    assert stream_safe("a" + "\u0301" * 500 + "b") == "a" + "\u0301" * LONGEST_RUN + "b"
    assert stream_safe("\u0f73" * 100) == "\u0f73" * (LONGEST_RUN // 2), "each stands for two"
