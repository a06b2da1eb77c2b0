from __future__ import annotations

import pytest

from privacydesk.dialog.slots import ENTITY_KINDS
from privacydesk.domain.intents import Intent
from privacydesk.understanding.keeping import keeps_account
from privacydesk.understanding.keywords import KeywordRecogniser
from privacydesk.understanding.normalise import normalise
from privacydesk.understanding.trained import TrainedRecogniser


@pytest.mark.parametrize(
    "text",
    [
        "帳號我要留著，其他的刪掉",
        "账号还要用的",
        "戶口留返，淨係刪啲相",
        "不是要注销账号",
        "keep my account but wipe the chats",
        "remove the photos without closing my account",
        "delete everything you have on me but dont close the account",
        "account要keep着",
        "除了账号，全删了",
        "remove everything except my account",
        "帳號我還要 只是把照片跟動態全刪",
        "我沒有要刪帳號 只是想把動態刪掉",
        "i dont want my account closed i want my PHOTOS gone",
        "I never wanted the account deleted",
    ],
)
def test_words_that_keep_the_account_are_found(text: str) -> None:
    assert keeps_account(normalise(text))


@pytest.mark.parametrize(
    "text",
    [
        "把号注销",
        "号不想要了",
        "账号留着也没用，销了吧",
        "大号留着，小号注销",
        "能不能不注销账号",
        "我想刪除帳號",
        "账号我还要不要注销",
        "不要删我账号里的照片",
    ],
)
def test_other_words_about_an_account_are_not(text: str) -> None:
    assert not keeps_account(normalise(text))


def test_whoever_keeps_the_account_is_never_taken_to_close_it() -> None:
    recogniser = TrainedRecogniser.load()
    for text in ("帳號我要留著", "号不注销", "帮我clear一下我的个人资料, account还要用的"):
        told = recogniser.recognise(text)
        assert not (told.sure and told.intent is Intent.DEREGISTRATION)


@pytest.mark.parametrize(
    ("text", "goes", "stays"),
    [
        ("delete my photos and keep the posts", ["photos"], ["posts"]),
        ("clear my chats and please keep my recordings", ["chat"], ["voice"]),
        ("删掉照片并保留动态", ["photos"], ["posts"]),
        ("delete all my photos and leave me alone", ["photos"], []),
        ("动态别删了，就删搜索记录", ["search_history"], ["posts"]),
        ("動態留著 搜尋紀錄刪掉", ["search_history"], ["posts"]),
        ("delete my photos but keep my comments", ["photos"], ["comments"]),
        ("don't delete my posts, just the search history", ["search_history"], ["posts"]),
        ("除了动态，评论和照片都删", ["comments", "photos"], ["posts"]),
        ("你们还保留着我的搜索记录和聊天记录，都删掉", ["search_history", "chat"], []),
        ("不要动态了，评论也删", ["posts", "comments"], []),
        ("搜索记录先留着吧", ["search_history"], []),
        ("动态删除了吧，照片也删", ["posts", "photos"], []),
        ("除了照片全删", [], ["photos"]),
        ("delete everything except my photos", [], ["photos"]),
        ("除了照片都删", [], ["photos"]),
        ("把照片以外的都删了", [], ["photos"]),
        ("全部删掉，动态除外", [], ["posts"]),
        ("动态不要，其他的都要", [], ["posts"]),
        ("delete all but the photos", [], ["photos"]),
        ("delete my photos and comments except the posts", ["photos", "comments"], ["posts"]),
        ("除了照片还要删语音", ["photos", "voice"], []),
        ("除了照片，语音也删", ["photos", "voice"], []),
    ],
)
def test_of_what_is_named_some_goes_and_some_stays(
    text: str, goes: list[str], stays: list[str]
) -> None:
    found = KeywordRecogniser.load().entities(text, ["category", "kept_category"])
    assert [list(found.get(kind, ())) for kind in ("category", "kept_category")] == [goes, stays]


