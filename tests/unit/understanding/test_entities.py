from __future__ import annotations

from typing import Any

import pytest

from privacydesk.dialog.slots import ENTITY_KINDS
from privacydesk.domain.numbers import RANDOM_CHARACTERS, make_number
from privacydesk.understanding.keywords import KeywordRecogniser

DESK = KeywordRecogniser.load()


def found(kind: str, text: str) -> tuple[Any, ...]:
    return tuple(DESK.entities(text, ENTITY_KINDS).get(kind, ()))


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("人工客服", "desk"),
        ("人工客服台", "desk"),
        ("转人工", "human"),
        ("轉人工！", "human"),
        ("请转人工，谢谢", "human"),
        ("我要人工", "human"),
        ("真人", "human"),
        ("Talk to a human", "human"),
        ("agent", "human"),
        ("算了", "cancel"),
        ("不用了，谢谢", "cancel"),
        ("ＣＡＮＣＥＬ", "cancel"),
        ("never mind.", "cancel"),
        ("上一步", "back"),
        ("go back", "back"),
        ("主選單", "menu"),
        ("进度", "status"),
        ("查詢進度？", "status"),
        ("不等了", "leave_queue"),
        ("取消排隊", "leave_queue"),
        ("stop waiting", "leave_queue"),
    ],
)
def test_a_message_that_is_nothing_but_a_command_is_one(text: str, command: str) -> None:
    assert found("command", text)[0] == command


@pytest.mark.parametrize(
    "text",
    [
        "怎么取消会员",
        "不要取消",
        "人工客服昨天挂了我电话",
        "stop sending ads",
        "返回的钱呢",
        "取消" * 40,
    ],
)
def test_a_command_word_inside_a_sentence_is_none(text: str) -> None:
    assert found("command", text) == ()


@pytest.mark.parametrize(
    ("text", "locale"),
    [
        ("English", "en"),
        ("in English please", "en"),
        ("说英文", "en"),
        ("英文", "en"),
        ("中文", "zh_Hans"),
        ("简体中文", "zh_Hans"),
        ("繁體", "zh_Hant"),
        ("繁中", "zh_Hant"),
    ],
)
def test_a_message_may_ask_for_a_language(text: str, locale: str) -> None:
    assert found("language", text) == (locale,)


def test_naming_a_language_in_a_sentence_asks_for_nothing() -> None:
    assert found("language", "我的英文名写错了") == ()


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("把微信、QQ都解绑", ("wechat", "qq")),
        ("QQ和微信，还有qq", ("qq", "wechat")),
        ("不是Google，是微信", ("google", "wechat")),
        ("蘋果登入", ("apple",)),
        ("unbind LINE", ("line",)),
        ("手机", ("phone",)),
        ("手機號碼", ("phone",)),
        ("把新浪微博断开", ("weibo",)),
        ("绿泡泡那个不要了，企鹅号留着", ("wechat",)),
        ("guge zhanghao", ("google",)),
        ("我的賴不用了", ("line",)),
    ],
)
def test_providers_come_in_the_order_they_are_named(text: str, values: tuple[str, ...]) -> None:
    assert found("provider", text) == values


@pytest.mark.parametrize(
    "text", ["standing in line for hours", "online", "手机的相机权限", "pineapples", "你们耍无赖"]
)
def test_other_words_are_no_provider(text: str) -> None:
    assert found("provider", text) == ()


