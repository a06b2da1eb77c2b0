from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacydesk.i18n.locales import LOCALES
from privacydesk.i18n.negotiation import negotiate, tag


@pytest.mark.parametrize(
    ("wanted", "locale"),
    [
        ("zh", "zh_Hans"),
        ("zh-CN", "zh_Hans"),
        ("zh-SG", "zh_Hans"),
        ("zh_CN", "zh_Hans"),
        ("zh-Hans-HK", "zh_Hans"),
        ("zh-TW", "zh_Hant"),
        ("zh-HK", "zh_Hant"),
        ("zh-MO", "zh_Hant"),
        ("zh-Hant", "zh_Hant"),
        ("zh-Hant-CN", "zh_Hant"),
        ("zh-yue", "zh_Hant"),
        ("yue", "zh_Hant"),
        ("yue-Hans", "zh_Hans"),
        ("en", "en"),
        ("en-US", "en"),
        ("EN-gb", "en"),
        ("fr", "zh_Hans"),
        ("", "zh_Hans"),
        ("*", "zh_Hans"),
        ("english", "zh_Hans"),
        ("fr-FR, en;q=0.8, zh-TW;q=0.9", "zh_Hant"),
        ("en-GB,en;q=0.9,zh-CN;q=0.8", "en"),
        ("en;q=0, zh-HK;q=0.1", "zh_Hant"),
        ("en;q=nan, zh-HK;q=0.1", "zh_Hant"),
        ("en;q=x, zh-HK;q=0.1", "zh_Hant"),
        ("de, fr;q=0.5", "zh_Hans"),
    ],
)
def test_a_header_or_tag_finds_its_locale(wanted: str, locale: str) -> None:
    assert negotiate(wanted) == locale


def test_the_first_of_several_tags_that_is_spoken_wins() -> None:
    assert negotiate(["fr", "zh-HK", "en"]) == "zh_Hant"


def test_the_default_can_be_chosen() -> None:
    assert negotiate(None, "en") == negotiate([], "en") == negotiate("fr", "en") == "en"


@given(st.text())
def test_any_header_finds_some_locale(header: str) -> None:
    assert negotiate(header) in LOCALES


def test_pages_get_a_bcp_47_tag() -> None:
    assert [tag(locale) for locale in LOCALES] == ["zh-Hans", "zh-Hant", "en"]