@pytest.mark.parametrize(
    ("text", "goes", "stays"),
    [
        ("unlink apple and keep google", ["apple"], ["google"]),
        ("remove wechat login and leave qq", ["wechat"], ["qq"]),
        ("解绑苹果和保留谷歌", ["apple"], ["google"]),
        ("留着微信，把谷歌解了", ["google"], ["wechat"]),
        ("除了微信都解绑", [], ["wechat"]),
        ("解绑微信改用手机号登录", ["wechat"], ["phone"]),
        ("unbind my phone number, I will use Apple instead", ["phone"], ["apple"]),
        ("I don't want to unbind google, I want to unbind wechat", ["wechat"], ["google"]),
        ("不用微信登录了，解绑", ["wechat"], []),
        ("除了谷歌还要解绑微信", ["google", "wechat"], []),
    ],
)
def test_of_logins_some_go_and_some_stay(text: str, goes: list[str], stays: list[str]) -> None:
    found = KeywordRecogniser.load().entities(text, ["provider", "kept_provider"])
    assert [list(found.get(kind, ())) for kind in ("provider", "kept_provider")] == [goes, stays]


@pytest.mark.parametrize(
    ("text", "goes", "stays"),
    [
        ("推荐别关，只关广告推送", ["marketing"], ["personalised_recommendation"]),
        ("除了位置别的都关", [], ["location"]),
        ("都关了，除了推荐", [], ["personalised_recommendation"]),
        ("turn off ads but keep recommendations", ["marketing"], ["personalised_recommendation"]),
        ("I keep getting ads, turn them off", ["marketing"], []),
        ("广告不停地推，关了", ["marketing"], []),
        ("please don't keep my contacts", ["contacts"], []),
    ],
)
def test_of_consents_some_go_and_some_stay(text: str, goes: list[str], stays: list[str]) -> None:
    found = KeywordRecogniser.load().entities(text, ["purpose", "kept_purpose"])
    assert [list(found.get(kind, ())) for kind in ("purpose", "kept_purpose")] == [goes, stays]


@pytest.mark.parametrize(
    ("said", "goes", "stays"),
    [
        ("照片和语音删掉，评论就不用了", ("photos", "voice"), ("comments",)),
        ("照片删了吧 动态不用", ("photos",), ("posts",)),
        ("照片要删，聊天记录就算了", ("photos",), ("chat",)),
        ("清空聊天记录，语音别管", ("chat",), ("voice",)),
        ("语音发我一份，照片就不需要了", ("voice",), ("photos",)),
        ("把搜索记录清掉，但评论不用动", ("search_history",), ("comments",)),
        ("麻煩移除我上傳過的語音跟照片，動態不用", ("voice", "photos"), ("posts",)),
        ("刪相，留言就唔好理", ("photos",), ("comments",)),
        ("留言刪晒佢，相唔使", ("comments",), ("photos",)),
        ("留言同相都刪，但係啲動態唔使", ("comments", "photos"), ("posts",)),
        ("動態刪咗佢，相就算啦", ("posts",), ("photos",)),
        ("刪掉照片，語音不用管", ("photos",), ("voice",)),
        ("delete my photos and voice clips, comments are fine", ("photos", "voice"), ("comments",)),
        ("erase my posts, skip the comments", ("posts",), ("comments",)),
        ("remove my chats, photos not needed", ("chat",), ("photos",)),
        ("wipe my searches, leave out the chats", ("search_history",), ("chat",)),
        ("delete the comments, my posts can remain", ("comments",), ("posts",)),
        ("erase my pictures. The chats are okay", ("photos",), ("chat",)),
    ],
)
def test_what_is_let_be_behind_what_goes_stays(
    said: str, goes: tuple[str, ...], stays: tuple[str, ...]
) -> None:
    found = KeywordRecogniser.load().entities(said, ("category", "kept_category"))
    assert (found["category"], found["kept_category"]) == (goes, stays)


@pytest.mark.parametrize(
    ("said", "goes"),
    [
        ("照片删掉，评论也不用了", ("photos", "comments")),
        ("照片删掉，评论不要了", ("photos", "comments")),
        ("这些照片我不用了，动态不用了，都删了吧", ("photos", "posts")),
        ("评论不用了，删掉", ("comments",)),
        ("刪相，留言都唔使留", ("photos", "comments")),
        ("相唔使留，留言刪晒", ("photos", "comments")),
        ("delete my posts, comments too", ("posts", "comments")),
        ("photos not needed any more, delete them", ("photos",)),
    ],
)
def test_what_is_not_needed_goes_all_the_same(said: str, goes: tuple[str, ...]) -> None:
    found = KeywordRecogniser.load().entities(said, ("category", "kept_category"))
    assert (found["category"], found.get("kept_category")) == (goes, None)


