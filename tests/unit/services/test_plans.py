from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from privacydesk.domain.account_terms import AccountAction
from privacydesk.domain.ids import ConversationId, TicketId
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.ticket import ScopeItem, Ticket, TicketState
from privacydesk.services.plans import needs_written_answer, plan_calls


def ticket(kind: RequestKind, *items: ScopeItem, **values: Any) -> Ticket:
    return Ticket(
        number="PD-1",
        conversation_id=ConversationId(b"c" * 16),
        kind=kind,
        state=TicketState.IN_REVIEW,
        received_at=datetime(2026, 6, 1, tzinfo=UTC),
        locale="en",
        items=items,
        **{"id": TicketId(b"t" * 16), "account": "u-1", **values},
    )


@pytest.mark.parametrize("kind", RequestKind)
def test_nothing_is_done_to_no_account_and_for_nothing_granted(kind: RequestKind) -> None:
    refused = ScopeItem("posts", {"provider": "google"}, decision="refuse")
    assert plan_calls(ticket(kind, refused)) == ()
    assert plan_calls(ticket(kind)) == ()
    assert plan_calls(ticket(kind, ScopeItem("posts", {"provider": "google"}), account="")) == ()


@pytest.mark.parametrize(
    "kind",
    [RequestKind.COMPLAINT, RequestKind.AUTOMATED_DECISION, RequestKind.UNDERAGE_REPORT],
)
def test_words_are_the_answer_where_nothing_can_be_done(kind: RequestKind) -> None:
    assert plan_calls(ticket(kind, ScopeItem("any"))) == ()


def test_only_granted_items_are_asked_for_and_each_by_its_place() -> None:
    (action,) = plan_calls(
        ticket(
            RequestKind.DELETION,
            ScopeItem("posts", decision="grant"),
            ScopeItem("recharge", decision="refuse"),
            ScopeItem("comments"),
        )
    )
    assert action.action is AccountAction.DELETE
    assert action.payload == {"categories": ["posts", "comments"]}
    assert action.items == (0, 2)


def test_a_transfer_exports_what_was_asked_for() -> None:
    (call,) = plan_calls(ticket(RequestKind.PORTABILITY, ScopeItem("posts"), ScopeItem("photos")))
    assert (call.action, call.payload) == (
        AccountAction.EXPORT,
        {"categories": ["posts", "photos"]},
    )


def test_staff_write_what_was_transferred_to_another_service() -> None:
    to_another = ScopeItem("posts", {"recipient": "随身听"})
    assert needs_written_answer(ticket(RequestKind.PORTABILITY, to_another))
    assert not needs_written_answer(ticket(RequestKind.PORTABILITY, ScopeItem("posts")))


def test_an_objection_to_profiling_withdraws_and_deletes() -> None:
    both = ScopeItem("personalisation"), ScopeItem("tags")
    calls = plan_calls(ticket(RequestKind.PROFILING_OBJECTION, *both))
    assert [(call.action, call.payload, call.items) for call in calls] == [
        (AccountAction.WITHDRAW_CONSENT, {"purposes": ["personalised_recommendation"]}, (0,)),
        (AccountAction.DELETE, {"categories": ["recommendations"]}, (1,)),
    ]


def test_a_relatives_wishes_are_carried_out_one_by_one() -> None:
    wishes = [ScopeItem(name) for name in ("access", "correct", "delete", "close")]
    asked = ticket(RequestKind.DECEASED, *wishes)
    assert [(call.action, call.items) for call in plan_calls(asked)] == [
        (AccountAction.EXPORT, (0,)),
        (AccountAction.DELETE, (2,)),
        (AccountAction.DEREGISTER, (3,)),
    ]
    assert needs_written_answer(asked), "nothing corrects an entry in somebody else's name"


@pytest.mark.parametrize(
    "detail",
    [
        {"only": [{"qualifier": "自拍"}]},
        {"but": [{"to": "2025-12-31", "qualifier": "自拍"}]},
        {"words": "or rather"},
        {"period": "去年"},
    ],
)
def test_people_delete_what_words_narrow(detail: dict[str, Any]) -> None:
    limited = ticket(RequestKind.DELETION, ScopeItem("posts", detail=detail))
    assert plan_calls(limited) == ()
    assert needs_written_answer(limited)
    assert not needs_written_answer(ticket(RequestKind.DELETION, ScopeItem("posts")))


UNTIL_2025: dict[str, Any] = {"only": [{"to": "2025-12-31"}]}


def test_each_last_day_is_a_call_of_its_own() -> None:
    asked = ticket(
        RequestKind.DELETION,
        ScopeItem("posts", UNTIL_2025),
        ScopeItem("comments"),
        ScopeItem("voice", UNTIL_2025),
    )
    assert [(one.payload, one.items) for one in plan_calls(asked)] == [
        ({"categories": ["posts", "voice"], "before": "2026-01-01"}, (0, 2)),
        ({"categories": ["comments"]}, (1,)),
    ]
    assert not needs_written_answer(asked)


@pytest.mark.parametrize(
    "item",
    [
        ScopeItem("posts", {"only": [{"from": "2025-01-01", "to": "2025-12-31"}]}),
        ScopeItem("posts", {"only": [{"from": "2025-01-01"}]}),
        ScopeItem("profile", UNTIL_2025),
        ScopeItem("all", UNTIL_2025),
    ],
)
def test_people_delete_what_the_account_service_has_no_argument_for(item: ScopeItem) -> None:
    asked = ticket(RequestKind.DELETION, ScopeItem("comments"), item)
    assert plan_calls(asked) == ()
    assert needs_written_answer(asked)


def test_all_is_spelt_out_and_leaves_the_ways_to_log_in() -> None:
    (action,) = plan_calls(ticket(RequestKind.DELETION, ScopeItem("all")))
    assert "bindings" not in action.payload["categories"]
    assert "posts" in action.payload["categories"]


@pytest.mark.parametrize(
    ("flags", "wish", "actions"),
    [
        ({"under_14"}, "access", ["suspend", "export"]),
        ({"under_14"}, "delete", ["suspend", "delete"]),
        ({"under_14"}, "close", ["suspend"]),
        ({"under_14"}, "other", ["suspend"]),
        ({"exactly_14"}, "close", ["suspend"]),
        ({"teen"}, "access", ["export"]),
        ({"teen"}, "other", []),
    ],
)
def test_a_childs_account_is_stopped_first_and_a_teens_by_wish_alone(
    flags: set[str], wish: str, actions: list[str]
) -> None:
    planned = plan_calls(ticket(RequestKind.GUARDIAN, ScopeItem(wish), flags=frozenset(flags)))
    assert [action.action.value for action in planned] == actions
