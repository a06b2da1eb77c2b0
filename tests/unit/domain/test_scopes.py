"""What the items of a request are called."""

from __future__ import annotations

from typing import Any

import pytest

from privacydesk.domain.scopes import BINDING, is_qualified, item_name
from privacydesk.domain.ticket import ScopeItem


def test_a_binding_goes_by_its_providers_name_and_the_rest_by_their_own() -> None:
    assert item_name(ScopeItem(BINDING, {"provider": "wechat"})) == "wechat"
    assert item_name(ScopeItem(BINDING)) == ""
    assert item_name(ScopeItem("posts", {"period": "2020"})) == "posts"


@pytest.mark.parametrize(
    ("detail", "qualified"),
    [
        ({}, False),
        ({"provider": "wechat", "details": "please"}, False),
        ({"only": [{"to": "2025-12-31"}]}, False),
        ({"only": [{"to": "2025-12-31", "qualifier": "自拍"}]}, True),
        ({"but": [{"qualifier": "自拍"}]}, True),
        ({"words": "or rather"}, True),
        ({"period": "去年"}, True),
    ],
)
def test_only_a_person_can_tell_what_words_mean(detail: dict[str, Any], qualified: bool) -> None:
    assert is_qualified(ScopeItem("posts", detail)) is qualified
