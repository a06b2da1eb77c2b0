"""What is given up while a form is open."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.dialog.test_limits import begin, say

from privacydesk.domain.selection import Part, Selection

TAKEN_BACK: dict[str, Any] = {
    "category": ("photos",), "only_kept": ("photos",), "kept_category": ("photos",),
    "taken_back": ("deletion",),
}  # fmt: skip
ALL_BUT_POSTS: dict[str, Any] = {
    "only_kept": ("posts",), "kept_category": ("posts",), "phrase": ("everything",)
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "found", "goes_on"),
    [
        ("照片不删了，留着", TAKEN_BACK, True),
        ("除了动态都删", ALL_BUT_POSTS, True),
        ("动态留着", {"only_kept": ("posts",), "kept_category": ("posts",)}, False),
    ],
)
def test_a_form_is_left_only_where_all_it_is_about_stays(
    text: str, found: dict[str, Any], goes_on: bool
) -> None:
    deleting = begin(Selection((Part("posts"),))).snapshot.conversation
    after = say(deleting, text, None, **found).snapshot.conversation
    assert bool(after.stack) is goes_on