@pytest.mark.parametrize(
    ("kind", "text", "values"),
    [
        ("category", "删除照片墙和语音", ("photos", "voice")),
        ("category", "搜尋紀錄", ("search_history",)),
        ("category", "my chat history and posts", ("chat", "posts")),
        ("category", "充值的record", ("recharge",)),
        ("category", "刪晒啲相同埋貼文", ("photos", "posts")),
        ("category", "what I searched for", ("search_history",)),
        ("category", "登录方式和绑定", ("bindings",)),
        ("purpose", "关掉定位权限和麦克风", ("device_location", "device_microphone")),
        ("purpose", "不要再用我的定位", ("location",)),
        ("purpose", "stop marketing", ("marketing",)),
        ("purpose", "與關係企業共享", ("affiliate_sharing",)),
        ("profile_field", "性別和生日", ("gender", "birthday")),
        ("profile_field", "暱稱", ("nickname",)),
        ("profile_field", "认证的名字", ("real_name",)),
    ],
)
def test_names_of_what_slots_hold_are_found(kind: str, text: str, values: tuple[str, ...]) -> None:
    assert found(kind, text) == values


@pytest.mark.parametrize(
    "text",
    [
        "PD-7C4K-V5G9-T39",
        "单号是 pd 7c4k v5g9 t39 谢谢",
        "P D 7 C 4 K V 5 G 9 T 3 9",
        "ＰＤ７Ｃ４ＫＶ５Ｇ９Ｔ３９",
        "7C4K-V5G9-T39",
        "PD杠7C4K杠V5G9杠T39到哪了",
        "P D 横杠 七 C 四 K 横杠 V 五 G 九 横杠 T 三 九",
        "it's pd dash 7c4k dash v5g9 dash t39",
    ],
)
def test_a_ticket_number_is_found_however_it_is_written(text: str) -> None:
    assert found("ticket_number", text) == ("PD-7C4K-V5G9-T39",)


@pytest.mark.parametrize("text", ["PD-7C4K-V5G9-T38", "PD-1111-1111-111", "13800138000", "abc"])
def test_what_does_not_check_is_no_ticket_number(text: str) -> None:
    assert found("ticket_number", text) == ()


@pytest.mark.parametrize(
    "text",
    [
        "2012-05-01",
        "2012/5/1",
        "2012.5.1",
        "2012年5月1日",
        "２０１２年５月１日",
        "生日是 2012 年 5 月 1 号",
        "民國101年5月1日",
        "101年5月1日",
        "1 May 2012",
        "1st of May, 2012",
        "born May 1, 2012",
        "20120501",
        "二零一二年五月一号",
        "一二年五月一日生的",
        "12年5月1号",
    ],
)
def test_a_day_is_read_as_people_write_it(text: str) -> None:
    assert found("date", text) == ("2012-05-01",)


def test_day_first_is_read_only_where_it_can_be_nothing_else() -> None:
    assert found("date", "13/05/2012") == ("2012-05-13",)
    assert found("date", "05/05/2012") == ("2012-05-05",)
    assert found("date", "01/05/2012") == ()


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("好像是2016年3月吧", "2016-03"),
        ("16年3月", "2016-03"),
        ("民國105年3月", "2016-03"),
        ("二零一六年三月", "2016-03"),
        ("2016/03", "2016-03"),
        ("March 2016 I think", "2016-03"),
        ("2016年出生的", "2016"),
        ("born in 2016", "2016"),
    ],
)
def test_a_month_or_a_year_is_read_where_no_day_is_named(text: str, part: str) -> None:
    assert (found("date", text), found("part_of_date", text)) == ((), (part,))


@pytest.mark.parametrize(
    "text",
    ["2016年3月5日", "2016-03-05", "2016年13月", "2012年2月30日", "01/05/2012", "3月", "20161"],
)
def test_a_day_or_half_a_month_is_no_part_of_a_date(text: str) -> None:
    assert found("part_of_date", text) == ()


@pytest.mark.parametrize(
    "text",
    [
        "2012年2月30日",
        "2012-13-01",
        "1899-12-31",
        "2101-01-01",
        "99年5月1日",
        "12345678",
        "0/0/0000",
        "八五年五月一日",
        "民国一百零三年五月一日",
    ],
)
def test_an_impossible_or_implausible_day_is_none(text: str) -> None:
    assert found("date", text) == ()


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("13800138000", "+8613800138000"),
        ("我的手机是138 0013 8000谢谢", "+8613800138000"),
        ("１３８-００１３-８０００", "+8613800138000"),
        ("+86 138 0013 8000", "+8613800138000"),
        ("+852 5123 4567", "+85251234567"),
        ("+886 912 345 678", "+886912345678"),
    ],
)
def test_a_phone_number_becomes_international(text: str, number: str) -> None:
    assert found("phone", text) == (number,)


