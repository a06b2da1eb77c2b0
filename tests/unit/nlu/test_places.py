"""Places among several things are told by their words."""

from __future__ import annotations

import pytest

from privacydesk.nlu.extractors.places import means_all, places


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("第一个", (0,)),
        ("the second one", (1,)),
        ("第三份", (2,)),
        ("最后那个", (-1,)),
        ("第一个和第二个", (0, 1)),
        ("随便", ()),
        ("the first one " + "x" * 60, ()),
    ],
)
def test_places_that_are_pointed_at(said: str, found: tuple[int, ...]) -> None:
    assert places(said) == found


@pytest.mark.parametrize(
    ("said", "meant"),
    [("都撤了吧", True), ("both of them", True), ("别都撤", False), ("一个", False)],
)
def test_all_of_several_things(said: str, *, meant: bool) -> None:
    assert means_all(said) is meant