@pytest.mark.parametrize(
    ("said", "goes", "stays"),
    [
        ("不是评论，是照片", ("photos",), ("comments",)),
        ("不对，不是删评论，是删动态", ("posts",), ("comments",)),
        ("不是动态，我说的是语音", ("voice",), ("posts",)),
        ("唔係留言，係相", ("photos",), ("comments",)),
        ("唔係動態，係留言，淨係阿may嗰啲", ("comments",), ("posts",)),
        ("不是照片，而是聊天紀錄", ("chat",), ("photos",)),
        ("not the posts, the comments", ("comments",), ("posts",)),
    ],
)
def test_what_is_denied_before_what_is_meant_stays(
    said: str, goes: tuple[str, ...], stays: tuple[str, ...]
) -> None:
    found = KeywordRecogniser.load().entities(said, ("category", "kept_category"))
    assert (found["category"], found["kept_category"]) == (goes, stays)


@pytest.mark.parametrize(
    "said",
    [
        "照片不是我的，是别人的，删掉",
        "不是说照片会删的吗",
        "是不是评论和照片都能删",
        "照片系唔系删咗",
    ],
)
def test_what_is_only_told_of_a_kind_keeps_nothing(said: str) -> None:
    assert "kept_category" not in KeywordRecogniser.load().entities(
        said, ("category", "kept_category")
    )


@pytest.mark.parametrize(
    "said",
    [
        "把我和前女友的合照都删了，其他照片别动",
        "有我妈的照片别删，其他都删掉",
        "去年的照片留着，剩下的删了",
        "相簿入面有我阿媽嘅相唔好刪，其他刪晒",
        "刪走旅行嗰啲相，其他相留返",
        "舊年嘅照片唔好刪，其餘刪晒",
        "keep the photos with my mum, delete the others",
        "delete the photos with my ex, the other photos stay",
        "keep my photos from 2020, delete the rest",
    ],
)
def test_where_some_of_a_kind_stays_no_other_kind_goes(said: str) -> None:
    found = KeywordRecogniser.load().entities(said, ("category", "kept_category", "period"))
    assert found["category"] == ("photos",)
    assert "kept_category" not in found
    assert found["period"]


@pytest.mark.parametrize("said", ["照片留着，其他都删", "相留返，其他刪晒", "除了照片都删"])
def test_where_all_of_a_kind_stays_the_others_go(said: str) -> None:
    found = KeywordRecogniser.load().entities(said, ("category", "kept_category"))
    assert found == {"kept_category": ("photos",)}


@pytest.mark.parametrize(
    ("said", "goes", "stays"),
    [
        ("dont delete the posts just my photos", ("photos",), ("posts",)),
        ("do not remove my photos just the posts", ("posts",), ("photos",)),
        ("I don't want my posts deleted, only the photos", ("photos",), ("posts",)),
        ("i never asked for my chats to be wiped, only the photos", ("photos",), ("chat",)),
        (
            "please don't wipe my comments, only my search history",
            ("search_history",),
            ("comments",),
        ),
        ("don't delete my chats, just the photos", ("photos",), ("chat",)),
        ("don't touch the posts only those photos", ("photos",), ("posts",)),
    ],
)
def test_what_is_denied_of_the_one_is_wished_of_the_other(
    said: str, goes: tuple[str, ...], stays: tuple[str, ...]
) -> None:
    found = KeywordRecogniser.load().entities(said, ("category", "kept_category"))
    assert (found.get("category"), found.get("kept_category")) == (goes, stays)


@pytest.mark.parametrize(
    ("said", "goes"),
    [
        ("don't just delete the photos, delete the posts too", ("photos", "posts")),
        ("delete just the photos", ("photos",)),
        ("I want my posts deleted", ("posts",)),
        ("i don't want my posts any more, delete them", ("posts",)),
        ("delete the posts and just the newest photos", ("posts", "photos")),
    ],
)
def test_just_by_itself_keeps_nothing(said: str, goes: tuple[str, ...]) -> None:
    found = KeywordRecogniser.load().entities(said, ("category", "kept_category"))
    assert (found.get("category"), found.get("kept_category")) == (goes, None)


