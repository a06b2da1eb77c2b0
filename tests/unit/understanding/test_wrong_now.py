"""What stands in an entry wrongly, beside what it shall be."""

from __future__ import annotations

import pytest

from privacydesk.dialog.slots import ENTITY_KINDS
from privacydesk.domain.intents import Intent
from privacydesk.understanding.emptied import empties_entry, identity_number
from privacydesk.understanding.entities import Entities
from privacydesk.understanding.lexicon_files import read_lexicon
from privacydesk.understanding.normalise import normalise
from privacydesk.understanding.said_plainly import meant_instead
from privacydesk.understanding.wrong_now import wrong_now

ENTITIES = Entities(read_lexicon())

PUT_RIGHT = {
    "性別欄位怎麼變成男生了，我是女生，請更正": ("gender", "女", "男"),
    "性别登记成女的了，其实我是男的": ("gender", "男", "女"),
    "我男的，系统写成女了": ("gender", "男", "女"),
    "我男的，系统给我写成女了，改过来": ("gender", "男", "女"),
    "點解寫我係女？我係男仔嚟㗎，改返": ("gender", "男", "女"),
    "我係女仔，唔係男仔，改返個性別": ("gender", "女", "男"),
    "gender's wrong, I'm a woman not a man": ("gender", "woman", "man"),
    "兴趣爱好里面写错了，应该写跳舞": ("interests", "跳舞", ""),
    "系统显示我是女的，我是男的": ("gender", "男", "女"),
    "個資寫我係女仔，其實我係男仔": ("gender", "男", "女"),
    "性别被改成男了，我是女的": ("gender", "女", "男"),
    "It says I'm male. I'm female. Correct it please": ("gender", "female", "male"),
    "I'm a woman, why does it show male": ("gender", "woman", "male"),
    "why does my profile say male, I'm female": ("gender", "female", "male"),
    "我明明係女仔，點解個性別顯示男？改返佢啦": ("gender", "女", "男"),
    "性别显示女，我是男的": ("gender", "男", "女"),
    "性别怎么是男的 我是女的 给我改过来": ("gender", "女", "男"),
    "我的性別為什麼是女，我是男的": ("gender", "男", "女"),
    "性别居然是男性，我是女性": ("gender", "女", "男"),
    "點解個性別係女，我係男仔": ("gender", "男", "女"),
    "凭什么性别会是女的，我男的，改了": ("gender", "男", "女"),
    "It lists me as a woman but I'm a man": ("gender", "man", "woman"),
    "my gender is set as male but I am female": ("gender", "female", "male"),
    "出生日期写成了1959年12月1日 正确是1995年12月1日": ("birthday", "1995-12-01", "1959-12-01"),
    "生日填成2001年3月3日，应该是2001年3月2日": ("birthday", "2001-03-02", "2001-03-03"),
    "生日登記成1990年5月5日，正確的是1991年5月5日": ("birthday", "1991-05-05", "1990-05-05"),
    "生日打錯做1998年8月8號，正確係1988年8月8號": ("birthday", "1988-08-08", "1998-08-08"),
    "You've got my DOB as 8 April 1989 but it's 4 August 1989": (
        "birthday",
        "1989-08-04",
        "1989-04-08",
    ),
    "my profile has my birthday as 1 Jan 2000, the correct one is 12 March 1999": (
        "birthday",
        "1999-03-12",
        "2000-01-01",
    ),
    "昵称变成张三了，应该是张叁": ("nickname", "张叁", "张三"),
    "暱稱顯示成亂碼，應該是小雨": ("nickname", "小雨", "亂碼"),
    "my nickname shows as Bob, it should be Rob": ("nickname", "Rob", "Bob"),
    "change my username to Nightowl_77, it's still old_bird": (
        "nickname",
        "Nightowl_77",
        "old_bird",
    ),
    "change my username to Nightowl_77 pls, the app keeps crashing": (
        "nickname",
        "Nightowl_77",
        "",
    ),
    "实名姓名写成王小名了，应该是王小明": ("real_name", "王小明", "王小名"),
    "I got married, my legal name is now Grace Tan-Weber": ("real_name", "Grace Tan-Weber", ""),
    'bio should read "still here" instead of "gone fishing"': (
        "signature",
        "still here",
        "gone fishing",
    ),
    '标签把"离异"那个去掉换成"单身"': ("tags", "单身", ""),
    "昵称也改一下，改成小敏": ("nickname", "小敏", ""),
    "实名名字打错一个字 林小羽 应该是 林小雨 羽毛的羽改成下雨的雨": ("real_name", "林小雨", ""),
    # What is wished, and what a document says, is nothing wrong.
    "帮我把性别变成女": ("gender", "女", ""),
    "性别改成女": ("gender", "女", ""),
    "昵称换成阿豪": ("nickname", "阿豪", ""),
    "change my nickname to Mia": ("nickname", "Mia", ""),
    "昵称应该写成张叁": ("nickname", "张叁", ""),
}