@pytest.mark.parametrize("text", ["010-12345678", "12345", "2012-05-01", "123456789012345678"])
def test_what_can_take_no_code_is_no_phone(text: str) -> None:
    assert found("phone", text) == ()


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("我今年13岁", 13),
        ("我才12", 12),
        ("我13歲", 13),
        ("我今年十三岁", 13),
        ("今年十二岁，想删号", 12),
        ("我三十五岁", 35),
        ("I'm 13", 13),
        ("I am 13 years old", 13),
        ("I’m only 12 and I want out", 12),
        ("我是小学生", 11),
        ("我还在上小学", 11),
        ("I'm in primary school", 11),
        ("我16 能不能不告诉我妈", 16),
        ("i'm 12 please don't ban me", 12),
        ("i am 12 is it ok to use this", 12),
    ],
)
def test_the_speakers_own_age_is_found(text: str, age: int) -> None:
    assert found("own_age", text) == (age,)


@pytest.mark.parametrize(
    "text",
    [
        "我孩子12岁",
        "我12岁的儿子",
        "my son is 12",
        "我注册3年",
        "我是小学生家长",
        "我上小学的时候注册的",
        "如果我13岁能用吗",
        "他说我12岁",
        "她说在上小学",
        "if I am 13 can I join",
        "I'm 13 minutes late",
        "我有12个好友",
        "我15 号来过",
        "我12 个月前注册的",
        "I am 12 minutes late",
    ],
)
def test_an_age_that_is_not_the_speakers_is_left_alone(text: str) -> None:
    assert found("own_age", text) == ()


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("佢先八歲", 8),
        ("16", 16),
        ("十六了，不小了", 16),
        ("啱啱十四歲", 14),
        ("未满14岁", 13),
        ("I'm sixteen", 16),
        ("15 years old啦", 15),
    ],
)
def test_an_age_is_read_from_a_short_answer(text: str, age: int) -> None:
    assert found("age", text) == (age,)


@pytest.mark.parametrize("text", ["14岁以上", "14 or 15", "2012年", "13800138000", "好的"])
def test_what_is_no_single_age_is_none(text: str) -> None:
    assert found("age", text) == ()


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("删除照片 但不要删2020年之前的", "不要删2020年之前的"),
        ("delete my photos but keep the ones from 2019", "keep the ones from 2019"),
        ("2020年 到 2021年的动态", "2020年 到 2021年"),
        ("去年发的动态全删了", "去年"),
        ("把2020年以前的聊天记录删掉", "2020年以前"),
        ("删除最近三个月的搜索记录", "最近三个月"),
        ("我去年年底到今年3月的定位", "去年年底到今年3月"),
        ("上個月嘅相", "上個月"),
        ("半年以前嘅錄音", "半年以前"),
        ("delete my photos from last week", "from last week"),
        ("posts before 2020", "before 2020"),
        ("chats older than two years", "older than two years"),
        ("把我去年夏天的照片删掉", "去年夏天"),
        ("去年三月到五月的照片", "去年三月到五月"),
        ("六月份以后的照片", "六月份以后"),
        ("只删三月到五月的", "三月到五月"),
        ("就是11月25号那条", "11月25号"),
        ("only the ones from last summer", "from last summer"),
        ("photos from March to May", "from March to May"),
        ("删掉三个月前的照片", "三个月前"),
        ("删掉和小王的聊天记录", "和小王"),
        ("去年和小王的聊天记录", "去年，和小王"),
        ("delete my chats with Tom from last year", "from last year, with Tom"),
    ],
)
def test_a_time_that_limits_a_wish_is_kept_as_it_was_said(text: str, period: str) -> None:
    assert found("period", text) == (period,)