@pytest.mark.parametrize(
    ("said", "family", "goes", "stays"),
    [
        ("帮我解除苹果的绑定 LINE别动", "provider", ("apple",), ("line",)),
        ("唔該幫我解除Apple個綁定 LINE唔好郁", "provider", ("apple",), ("line",)),
        ("把微信那个去掉手机号留着就行", "provider", ("wechat",), ("phone",)),
        ("微信解绑手机号留着", "provider", ("wechat",), ("phone",)),
        ("谷歌解了微信别动", "provider", ("google",), ("wechat",)),
        ("解绑谷歌 QQ还要用", "provider", ("google",), ("qq",)),
        ("照片删了评论留着", "category", ("photos",), ("comments",)),
        ("动态全部都给删掉然后评论就不用删了", "category", ("posts",), ("comments",)),
        ("动态全部删掉照片不用删", "category", ("posts",), ("photos",)),
        ("把动态全部删掉不要删评论", "category", ("posts",), ("comments",)),
    ],
)
def test_what_stays_is_told_from_what_goes_without_a_stop(
    said: str, family: str, goes: tuple[str, ...], stays: tuple[str, ...]
) -> None:
    found = KeywordRecogniser.load().entities(said, (family, f"kept_{family}"))
    assert (found[family], found[f"kept_{family}"]) == (goes, stays)


@pytest.mark.parametrize(
    ("said", "stays"),
    [
        ("微信手机号留着，谷歌解绑", {"wechat", "phone"}),
        ("把微信和手机号留着，谷歌解绑", {"wechat", "phone"}),
        ("不要动 LINE，解绑 Apple", {"line"}),
        ("除了手机号留着其他都解绑", {"phone"}),
        ("谷歌解绑 微信跟手机号别动", {"wechat", "phone"}),
    ],
)
def test_of_logins_that_are_listed_all_stay(said: str, stays: set[str]) -> None:
    found = KeywordRecogniser.load().entities(said, ("provider", "kept_provider"))
    assert set(found["kept_provider"]) == stays
    assert stays.isdisjoint(found.get("provider", ()))


@pytest.mark.parametrize(
    "said",
    [
        "动态全部给我清理干净评论就算了别删",
        "评论和动态都别删干净",
        "别把照片和动态都删",
        "不要全部删照片和语音",
        "照片动态都先别删光",
    ],
)
def test_nothing_else_goes_where_it_is_a_blur_which_of_two_stays(said: str) -> None:
    found = KeywordRecogniser.load().entities(said, ("category", "kept_category", "only_kept"))
    assert found.get("category")


@pytest.mark.parametrize(
    ("said", "stays"),
    [
        ("推荐还是开着吧", True),
        ("定位就开着好了", True),
        ("广告继续开着", True),
        ("推薦繼續開住啦", True),
        ("个性化推荐让它开着", False),
        ("我的定位还开着，帮我关掉", False),
        ("定位开着呢关了吧", False),
        ("推荐一直开着 关掉", False),
        ("开着定位很耗电，关了", False),
    ],
)
def test_a_consent_that_is_left_on_stays(said: str, stays: bool) -> None:
    found = KeywordRecogniser.load().entities(said, ("purpose", "kept_purpose", "only_kept"))
    assert ("only_kept" in found) is stays


@pytest.mark.parametrize(
    ("said", "goes", "stays"),
    [
        ("动态评论都给我删光 聊天记录千万别碰", ("posts", "comments"), ("chat",)),
        ("删照片，评论别清", ("photos",), ("comments",)),
        ("刪晒啲相 留言唔好掂", ("photos",), ("comments",)),
        ("照片算了 只删评论", ("comments",), ("photos",)),
        ("删动态，语音就算了", ("posts",), ("voice",)),
        ("聊天记录不要碰，搜索记录删掉", ("search_history",), ("chat",)),
    ],
)
def test_what_is_not_to_be_touched_stays(
    said: str, goes: tuple[str, ...], stays: tuple[str, ...]
) -> None:
    found = KeywordRecogniser.load().entities(said, ("category", "kept_category"))
    assert (found["category"], found["kept_category"]) == (goes, stays)


@pytest.mark.parametrize(
    "said",
    ["算了 删照片", "把照片删了算了", "照片删了算了吧", "动态全删了算了", "评论清掉算了"],
)
def test_what_is_done_with_in_the_end_stays_not(said: str) -> None:
    found = KeywordRecogniser.load().entities(said, ("category", "kept_category", "only_kept"))
    assert found.keys() == {"category"}


@pytest.mark.parametrize(
    ("said", "limit"),
    [
        ("删除我的头像", "头像"),
        ("头像删掉 换成默认的", "头像"),
        ("刪咗我個頭像", "頭像"),
        ("delete my avatar", "avatar"),
        ("帮我把昵称和头像删了", "昵称，头像"),
    ],
)
def test_of_the_profile_only_what_is_named_goes(said: str, limit: str) -> None:
    found = KeywordRecogniser.load().entities(said, ENTITY_KINDS)
    assert (found["category"], found["period"]) == (("profile",), (limit,))


