"""Times that limit a wish, and those that say until when it is to be done."""

from __future__ import annotations

import pytest

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
        "王国庆的照片",
    ],
)
def test_a_deadline_is_no_limit(said: str) -> None:
    assert periods(said) == ()
