from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacydesk.domain.cleaning import clean_name, clean_text


@pytest.mark.parametrize(
    ("given_text", "kept"),
    [
        ("plain", "plain"),
        ("  two\nlines\tand a tab  ", "two\nlines\tand a tab"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("a\x00b\x1bc\x7fd\x9fe", "abcde"),
        ("\u202eevil\u202c \u2067x\u2069", "evil x"),
        ("\ufeffmark", "mark"),
        ("\ud83d alone \udc00", "\ufffd alone \ufffd"),
        ("👨‍👩‍👧 日本 שלום\u200f", "👨‍👩‍👧 日本 שלום\u200f"),
    ],
)
def test_what_misleads_or_can_not_be_stored_goes(given_text: str, kept: str) -> None:
    assert clean_text(given_text) == kept


def test_endless_runs_of_marks_are_cut_before_anything_has_to_sort_them() -> None:
    assert clean_text("e" + "\u0301" * 9_000 + " hi") == "e" + "\u0301" * 30 + " hi"


@given(st.text())
def test_any_text_becomes_storable_and_cleaning_again_changes_nothing(text: str) -> None:
    cleaned = clean_text(text)
    cleaned.encode()
    assert "\x00" not in cleaned
    assert clean_text(cleaned) == cleaned


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\me\\id.jpg", "id.jpg"),
        ("gpj.\u202eexe", "gpj.exe"),
        (" .. ", ""),
        ("x" * 300 + ".jpeg", "x" * 115 + ".jpeg"),
        ("y" * 300, "y" * 120),
    ],
)
def test_a_file_name_is_only_a_name(name: str, kept: str) -> None:
    assert clean_name(name) == kept