@pytest.mark.parametrize(
    "said",
    [
        "删除我的个人资料",
        "删除我的资料卡",
        "delete my profile",
        "别删我的头像",
        "把头像和照片都删了",
    ],
)
def test_the_whole_of_the_profile_is_not_limited_to_a_part(said: str) -> None:
    assert "period" not in KeywordRecogniser.load().entities(said, ENTITY_KINDS)


@pytest.mark.parametrize(
    ("said", "family", "goes", "stays"),
    [
        ("删照片不是删动态", "category", ("photos",), ("posts",)),
        ("不是删动态，是删照片", "category", ("photos",), ("posts",)),
        ("删掉所有照片不包括头像", "category", ("photos",), ("profile",)),
        ("照片随便 动态一定要删", "category", ("posts",), ("photos",)),
        ("把动态删了吧 那些照片就随它去吧", "category", ("posts",), ("photos",)),
        ("解微信不是解谷歌", "provider", ("wechat",), ("google",)),
        ("谷歌解绑 微信我还在用", "provider", ("google",), ("wechat",)),
        ("解除谷歌 微信仲用緊", "provider", ("google",), ("wechat",)),
        ("不是让你关定位 关广告", "purpose", ("marketing",), ("location",)),
        (
            "通讯录和位置都别用了 推荐可以",
            "purpose",
            ("contacts", "location"),
            ("personalised_recommendation",),
        ),
    ],
)
def test_what_is_not_meant_stays(
    said: str, family: str, goes: tuple[str, ...], stays: tuple[str, ...]
) -> None:
    found = KeywordRecogniser.load().entities(said, (family, f"kept_{family}"))
    assert (found[family], found[f"kept_{family}"]) == (goes, stays)


@pytest.mark.parametrize(
    ("said", "family"),
    [
        ("关推荐可以吗", "purpose"),
        ("推荐能关可以吗", "purpose"),
        ("前任还在用我的谷歌登录 帮我解绑", "provider"),
        ("微信我妈还在用 帮我解绑", "provider"),
        ("照片不是删了吗", "category"),
        ("是不是删照片就行", "category"),
        ("动态随便删", "category"),
        ("我要留学 删照片", "category"),
        ("我不想保留任何聊天记录", "category"),
        ("都可以删 照片动态", "category"),
    ],
)
def test_what_goes_all_the_same_stays_not(said: str, family: str) -> None:
    found = KeywordRecogniser.load().entities(said, (family, f"kept_{family}", "only_kept"))
    assert found.keys() == {family}


@pytest.mark.parametrize(
    ("said", "family", "goes"),
    [
        ("除了广告别的都别关", "purpose", ("marketing",)),
        ("除了照片其他都留着", "category", ("photos",)),
        ("除了微信 其他都不用解", "provider", ("wechat",)),
        ("唔該除咗啲相 其他都唔好刪", "category", ("photos",)),
        ("除了我的评论以外的都保留", "category", ("comments",)),
        ("除了动态别的都不要动", "category", ("posts",)),
    ],
)
def test_where_all_others_stay_what_is_excepted_goes(
    said: str, family: str, goes: tuple[str, ...]
) -> None:
    kinds = (family, f"kept_{family}", "only_kept", "phrase")
    found = KeywordRecogniser.load().entities(said, kinds)
    assert (found[family], f"kept_{family}" in found, "only_kept" in found) == (goes, False, False)


@pytest.mark.parametrize(
    ("said", "family", "stays"),
    [
        ("除了照片都删", "category", ("photos",)),
        ("除了照片都不要了", "category", ("photos",)),
        ("除了定位其他授权全部撤回", "purpose", ("location",)),
        ("把除了语音以外的都删了", "category", ("voice",)),
        ("除了聊天记录 其他全删了", "category", ("chat",)),
    ],
)
def test_where_all_others_go_what_is_excepted_stays(
    said: str, family: str, stays: tuple[str, ...]
) -> None:
    found = KeywordRecogniser.load().entities(said, (family, f"kept_{family}"))
    assert (found.get(family), found[f"kept_{family}"]) == (None, stays)


@pytest.mark.parametrize(
    "said",
    [
        "身份證影咗八次都話唔清楚",
        "照片看不清",
        "评论我跟你说不清楚",
        "这条评论不算数",
        "照片不清晰",
    ],
)
def test_what_only_sounds_like_it_keeps_nothing(said: str) -> None:
    assert "only_kept" not in KeywordRecogniser.load().entities(said, ("category", "kept_category"))
