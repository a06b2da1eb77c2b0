"""Mail addresses and phone numbers are found as they are written."""

from __future__ import annotations

import pytest

from privacydesk.nlu.extractors.contacts import (
    ContactKind,
    FoundContact,
    canonical,
    contacts,
    mails,
)


def _values(text: str) -> list[str]:
    return [one.value for one in contacts(text)]


@pytest.mark.parametrize(
    "mail",
    [
        "d.okeefe@example.com",
        "2756310984@qq.com",
        "d1190427@mail.fcu.edu.tw",
        "Neil+desk@Example.CO.UK",
        "Ｌin@example.com",
    ],
)
def test_a_mail_address_is_found(mail: str) -> None:
    found = contacts(f"发到{mail}，发完就注销")
    assert [(one.kind, one.value) for one in found] == [(ContactKind.MAIL, mail)]


@pytest.mark.parametrize(
    "phone",
    [
        "13800138012",
        "138 0013 8012",
        "１３８００１３８０１２",
        "+86 138-0013-8012",
        "0086 13800138012",
        "022-24351187",
        "6123 4567",
        "91112222",
        "6 7 7 2 1 0 0 8",
        "+853 6230 9917",
        "0972-318-445",
        "02-8765-4321",
        "(02) 8765 4321",
        "617-555-0142",
        "+1 (718) 555-0136",
        "07700 900 417",
        "+44 7700 900123",
        "01 555 0162",
        "0491 570 156",
        "+91 98860 12345",
    ],
)
def test_a_phone_number_is_found(phone: str) -> None:
    text = f"我的电话{phone}，谢谢"
    start = text.index(phone)
    assert contacts(text) == (FoundContact(start, start + len(phone), ContactKind.PHONE, phone),)


@pytest.mark.parametrize(
    "text",
    [
        "生日是1992-10-05",
        "区间2026.11.01–2026.11.15",
        "until 31.12.2025",
        "工单20261103请查进度",
        "request no. 20261108-77",
        "编号DR-20261103, MC-20261110-07",
        "PD-7234-9293-345",
        "user88291034",
        "用户8837461",
        "統編12345678",
        "充了¥13800000, 91112222元",
        "FY 2025-26 (1 apr 2025)",
        "身份证310101199210051234",
        "QQ 2756310984",
        "+1234567, 00",
        "someone@home",
        "",
    ],
)
def test_other_numbers_are_left(text: str) -> None:
    assert _values(text) == []


def test_the_numbers_of_a_list_are_no_part_of_it() -> None:
    assert _values("1 手机号换成18600001111 2 谷歌登录下掉") == ["18600001111"]
    assert _values("(2) 電話更新為0933221100 (3) 廣告停止") == ["0933221100"]
    assert _values("②0933221100③9111 2222") == ["0933221100", "9111 2222"]
    assert _values("旧 9344 0127 / 新 6011 7250") == ["9344 0127", "6011 7250"]
    assert _values("13800138012\n13900001122") == ["13800138012", "13900001122"]


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("138 0013 8000", "+8613800138000"),
        ("+852 6123 4567", "+85261234567"),
        ("61234567", "+85261234567"),
        ("123", ""),
    ],
)
def test_numbers_have_one_canonical_form(written: str, number: str) -> None:
    assert canonical(written) == number


@pytest.mark.parametrize(
    ("said", "addresses"),
    [
        ("Bob@Example.com", ("bob@example.com",)),
        ("email me at bob@example.com.", ("bob@example.com",)),
        ("发到bob@example.com吧", ("bob@example.com",)),
        ("我的信箱是 bob.lee+desk@mail.example.com，謝謝", ("bob.lee+desk@mail.example.com",)),
        ("bob@example.com, I repeat: BOB@example.com", ("bob@example.com",)),
        ("小明@例子.公司", ("小明@例子.公司",)),
        ("a@b.com or c@d.com", ("a@b.com", "c@d.com")),
        ("bob@", ()),
        ("not an address @ all", ()),
        ("@bob", ()),
    ],
)
def test_addresses_are_taken_out_of_the_words_around_them(
    said: str, addresses: tuple[str, ...]
) -> None:
    assert mails(said) == addresses
