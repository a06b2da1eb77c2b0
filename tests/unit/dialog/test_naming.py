"""What requests and their parts are called."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from tests.unit.dialog.test_filing import WAITING
from tests.unit.dialog.test_limits import WORDS

from privacydesk.dialog.naming import items_of
from privacydesk.domain.ticket import ScopeItem


@pytest.mark.parametrize(
    ("items", "named"),
    [
        (
            (ScopeItem("posts", {"words": "or so"}), ScopeItem("photos", {"words": "or so"})),
            "posts and photos (as written: “or so”)",
        ),
        ((ScopeItem("posts", {"words": "or so"}),), "posts (as written: “or so”)"),
        (
            (ScopeItem("posts", {"words": "or so"}), ScopeItem("photos")),
            "posts (as written: “or so”) and photos",
        ),
    ],
)
def test_words_not_understood_of_all_items_follow_their_list(
    items: tuple[ScopeItem, ...], named: str
) -> None:
    assert WORDS.value("en", items_of(replace(WAITING, items=items))) == named
