"""Ticket numbers are found however they are spaced; mistyped ones are told as such."""

from __future__ import annotations

import pytest

from privacydesk.domain.numbers import make_number
from privacydesk.nlu.extractors.ticket_numbers import FoundTicketNumber, ticket_numbers

_NUMBER = make_number([5, 14, 13, 2, 0, 7, 9, 20, 1, 8])


@pytest.mark.parametrize(
    "written",
    [
        _NUMBER,
        _NUMBER.lower(),
        _NUMBER.replace("-", ""),
        _NUMBER.replace("-", " "),
        _NUMBER.replace("-", "－"),
        _NUMBER.removeprefix("PD-"),
        " ".join(_NUMBER.replace("-", "")),
    ],
)
def test_a_number_is_found_however_it_is_spaced(written: str) -> None:
    text = f"进度查一下{written}谢谢"
    start = text.index(written)
    assert ticket_numbers(text) == (FoundTicketNumber(start, start + len(written), _NUMBER),)


def test_a_wrong_character_leaves_no_number() -> None:
    wrong = _NUMBER[:-1] + ("2" if _NUMBER[-1] != "2" else "3")
    assert ticket_numbers(f"where is {wrong} please") == (FoundTicketNumber(9, 9 + len(wrong), ""),)
    assert [one.number for one in ticket_numbers("pd-0o1i-b5s8-z2")] == [""]
    assert [one.number for one in ticket_numbers("编号是 P D 四 K 7 8 M 2")] == [""]


@pytest.mark.parametrize(
    "text",
    [
        "13800138012",
        "23456789234",
        "PD",
        "a pdf of 2026",
        "PDFs pdpd pdpd",
        "",
        "请删除pdf20240315这个文件",
        "把账号pdd20240101注销",
    ],
)
def test_other_words_are_none(text: str) -> None:
    assert ticket_numbers(text) == ()


def test_several_are_told_in_order() -> None:
    other = make_number([1] * 10)
    assert [one.number for one in ticket_numbers(f"{other}, {_NUMBER}")] == [other, _NUMBER]
