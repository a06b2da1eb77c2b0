"""What the items of a request are called."""

from __future__ import annotations

from privacydesk.domain.scopes import BINDING, named
from privacydesk.domain.ticket import ScopeItem


def test_a_binding_goes_by_its_providers_name_and_the_rest_by_their_own() -> None:
    assert named(ScopeItem(BINDING, {"provider": "wechat"})) == "wechat"
    assert named(ScopeItem(BINDING)) == ""
    assert named(ScopeItem("posts", {"period": "2020"})) == "posts"
