from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from privacydesk.clock import MovableClock
from privacydesk.connectors.account_book import AccountBook
from privacydesk.connectors.account_record import AccountRecord, DataItem
from privacydesk.demo.people import sample_people
from privacydesk.domain.account import AccountAnswer, AccountProfile, AutomatedDecision, Binding
from privacydesk.domain.account_terms import (
    AccountAction,
    AccountOutcome,
    AccountReason,
    AccountStatus,
    ConsentPurpose,
    DataCategory,
    ItemOutcome,
    Provider,
)
from privacydesk.errors import DeskError, ErrorCode, InvalidRequestError

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)


@pytest.fixture
def book() -> AccountBook:
    records = [one.record for one in sample_people(NOON) if one.record is not None]
    return AccountBook(records, MovableClock(NOON, frozen=True))


_keys = itertools.count()


def act(
    book: AccountBook, action: str, account: str, key: str | None = None, **payload: Any
) -> AccountAnswer:
    """Do one action, under a key of its own unless one is given."""
    used = f"key-{next(_keys)}" if key is None else key
    return book.perform(AccountAction(action), account, payload, key=used)


def outcomes(answer: AccountAnswer) -> dict[str, ItemOutcome]:
    return {one.scope: one.outcome for one in answer.items}


def test_unbinding_removes_the_binding_and_the_last_one_is_refused(book: AccountBook) -> None:
    assert act(book, "unbind", "u-1008", "1", provider="phone").outcome is AccountOutcome.OK
    left = [Binding.from_json(one) for one in act(book, "bindings", "u-1008").data["bindings"]]
    assert [(one.provider, one.last_login_way) for one in left] == [(Provider.WECHAT, True)]
    refused = act(book, "unbind", "u-1008", "2", provider="wechat")
    assert (refused.outcome, refused.reason) == (AccountOutcome.REFUSED, AccountReason.LAST_LOGIN)
    # The phone went with its binding: no code can be sent any more.
    assert act(book, "contacts", "u-1008").data["phone"]["reason"] == "none_bound"


def test_unbinding_what_is_not_bound_is_refused(book: AccountBook) -> None:
    answer = act(book, "unbind", "u-1001", provider="line")
    assert answer.reason is AccountReason.NOT_BOUND


def test_a_change_repeated_under_its_key_happens_once(book: AccountBook) -> None:
    first = act(book, "delete", "u-1001", "same", categories=["posts"])
    assert first.items[0].count == 3
    again = act(book, "delete", "u-1001", "same", categories=["posts"])
    assert again == first
    anew = act(book, "delete", "u-1001", "other", categories=["posts"])
    assert anew.items[0].count == 0


def test_a_key_belongs_to_one_request(book: AccountBook) -> None:
    act(book, "delete", "u-1001", "same", categories=["posts"])
    with pytest.raises(DeskError) as refused:
        act(book, "delete", "u-1001", "same", categories=["photos"])
    assert refused.value.code is ErrorCode.CONFLICT
    assert len(book.accounts[0].holdings[DataCategory.PHOTOS]) == 2


def test_an_export_repeated_after_a_deletion_holds_nothing_deleted(book: AccountBook) -> None:
    act(book, "export", "u-1001", "e", categories=["posts"])
    act(book, "delete", "u-1001", "d", categories=["posts"])
    again = act(book, "export", "u-1001", "e", categories=["posts"])
    assert again.data["content"] == {"posts": []}
    # Nothing of it stays beside the keys either.
    assert "橘子汽水" not in json.dumps(book.to_json(), ensure_ascii=False)


def test_an_export_gives_the_subject_what_is_held_with_a_summary(book: AccountBook) -> None:
    data = act(book, "export", "u-1001").data
    summary = {one["category"]: one["count"] for one in data["summary"]}
    assert set(summary) == {one.value for one in DataCategory}
    assert (summary["posts"], summary["bindings"], summary["real_name"]) == (3, 3, 1)
    assert data["content"]["profile"][0]["phone"] == "+8619900001001"
    posts = next(one for one in data["summary"] if one["category"] == "posts")
    assert posts["earliest"] == "2026-08-22T12:00:00Z"
    assert posts["latest"] == "2026-09-28T12:00:00Z"


def test_deleting_says_for_each_category_what_became_of_it(book: AccountBook) -> None:
    answer = act(
        book, "delete", "u-1001", categories=["posts", "recharge", "bindings", "profile", "posts"]
    )
    assert answer.outcome is AccountOutcome.PARTLY
    assert answer.data == {"backups": "isolated"}
    by_scope = {one.scope: one for one in answer.items}
    assert (by_scope["posts"].outcome, by_scope["posts"].count) == (ItemOutcome.DONE, 3)
    assert by_scope["recharge"].reason is AccountReason.LEGAL_RETENTION
    assert by_scope["recharge"].until is not None
    assert by_scope["bindings"].reason is AccountReason.USE_UNBIND
    assert by_scope["profile"].count == 5
    profile = AccountProfile.from_json(act(book, "profile", "u-1001").data["profile"])
    assert (profile.birthday, profile.avatar, profile.tags) == (None, False, ())
    assert profile.nickname == "小雨不带伞"