@pytest.mark.parametrize(
    "text",
    [
        "我今年30岁，想删动态",
        "去年注册的，现在想注销",
        "I may delete my posts",
        "13912345678",
        "照片和我的动态都删",
        "我的VIP3月卡",
        "delete my photos along with my posts",
    ],
)
def test_other_words_about_time_limit_nothing(text: str) -> None:
    assert found("period", text) == ()


@pytest.mark.parametrize("text", ["说" * 2_000, "line " * 400, "微信" * 1_000, "😀" * 2_000])
def test_what_is_repeated_over_and_over_is_read_all_the_same(text: str) -> None:
    kinds = set(found("category", text) + found("provider", text))
    assert kinds <= {"posts", "line", "wechat"}


def test_only_what_was_asked_for_is_looked_for() -> None:
    assert dict(DESK.entities("微信 13800138000", ("phone",))) == {"phone": ("+8613800138000",)}


def test_a_kind_that_nothing_finds_is_missing() -> None:
    assert dict(DESK.entities("微信", ("desk_word", "evidence"))) == {}


@pytest.mark.parametrize(
    "text",
    [
        "我之前提过一个投诉 编号是 P D 四 K 7 8 M 2",
        "my number is PD-7KQ4-M29X-3HD please tell me",
        "pd7kq4m29x",
        "查一下PD-ABCD-EFGH-JKL的进度",
    ],
)
def test_what_is_meant_for_a_number_and_is_none_is_noticed(text: str) -> None:
    assert found("ticket_number", text) == ()
    assert len(found("misread_number", text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "the pd department has 22 rooms",
        "我的电话是13800138000",
        "PD",
        "pd是什么",
        "my pd-team is well-known and on-call",
    ],
)
def test_other_words_and_numbers_are_not_meant_for_one(text: str) -> None:
    assert found("misread_number", text) == ()


def test_a_right_number_beside_a_wrong_one_is_enough() -> None:
    right = make_number([3] * RANDOM_CHARACTERS)
    assert found("misread_number", f"{right}, not PD-7KQ4-M29X-3HD") == ()


def test_the_parents_that_somebody_speaks_of_are_not_who_speaks() -> None:
    said = found("phrase", "我是奶奶，她爸妈在外地打工")
    assert "guardian" in said
    assert "father" not in said
    assert "father" in found("phrase", "我是她爸")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("我要檢舉有小學生在玩 暱稱叫 可愛喵喵", "可愛喵喵"),
        ("有个叫果果的在聊天室，她说她读初一", "果果"),
        ("他的网名是“小老虎”", "小老虎"),
        ("账号：luna_07，请停用", "luna_07"),
        ("nickname zihan_zz, I'd like you to delete his photos", "zihan_zz"),
        ("his nickname is tommy_boy", "tommy_boy"),
        ("nickname SunnyBoy, room 4412", "SunnyBoy, room 4412"),
        ("在房间号88231里", "房间号88231"),
        ("他是未成年人，账号是果果", "果果"),
    ],
)
def test_the_account_that_is_spoken_of_is_found_as_written(text: str, name: str) -> None:
    assert found("account_name", text) == (name,)


