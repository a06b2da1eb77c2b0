from __future__ import annotations

import pytest

from privacydesk.services.cards import standing_alone


@pytest.mark.parametrize(
    ("term", "shown"),
    [
        ("posts", "Posts"),
        ("phone number (138****4821)", "Phone number (138****4821)"),
        ("iPhone backup", "iPhone backup"),
        ("QQ", "QQ"),
        ("动态", "动态"),
        ("«", "«"),
        ("", ""),
    ],
)
def test_a_term_without_a_sentence_around_it_begins_with_a_capital(term: str, shown: str) -> None:
    assert standing_alone(term) == shown
