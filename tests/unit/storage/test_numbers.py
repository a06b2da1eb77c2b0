from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacydesk.domain.numbers import (
    ALPHABET,
    RANDOM_CHARACTERS,
    canonical_number,
    make_number,
    number_part,
)

places = st.lists(
    st.integers(0, len(ALPHABET) - 1), min_size=RANDOM_CHARACTERS, max_size=RANDOM_CHARACTERS
)


def _wide(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) for c in text)


def test_a_number_is_hard_to_guess_and_easy_to_read() -> None:
    assert math.log2(len(ALPHABET)) * RANDOM_CHARACTERS >= 45
    assert not set(ALPHABET) & set("01AEIOULBSZN")
    assert make_number(range(10)).startswith("PD-2345-6789-CD")


@pytest.mark.parametrize(
    ("typed", "part"),
    [
        ("gfkq", "GFKQ"), ("ＧＦＫＱ", "GFKQ"), ("PD-GFKQ", "PDGFKQ"), ("gfkq m7", "GFKQM7"),
        ("GFK", None), ("pd-gfk", None), ("u-2101", None), ("2345678923456", None), ("", None),
    ],
)  # fmt: skip
def test_a_part_of_a_number_has_four_of_its_characters(typed: str, part: str | None) -> None:
    assert number_part(typed) == part


@given(places)
def test_every_way_of_typing_it_is_understood(chosen: list[int]) -> None:
    number = make_number(chosen)
    plain = number.replace("-", "")
    for typed in (
        number,
        number.lower(),
        plain,
        plain[2:],
        _wide(number),
        number.replace("-", " "),
        number.replace("-", "—"),
        f"  {number}\n",
        number.replace("-", "\N{IDEOGRAPHIC SPACE}"),
    ):
        assert canonical_number(typed) == number


@given(places, st.integers(0, RANDOM_CHARACTERS), st.sampled_from(ALPHABET))
def test_one_wrong_character_is_noticed(chosen: list[int], at: int, wrong: str) -> None:
    plain = make_number(chosen).replace("-", "")[2:]
    typed = plain[:at] + wrong + plain[at + 1 :]
    assert (canonical_number(typed) is None) == (typed != plain)


@given(places, st.integers(0, RANDOM_CHARACTERS), st.integers(0, RANDOM_CHARACTERS))
def test_two_swapped_characters_are_noticed(chosen: list[int], one: int, other: int) -> None:
    plain = make_number(chosen).replace("-", "")[2:]
    swapped = list(plain)
    swapped[one], swapped[other] = swapped[other], swapped[one]
    typed = "".join(swapped)
    assert (canonical_number(typed) is None) == (typed != plain)


@pytest.mark.parametrize(
    "text", ["", "PD", "PD-0000-0000-000", "hello", "1" * 1000, "PD-2345-6789"]
)
def test_anything_else_is_no_number(text: str) -> None:
    assert canonical_number(text) is None


@given(st.text())
def test_no_text_breaks_it(text: str) -> None:
    number = canonical_number(text)
    assert number is None or canonical_number(number) == number


def test_a_number_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="10 characters"):
        make_number([1, 2, 3])
