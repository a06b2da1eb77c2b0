from __future__ import annotations

from typing import Any, cast

import pytest
from tests.unit.services.test_plans import ticket

from privacydesk.data import locale_files
from privacydesk.dialog.held import profile_rows
from privacydesk.dialog.rules import Rules
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.ticket import ScopeItem
from privacydesk.i18n.catalog import Catalogs
from privacydesk.services.capitals import capitalize_first
from privacydesk.services.deadlines import Deadlines
from privacydesk.services.rendering import Renderer

RENDERER = Renderer(Catalogs(locale_files()), cast("Deadlines", None), Rules())


@pytest.mark.parametrize(
    ("term", "shown"),
    [
        ("posts", "Posts"),
        ("phone number (138****4821)", "Phone number (138****4821)"),
        ("iPhone backup", "iPhone backup"),
        ("QQ", "QQ"),
        ("动态", "动态"),
        ("«", "«"),
        ("", ""),
    ],
)
def test_a_term_without_a_sentence_around_it_begins_with_a_capital(term: str, shown: str) -> None:
    assert capitalize_first(term) == shown


@pytest.mark.parametrize(
    ("item", "shown"),
    [
        (ScopeItem("posts"), "Posts"),
        (ScopeItem("posts", {"only": [{"to": "2026-11-21"}]}), "Posts up to 21 November 2026"),
        (ScopeItem("photos", {"but": [{"qualifier": "自拍"}]}), "Photos (except “自拍”)"),
        (ScopeItem("photos", {"words": "or so"}), "Photos (as written: “or so”)"),
        (ScopeItem("photos", {"period": "last year's"}), "Photos (last year's)"),
        (ScopeItem("maps", {"only": [{"from": "2026-01-01"}]}), "maps since 1 January 2026"),
    ],
)
def test_an_item_is_worded_with_what_narrows_it(item: ScopeItem, shown: str) -> None:
    asked: Any = ticket(RequestKind.DELETION, item)
    assert RENDERER.item_label(asked, item, "en") == shown


@pytest.mark.parametrize(
    ("profile", "shown"),
    [
        ({"tags": ["music", "slow food"]}, ["music and slow food"]),
        ({"nickname": "lin", "signature": "no caps"}, ["lin", "no caps"]),
        ({"gender": "female"}, ["Female"]),
    ],
)
def test_what_is_held_is_shown_as_it_is_held(profile: dict[str, Any], shown: list[str]) -> None:
    rows = [RENDERER._render_row(row, "en") for row in profile_rows(profile)]
    assert [row["value"] for row in rows] == shown
