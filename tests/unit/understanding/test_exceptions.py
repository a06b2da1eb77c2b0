"""Some of a kind that stays, told without the kind's name, limits what goes."""

from __future__ import annotations

import pytest

from privacydesk.dialog.slots import ENTITY_KINDS
from privacydesk.understanding.keywords import KeywordRecogniser


@pytest.fixture(scope="module")
def words() -> KeywordRecogniser:
    return KeywordRecogniser.load()


@pytest.mark.parametrize(
    ("said", "limit"),
    [
        ("删掉照片，女儿的留着", "女儿的留着"),
        ("delete the photos and keep only the newest", "keep only the newest"),
        ("delete my photos and keep the last five", "keep the last five"),
        ("delete my posts and keep the pinned one", "keep the pinned one"),
        ("删掉照片并保留最新的", "保留最新的"),
        ("刪咗啲相，留返最新嘅", "留返最新嘅"),
        ("删掉六月前的照片，有狗的别删", "六月前，有狗的别删"),
        ("把去年的动态删了，除了旅游的", "去年，除了旅游的"),
        ("把以前的动态全删了，置顶的那条留着", "置顶的那条留着"),
        ("去年的照片都删掉，和妈妈的合照保留", "去年，和妈妈的合照保留"),
        ("刪除所有貼文，但有我媽媽的那幾篇請保留", "有我媽媽的那幾篇請保留"),
        ("删晒啲相，有阿妈嗰啲唔好删", "有阿妈嗰啲唔好删"),
        (
            "delete my photos from before June but keep those about my dog",
            "before June, keep those about my dog",
        ),
        (
            "delete last year's posts except the ones about work",
            "last year, except the ones about work",
        ),
    ],
)
def test_what_stays_of_a_kind_limits_it(words: KeywordRecogniser, said: str, limit: str) -> None:
    assert words.entities(said, ENTITY_KINDS)["period"] == (limit,)


@pytest.mark.parametrize(
    "said",
    [
        "删照片，其他的别动",
        "删照片，账号别删",
        "把照片删了，别的不要删",
        "除了照片都删",
        "不要删我说的那种",
        "先别删",
        "don't delete anything yet",
        "delete the photos, the rest stays",
        "delete the photos and leave me alone",
        "delete my posts and keep my account",
        "delete the photos, first of all",
    ],
)
def test_what_tells_none_apart_limits_nothing(words: KeywordRecogniser, said: str) -> None:
    assert "kept_some" not in words.entities(said, ENTITY_KINDS)


@pytest.mark.parametrize(
    "said",
    [
        "第一张不要删",
        "最近一条留下",
        "海边那张留着",
        "头像那张别删",
        "前两张保留",
        "倒数第二条别动",
        "頭像嗰張唔好刪",
        "頭像嗰張留返",
        "第三張留低",
        "最後嗰兩張唔好郁",
        "最新一條保留",
        "第五張唔使刪",
        "don't delete the first one",
        "keep the lighthouse one",
        "leave the ones with my dog",
        "the last one stays",
        "don't touch those of my mum",
        "please keep the pinned one",
    ],
)
def test_one_of_them_stays_where_its_place_is_told(words: KeywordRecogniser, said: str) -> None:
    found = words.entities(said, ENTITY_KINDS)
    assert found["kept_some"] == found["period"] == (said,)
    assert "taken_back" not in found


@pytest.mark.parametrize(
    "said",
    ["照片留着", "那些照片留着吧", "啲相留返啦", "我的动态保留", "keep my photos", "评论留着"],
)
def test_all_of_a_kind_stays_where_none_is_told_apart(words: KeywordRecogniser, said: str) -> None:
    found = words.entities(said, ENTITY_KINDS)
    assert (found["taken_back"], "kept_some" in found) == (("deletion",), False)


@pytest.mark.parametrize(
    ("said", "stays"),
    [
        ("去年发的动态都删了 生日那条留着", "生日那条留着"),
        ("动态全删，结婚那天那条别删", "结婚那天那条别删"),
        ("评论都清了，签名那条留下", "签名那条留下"),
        ("照片全删 毕业照留着", "毕业照留着"),
        ("刪晒啲貼文 生日嗰條留返", "生日嗰條留返"),
        ("把照片删了 全家福别删", "全家福别删"),
        ("动态删了 旅游攻略留着", "旅游攻略留着"),
        ("评论全清，获奖感言不要删", "获奖感言不要删"),
        ("照片删掉，但是毕业典礼要保留", "毕业典礼要保留"),
        ("啲相刪晒 全家福唔好刪", "全家福唔好刪"),
        ("刪除所有留言 但第一則留著", "第一則留著"),
        ("把貼文都刪了，生日那則保留", "生日那則保留"),
        ("刪掉全部貼文，最後兩則留著", "最後兩則留著"),
        ("聊天记录删了 但是跟小美的要留", "跟小美的要留"),
    ],
)
def test_one_of_what_goes_stays_by_whatever_name(
    words: KeywordRecogniser, said: str, stays: str
) -> None:
    found = words.entities(said, ENTITY_KINDS)
    assert found["kept_some"] == (stays,)
    assert stays in found["period"][0]


@pytest.mark.parametrize(
    "said",
    [
        "照片删了，千万别删",
        "不是要删照片的那个意思",
        "把照片删了，看不清的那张",
        "删聊天记录 我的留着",
        "把动态删了，别的不要动",
        "把动态删了，账号别动",
        "照片删了，先别删",
        "评论删了 昵称不要动",
        "照片删了 评论留着",
        "动态删掉，微信别动",
        "动态删了，其他资料保留",
        "评论都删了吧 全部别留",
    ],
)
def test_what_names_nothing_of_it_keeps_none_of_it(words: KeywordRecogniser, said: str) -> None:
    assert "kept_some" not in words.entities(said, ENTITY_KINDS)
