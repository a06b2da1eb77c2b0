"""The sample people who are adults and ask for themselves."""

from __future__ import annotations

from privacydesk.connectors.account_record import AccountRecord, Retention
from privacydesk.demo.person import ALL_CONSENTS, FEW_CONSENTS, RecordFactory, SamplePerson
from privacydesk.domain.account import AutomatedDecision
from privacydesk.domain.account_terms import (
    AccountReason,
    AccountStatus,
    DataCategory,
    Provider,
)


def lin_xiaoyu(records: RecordFactory) -> SamplePerson:
    """Return 林小雨, whom the note describes."""
    phone = "+8619900001001"
    record = AccountRecord(
        account="u-1001",
        nickname="小雨不带伞",
        avatar=True,
        gender="female",
        birthday=records.birthday(28, 120),
        signature="周末去看海",
        tags=("旅行", "民谣", "猫"),
        interests=("摄影", "徒步"),
        phone=phone,
        real_name="林小雨",
        real_name_verified=True,
        bindings=(
            records.phone(phone, 900),
            records.binding(Provider.WECHAT, "小雨***", 880),
            records.binding(Provider.GOOGLE, "x***@example.com", 300),
        ),
        holdings={
            DataCategory.POSTS: records.items(
                "post",
                (40, "今天的晚霞像打翻的橘子汽水"),
                (21, "有人一起去爬山吗，周六早上出发"),
                (3, "新学会一首歌，嗓子还没好"),
            ),
            DataCategory.COMMENTS: records.items(
                "comment", (35, "这只猫好胖"), (20, "我带水，你带零食"), (2, "谢谢大家")
            ),
            DataCategory.VOICE: records.items(
                "voice", (15, "一段十二秒的语音介绍", {"seconds": 12})
            ),
            DataCategory.PHOTOS: records.items("photo", (60, "照片墙：海边"), (59, "照片墙：灯塔")),
            DataCategory.CHAT: records.items("chat", (9, "聊天室里的 42 条消息", {"messages": 42})),
            DataCategory.SEARCH_HISTORY: records.items(
                "search", (12, "徒步 路线"), (11, "吉他 初学"), (1, "怎么解绑谷歌")
            ),
            DataCategory.RECHARGE: records.items(
                "recharge",
                (200, "充值 30 元", {"amount": "30.00", "currency": "CNY"}),
                (31, "充值 6 元", {"amount": "6.00", "currency": "CNY"}),
                (30, "赠送虚拟礼物：小花", {"amount": "-6.00", "currency": "CNY"}),
            ),
            DataCategory.LOCATION: records.items("location", (5, "城市级位置：厦门")),
            DataCategory.DEVICE_LOGS: records.items(
                "log", (4, "登录：手机号，安卓"), (1, "登录：微信")
            ),
            DataCategory.RECOMMENDATIONS: records.items(
                "feature", (7, "偏好：户外"), (7, "偏好：民谣音乐")
            ),
            DataCategory.FOLLOWS: records.items("follow", (100, "关注：山风电台")),
        },
        consents=ALL_CONSENTS,
        retained={
            DataCategory.RECHARGE: records.legal_retention(900),
            DataCategory.REAL_NAME: records.legal_retention(400),
        },
        decisions=(
            AutomatedDecision(
                id="d-501",
                what="聊天室发言被暂停 24 小时",
                made_at=records.days_ago(6),
                factors=(
                    "一小时内有 5 条消息被其他用户举报",
                    "消息内容被判定为重复刷屏",
                    "此前 30 天内没有同类记录",
                ),
                appeal="可以请客服人工复核这次判定",
                ends_at=records.days_ago(5),
            ),
        ),
    )
    return SamplePerson(
        id="lin-xiaoyu",
        name="林小雨",
        locale="zh-Hans",
        note="Adult with three ways to log in; muted automatically six days ago; payments are kept",
        record=record,
        phone=phone,
        mail="xiaoyu@example.com",
    )


