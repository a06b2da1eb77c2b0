from __future__ import annotations

import pytest

from privacydesk.policy.language import language_tag


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("我们如何收集和使用您的个人信息，以及您的权利", "zh-Hans"),
        ("我們如何蒐集和使用您的個人資料，以及您的權利", "zh-Hant"),
        ("How we collect and use your personal data", "en"),
        ("", "en"),
        ("一二三", "zh-Hans"),
    ],
)
def test_the_script_of_a_policy_is_told_by_its_characters(text: str, tag: str) -> None:
    assert language_tag(text) == tag
