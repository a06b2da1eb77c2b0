from __future__ import annotations

from typing import Any

from privacydesk.dialog.held import counted_rows, summary_rows
from privacydesk.domain.account_terms import DataCategory as C

ZONE = "Asia/Shanghai"


def line(category: C, count: int, earliest: str | None = None, latest: str | None = None) -> Any:
    return {"category": category.value, "count": count, "earliest": earliest, "latest": latest}


def export(*lines: Any, **content: list[Any]) -> dict[str, Any]:
    return {"summary": list(lines), "content": content}


def term(row: dict[str, Any]) -> str:
    return str(row["label"]["$term"])


def test_each_kind_is_counted_with_its_first_and_last_day_in_the_operators_zone() -> None:
    rows = summary_rows(
        [C.POSTS, C.COMMENTS, C.CHAT],
        export(
            line(C.POSTS, 3, "2026-04-20T20:00:00Z", "2026-05-30T02:00:00Z"),
            line(C.COMMENTS, 1, "2026-05-30T02:00:00Z", "2026-05-30T03:00:00Z"),
            line(C.CHAT, 7),
        ),
        ZONE,
    )
    assert [(term(row), row["text"]) for row in rows] == [
        ("category.posts", "held.between"),
        ("category.comments", "held.on"),
        ("category.chat", "held.count_messages"),
    ]
    assert rows[0]["args"]["first"]["$day"] == "2026-04-21"
    assert rows[0]["args"]["count"] == {
        "$term": "held.count_messages",
        "args": {"count": {"$number": 3}},
    }


def test_what_is_not_held_and_what_was_not_answered_are_told_apart() -> None:
    rows = summary_rows([C.POSTS, C.VOICE, C.LOCATION], export(line(C.VOICE, 0)), ZONE)
    assert rows == [
        {"label": {"$term": "held.none"}, "value": {"$terms": ["category.voice"]}},
        {
            "label": {"$term": "held.silent"},
            "value": {"$terms": ["category.posts", "category.location"]},
        },
    ]


def test_nothing_is_shown_of_a_kind_that_was_not_asked_for() -> None:
    answer = export(line(C.POSTS, 1), line(C.CHAT, 9), chat=[{"text": "secret"}])
    assert [term(row) for row in summary_rows([C.POSTS], answer, ZONE)] == ["category.posts"]


def test_profile_and_real_name_are_shown_with_what_is_sensitive_masked() -> None:
    profile = {
        "nickname": "Rain",
        "gender": "female",
        "birthday": "1998-02-01",
        "phone": "+8619900001001",
        "consents": {"marketing": True, "location": False},
    }
    rows = summary_rows(
        [C.PROFILE, C.REAL_NAME],
        export(
            line(C.PROFILE, 1),
            line(C.REAL_NAME, 1),
            profile=[profile],
            real_name=[{"real_name": "Lin Xiaoyu", "verified": True}],
        ),
        ZONE,
    )
    shown = {term(row): row.get("value", row.get("args")) for row in rows}
    assert shown["field.nickname"] == "Rain"
    assert shown["field.gender"] == {"$term": "gender.female"}
    assert shown["provider.phone"] == "+86199****1001"
    assert shown["held.consents_given"] == {"$terms": ["purpose.marketing"]}
    assert shown["held.consents_not_given"] == {"$terms": ["purpose.location"]}
    assert shown["category.real_name"] == {"name": "L** X*****"}
    assert "9900001001" not in repr(rows)
    assert "Xiaoyu" not in repr(rows)


def test_ways_to_log_in_are_listed_by_their_masked_labels() -> None:
    bound = [
        {"provider": "google", "label_masked": "x***@example.com"},
        {"provider": "new_one", "label_masked": "?"},
    ]
    rows = summary_rows([C.BINDINGS], export(line(C.BINDINGS, 2), bindings=bound), ZONE)
    assert [(term(row), row["args"]) for row in rows] == [
        (
            "category.bindings",
            {"provider": {"$term": "provider.google"}, "label": "x***@example.com"},
        )
    ]


def test_content_that_can_not_be_read_is_counted_instead() -> None:
    rows = summary_rows([C.PROFILE], export(line(C.PROFILE, 2), profile=["?", 3]), ZONE)
    assert [(term(row), row["text"]) for row in rows] == [("category.profile", "held.count")]


def test_the_first_look_counts_what_there_is_besides_the_profile() -> None:
    rows = counted_rows(export(line(C.PROFILE, 1), line(C.POSTS, 3), line(C.VOICE, 0)), ZONE)
    assert [term(row) for row in rows] == ["category.posts"]