@pytest.mark.parametrize(
    "text",
    [
        "账号是什么",
        "把他的账号删了",
        "my daughter's account should be closed",
        "please close my account immediately",
        "昵称叫小明，不对，昵称叫小红",
        "她才13就谈恋爱 那个男的账号是海边的风 把他封了",
        "她男朋友的網名叫阿風",
        "a 13 year old girl is dating on here, the guy's account is seabreeze",
        "有个小孩在聊天室",
        "昵称改成小敏",
    ],
)
def test_what_calls_no_account_by_name_names_none(text: str) -> None:
    assert found("account_name", text) == ()


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("她2014年5月3日生 暱稱 乐乐", ("2014-05-03",)),
        ("Zhang Zihan, born 5 April 2010", ("2010-04-05",)),
        ("孩子生日2014年5月3日", ("2014-05-03",)),
        ("2026年5月3日注册的", ()),
        ("2026年5月3日生效", ()),
        ("2014年5月3日和2016年1月2日出生的两个孩子", ()),
    ],
)
def test_a_day_of_birth_is_one_that_is_called_so(text: str, days: tuple[str, ...]) -> None:
    assert found("birth", text) == days


@pytest.mark.parametrize("text", ["我要看她聊天记录", "查一下他的聊天记录", "導出佢的資料"])
def test_what_belongs_to_a_pronoun_is_somebody_elses(text: str) -> None:
    assert found("somebody_else", text) == ("yes",)


@pytest.mark.parametrize(
    ("said", "goes", "limit"),
    [
        ("除了去年的照片，其他的照片都删了", ("photos",), "除了去年的照片"),
        ("除了最近一个月的动态其他动态全删", ("posts",), "除了最近一个月的动态"),
        ("把我的照片都删了，除了头像和自拍", ("photos",), "除了头像和自拍"),
        ("去年的照片不要删，其他照片删掉", ("photos",), "去年的照片不要删"),
        ("delete all my posts except the ones from last year", ("posts",),
         "except the ones from last year"),
    ],
)  # fmt: skip
def test_a_part_of_a_kind_that_stays_limits_it(
    said: str, goes: tuple[str, ...], limit: str
) -> None:
    named = DESK.entities(said, ("category", "kept_category", "phrase", "period"))
    assert named["category"] == goes
    assert named["period"] == (limit,)


@pytest.mark.parametrize(
    ("said", "goes"),
    [
        ("我要删动态和评论，照片再想想", ("posts", "comments")),
        ("照片再考虑一下，先删评论", ("comments",)),
        ("Delete my photos and never mind the comments", ("photos",)),
        ("把以前留下的评论删了", ("comments",)),
        ("把我留的言全删了，一条别留", ("comments",)),
        ("删照片和动态，动态留着吧", ("photos",)),
    ],
)
def test_what_is_put_off_or_left_is_told_from_what_goes(said: str, goes: tuple[str, ...]) -> None:
    assert DESK.entities(said, ("category", "kept_category", "phrase"))["category"] == goes


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("我儿子今年20了 他的号能让我管吗", 20),
        ("我個女已經25歲", 25),
        ("我是家长 孩子已经成年了 以前的记录能删吗", 20),
        ("my 22 year old son wants it closed", 22),
        ("my son is 19 can I manage his account", 19),
        ("my adult daughter can't log in", 20),
        ("我儿子今年12了", 12),
        ("my grandson is 11 and uses your app", 11),
    ],
)
def test_how_old_a_child_is_said_to_be_is_heard(text: str, age: int) -> None:
    assert found("child_age", text) == (age,)


@pytest.mark.parametrize(
    "text",
    [
        "孩子还没成年",
        "孩子快成年了",
        "未成年孩子的账号",
        "我儿子20天前充了钱",
        "孩子快20了",
        "my son is not an adult",
        "我已经成年了",
    ],
)
def test_a_child_that_has_not_come_of_age_is_none(text: str) -> None:
    assert found("child_age", text) == ()


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("delete posts not from 2024", "not from 2024"),
        ("delete photos older than 2024 only", "older than 2024"),
        ("delete comments newer than June 2026 only", "newer than June 2026"),
        ("delete my posts up to March 2025", "up to March 2025"),
        ("delete my voice messages, only those in the Sunday room", "those in the Sunday room"),
        ("delete my posts that mention my employer", "my posts that mention my employer"),
        ("帮我把前男友跟我的聊天记录删了", "前男友跟我"),
        ("删动态 除了第一条", "除了第一条"),
        ("只删一张照片 就是在海边那张", "在海边那张"),
        ("删掉2024年以外的动态", "2024年以外"),
        ("刪咗我同阿明嘅對話", "同阿明"),
    ],
)
def test_a_limit_is_never_turned_round_nor_lost(text: str, limit: str) -> None:
    assert found("period", text) == (limit,)