@pytest.mark.parametrize(("text", "entry"), PUT_RIGHT.items())
def test_the_right_value_is_taken_and_not_the_wrong_one(
    text: str, entry: tuple[str, str, str]
) -> None:
    assert ENTITIES.find(text, ENTITY_KINDS).get("entry") == (entry,)


@pytest.mark.parametrize(
    "text",
    [
        "昵称变成乱码了，帮我改",
        "性别怎么变成男的了",
        "my birthday shows as 1 January 1970",
        "签名被改成广告了",
        "暱稱自動變成一串數字",
        "我的生日被系统改成1970年1月1日了",
    ],
)
def test_what_only_stands_there_is_no_new_value(text: str) -> None:
    found = ENTITIES.find(text, ENTITY_KINDS)
    assert "entry" not in found
    assert "new_value" not in found


@pytest.mark.parametrize(
    "text",
    [
        "请把昵称写成小雨",
        "想要性别变成女",
        "护照上写的是陈大文",
        "我身份证上写的是林晓雨",
        "my passport says Anna Lee",
        "please set my name as Mia",
        "应该写成小雨",
    ],
)
def test_what_is_wished_or_on_paper_is_not_wrong(text: str) -> None:
    assert wrong_now(text) is None


@pytest.mark.parametrize("text", ["我是女的", "他是男的，我是女的", "it says hello. I'm female"])
def test_a_gender_alone_is_put_right_by_nothing(text: str) -> None:
    assert "profile_field" not in ENTITIES.find(text, ENTITY_KINDS)


@pytest.mark.parametrize(
    "text",
    [
        "签名删掉",
        "帮我清空签名",
        "个性签名里有我前公司名字 帮我清空吧",
        "把我的个人简介删了",
        "標籤不要了",
        "簽名幫我清咗佢",
        "個人簡介可以幫我清空嗎",
        "刪掉我的簽名",
        "clear my bio",
        "please remove my signature",
        "delete my interests",
        "I want my bio gone",
        "can you empty the tags",
        "wipe my bio please",
    ],
)
def test_an_entry_is_emptied_and_no_data_deleted(text: str) -> None:
    assert empties_entry(normalise(text))
    folded = normalise(text)
    assert meant_instead(Intent.DELETION, folded, folded) is Intent.RECTIFICATION


@pytest.mark.parametrize(
    "text",
    [
        "签名档以前写过我学校，历史版本也清一下",
        "删掉我的动态和签名",
        "删除我所有的个人资料",
        "标签把离异那个去掉换成单身",
        "get rid of the bio where I wrote my school name, old versions too",
        "Remove my bio picture history",
        "bio audio, kill it",
        "delete my posts",
        "delete my account",
    ],
)
def test_data_that_is_kept_is_more_than_an_entry(text: str) -> None:
    assert not empties_entry(normalise(text))


@pytest.mark.parametrize(
    "text",
    [
        "身份证号最后一位是X不是1",
        "证件号码写错了",
        "身份證字號打錯",
        "护照号更正一下",
        "my ID card number is wrong",
        "the passport number you have is old",
        "HKID錯咗一個字",
    ],
)
def test_the_number_of_an_identity_card_is_told(text: str) -> None:
    assert identity_number(normalise(text))


@pytest.mark.parametrize(
    "text", ["手机号写错了", "身份证上的名字", "my phone number", "my ID card says Anna"]
)
def test_other_numbers_are_none_of_an_identity_card(text: str) -> None:
    assert not identity_number(normalise(text))


@pytest.mark.parametrize(
    "text",
    [
        "change my username to Nightowl_77 pls, the app keeps crashing when i do it",
        "please update my bio to hello there, saving fails",
        "can you set my nickname to Mia, your app freezes",
        "帮我把昵称改成小雨，软件一改就闪退",
        "幫我將暱稱改成阿豪，個app成日彈出嚟",
        "我的昵称改成小敏，自己改老是报错",
    ],
)
def test_a_change_that_is_ordered_first_is_one(text: str) -> None:
    folded = normalise(text)
    assert meant_instead(Intent.OTHER, folded, folded) is Intent.RECTIFICATION
