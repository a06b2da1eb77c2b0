"""What differs between two versions of a profile."""

from __future__ import annotations

from typing import Any

from privacydesk.domain.operator_profile import ProfileChange
from privacydesk.profile import parse_profile
from privacydesk.services.profile_changes import changes_between, rows_of

TEAM = {"name": "pay", "labels": dict.fromkeys(("zh_Hans", "zh_Hant", "en"), "Pay")}


def values(**raw: Any) -> dict[str, Any]:
    return parse_profile(raw, "p").model_dump(mode="json")


def changed(before: dict[str, Any], after: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {".".join(one.path): (one.before, one.after) for one in changes_between(before, after)}


def test_equal_profiles_differ_in_nothing() -> None:
    assert changes_between(values(app="X"), values(app="X", zone="Asia/Shanghai")) == []


def test_each_value_that_differs_is_named_by_its_keys() -> None:
    before = values(
        app="Lane",
        clauses={"minors": {"article": "6", "anchor": "a"}, "contact": {"article": "9"}},
        second_eyes=["deregistration"],
        arbitration={"en": "Xiamen"},
    )
    after = values(
        app="Alley",
        clauses={"minors": {"article": "7", "anchor": "a"}},
        second_eyes=[],
        arbitration=None,
        teams=[{**TEAM, "items": ["recharge", "posts"]}],
        notices={"quiet": None},
    )
    assert changed(before, after) == {
        "app": ("Lane", "Alley"),
        "arbitration.en": ("Xiamen", ""),
        "clauses.minors.article": ("6", "7"),
        "clauses.contact.article": ("9", ""),
        "clauses.contact.anchor": (None, ""),
        "second_eyes": ("deregistration", None),
        "teams.pay.labels.zh_Hans": ("", "Pay"),
        "teams.pay.labels.zh_Hant": ("", "Pay"),
        "teams.pay.labels.en": ("", "Pay"),
        "teams.pay.items": ("", "recharge, posts"),
        "notices.quiet.begins": ("22:00", ""),
        "notices.quiet.ends": ("08:00", ""),
    }
    assert ProfileChange(("app",), "Lane", "Alley") in changes_between(before, after)


def test_shifts_are_numbered_and_a_file_is_named_by_its_size() -> None:
    rows = rows_of(
        values(
            staffed=[{"opens": "08:30"}, {"opens": "13:00", "every_day": True}],
            brand={"logo": {"base64": "PHN2Zy8+"}},
        )
    )
    assert rows["staffed", "2", "opens"] == "13:00"
    assert rows["staffed", "2", "every_day"] == "true"
    assert str(rows["brand", "logo"]).startswith("6 B, SHA-256 ")
    assert ("brand", "colour") not in rows
