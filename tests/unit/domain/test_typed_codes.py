"""One-time codes among other words."""

from __future__ import annotations

import pytest

from privacydesk.domain.numbers import make_number
from privacydesk.domain.typed_codes import HIDDEN_CODE, code_digits, hide_codes

SIX_DIGITS = make_number([20, 18, 19, 13, 0, 0, 5, 1, 1, 6])
"""The number of a request, with six digits one after the other."""


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("123456", "123456"),
        ("the code is 123 456", "123456"),
        ("验证码：１２３４５６", "123456"),
        ("code 123-456", "123456"),
        ("code-123456", "123456"),
        ("12-34-56", "123456"),
        ("1234567", ""),
        ("code-123-456", "123456"),
        (SIX_DIGITS, ""),
        (f"how far is {SIX_DIGITS.lower()}", ""),
        (SIX_DIGITS.replace("-", " "), ""),
        (SIX_DIGITS.replace("-", ""), ""),
        (f"{SIX_DIGITS}, and the code is 654321", "654321"),
    ],
)
def test_a_code_is_found_among_words_and_not_in_a_requests_number(text: str, digits: str) -> None:
    assert code_digits(text) == digits


def test_codes_are_taken_out_of_words_and_requests_stay() -> None:
    said = hide_codes(f"my code 123 456 for {SIX_DIGITS}")
    assert said == f"my code {HIDDEN_CODE} for {SIX_DIGITS}"
