"""Which entry of a profile gets which value."""

from __future__ import annotations

import pytest

from privacydesk.dialog.slots import ENTITY_KINDS
from privacydesk.understanding.entries import named_instead
from privacydesk.understanding.keywords import KeywordRecogniser

DESK = KeywordRecogniser.load()


@pytest.mark.parametrize(
    ("said", "entries"),
    [
        (
            "把我的生日改成1998年8月1号，昵称改成雨点",
            (("birthday", "1998-08-01", ""), ("nickname", "雨点", "")),
        ),
        (
            'please fix my nickname, it should be Mei Mei, and my signature should be "hello, all"',
            (("nickname", "Mei Mei", ""), ("signature", "hello, all", "")),
        ),
        ("我要更正生日，是1998年8月1日", (("birthday", "1998-08-01", ""),)),
        ("改我的生日为98年5月3日", (("birthday", "1998-05-03", ""),)),
        ("生日错了，应该是八五年十二月一号", (("birthday", "1985-12-01", ""),)),
        ("我的真实姓名写错字了，林晓雨不是林小雨", (("real_name", "林晓雨", "林小雨"),)),
        ("我的星座和个签改一下 个签改成“岁月静好”", (("signature", "岁月静好", ""),)),
        (
            'change my username to cat_lady99 and bio to "love cats"',
            (("nickname", "cat_lady99", ""), ("signature", "love cats", "")),
        ),
        (
            "幫我改暱稱做阿豪，生日改做1990年1月2號",
            (("nickname", "阿豪", ""), ("birthday", "1990-01-02", "")),
        ),
        ("我的性别是女的，改成男的", (("gender", "男", ""),)),
        ("change my birthday to yesterday", ()),
        ("实名信息填错了 身份证号最后一位是X不是8", ()),
        ("實名的證件號碼應該是A123456不是A123457", ()),
        ("my real name record has the wrong number, it should be 1234", ()),
        # What an entry is may be what is wrong.
        ("我的昵称叫小雨", ()),
        ("改成老张头", ()),
    ],
)
def test_a_value_is_of_the_entry_named_before_it(
    said: str, entries: tuple[tuple[str, str, str], ...]
) -> None:
    assert DESK.entities(said, ENTITY_KINDS).get("entry", ()) == entries


def test_where_an_entry_was_asked_for_what_it_is_called_counts() -> None:
    told = DESK.entities("昵称叫 小雨转晴", ENTITY_KINDS)["entry_told"]
    assert told == (("nickname", "小雨转晴", ""),)


def test_being_old_names_no_birthday() -> None:
    assert "profile_field" not in DESK.entities("我岁数大了不会弄，我想改名字", ENTITY_KINDS)


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("等等，还是叫大雨吧", "大雨"),
        ("oh wait actually make it MeiMei99", "MeiMei99"),
        ("等等 改成月亮", "月亮"),
        ("不对，是改成男", "男"),
    ],
)
def test_another_value_is_heard_at_second_thought(said: str, value: str) -> None:
    assert DESK.entities(said, ENTITY_KINDS)["new_value"] == (value,)


@pytest.mark.parametrize("said", ["还是不改了", "make it quick", "等等，我想一下", "还是算了"])
def test_what_names_no_value_is_none(said: str) -> None:
    assert "new_value" not in DESK.entities(said, ENTITY_KINDS)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ("还是改签名吧", "签名"),
        ("改昵称行不行", "昵称"),
        ("还是改签名,改成莫问", "签名"),
        ("actually change my signature instead", "signature"),
        ("我不想改签名", ""),
        ("改签名大师", ""),
        ("签名", ""),
    ],
)
def test_another_entry_is_named_instead(said: str, field: str) -> None:
    assert named_instead(said) == field


@pytest.mark.parametrize(
    ("said", "entry"),
    [
        ("昵称被人改成了奇怪的东西 帮我改回小雨", ("nickname", "小雨", "奇怪的东西")),
        ("昵称被改成了垃圾广告，改回小雨", ("nickname", "小雨", "垃圾广告")),
        ("簽名被改成罵人的話，恢復成歲月靜好", ("signature", "歲月靜好", "罵人的話")),
        ("個暱稱俾人改咗做傻仔，改返做小雨", ("nickname", "小雨", "傻仔")),
        ("把昵称小雪改回小雨", ("nickname", "小雨", "小雪")),
        ("帮我把生日恢复成1998年3月2号", ("birthday", "1998-03-02", "")),
        ("暱稱換回阿May", ("nickname", "阿May", "")),
    ],
)
def test_what_shall_stand_there_again_is_the_new_value(
    said: str, entry: tuple[str, str, str]
) -> None:
    found = DESK.entities(said, ENTITY_KINDS)
    assert found["entry"] == (entry,)
    assert found["new_value"] != (entry[2],)


@pytest.mark.parametrize(
    "said", ["昵称改回原来的", "昵称换回来", "把签名恢复成以前的", "暱稱改返轉頭", "生日改回正常的"]
)
def test_what_it_was_before_tells_no_value(said: str) -> None:
    assert not {"entry", "new_value"} & set(DESK.entities(said, ENTITY_KINDS))