def chen_jiahao(records: RecordFactory) -> SamplePerson:
    """Return 嘉豪 Kaho, whom the note describes."""
    phone = "+85251234002"
    record = AccountRecord(
        account="u-1002",
        nickname="嘉豪 Kaho",
        locale="zh-Hant",
        avatar=True,
        gender="male",
        birthday=records.birthday(34, 45),
        signature="飲杯凍檸茶先",
        tags=("足球", "電影"),
        interests=("單車",),
        phone=phone,
        bindings=(
            records.phone(phone, 700),
            records.binding(Provider.LINE, "Kaho***", 650),
            records.binding(Provider.APPLE, "k***@example.net", 120),
        ),
        holdings={
            DataCategory.POSTS: records.items(
                "post", (18, "今晚球賽有人一齊睇嗎"), (5, "獅子山的夜景，等了兩個鐘")
            ),
            DataCategory.COMMENTS: records.items("comment", (17, "我先買飲品")),
            DataCategory.SEARCH_HISTORY: records.items("search", (3, "注銷帳號"), (2, "刪除 動態")),
            DataCategory.RECHARGE: records.items(
                "recharge", (90, "儲值 48 港元", {"amount": "48.00", "currency": "HKD"})
            ),
            DataCategory.DEVICE_LOGS: records.items("log", (2, "登入：Apple")),
        },
        consents=ALL_CONSENTS,
        retained={DataCategory.RECHARGE: records.legal_retention(1000)},
    )
    return SamplePerson(
        id="chen-jiahao",
        name="陳嘉豪",
        locale="zh-Hant",
        note="Hong Kong, writes Traditional Chinese; nothing stands against closing the account",
        record=record,
        phone=phone,
        mail="kaho@example.net",
    )


def alice_morgan(records: RecordFactory) -> SamplePerson:
    """Return alice_in_transit, whom the note describes."""
    record = AccountRecord(
        account="u-1003",
        nickname="alice_in_transit",
        locale="en",
        avatar=True,
        gender="female",
        birthday=records.birthday(41, 200),
        signature="Mostly trains",
        tags=("travel",),
        interests=("photography", "maps"),
        bindings=(records.binding(Provider.GOOGLE, "a***@example.org", 400),),
        holdings={
            DataCategory.POSTS: records.items("post", (70, "Night train, window seat, no signal")),
            DataCategory.PHOTOS: records.items("photo", (70, "Photo wall: a station at dawn")),
            DataCategory.SEARCH_HISTORY: records.items("search", (8, "change birthday")),
            DataCategory.LOCATION: records.items("location", (8, "City-level location: Singapore")),
            DataCategory.RECOMMENDATIONS: records.items("feature", (9, "Prefers: travel rooms")),
        },
        consents=FEW_CONSENTS,
    )
    return SamplePerson(
        id="alice-morgan",
        name="Alice Morgan",
        locale="en",
        note="Logs in with Google only: no bound phone, so no code; documents must be checked",
        record=record,
        mail="alice@example.org",
    )


def zhou_qiang(records: RecordFactory) -> SamplePerson:
    """Return 周强, whom the note describes."""
    phone = "+8619900001007"
    record = AccountRecord(
        account="u-1007",
        nickname="强哥夜场",
        status=AccountStatus.SUSPENDED,
        suspended_for="repeated_fraud_reports",
        gender="male",
        birthday=records.birthday(31, 10),
        phone=phone,
        bindings=(records.phone(phone, 350), records.binding(Provider.WECHAT, "强***", 340)),
        holdings={
            DataCategory.POSTS: records.items("post", (25, "带你躺赚，私聊")),
            DataCategory.DEVICE_LOGS: records.items("log", (20, "异常登录：三台设备")),
            DataCategory.RECHARGE: records.items(
                "recharge", (40, "充值 648 元", {"amount": "648.00", "currency": "CNY"})
            ),
        },
        consents=ALL_CONSENTS,
        retained={
            DataCategory.RECHARGE: records.legal_retention(1000),
            DataCategory.DEVICE_LOGS: Retention(AccountReason.SECURITY),
        },
        decisions=(
            AutomatedDecision(
                id="d-507",
                what="账号被停用",
                made_at=records.days_ago(19),
                factors=(
                    "十名以上用户举报诱导转账",
                    "同一设备短时间内登录多个账号",
                    "发布内容与已知的诈骗话术相似",
                ),
                appeal="可以请客服人工复核这次判定",
            ),
        ),
        open_matters=(AccountReason.OPEN_DISPUTE,),
    )
    return SamplePerson(
        id="zhou-qiang",
        name="周强",
        locale="zh-Hans",
        note="Suspended automatically nineteen days ago; disputes it; can't be sent a code",
        record=record,
        phone=phone,
        mail="zhouqiang@example.com",
    )


