"""Numbers that may be ages are found with a unit or at the end of a clause; limits are none."""

from __future__ import annotations

import pytest

from privacydesk.nlu.extractors.ages import FoundAge, ages


def _years(text: str) -> list[int]:
    return [one.years for one in ages(text)]


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("女儿14岁，號给我关了", 14),
        ("我囡啱啱滿１４歲", 14),
        ("小孙女 九岁 在我手机上玩", 9),
        ("國一13歲", 13),
        ("②12足歲的兒子", 12),
        ("我29岁人仔啦", 29),
        ("我儿子十四，偷我卡", 14),
        ("今年15", 15),
        ("我17想注销", 17),
        ("佢得12咋", 12),
        ("佢話自己12, 我唔信", 12),
        ("街坊老刘家孙子才十一，天天唱歌", 11),
        ("將芷晴（13）嘅對話俾我睇", 13),
        ("My kid才8岁", 8),
        ("他說he is 12", 12),
        ("a 14 yo", 14),
        ("My 12-year-old ran up a bill", 12),
        ("a nine year old girl", 9),
        ("I'm twelve", 12),
        ("im 15 and bored", 15),
        ("my daughter’s 9. erase her pictures", 9),
        ("The kid in my building is 11", 11),
        ("A girl of 15 in room 30718", 15),
        ("My daughter Emily 14 don't know how", 14),
        ("Archie is 8.", 8),
        ("Poppy's chats (13, my daughter)", 13),
        ("My firstborn Brian, 14 years, opened it", 14),
        ("she can't be more than 10", 10),
        ("she is THIRTEEN", 13),
        ("anak saya baru 12 tahun je", 12),
        ("wo er zi 13 sui ta na ge hao", 13),
        ("17 here. get rid of my search history", 17),
        ("kai's 10 and he's made himself an account", 10),
        ("周岁十一", 11),
    ],
)
def test_an_age_is_found(text: str, years: int) -> None:
    assert _years(text) == [years]


@pytest.mark.parametrize(
    "text",
    [
        "delete the last 14 days",
        "3 years ago",
        "5年前的动态",
        "今年3月到8月",
        "I have 12 posts",
        "she's 3 months late",
        "中三, 小五, 六年级, Year 8, grade 6",
        "18岁以下能用吗",
        "未满14的用户",
        "kids under 14",
        "16 years old or older",
        "when I was 12",
        "我12岁的时候发的",
        "八九岁",
        "二十五六岁",
        "12:30, 1.5",
        "",
    ],
)
def test_what_is_no_age_is_left(text: str) -> None:
    assert _years(text) == []


def test_several_ages_are_told_in_order_with_their_places() -> None:
    text = "大仔十六个女十三细仔八歲"
    found = ages(text)
    assert found[-2:] == (FoundAge(6, 8, 13), FoundAge(10, 11, 8))
    assert [text[one.start : one.end] for one in found[-2:]] == ["十三", "八"]
