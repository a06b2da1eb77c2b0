from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest

from privacydesk.demo.people import sample_people
from privacydesk.domain.account import (
    AccountAnswer,
    AccountProfile,
    Binding,
    ItemResult,
    mark_last_login_way,
)
from privacydesk.domain.account_terms import (
    AccountOutcome,
    AccountReason,
    DataCategory,
    Deletable,
    ItemOutcome,
    Provider,
)
from privacydesk.domain.instants import read_instant, write_instant
from privacydesk.domain.masking import mask_mail, mask_name, mask_phone

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("+8619900001001", "+86199****1001"),
        ("+85251234002", "+852****4002"),
        ("12345", "***45"),
        ("", ""),
    ],
)
def test_a_phone_keeps_its_last_four_digits(number: str, masked: str) -> None:
    assert mask_phone(number) == masked


def test_names_and_mail_addresses_keep_their_first_character() -> None:
    assert mask_name("林小雨") == "林**"
    assert mask_name("Alice Morgan") == "A**** M*****"
    assert mask_name("  ") == ""
    assert mask_mail("alice@example.org") == "a***@example.org"


def test_an_answer_survives_json() -> None:
    answer = AccountAnswer(
        AccountOutcome.PARTLY,
        data={"backups": "isolated"},
        items=(
            ItemResult("posts", ItemOutcome.DONE, 3),
            ItemResult(
                "recharge",
                ItemOutcome.KEPT,
                2,
                AccountReason.LEGAL_RETENTION,
                date(2029, 1, 31),
            ),
        ),
        retry_after=2.5,
    )
    assert AccountAnswer.from_json(json.loads(json.dumps(answer.to_json()))) == answer


def test_profiles_and_bindings_survive_json() -> None:
    for person in sample_people(NOON):
        if person.record is None:
            continue
        profile = person.record.profile
        assert AccountProfile.from_json(json.loads(json.dumps(profile.to_json()))) == profile
        for one in person.record.shown_bindings:
            assert Binding.from_json(json.loads(json.dumps(one.to_json()))) == one


def test_only_a_single_binding_is_the_last_login_way() -> None:
    wechat, line = Binding(Provider.WECHAT, "a***"), Binding(Provider.LINE, "b***")
    assert [one.last_login_way for one in mark_last_login_way([wechat])] == [True]
    assert [one.last_login_way for one in mark_last_login_way([wechat, line])] == [False, False]
    assert mark_last_login_way([]) == ()


def test_instants_are_utc_and_need_an_offset() -> None:
    assert write_instant(read_instant("2026-10-01T20:00:00+08:00")) == "2026-10-01T12:00:00Z"
    with pytest.raises(ValueError, match="offset"):
        read_instant("2026-10-01T20:00:00")


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00"])
def test_an_instant_that_some_zones_have_no_date_for_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="years"):
        read_instant(text)


def test_categories_hint_at_what_deletion_can_do() -> None:
    assert DataCategory.POSTS.deletable is Deletable.YES
    assert DataCategory.RECHARGE.deletable is Deletable.MAY_BE_KEPT
    assert DataCategory.BINDINGS.deletable is Deletable.ELSEWHERE
    assert DataCategory.POSTS.published
    assert not DataCategory.CHAT.published


def test_only_pending_and_unavailable_leave_something_to_ask() -> None:
    open_ones = [one for one in AccountOutcome if not AccountAnswer(one).final]
    assert open_ones == [AccountOutcome.PENDING, AccountOutcome.UNAVAILABLE]
