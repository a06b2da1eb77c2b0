"""Contacts in odd spellings are masked, one's own stay, and what is no contact is left alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from privacydesk.domain.account_terms import DataCategory
from privacydesk.services.access_packages.masking import mask
from privacydesk.services.access_packages.rules import shipped_rules
from privacydesk.services.access_packages.spelled import compact, folded, spelled_contacts

SAID = yaml.load(Path(__file__).with_name("contacts.yaml").read_text("utf-8"), yaml.CSafeLoader)
NOBODY: Mapping[str, str] = {"account": "u-1001", "nickname": "小雨不带伞"}


def shown(text: str, own: Mapping[str, str] = NOBODY) -> str:
    content = {DataCategory.PROFILE: (own,), DataCategory.CHAT: ({"text": text},)}
    found: str = mask(content, shipped_rules()).content[DataCategory.CHAT][0]["text"]
    return found


def parted(sentence: str) -> tuple[str, str, str]:
    before, contact, after = re.split(r"\[|\](?!.*\])", sentence, maxsplit=2)
    return before, contact, after


@pytest.mark.parametrize("sentence", SAID["contacts"])
def test_a_contact_is_masked_however_it_is_spelled(sentence: str) -> None:
    before, contact, after = parted(sentence)
    text = shown(before + contact + after)
    assert contact not in text
    assert compact(contact) not in compact(text)
    assert text.startswith(before)
    assert text.endswith(after)


@pytest.mark.parametrize("sentence", SAID["none"])
def test_what_is_no_contact_stays_as_it_is(sentence: str) -> None:
    assert shown(sentence) == sentence


@pytest.mark.parametrize(
    ("field", "own", "text"),
    [
        ("wechat", "Rain_2026", "我的微信 rain_2026，你的呢"),
        ("qq", "1234567", "我的 QQ 是 1 2 3 4 5 6 7"),
        ("qq", "1234567", "QQ：一二三四五六七"),
        ("phone", "+8619900001001", "我电话 一九九零零零零一零零一"),
        ("mail", "rain@example.com", "mail me: rain at example dot com"),
    ],
)
def test_ones_own_contact_stays_in_any_spelling(field: str, own: str, text: str) -> None:
    assert shown(text, {field: own}) == text
    assert shown(text) != text


@pytest.mark.parametrize("text", ["㎏１２３", "İstanbul", "ß微信", "👨‍👩‍👧 qq 12345", "ﬁ＠"])
def test_a_text_is_read_character_by_character(text: str) -> None:
    assert len(folded(text)) == len(text)


@pytest.mark.parametrize("piece", ["微信", "qq 1 ", "at ", "a dot ", "one two ", "加v：", "1一-"])
def test_a_long_text_of_beginnings_is_gone_through_once(piece: str) -> None:
    assert spelled_contacts(piece * (20_000 // len(piece)), shipped_rules().cues) is not None
