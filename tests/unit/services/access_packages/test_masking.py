"""Credentials never leave, other people are not recognised, and one's own data stays whole."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacydesk.domain.account_terms import DataCategory
from privacydesk.services.access_packages.masking import MARK, Masked, mask
from privacydesk.services.access_packages.rules import shipped_rules

CHAT, POSTS, PROFILE = DataCategory.CHAT, DataCategory.POSTS, DataCategory.PROFILE
ME = {
    "account": "u-1001",
    "nickname": "小雨不带伞",
    "phone": "+8619900001001",
    "mail": "rain@example.com",
}


def masked(entry: Any, category: DataCategory = CHAT, *more: Any) -> Masked:
    return mask({PROFILE: (ME,), category: (entry, *more)}, shipped_rules())


def one(entry: Any, category: DataCategory = CHAT) -> Any:
    return masked(entry, category).content[category][0]


@pytest.mark.parametrize(
    "field",
    [
        "password", "Password", "password_hash", "passwordHash", "login_password", "salt",
        "token", "accessToken", "refresh_token", "id-token", "session_id", "sessionKey", "cookie",
        "client_secret", "apiKey", "private_key", "otp", "verification_code", "cvv",
        "security_answer", "photo_hash", "sha256_digest", "push tokens",
    ],
)  # fmt: skip
def test_a_field_that_holds_a_credential_is_left_out_wherever_it_stands(field: str) -> None:
    done = masked({"text": "hi", "detail": {"deep": [{field: "s3cret-value"}]}})
    assert "s3cret-value" not in json.dumps(list(done.content[CHAT]))
    assert done.left_out == 1
    assert done.content[CHAT][0]["text"] == "hi"


@pytest.mark.parametrize("field", ["signature", "text", "id", "room", "codec", "tokenised_at"])
def test_a_field_of_an_ordinary_name_stays(field: str) -> None:
    assert one({field: "周末去看海"}) == {field: "周末去看海"}


@pytest.mark.parametrize(
    "secret",
    [
        "$2b$12$KIXQe3kXvXqzY5j0Zr1e7uQ8p3JmC2uXb1Q8tB1mF8m6lZ3yq7b6K",
        "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b7dWRWJTmaaJObG",
        "d41d8cd98f00b204e9800998ecf8427e",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1LTEwMDEifQ.sFlMJ8cKxR",
        "Bearer abcdef0123456789",
        "password=hunter2hunter2",
        "我的密码是 hunter2hunter2",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----",
    ],
)
@pytest.mark.parametrize("category", [CHAT, DataCategory.DEVICE_LOGS, PROFILE])
def test_a_credential_is_taken_out_of_any_text(secret: str, category: DataCategory) -> None:
    done = mask({category: ({"text": f"before {secret} after"},)}, shipped_rules())
    text = done.content[category][0]["text"]
    assert text.startswith("before ")
    assert text.endswith(" after")
    assert MARK in text
    assert secret.rsplit(maxsplit=1)[-1] not in text
    assert done.left_out == 1


def test_numbers_and_addresses_of_others_are_masked_and_ones_own_stay() -> None:
    text = one({"text": "我 19900001001 或 rain@example.com，他 13800138000，she@example.org"})[
        "text"
    ]
    assert "19900001001" in text
    assert "rain@example.com" in text
    assert "13800138000" not in text
    assert "138****8000" in text
    assert "she@example.org" not in text
    assert "s***@example.org" in text


@pytest.mark.parametrize("number", ["138 0013 8000", "+86 138-0013-8000", "+65 9123 4567"])
def test_a_number_is_found_however_it_is_written(number: str) -> None:
    digits = "".join(c for c in number if c.isdigit())
    text = one({"text": f"打给他：{number}。"})["text"]
    assert digits[-8:-4] not in text.replace(" ", "").replace("-", "")
    assert text.startswith("打给他：")
    assert text.endswith("。")


def test_a_number_that_is_no_text_is_masked_when_it_is_a_phones() -> None:
    assert one({"phone_of_friend": 13800138000})["phone_of_friend"] == "138****8000"
    assert one({"views": 13800138, "at_ms": 1790856000123}) == {
        "views": 13800138,
        "at_ms": 1790856000123,
    }


def test_amounts_dates_and_order_numbers_are_nobodys_phone() -> None:
    entry = {"text": "2026-10-01 12:30 充值 30.00 元，订单 20261001123456789", "amount": "30.00"}
    assert one(entry, DataCategory.RECHARGE) == entry


def test_whom_a_field_names_is_masked_there_and_in_what_was_written() -> None:
    done = masked(
        {"from": "u-1001", "to": "王小明", "text": "王小明，周六爬山吗？我叫小雨不带伞"},
        CHAT,
        {"from": {"id": "u-2002", "nickname": "山风电台", "level": "gold"}, "text": "山风电台见"},
    )
    first, second = done.content[CHAT]
    assert first == {"from": "u-1001", "to": "王**", "text": "王**，周六爬山吗？我叫小雨不带伞"}
    assert second["from"] == {"id": "u*****", "nickname": "山***", "level": "gold"}
    assert second["text"] == "山***见"
    assert done.hidden == 5


def test_a_name_in_letters_is_no_part_of_a_word() -> None:
    done = masked({"with": "Ann", "text": "Ann and Annabel, anne, Ann!"})
    assert done.content[CHAT][0]["text"] == "A** and Annabel, anne, A**!"


def test_names_are_looked_for_in_messages_and_not_in_what_one_searched_for() -> None:
    content = {
        PROFILE: (ME,),
        CHAT: ({"with": "吉他", "text": "吉他你好"},),
        DataCategory.SEARCH_HISTORY: ({"text": "吉他 初学"},),
    }
    done = mask(content, shipped_rules()).content
    assert done[CHAT][0]["text"] == "吉*你好"
    assert done[DataCategory.SEARCH_HISTORY][0]["text"] == "吉他 初学"


def test_mentions_are_masked_and_ones_own_is_not() -> None:
    text = one({"text": "@阿星 快来 @小雨不带伞"}, POSTS)["text"]
    assert text == "@阿* 快来 @小雨不带伞"


def test_handles_are_masked() -> None:
    text = one({"text": "加我微信：xing_2026 或 QQ: 123456789"})["text"]
    assert "xing_2026" not in text
    assert "123456789" not in text


def test_an_identity_number_of_another_is_masked_and_a_number_like_it_stays() -> None:
    right, wrong = "11010519491231002X", "110105194912310021"
    text = one({"text": f"他的证件 {right}，订单 {wrong}"})["text"]
    assert right not in text
    assert wrong in text


def test_categories_of_ones_own_are_not_masked() -> None:
    bindings = {"provider": "google", "label_masked": "x***@example.com"}
    content = {PROFILE: (ME,), DataCategory.BINDINGS: (bindings,)}
    done = mask(content, shipped_rules())
    assert done.content[PROFILE] == (ME,)
    assert done.content[DataCategory.BINDINGS] == (bindings,)
    assert done.hidden == 0


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(JSON, max_size=4))
def test_anything_that_a_service_may_send_is_masked_without_a_fault(entries: list[Any]) -> None:
    content = {category: tuple(entries) for category in (CHAT, PROFILE, DataCategory.FOLLOWS)}
    done = mask(content, shipped_rules())
    assert {c: len(found) for c, found in done.content.items()} == dict.fromkeys(
        content, len(entries)
    )


@pytest.mark.parametrize("piece", ["a", "1", "@", "= ", "eyJ-", "微信", "a@", "$5$", "1 ", "a."])
def test_a_long_text_of_nothing_but_beginnings_is_gone_through_once(piece: str) -> None:
    """A rule that went back over what it has read would take minutes here, and hold the desk up."""
    assert one({"text": piece * (20_000 // len(piece))})["text"]
