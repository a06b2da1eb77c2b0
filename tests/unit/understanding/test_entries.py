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


def told(said: str) -> tuple[tuple[str, str, str], ...]:
    return tuple(DESK.entities(said, ENTITY_KINDS).get("entry", ()))


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("Change my bio to: Kopi second, sleep first", "Kopi second, sleep first"),
        ("set my signature to: eat, pray, love please", "eat, pray, love"),
        ("update my bio: no filter, no fear", "no filter, no fear"),
        ("個性簽名改成：早睡，早起，多喝水", "早睡，早起，多喝水"),
        ("签名改成：山高，水长，谢谢", "山高，水长"),
        ("my bio should be: here, there, everywhere. thanks", "here, there, everywhere"),
    ],
)
def test_a_text_of_ones_own_may_hold_stops_behind_a_colon(said: str, value: str) -> None:
    assert told(said) == (("signature", value, ""),)


def test_another_entry_behind_a_colon_is_no_part_of_the_text() -> None:
    assert told("change my bio to: Kopi second, sleep first, and my nickname to Mia") == (
        ("signature", "Kopi second, sleep first", ""),
        ("nickname", "Mia", ""),
    )


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("change my nickname to: Mia, thanks", "Mia"),
        ("昵称改成：小雨，谢谢", "小雨"),
        ("change my nickname to: Mia, and send me my data", "Mia"),
        ("change my nickname to Salt and Pepper", "Salt and Pepper"),
        ("change my nickname to Now and Then", "Now and Then"),
        ("change my nickname to Kopi Queen and", "Kopi Queen"),
    ],
)
def test_a_nickname_ends_where_it_did(said: str, value: str) -> None:
    assert told(said) == (("nickname", value, ""),)


@pytest.mark.parametrize(
    "said",
    [
        "I entered my birthday wrong when I signed up, I was born on 12 May 1996",
        "my birthday is wrong, I was actually born 12 May 1996",
        "I was born on 12 May 1996, please fix my birthday",
        "生日不对，我是1996年5月12日出生的",
        "生日寫錯咗，我係1996年5月12號出世",
    ],
)
def test_when_somebody_was_born_is_the_right_birthday(said: str) -> None:
    assert told(said) == (("birthday", "1996-05-12", ""),)


@pytest.mark.parametrize(
    "said",
    [
        "birthday wrong, my profile says I was born on 1 Jan 1990",
        "my son was born on 12 May 2014, his birthday is wrong",
        "I was born in 1996, my birthday is wrong",
        "I was born on 12 May 1996",
        "can you see my birthday? I was born on 12 May 1996",
    ],
)
def test_no_birthday_is_told_where_none_is_put_right(said: str) -> None:
    assert told(said) == ()


def test_an_entry_beside_one_that_gets_a_new_value_gets_one_too() -> None:
    said = "Please fix two things: my nickname should be Tan_Mei and my birthday is 3 March 1997"
    assert told(said) == (("nickname", "Tan_Mei", ""), ("birthday", "1997-03-03", ""))
    said = "my nickname is Mia and my birthday is 3 March 1997, I want to change my birthday"
    assert told(said) == ()


@pytest.mark.parametrize(
    "said",
    [
        "pls change the gender on my profile to male",
        "change the gender in my account to male",
        "update the gender for this account to male",
    ],
)
def test_where_an_entry_stands_is_no_old_value(said: str) -> None:
    assert told(said) == (("gender", "male", ""),)


def test_the_old_value_is_still_heard() -> None:
    found = DESK.entities("change the name on my account from Ann to Mia", ENTITY_KINDS)
    assert (found["new_value"], found["old_value"]) == (("Mia",), ("Ann",))


@pytest.mark.parametrize(
    ("said", "days"),
    [
        ("oops sorry i meant 21 May", ("05-21",)),
        ("wait its march 13th", ("03-13",)),
        ("the 4th of july", ("07-04",)),
        ("21 May 1996", ()),
        ("May 21, 1996", ()),
        ("i need it done before 5 May", ()),
        ("by the 5th of May please", ()),
        ("is 2 maybe ok", ()),
        ("是8月11号", ("08-11",)),
    ],
)
def test_a_day_without_a_year_is_heard(said: str, days: tuple[str, ...]) -> None:
    assert tuple(DESK.entities(said, ("day_of_year",)).get("day_of_year", ())) == days


def test_the_name_on_an_identity_card_is_the_real_one() -> None:
    said = (
        "the name on my real-name verification is misspelled, it says Mei Tann"
        " but my IC says Tan Mei Ling"
    )
    found = DESK.entities(said, ENTITY_KINDS)
    assert (found["profile_field"], found["new_value"]) == (("real_name",), ("Tan Mei Ling",))


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("can i change my nickname to '404 not found'", "404 not found"),
        ("no wait '418 teapot'", "418 teapot"),
        ('sorry, "Mei the Kind"', "Mei the Kind"),
        ("不对，“小雨点”", "小雨点"),
        ("change my nickname to D'Arcy O'Neill", "D'Arcy O'Neill"),
        ("change my nickname to 'tis me'n'you'", "'tis me'n'you'"),
    ],
)
def test_quotation_marks_are_no_part_of_a_value(said: str, value: str) -> None:
    assert DESK.entities(said, ENTITY_KINDS)["new_value"] == (value,)


@pytest.mark.parametrize("said", ["no wait", "'404'", "no, my 'friend' did it", "wait, don't"])
def test_without_a_value_none_is_told(said: str) -> None:
    assert "new_value" not in DESK.entities(said, ENTITY_KINDS)


@pytest.mark.parametrize(
    ("said", "gender"),
    [
        ("wrong gender on my account, i'm a guy", "man"),
        ("my gender is wrong, I'm a lady", "woman"),
        ("fix my gender, i am a dude", "man"),
        ("gender's wrong, i'm a woman", "woman"),
    ],
)
def test_what_one_is_tells_the_gender(said: str, gender: str) -> None:
    assert told(said) == (("gender", gender, ""),)


def test_somebody_else_tells_no_gender() -> None:
    assert told("my gender is wrong, the guy at support said so") == ()


@pytest.mark.parametrize(
    ("said", "entry"),
    [
        (
            "can you make my username Ah Meng please, its currently meimei",
            ("nickname", "Ah Meng", "meimei"),
        ),
        ("make my nickname Mia", ("nickname", "Mia", "")),
        ("please make my bio say hello world", ("signature", "hello world", "")),
        ('make my display name "Kopi"', ("nickname", "Kopi", "")),
        ("could u make my nickname to Lin Lin", ("nickname", "Lin Lin", "")),
    ],
)
def test_a_name_is_made_another(said: str, entry: tuple[str, str, str]) -> None:
    assert told(said) == (entry,)


@pytest.mark.parametrize(
    "said",
    [
        "make my username private",
        "make my nickname disappear",
        "make my bio shorter",
        "make the nickname right",
        "how do i make my nickname invisible",
    ],
)
def test_what_a_name_shall_be_like_is_no_value(said: str) -> None:
    assert told(said) == ()
