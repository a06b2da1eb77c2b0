"""Parts of selections in words."""

from __future__ import annotations

from typing import Any

import pytest

from privacydesk.data import locale_files
from privacydesk.i18n.catalog import Catalogs

SHIPPED = Catalogs(locale_files())
POSTS = {"$part": {"$term": "category.posts"}}


@pytest.mark.parametrize(
    ("narrowed", "hans", "hant", "english"),
    [
        ({}, "动态", "動態", "posts"),
        (
            {"only": [{"to": "2026-11-21"}]},
            "2026年11月21日及之前的动态",
            "2026年11月21日及之前的動態",
            "posts up to 21 November 2026",
        ),
        (
            {"only": [{"from": "2026-11-22"}]},
            "2026年11月22日起的动态",
            "2026年11月22日起的動態",
            "posts since 22 November 2026",
        ),
        (
            {"only": [{"from": "2026-01-01", "to": "2026-11-29"}]},
            "2026年1月1日至2026年11月29日的动态",
            "2026年1月1日至2026年11月29日的動態",
            "posts from 1 January 2026 to 29 November 2026",
        ),
        (
            {"only": [{"from": "2025-01-01", "to": "2025-12-31"}]},
            "2025年的动态",
            "2025年的動態",
            "posts of 2025",
        ),
        (
            {"only": [{"from": "2024-02-01", "to": "2024-02-29"}]},
            "2024年2月的动态",
            "2024年2月的動態",
            "posts of February 2024",
        ),
        (
            {"only": [{"from": "2026-05-05", "to": "2026-05-05"}]},
            "2026年5月5日的动态",
            "2026年5月5日的動態",
            "posts of 5 May 2026",
        ),
        (
            {"only": [{"to": "2019-12-31"}, {"from": "2023-01-01", "qualifier": "with Mei"}]},
            "2019年12月31日及之前的动态和2023年1月1日起的动态（with Mei）",
            "2019年12月31日及之前的動態和2023年1月1日起的動態（with Mei）",
            "posts up to 31 December 2019 and posts since 1 January 2023 (with Mei)",
        ),
        (
            {"but": [{"qualifier": "{x}"}, {"to": "2019-12-31", "qualifier": "自拍"}]},
            "动态（{x}和2019年12月31日及之前的自拍除外）",
            "動態（{x}和2019年12月31日及之前的自拍除外）",
            "posts (except “{x} and 自拍 up to 31 December 2019”)",
        ),
        (
            {"words": "不是那个"},
            "动态（原话：“不是那个”）",
            "動態（原話：「不是那个」）",
            "posts (as written: “不是那个”)",
        ),
        ({"period": "last year"}, "动态（last year）", "動態（last year）", "posts (last year)"),
    ],
)
def test_a_part_is_worded_with_what_narrows_it(
    narrowed: dict[str, Any], hans: str, hant: str, english: str
) -> None:
    words = [SHIPPED.value(locale, POSTS | narrowed) for locale in ("zh_Hans", "zh_Hant", "en")]
    assert words == [hans, hant, english]
