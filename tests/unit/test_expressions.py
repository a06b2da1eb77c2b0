"""No regular expression stands still on a text that somebody thought up, or mistyped."""

from __future__ import annotations

import re
import time

import pytest
from tests.common.ambiguity import two_ways
from tests.common.expressions import expressions
from tests.common.growth import dear_run

_BEARABLE = 0.06
"""Seconds for half a message of one word over and over; expressions that are fine take 0.001."""


@pytest.mark.parametrize(
    "expression",
    [
        r"(?:a|aa)*b",
        r"(?:a*)*b",
        r"(?:ab|a|b)*c",
        r"(?:\s*a|\s)*",
        r"(?:a{1,3})*b",
        r"(?:等等|等下?)*完",
        r"(?:(?=a)a|a)*b",
        r"x(?=(?:a|aa)*b)",
        r"(?>(?:a|aa)*b)",
        r"(?:a?)*?b?(?:b|bb)+c",
    ],
)
def test_two_ways_round_a_loop_are_found(expression: str) -> None:
    assert two_ways(expression) is not None


@pytest.mark.parametrize(
    "expression",
    [
        r"(?:a|b)*c",
        r"\s*(?:a\s*)*",
        r"(?:a|aa)*+b",
        r"(?:a|aa|aaa)b",
        r"(?:要(?!不)|要不|不)*",
        r"(?:亲亲?(?=,),*)*x",
        r"[^,]*,[^,]*",
        r"(?:ab|ac)*",
        r"(?:a*b)*",
    ],
)
def test_one_way_round_is_let_be(expression: str) -> None:
    assert two_ways(expression) is None


def test_what_is_found_does_stand_still() -> None:
    before = time.thread_time()
    re.compile(r"(?:等等|等)*完").fullmatch("等" * 30)
    assert time.thread_time() - before > 0.01
    before = time.thread_time()
    re.compile(r"等*完").fullmatch("等" * 30)
    assert time.thread_time() - before < 0.01


@pytest.mark.by_turns(2)
def test_no_expression_of_ours_has_two_ways_round_a_loop() -> None:
    found = expressions()
    assert len(found) > 100
    slow = [(one, at) for one in found if (at := two_ways(one.text, one.flags))]
    assert slow == []


def test_work_that_grows_with_the_square_of_a_run_is_found() -> None:
    assert dear_run(r"a?(?:说|想要)*(?:说|x)*吗", 0, _BEARABLE) is not None
    assert dear_run(r"a?(?:说|想要)吗", 0, _BEARABLE) is None


@pytest.mark.by_turns(2)
def test_no_expression_of_ours_takes_long_over_a_run_of_its_own_words() -> None:
    dear = {one: dear_run(one.text, one.flags, _BEARABLE) for one in expressions()}
    assert [(one, unit) for one, unit in dear.items() if unit is not None] == []


def test_the_dialogue_looks_at_no_words() -> None:
    assert [one for one in expressions() if one.where.startswith("dialog/")] == []
