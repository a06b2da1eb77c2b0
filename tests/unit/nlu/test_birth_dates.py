"""A date of birth is read however it is written, and only where it is whole."""

from __future__ import annotations

from datetime import date

import pytest

from privacydesk.nlu.extractors.birth_dates import birth_date, birth_dates, date_pieces

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


@pytest.mark.parametrize(
    ("words", "pieces"),
    [
        ("好像是2016年3月吧", {"year": 2016, "month": 3}),
        ("16年3月", {"year": 2016, "month": 3}),
        ("98年", {"year": 1998}),
        ("民國105年3月", {"year": 2016, "month": 3}),
        ("105年3月", {"year": 2016, "month": 3}),
        ("二零一六年三月", {"year": 2016, "month": 3}),
        ("2016/03", {"year": 2016, "month": 3}),
        ("March 2016 I think", {"year": 2016, "month": 3}),
        ("born in 2016", {"year": 2016}),
        ("3月", {"month": 3}),
        ("是8月11号", {"month": 8, "day": 11}),
        ("十二月二十一号", {"month": 12, "day": 21}),
        ("oops sorry i meant 21 May", {"month": 5, "day": 21}),
        ("wait its march 13th", {"month": 3, "day": 13}),
        ("the 4th of july", {"month": 7, "day": 4}),
        ("the 13th", {"day": 13}),
        ("it's August", {"month": 8}),
    ],
)
def test_years_months_and_days_are_told_one_by_one(words: str, pieces: dict[str, int]) -> None:
    assert dict(date_pieces(words)) == pieces


def test_of_two_months_the_denied_one_is_not_told() -> None:
    assert date_pieces("sorry I meant May not March") == (("month", 5),)
    assert date_pieces("不是6月是5月") == (("month", 5),)
    assert date_pieces("yes 12 march, not dec 3") == (("month", 3), ("day", 12))


def test_a_day_that_is_told_again_gives_no_year() -> None:
    assert birth_dates("12 March. 12 MARCH 1996") == (date(1996, 3, 12),)


@pytest.mark.parametrize(
    "words",
    [
        "2016年3月5日", "2016-03-05", "21 May 1996", "2016年13月", "2012年2月30日", "01/05/2012",
        "20161", "3年级", "i need it done before 5 May", "by the 5th of May please",
        "is 2 maybe ok", "may i ask why", "it may be wrong", "march on", "3月前的", "5号之前",
        "我要把2016年3月到现在的动态都删掉，一条都不要留，照片和视频也一样，谢谢你们了，麻烦尽快处理",
    ],
)  # fmt: skip
def test_a_whole_date_a_deadline_and_other_words_tell_no_piece(words: str) -> None:
    assert date_pieces(words) == ()