def wu_min(records: RecordFactory) -> SamplePerson:
    """Return 吴敏, whom the note describes."""
    phone = "+8619900001008"
    record = AccountRecord(
        account="u-1008",
        nickname="敏敏读书",
        gender="female",
        birthday=records.birthday(25, 80),
        tags=("读书",),
        phone=phone,
        bindings=(records.phone(phone, 260), records.binding(Provider.WECHAT, "敏***", 260)),
        holdings={
            DataCategory.POSTS: records.items("post", (33, "读完一本很厚的小说")),
            DataCategory.SEARCH_HISTORY: records.items("search", (2, "关闭个性化推荐")),
            DataCategory.RECOMMENDATIONS: records.items("feature", (2, "偏好：读书")),
        },
        consents=ALL_CONSENTS,
    )
    return SamplePerson(
        id="wu-min",
        name="吴敏",
        locale="zh-Hans",
        note="WeChat and phone: either can be unbound, then the other is the last way to log in",
        record=record,
        phone=phone,
    )


def liu_yang(records: RecordFactory) -> SamplePerson:
    """Return 刘洋, whom the note describes."""
    record = AccountRecord(
        account="u-1010",
        nickname="洋葱圈",
        gender="male",
        birthday=records.birthday(22, 5),
        bindings=(records.binding(Provider.WECHAT, "洋***", 130),),
        holdings={DataCategory.POSTS: records.items("post", (11, "第一次做饭，没糊"))},
        consents=FEW_CONSENTS,
    )
    return SamplePerson(
        id="liu-yang",
        name="刘洋",
        locale="zh-Hans",
        note="Logs in with WeChat only: unbinding it is refused, as nothing else is left",
        record=record,
        mail="liuyang@example.com",
    )


def mei_tan(records: RecordFactory) -> SamplePerson:
    """Return meimei, whom the note describes."""
    phone = "+6581230011"
    record = AccountRecord(
        account="u-1011",
        nickname="meimei",
        locale="en",
        avatar=True,
        gender="female",
        birthday=records.birthday(29, 99),
        signature="Kopi first",
        phone=phone,
        bindings=(records.phone(phone, 310), records.binding(Provider.FACEBOOK, "Mei T***", 305)),
        holdings={
            DataCategory.POSTS: records.items("post", (16, "Hawker centre tier list, fight me")),
            DataCategory.RECHARGE: records.items(
                "recharge", (16, "Topped up 9.90", {"amount": "9.90", "currency": "SGD"})
            ),
        },
        consents=ALL_CONSENTS,
        retained={DataCategory.RECHARGE: records.legal_retention(1000)},
        open_matters=(AccountReason.UNSPENT_BALANCE,),
    )
    return SamplePerson(
        id="mei-tan",
        name="Mei Tan",
        locale="en",
        note="Singapore; has an unspent balance, so closing the account is refused for now",
        record=record,
        phone=phone,
        mail="mei@example.org",
    )


def sun_yue(records: RecordFactory) -> SamplePerson:
    """Return 孙悦, whom the note describes."""
    record = AccountRecord(
        account="u-1012",
        nickname="",
        status=AccountStatus.CLOSED,
        holdings={
            DataCategory.RECHARGE: records.items(
                "recharge", (380, "充值 12 元", {"amount": "12.00", "currency": "CNY"})
            )
        },
        retained={DataCategory.RECHARGE: records.legal_retention(700)},
    )
    return SamplePerson(
        id="sun-yue",
        name="孙悦",
        locale="zh-Hans",
        note="Closed the account last year; only payment records are left",
        record=record,
        phone="+8619900001012",
    )