def test_deleting_only_what_is_kept_is_refused_and_changes_nothing(book: AccountBook) -> None:
    answer = act(book, "delete", "u-1001", categories=["recharge", "real_name"])
    assert (answer.outcome, answer.reason) == (
        AccountOutcome.REFUSED,
        AccountReason.LEGAL_RETENTION,
    )
    record = book.find("u-1001")
    assert record is not None
    assert record.real_name == "林小雨"


def test_deletion_can_be_narrowed_to_records_and_days(book: AccountBook) -> None:
    assert act(book, "delete", "u-1001", "1", categories=["posts"], item_ids=["post-2"]).items[
        0
    ].count == (1)
    answer = act(book, "delete", "u-1001", "2", categories=["posts"], before="2026-09-01")
    assert answer.items[0].count == 1
    record = book.find("u-1001")
    assert record is not None
    assert [one.id for one in record.holdings[DataCategory.POSTS]] == ["post-3"]


def test_days_are_those_of_the_operators_zone() -> None:
    made = datetime(2026, 8, 31, 15, 59, tzinfo=UTC)
    posts = tuple(DataItem(f"post-{n}", made + timedelta(minutes=n), "") for n in range(2))
    record = AccountRecord("u-1", "Lin", "en", holdings={DataCategory.POSTS: posts})
    book = AccountBook([record], MovableClock(NOON, frozen=True))
    act(book, "delete", "u-1", categories=["posts"], before="2026-09-01")
    left = book.find("u-1")
    assert left is not None
    assert left.holdings[DataCategory.POSTS] == posts[1:]


def test_corrections_are_judged_field_by_field(book: AccountBook) -> None:
    answer = act(
        book,
        "correct",
        "u-1003",
        changes={
            "nickname": " Alice M ",
            "birthday": "2999-01-01",
            "gender": "female",
            "phone": "+8619900001001",
            "tags": ["maps"],
            "signature": None,
            "interests": "maps",
        },
    )
    assert answer.outcome is AccountOutcome.PARTLY
    reasons = {one.scope: one.reason for one in answer.items}
    assert reasons == {
        "nickname": None,
        "birthday": AccountReason.INVALID_VALUE,
        "gender": AccountReason.ALREADY,
        "phone": AccountReason.NOT_CORRECTABLE,
        "tags": None,
        "signature": None,
        "interests": AccountReason.INVALID_VALUE,
    }
    record = book.find("u-1003")
    assert record is not None
    assert (record.nickname, record.tags, record.signature) == ("Alice M", ("maps",), None)
    assert record.phone is None


def test_a_corrected_birthday_and_name_are_shown(book: AccountBook) -> None:
    act(book, "correct", "u-1001", changes={"birthday": "1990-02-03", "real_name": "林晓雨"})
    profile = AccountProfile.from_json(act(book, "profile", "u-1001").data["profile"])
    assert profile.birthday is not None
    assert profile.birthday.isoformat() == "1990-02-03"
    assert profile.real_name_masked == "林**"


def test_withdrawing_consent_flips_it_and_twice_is_no_fault(book: AccountBook) -> None:
    answer = act(book, "withdraw_consent", "u-1001", "1", purposes=["personalised_recommendation"])
    assert answer.outcome is AccountOutcome.OK
    again = act(book, "withdraw_consent", "u-1001", "2", purposes=["personalised_recommendation"])
    assert (again.outcome, again.items[0].reason) == (AccountOutcome.OK, AccountReason.ALREADY)
    consents = AccountProfile.from_json(act(book, "profile", "u-1001").data["profile"]).consents
    assert consents[ConsentPurpose.PERSONALISED_RECOMMENDATION] is False
    assert consents[ConsentPurpose.MARKETING] is True


def test_closing_leaves_posts_without_a_name_and_ends_all_else(book: AccountBook) -> None:
    answer = act(book, "deregister", "u-1002")
    assert answer.outcome is AccountOutcome.OK
    found = outcomes(answer)
    assert found["posts"] is ItemOutcome.ANONYMISED
    assert found["recharge"] is ItemOutcome.KEPT
    assert found["search_history"] is ItemOutcome.DONE
    record = book.find("u-1002")
    assert record is not None
    assert (record.status, record.phone, record.bindings) == (AccountStatus.CLOSED, None, ())
    assert set(record.holdings) == {DataCategory.RECHARGE}
    assert [one.id for one in book.anonymous] == ["anon-1", "anon-2", "anon-3"]
    assert "u-1002" not in json.dumps([one.to_json() for one in book.anonymous])


