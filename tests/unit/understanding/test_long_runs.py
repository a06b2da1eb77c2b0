"""A name over and over takes no more than its share: the work grows with the text."""

from __future__ import annotations

import time

import pytest

from privacydesk.understanding.lexicon_files import FAMILIES, read_lexicon
from privacydesk.understanding.names import Names

TIMES = 4
STEEP = 9
"""Four times the text takes four times the work, and sixteen where it grows with the square."""


@pytest.fixture(scope="module")
def names() -> Names:
    return Names(read_lexicon())


def _took(names: Names, text: str) -> float:
    taken = []
    for spare in range(3):
        before = time.thread_time()
        # What was found is kept: each try is another text.
        names.find(text + " " * spare, FAMILIES)
        taken.append(time.thread_time() - before)
    return min(taken)


@pytest.mark.parametrize("word", ["说", "聊天", "照片", "生日", "定位", "line", "message "])
def test_finding_a_name_that_is_repeated_takes_work_in_proportion(names: Names, word: str) -> None:
    short = 2_000 // len(word)
    assert _took(names, word * short * TIMES) < STEEP * _took(names, word * short)