@pytest.mark.parametrize(
    "text", ["delete my photos that you have", "delete those comments", "删评论和我的聊天记录"]
)
def test_a_whole_kind_has_no_limit(text: str) -> None:
    assert found("period", text) == ()


@pytest.mark.parametrize(
    ("kind", "text", "values"),
    [
        ("purpose", "天天半夜发短信让我回去充值 停掉", ("marketing",)),
        ("purpose", "take me off ur mailing list", ("marketing",)),
        ("purpose", "I only want to stop the emails", ("marketing",)),
        ("purpose", "唔好再攞我啲瀏覽習慣去推介嘢畀我", ("personalised_recommendation",)),
        ("purpose", "please stop suggesting people to me", ("personalised_recommendation",)),
        ("purpose", "Stop tracking where I am!!", ("location",)),
        ("purpose", "停止追蹤我去過邊", ("location",)),
        ("category", "搜索框下面老弹我以前搜的东西 能不能清空啊", ("search_history",)),
        ("category", "delete the things I searched for", ("search_history",)),
        ("category", "順便連相都刪埋", ("photos",)),
        ("new_value", "换手机号了 原来那个139的早停了 现在用18805920413", ("18805920413",)),
        ("new_value", "我而家用緊 91234567 呢個", ("91234567",)),
        ("new_value", "i now use 07700 900123", ("07700 900123",)),
        ("new_value", "我的手机13912345678不用了，想换号", ()),
        ("new_value", "「努力向上」打咗做「努力向下」，幫我改返", ("努力向上",)),
        ("old_value", "“小雨点”写成“小雨店”了", ("小雨店",)),
        ("date_piece", "sorry I meant May not March", (("month", "05"), ("month", "03"))),
        ("date_piece", "it's August", (("month", "08"),)),
        ("date_piece", "may i ask why", ()),
        ("date_piece", "it may be wrong", ()),
        ("date_piece", "march on", ()),
    ],
)
def test_details_are_read_as_people_tell_them(
    kind: str, text: str, values: tuple[Any, ...]
) -> None:
    assert found(kind, text) == values


@pytest.mark.parametrize(
    ("topic", "text"),
    [
        ("asks_account", "删了会不会影响账号"),
        ("asks_account", "會唔會連帳號一齊刪"),
        ("asks_account", "wait will that delete my account??"),
        ("asks_posts", "唔刪嘅話會點"),
        ("asks_posts", "动态会怎么样"),
        ("asks_posts", "what happens to my posts if I don't"),
        ("asks_login", "解了以后我还能用手机号登吗"),
        ("asks_why_identity", "我都登录着呢还要验证个啥"),
    ],
)
def test_what_is_asked_about_a_form_is_heard(topic: str, text: str) -> None:
    assert topic in found("phrase", text)


@pytest.mark.parametrize(
    "text",
    [
        "把我账号也注销了吧",
        "照片删了，连账号一起注销",
        "and delete my account too please",
        "他说我账号有问题",
        "不删了，直接注销",
        "don't delete the posts",
    ],
)
def test_what_is_wished_or_told_asks_nothing_of_a_form(text: str) -> None:
    assert {"asks_account", "asks_posts"}.isdisjoint(found("phrase", text))


@pytest.mark.parametrize(
    "text", ["哈哈你是真人还是机器人呀", "haha are you a bot", "呵呵 你係咪機械人"]
)
def test_who_answers_is_asked_beside_a_laugh(text: str) -> None:
    assert found("command", text)[:1] == ("who_answers",)
