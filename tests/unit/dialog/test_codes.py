"""One-time codes among other words."""

from __future__ import annotations

import pytest

from privacydesk.dialog.codes import code_digits


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
        ("PD-WRVM-2273-38C", ""),
        ("how far is PD-WRVM-2273-38C", ""),
        ("pd-2273-38CW-MRV", ""),
        ("2273-38CW-MRV", ""),
        ("PD-WRVM-2273-38C, and the code is 654321", "654321"),
    ],
)
def test_a_code_is_found_among_words_and_not_in_a_requests_number(text: str, digits: str) -> None:
    assert code_digits(text) == digits
