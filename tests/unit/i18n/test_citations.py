from __future__ import annotations

import pytest

from privacydesk.i18n.citations import english, traditional


@pytest.mark.parametrize(
    ("number", "cited"),
    [
        ("第七条（六）", "第七條（六）（《声明》）"),
        ("第六条", "第六條（《声明》）"),
        ("一、2.", "第一節第2項（《声明》一、2.）"),
        ("四、（三）", "第四節（三）（《声明》四、（三））"),
    ],
)
def test_readers_of_traditional_chinese_get_a_number_that_reads_within_a_sentence(
    number: str, cited: str
) -> None:
    assert traditional("《声明》", number) == cited


@pytest.mark.parametrize(
    ("number", "cited"),
    [
        ("第七条（六）", "article 7(6) (《声明》第七条（六）)"),
        ("一、2.", "section 1, item 2 (《声明》一、2.)"),
    ],
)
def test_readers_of_english_get_a_number_in_their_own_form(number: str, cited: str) -> None:
    assert english("《声明》", number) == cited


def test_a_number_that_cannot_be_read_stands_as_it_is() -> None:
    assert traditional("《声明》", "附则") == "《声明》附则"
    assert english("《声明》", "附则") == "《声明》附则"
