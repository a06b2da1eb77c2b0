"""Readings are compared as a person would who acts on them."""

from __future__ import annotations

from datetime import date

import pytest

from privacydesk.domain.intents import Intent
from privacydesk.domain.reading import ALL, Holder, Mention, MentionKind, Modality, Request
from privacydesk.training.evaluation.scores import loses, same_scope

_YEAR = date(2026, 1, 1)


def _request(
    include: tuple[Mention, ...] = (),
    exclude: tuple[Mention, ...] = (),
    modality: Modality = Modality.WISHED,
    intent: Intent = Intent.DELETION,
) -> Request:
    return Request(intent, modality, Holder.SELF, sure=True, include=include, exclude=exclude)


def _category(value: str, since: date | None = None, qualifier: str = "") -> Mention:
    return Mention(MentionKind.CATEGORY, value, since, None, qualifier)


POSTS, PHOTOS, EVERYTHING = _category("posts"), _category("photos"), _category(ALL)
FRESH = _category("posts", _YEAR)


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        pytest.param(_request((POSTS,)), _request((PHOTOS,)), id="another thing"),
        pytest.param(_request((EVERYTHING,)), _request((POSTS,)), id="everything"),
        pytest.param(_request((POSTS,)), _request((POSTS,), (FRESH,)), id="what stays is missing"),
        pytest.param(_request((POSTS,)), _request((FRESH,)), id="a longer time"),
        pytest.param(
            _request((POSTS,)), _request((_category("posts", None, "with Mei"),)), id="all of them"
        ),
        pytest.param(_request((POSTS,)), _request((POSTS,), (), Modality.DENIED), id="not wished"),
        pytest.param(
            _request((POSTS,)), _request((POSTS,), intent=Intent.ACCESS), id="another intent"
        ),
    ],
)
def test_more_would_go_than_was_given_away(told: Request, meant: Request) -> None:
    assert loses(told, [meant])


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        pytest.param(_request((FRESH,)), _request((POSTS,)), id="less time"),
        pytest.param(_request((POSTS,)), _request((EVERYTHING,)), id="one of all"),
        pytest.param(
            _request((POSTS,), (_category("posts"),)), _request((POSTS,), (FRESH,)), id="stays"
        ),
        pytest.param(
            _request((POSTS,), intent=Intent.ACCESS), _request((PHOTOS,)), id="nothing goes"
        ),
        pytest.param(_request((POSTS,), (), Modality.ASKED), _request((PHOTOS,)), id="asked"),
    ],
)
def test_nothing_would_go_that_should_stay(told: Request, meant: Request) -> None:
    assert not loses(told, [meant])


def test_a_scope_is_the_same_to_the_day_and_the_word() -> None:
    sam = _request((_category("posts", _YEAR, "with Sam"),))
    assert same_scope(sam, _request((_category("posts", _YEAR, "With Sam "),)))
    assert not same_scope(sam, _request((_category("posts", _YEAR, "Sam"),)))
    assert not same_scope(sam, _request((_category("posts", None, "with Sam"),)))
