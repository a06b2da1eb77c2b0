"""Times that limit a wish, and those that say until when it is to be done."""

from __future__ import annotations

import pytest

from privacydesk.dialog.slots import ENTITY_KINDS
from privacydesk.understanding.keywords import KeywordRecogniser
from privacydesk.understanding.periods import periods


@pytest.mark.parametrize(
    ("said", "period"),
    [
        ("三月份之前的照片删掉", "三月份之前"),
        ("2020年以前的照片帮我删了", "2020年以前"),
        ("去年之前帮我删照片", "去年之前"),
        ("一年以前把照片都删掉", "一年以前"),
        ("除夕那天发的动态删掉", "除夕那天"),
        ("去年中秋的照片", "去年中秋"),
        ("国庆的照片删掉", "国庆"),
        ("春节期间的评论", "春节期间"),
        ("生日那天的动态", "生日那天"),
        ("delete the photos from Christmas", "from Christmas"),
        ("my posts on my birthday", "on my birthday"),
    ],
)
def test_a_time_limits(said: str, period: str) -> None:
    assert periods(said) == (period,)


@pytest.mark.parametrize(
    "said",
    [
        "三月份之前把我的照片删掉",
        "三月份之前，把我的照片删掉",
        "请三天以内把我的照片删了",
        "下午有空，把生日删了",
        "delete my birthday",
        "delete the photos of my account",
        "delete all photos of me",
        "delete my kid's photos",
        "其他的照片都删了",
        "王国庆的电话",
    ],
)
def test_a_deadline_is_no_limit(said: str) -> None:
    assert periods(said) == ()


@pytest.mark.parametrize(
    ("said", "which"),
    [
        ("删掉我最早的两张照片", "最早的两张照片"),
        ("只删那张在海边的照片", "那张在海边的照片"),
        ("删两条动态就行 别的别动", "两条动态"),
        ("把带定位的那条动态删了", "带定位的那条动态"),
        ("删掉我昨天喝醉发的那条动态", "昨天喝醉发的那条动态"),
        ("刪掉那條動態", "那條動態"),
        ("昨天发的那条动态", "昨天"),
        ("别删那两张合照，其他照片都删", "别删那两张合照"),
        ("delete my two oldest posts", "my two oldest posts"),
        ("delete only the photo at the beach", "the photo at the beach"),
        ("just delete the ones with my ex in them", "the ones with my ex in them"),
        ("删掉前任的照片", "前任的照片"),
        ("刪掉她的留言", "她的留言"),
        ("删掉骗子的照片", "骗子的照片"),
        ("删掉群主的评论", "群主的评论"),
        ("王国庆的照片", "王国庆的照片"),
        ("删除我给他的评论", "给他的评论"),
        ("delete Kevin's photo", "Kevin's photo"),
        ("delete all photos of him", "all photos of him"),
        ("delete my mom's photos", "my mom's photos"),
        ("delete today's photos", "today's photos"),
    ],
)
def test_some_of_a_kind_limit(said: str, which: str) -> None:
    assert periods(said) == (which,)


@pytest.mark.parametrize(
    "said",
    [
        "我的照片都删了",
        "删照片",
        "把那些照片删掉",
        "我有200张照片，全部删掉",
        "一条动态都不留",
        "隐私政策第三条说可以删照片",
        "依据个保法第四十五条，申请查阅个人信息",
        "哎那个我以前发的动态你给我全清掉",
        "take down my photo wall all 14 pics",
        "那条短信我没收到，删照片",
        "有没有办法删照片",
        "I have 200 photos, delete them all",
        "delete those photos",
        "delete the photos in my account",
        "first delete my photos",
    ],
)
def test_a_plain_kind_is_no_limit(said: str) -> None:
    assert periods(said) == ()


@pytest.mark.parametrize(
    ("said", "period"),
    [
        ("导出2022到2023年的动态", "2022到2023年"),
        ("想下載返2019至2021年嘅相", "2019至2021年"),
        ("把19年到21年的照片打包", "19年到21年"),
        ("删掉21年的动态", "21年"),
        ("刪18至20年發嘅留言", "18至20年"),
        ("download my pics 2020-2022", "2020-2022"),
        ("delete each post from 2019 thru 2021", "from 2019 thru 2021"),
        ("erase posts between 2019 and 2021", "between 2019 and 2021"),
        ("the voice intro I recorded on 3 March 2024", "on 3 March 2024"),
        ("two voice clips from tuesday", "from tuesday"),
        ("i was drunk last nite n left a bunch of comments", "last nite"),
        ("my chats from last weekend", "from last weekend"),
        ("my comments and chats, march only", "march only"),
        ("only may", "only may"),
        ("recordings until end of 2022", "until end of 2022"),
        ("第二张和第五张照片删掉", "第二张和第五张照片"),
        ("刪掉第一則、第三條和第五條動態", "第一則、第三條和第五條動態"),
        ("最近3年的照片", "最近3年"),
        ("10年前的照片", "10年前"),
    ],
)
def test_a_span_of_time_is_told_whole(said: str, period: str) -> None:
    assert periods(said) == (period,)


@pytest.mark.parametrize(
    "said",
    [
        "我用了10年的号",
        "delete my photos by friday",
        "it may only be me",
        "20年后再说",
        "138001380002022",
    ],
)
def test_what_only_looks_like_a_span_of_time_is_none(said: str) -> None:
    assert periods(said) == ()


@pytest.mark.parametrize(
    ("said", "period"),
    [
        ("不是去年的，是前年的", "前年"),
        ("不对，不是2021年，是2022年", "2022年"),
        ("唔係舊年嘅，係今年嘅", "今年"),
        ("不是去年的动态吗", "去年"),
    ],
)
def test_a_time_that_is_denied_for_another_limits_nothing(said: str, period: str) -> None:
    assert periods(said) == (period,)


def test_the_ones_at_somebodys_things_name_none_of_them() -> None:
    found = KeywordRecogniser.load().entities(
        "comments, only the ones under Tom's photos", ENTITY_KINDS
    )
    assert found["category"] == ("comments",)


@pytest.mark.parametrize(
    ("said", "limit"),
    [
        ("照片删一半留一半", "删一半留一半"),
        ("一部分照片删掉", "一部分照片"),
        ("删一半照片", "删一半"),
        ("大部分动态删了", "大部分动态"),
        ("刪一部分貼文", "一部分貼文"),
    ],
)
def test_a_half_of_a_kind_limits_it(said: str, limit: str) -> None:
    assert periods(said) == (limit,)


@pytest.mark.parametrize(
    "said",
    [
        "照片全部删掉",
        "我想删一部分数据",
        "部门照片删掉",
        "照片删了一半卡住了",
        "全部照片",
        "删了半天照片",
    ],
)
def test_the_whole_of_a_kind_is_limited_by_no_half(said: str) -> None:
    assert periods(said) == ()
