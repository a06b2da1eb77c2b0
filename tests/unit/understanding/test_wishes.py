from __future__ import annotations

import pytest

from privacydesk.dialog.slots import ENTITY_KINDS
from privacydesk.understanding.keywords import KeywordRecogniser
from privacydesk.understanding.wishes import MOST_WISHES, several_wishes

DESK = KeywordRecogniser.load()


def wishes(text: str) -> list[tuple[str, tuple[str, ...]]]:
    """Return the wishes of a message: intent, and the values that its slots could take."""
    found = several_wishes(text, DESK.recognise(text), DESK, ENTITY_KINDS)
    named = ("provider", "category", "purpose", "profile_field")
    return [
        (
            heard.recognised.intent.value,
            tuple(value for kind in named for value in heard.entities.get(kind, ())),
        )
        for heard in found
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            "删帖子和搜索记录，另外把微信解绑",
            [("deletion", ("posts", "search_history")), ("unbinding", ("wechat",))],
        ),
        (
            "delete my photos and then send me a copy of my chat history",
            [("deletion", ("photos",)), ("access", ("chat",))],
        ),
        (
            "刪帖文，仲有我想睇下你哋存咗我啲乜資料",
            [("deletion", ("posts",)), ("access", ())],
        ),
        ("删除照片 解绑微信", [("deletion", ("photos",)), ("unbinding", ("wechat",))]),
        ("导出聊天记录，然后注销", [("access", ("chat",)), ("deregistration", ())]),
        ("先解绑QQ再注销账号", [("unbinding", ("qq",)), ("deregistration", ())]),
    ],
)
def test_each_wish_of_a_message_has_what_is_named_with_it(
    text: str, found: list[tuple[str, tuple[str, ...]]]
) -> None:
    assert wishes(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "刪咗我啲帖文同埋搜尋記錄",
        "删除和合作方共享的数据",
        "also withdraw the camera permission",
        "帮我解绑微信",
        "你好",
        "",
    ],
)
def test_one_wish_is_no_several(text: str) -> None:
    assert wishes(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "我儿子用我的手机注册了，请删掉他的数据",
        "系统自动封了我的号，为什么，我要申诉",
        "我要投诉，我的手机号泄露了，把我资料删了",
    ],
)
def test_the_sentences_of_a_story_are_no_wishes_of_their_own(text: str) -> None:
    assert wishes(text) == []


def test_what_is_refused_is_no_wish() -> None:
    assert wishes("不注销，只解绑微信") == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("算了不注销了，帮我解绑谷歌", [("unbinding", ("google",))]),
        ("唔註銷住，解綁google", [("unbinding", ("google",))]),
        ("I don't want to close my account any more, unlink google", [("unbinding", ("google",))]),
    ],
)
def test_what_is_wished_instead_of_something_taken_back_is_told(
    text: str, found: list[tuple[str, tuple[str, ...]]]
) -> None:
    assert wishes(text) == found


def test_what_a_parent_wishes_for_the_child_is_no_wish_of_their_own() -> None:
    assert wishes("我是孩子的监护人，另外把号注销了") == []
    assert wishes("我是孩子的监护人，另外我自己的微信也要解绑") == [
        ("guardian", ()),
        ("unbinding", ("wechat",)),
    ]


def test_closing_an_account_covers_deleting_everything() -> None:
    assert wishes("注销账号，另外删除我所有数据") == [("deregistration", ())]
    assert [intent for intent, _ in wishes("注销账号，另外先删掉我的帖子")] == [
        "deregistration",
        "deletion",
    ]


def test_a_message_of_many_wishes_is_read_up_to_a_limit() -> None:
    text = "删帖子，解绑微信，导出聊天记录，撤回推送授权，改昵称，注销账号"
    assert len(wishes(text)) == MOST_WISHES


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("还有搜索记录", "also"),
        ("and the photos, too", "also"),
        ("不是微信，是QQ", "instead"),
        ("算了，还是注销吧", "leaving"),
        ("够了。", "done"),
        ("我是他妈", "mother"),
        ("I'm his dad", "father"),
        ("不服結果", "objection"),
        ("I disagree with the decision", "objection"),
    ],
)
def test_a_phrase_is_found_anywhere_in_a_message(text: str, phrase: str) -> None:
    assert phrase in DESK.entities(text, ["phrase"])["phrase"]


def test_a_phrase_that_needs_the_whole_message_is_not_found_within_one() -> None:
    assert "done" not in DESK.entities("我受够了你们", ["phrase"]).get("phrase", ())