def test_a_closed_account_takes_no_changes(book: AccountBook) -> None:
    changes: list[tuple[str, dict[str, Any]]] = [
        ("deregister", {}),
        ("restore", {}),
        ("delete", {"categories": ["posts"]}),
        ("unbind", {"provider": "phone"}),
    ]
    for action, payload in changes:
        assert act(book, action, "u-1012", **payload).reason is AccountReason.CLOSED


@pytest.mark.parametrize(
    ("account", "reason"),
    [("u-1011", AccountReason.UNSPENT_BALANCE), ("u-1007", AccountReason.OPEN_DISPUTE)],
)
def test_closing_is_refused_while_conditions_are_unmet(
    book: AccountBook, account: str, reason: AccountReason
) -> None:
    answer = act(book, "deregister", account)
    assert answer.reason is AccountReason.CONDITIONS_UNMET
    assert [one.reason for one in answer.items] == [reason]


def test_suspending_and_restoring(book: AccountBook) -> None:
    act(book, "suspend", "u-1004", "1", reason="underage")
    record = book.find("u-1004")
    assert record is not None
    assert (record.status, record.suspended_for) == (AccountStatus.SUSPENDED, "underage")
    assert act(book, "contacts", "u-1004").data["phone"] == {
        "reachable": False,
        "masked": None,
        "reason": "account_suspended",
    }
    assert act(book, "suspend", "u-1004", "2").items[0].reason is AccountReason.ALREADY
    act(book, "restore", "u-1004", "3")
    assert act(book, "contacts", "u-1004").data["phone"]["reachable"] is True


def test_decisions_are_explained(book: AccountBook) -> None:
    raw = act(book, "decisions", "u-1001").data["decisions"]
    decision = AutomatedDecision.from_json(raw[0])
    assert decision.factors
    assert decision.appeal
    assert decision.to_json() == raw[0]


def test_an_arranged_obstacle_makes_an_answer_partial(book: AccountBook) -> None:
    book.obstacles["photos"] = AccountReason.TECHNICAL
    answer = act(book, "delete", "u-1001", categories=["posts", "photos"])
    assert answer.outcome is AccountOutcome.PARTLY
    assert outcomes(answer) == {"posts": ItemOutcome.DONE, "photos": ItemOutcome.FAILED}


@pytest.mark.parametrize(
    ("action", "payload"),
    [
        ("delete", {}),
        ("delete", {"categories": []}),
        ("delete", {"categories": "posts"}),
        ("delete", {"categories": ["everything"]}),
        ("delete", {"categories": [["posts"]]}),
        ("delete", {"categories": ["posts"], "befor": "2026-01-01"}),
        ("delete", {"categories": ["posts"], "before": 3}),
        ("delete", {"categories": ["posts"], "before": "soon"}),
        ("delete", {"categories": ["posts"], "item_ids": []}),
        ("delete", {"categories": ["posts"], "item_ids": [1]}),
        ("unbind", {}),
        ("unbind", {"provider": "pigeon"}),
        ("correct", {"changes": {}}),
        ("correct", {"changes": {"x" * 65: 1}}),
        ("correct", {"changes": dict.fromkeys(map(str, range(51)), 1)}),
        ("correct", {"changes": ["nickname"]}),
        ("withdraw_consent", {"purposes": [None]}),
        ("suspend", {"reason": "x" * 65}),
        ("profile", {"verbose": True}),
        ("deregister", {"sure": True}),
    ],
)
def test_a_payload_that_does_not_fit_changes_nothing(
    book: AccountBook, action: str, payload: dict[str, Any]
) -> None:
    before = book.to_json()
    with pytest.raises(InvalidRequestError):
        act(book, action, "u-1001", **payload)
    assert book.to_json() == before


@pytest.mark.parametrize("key", ["", "k" * 201])
def test_a_key_must_be_there_and_short(book: AccountBook, key: str) -> None:
    with pytest.raises(InvalidRequestError):
        act(book, "profile", "u-1001", key)


def test_nobody_is_found_under_an_unknown_account(book: AccountBook) -> None:
    assert act(book, "deregister", "u-9999").outcome is AccountOutcome.NOT_FOUND


def test_a_book_comes_back_from_json_as_it_was(book: AccountBook) -> None:
    act(book, "deregister", "u-1002", "a")
    first = act(book, "delete", "u-1001", "b", categories=["posts", "recharge"])
    text = json.dumps(book.to_json())
    again = AccountBook.from_json(json.loads(text), MovableClock(NOON, frozen=True))
    assert json.dumps(again.to_json()) == text
    assert act(again, "delete", "u-1001", "b", categories=["posts", "recharge"]) == first


@pytest.mark.parametrize("raw", [{}, {"format": 2}, {"format": 1, "accounts": [{}]}, []])
def test_what_is_no_book_is_refused(raw: Any) -> None:
    with pytest.raises(InvalidRequestError):
        AccountBook.from_json(raw, MovableClock(NOON, frozen=True))
