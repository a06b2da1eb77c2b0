"""A date of birth is read however it is written, and only where it is whole."""

from __future__ import annotations

from datetime import date

import pytest

from privacydesk.nlu.extractors.birth_dates import birth_date

_DAY = date(1992, 10, 5)


@pytest.mark.parametrize(
    "words",
    [
        "1992-10-05",
        "1992年10月5號",
        "1992年10月5",
        "１９９２年１０月５日",
        "92年10月5号",
        "一九九二年十月五日",
        "九二年十月五号",
        "1992年10月5日星期一",
        "民國81年10月5日",
        "民國八十一年十月五日",
        "民國81.10.05",
        "92.10.5",
        "1992/10/5",
        "1992. 10. 5.",
        "19921005",
        "1992 10 05",
        "Oct/5/1992",
        "1992 nian 10 yue 5 hao",
        "921005",
        "5 Oct 1992",
        "5th of October, 1992",
        "the 5th of october '92",
        "October 5, 1992",
        "Oct. 5th 1992",
        "1992 Oct 5",
        "5-Oct-1992",
        "05/10/1992",
        "5.10.92",
        "my birthday is 5 October 1992 please",
    ],
)
def test_a_day_is_read(words: str) -> None:
    assert birth_date(words) == _DAY


def test_of_two_numbers_that_may_be_the_month_the_day_comes_first() -> None:
    assert birth_date("10/05/1992") == date(1992, 5, 10)
    assert birth_date("10/25/1992") == date(1992, 10, 25)
    assert birth_date("4/7/07") == date(2007, 7, 4)


def test_years_of_the_republic_are_counted_where_that_is_told_or_can_only_be() -> None:
    assert birth_date("96年6月12日") == date(1996, 6, 12)
    assert birth_date("96年6月12日", republic=True) == date(2007, 6, 12)
    assert birth_date("76/4/12", republic=True) == date(1987, 4, 12)
    assert birth_date("103年5月3日") == date(2014, 5, 3)
    assert birth_date("1987/4/12", republic=True) == date(1987, 4, 12)


@pytest.mark.parametrize(
    "words",
    [
        "这个周末",
        "1992",
        "92年",
        "10月5日",
        "5 October",
        "the 5th",
        "1992年13月5日",
        "32号",
        "31/02/1992",
        "1692-10-05",
        "1992-10-05 or 1993-10-05",
        "昨天",
        "in 1992. It was October 5",
        "swap it to 07700 900417",
        "十月",
        "",
    ],
)
def test_a_part_of_a_date_or_none_is_no_day(words: str) -> None:
    assert birth_date(words) is None
