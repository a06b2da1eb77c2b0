"""The sample people: who they are, what the app holds about them, and whose child is whose.

They are made relative to a day, so that the twelve-year-old is twelve whenever the demo runs and
the newest post is always a few days old. Nobody here exists; the texts are ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from privacydesk.connectors.account_record import AccountRecord, HeldItem, Retention
from privacydesk.domain.account import AutomatedDecision, Binding
from privacydesk.domain.account_terms import (
    AccountReason,
    AccountStatus,
    ConsentPurpose,
    DataCategory,
    Provider,
)
from privacydesk.domain.masking import mask_phone


@dataclass(frozen=True, slots=True)
class SamplePerson:
    """Somebody to play in the demo.

    Attributes:
        id: a short name for addresses, as in ``lin-xiaoyu``.
        name: as they write it.
        locale: the language they write in.
        note: what makes them worth playing, in English, for whoever tries the demo.
        record: their account, or ``None`` if they have none.
        phone: a number at which they can be reached, E.164; their bound phone if there is one.
        mail: a mail address at which they can be reached.
        guardian_of: account ids of their children.
    """

    id: str
    name: str
    locale: str
    note: str
    record: AccountRecord | None = None
    phone: str | None = None
    mail: str | None = None
    guardian_of: tuple[str, ...] = field(default=())

    @property
    def account(self) -> str | None:
        """The account id, or ``None``."""
        return None if self.record is None else self.record.account

    def to_json(self) -> dict[str, Any]:
        """Return who they are, without the account's content."""
        return {
            "id": self.id,
            "name": self.name,
            "locale": self.locale,
            "note": self.note,
            "account": self.account,
            "phone": self.phone,
            "mail": self.mail,
            "guardian_of": list(self.guardian_of),
        }


def sample_people(now: datetime) -> tuple[SamplePerson, ...]:
    """Return all sample people as they are at ``now`` (an aware instant)."""
    made = _Maker(now)
    return (
        _lin_xiaoyu(made),
        _chen_jiahao(made),
        _alice_morgan(made),
        _lele(made),
        _wang_fang(),
        _zhang_zihan(made),
        _zhang_jianguo(made),
        _zhou_qiang(made),
        _wu_min(made),
        _he_xiaochen(made),
        _liu_yang(made),
        _mei_tan(made),
        _sun_yue(made),
    )


class _Maker:
    """Turns "three days ago" into records of one sample world."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._numbers: dict[str, int] = {}

    def ago(self, days: float) -> datetime:
        return (self._now - timedelta(days=days)).replace(microsecond=0)

    def born(self, years: int, days: int = 0) -> date:
        """Return a birthday such that the person turned ``years`` as many ``days`` ago."""
        day = (self._now - timedelta(days=days)).date()
        # 28 February stands in for the 29th of a year that has none.
        safe = day if (day.month, day.day) != (2, 29) else day.replace(day=28)
        return safe.replace(year=safe.year - years)

    def items(
        self, prefix: str, *entries: tuple[float, str] | tuple[float, str, Mapping[str, Any]]
    ) -> tuple[HeldItem, ...]:
        """Return records from ``(days ago, text[, detail])``, with ids counted per prefix."""
        found = []
        for days, text, *detail in entries:
            number = self._numbers[prefix] = self._numbers.get(prefix, 0) + 1
            found.append(
                HeldItem(
                    id=f"{prefix}-{number}",
                    at=self.ago(float(days)),
                    text=str(text),
                    detail=detail[0] if detail else {},
                )
            )
        return tuple(found)

    def phone(self, number: str, days: float) -> Binding:
        return Binding(Provider.PHONE, mask_phone(number), bound_at=self.ago(days))

    def bound(self, provider: Provider, label: str, days: float) -> Binding:
        return Binding(provider, label, bound_at=self.ago(days))

    def kept_for(self, days: int) -> Retention:
        return Retention(
            AccountReason.LEGAL_RETENTION, until=(self._now + timedelta(days=days)).date()
        )


_ALL_CONSENTS: Mapping[ConsentPurpose, bool] = dict.fromkeys(ConsentPurpose, True)
_FEW_CONSENTS: Mapping[ConsentPurpose, bool] = {
    purpose: purpose is ConsentPurpose.PERSONALISED_RECOMMENDATION for purpose in ConsentPurpose
}


def _lin_xiaoyu(made: _Maker) -> SamplePerson:
    phone = "+8619900001001"
    record = AccountRecord(
        account="u-1001",
        nickname="小雨不带伞",
        avatar=True,
        gender="female",
        birthday=made.born(28, 120),
        signature="周末去看海",
        tags=("旅行", "民谣", "猫"),
        interests=("摄影", "徒步"),
        phone=phone,
        real_name="林小雨",
        real_name_verified=True,
        bindings=(
            made.phone(phone, 900),
            made.bound(Provider.WECHAT, "小雨***", 880),
            made.bound(Provider.GOOGLE, "x***@example.com", 300),
        ),
        holdings={
            DataCategory.POSTS: made.items(
                "post",
                (40, "今天的晚霞像打翻的橘子汽水"),
                (21, "有人一起去爬山吗，周六早上出发"),
                (3, "新学会一首歌，嗓子还没好"),
            ),
            DataCategory.COMMENTS: made.items(
                "comment", (35, "这只猫好胖"), (20, "我带水，你带零食"), (2, "谢谢大家")
            ),
            DataCategory.VOICE: made.items("voice", (15, "一段十二秒的语音介绍", {"seconds": 12})),
            DataCategory.PHOTOS: made.items("photo", (60, "照片墙：海边"), (59, "照片墙：灯塔")),
            DataCategory.CHAT: made.items("chat", (9, "聊天室里的 42 条消息", {"messages": 42})),
            DataCategory.SEARCH_HISTORY: made.items(
                "search", (12, "徒步 路线"), (11, "吉他 初学"), (1, "怎么解绑谷歌")
            ),
            DataCategory.RECHARGE: made.items(
                "recharge",
                (200, "充值 30 元", {"amount": "30.00", "currency": "CNY"}),
                (31, "充值 6 元", {"amount": "6.00", "currency": "CNY"}),
                (30, "赠送虚拟礼物：小花", {"amount": "-6.00", "currency": "CNY"}),
            ),
            DataCategory.LOCATION: made.items("location", (5, "城市级位置：厦门")),
            DataCategory.DEVICE_LOGS: made.items(
                "log", (4, "登录：手机号，安卓"), (1, "登录：微信")
            ),
            DataCategory.RECOMMENDATIONS: made.items(
                "feature", (7, "偏好：户外"), (7, "偏好：民谣音乐")
            ),
            DataCategory.FOLLOWS: made.items("follow", (100, "关注：山风电台")),
        },
        consents=_ALL_CONSENTS,
        retained={
            DataCategory.RECHARGE: made.kept_for(900),
            DataCategory.REAL_NAME: made.kept_for(400),
        },
        decisions=(
            AutomatedDecision(
                id="d-501",
                what="聊天室发言被暂停 24 小时",
                made_at=made.ago(6),
                factors=(
                    "一小时内有 5 条消息被其他用户举报",
                    "消息内容被判定为重复刷屏",
                    "此前 30 天内没有同类记录",
                ),
                appeal="可以请客服人工复核这次判定",
                ends_at=made.ago(5),
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


def _chen_jiahao(made: _Maker) -> SamplePerson:
    phone = "+85251234002"
    record = AccountRecord(
        account="u-1002",
        nickname="嘉豪 Kaho",
        locale="zh-Hant",
        avatar=True,
        gender="male",
        birthday=made.born(34, 45),
        signature="飲杯凍檸茶先",
        tags=("足球", "電影"),
        interests=("單車",),
        phone=phone,
        bindings=(
            made.phone(phone, 700),
            made.bound(Provider.LINE, "Kaho***", 650),
            made.bound(Provider.APPLE, "k***@example.net", 120),
        ),
        holdings={
            DataCategory.POSTS: made.items(
                "post", (18, "今晚球賽有人一齊睇嗎"), (5, "獅子山的夜景，等了兩個鐘")
            ),
            DataCategory.COMMENTS: made.items("comment", (17, "我先買飲品")),
            DataCategory.SEARCH_HISTORY: made.items("search", (3, "注銷帳號"), (2, "刪除 動態")),
            DataCategory.RECHARGE: made.items(
                "recharge", (90, "儲值 48 港元", {"amount": "48.00", "currency": "HKD"})
            ),
            DataCategory.DEVICE_LOGS: made.items("log", (2, "登入：Apple")),
        },
        consents=_ALL_CONSENTS,
        retained={DataCategory.RECHARGE: made.kept_for(1000)},
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


def _alice_morgan(made: _Maker) -> SamplePerson:
    record = AccountRecord(
        account="u-1003",
        nickname="alice_in_transit",
        locale="en",
        avatar=True,
        gender="female",
        birthday=made.born(41, 200),
        signature="Mostly trains",
        tags=("travel",),
        interests=("photography", "maps"),
        bindings=(made.bound(Provider.GOOGLE, "a***@example.org", 400),),
        holdings={
            DataCategory.POSTS: made.items("post", (70, "Night train, window seat, no signal")),
            DataCategory.PHOTOS: made.items("photo", (70, "Photo wall: a station at dawn")),
            DataCategory.SEARCH_HISTORY: made.items("search", (8, "change birthday")),
            DataCategory.LOCATION: made.items("location", (8, "City-level location: Singapore")),
            DataCategory.RECOMMENDATIONS: made.items("feature", (9, "Prefers: travel rooms")),
        },
        consents=_FEW_CONSENTS,
    )
    return SamplePerson(
        id="alice-morgan",
        name="Alice Morgan",
        locale="en",
        note="Logs in with Google only: no bound phone, so no code; documents must be checked",
        record=record,
        mail="alice@example.org",
    )


def _lele(made: _Maker) -> SamplePerson:
    phone = "+8619900001004"
    record = AccountRecord(
        account="u-1004",
        nickname="乐乐爱画画",
        avatar=True,
        gender="female",
        # What the child typed at registration makes her an adult; her papers say twelve.
        birthday=made.born(19, 60),
        signature="我有两只仓鼠",
        tags=("画画", "仓鼠"),
        phone=phone,
        bindings=(made.phone(phone, 60), made.bound(Provider.QQ, "乐***", 50)),
        holdings={
            DataCategory.POSTS: made.items(
                "post", (30, "今天数学考了九十五"), (10, "我画的仓鼠"), (4, "放学以后谁上线")
            ),
            DataCategory.COMMENTS: made.items("comment", (9, "你的也好看")),
            DataCategory.PHOTOS: made.items("photo", (10, "照片墙：一张画")),
            DataCategory.CHAT: made.items("chat", (4, "聊天室里的 8 条消息", {"messages": 8})),
            DataCategory.RECHARGE: made.items(
                "recharge", (3, "充值 6 元", {"amount": "6.00", "currency": "CNY"})
            ),
        },
        consents=_ALL_CONSENTS,
    )
    return SamplePerson(
        id="lele",
        name="王乐乐",
        locale="zh-Hans",
        note="Twelve years old, though her profile says nineteen; her mother is Wang Fang",
        record=record,
        phone=phone,
    )


def _wang_fang() -> SamplePerson:
    return SamplePerson(
        id="wang-fang",
        name="王芳",
        locale="zh-Hans",
        note="Mother of Lele; has no account, writes through the page's door for guardians",
        phone="+8619900001104",
        mail="wangfang@example.com",
        guardian_of=("u-1004",),
    )


def _zhang_zihan(made: _Maker) -> SamplePerson:
    phone = "+8619900001005"
    record = AccountRecord(
        account="u-1005",
        nickname="子涵投三分",
        avatar=True,
        gender="male",
        birthday=made.born(16, 150),
        signature="明天也要早起",
        tags=("篮球",),
        interests=("说唱",),
        phone=phone,
        bindings=(made.phone(phone, 220), made.bound(Provider.WECHAT, "子涵***", 210)),
        holdings={
            DataCategory.POSTS: made.items("post", (14, "月考结束"), (2, "新球鞋到了")),
            DataCategory.COMMENTS: made.items("comment", (13, "下周再约")),
            DataCategory.SEARCH_HISTORY: made.items("search", (6, "三分 训练")),
            DataCategory.LOCATION: made.items("location", (6, "城市级位置：泉州")),
        },
        consents=_FEW_CONSENTS,
    )
    return SamplePerson(
        id="zhang-zihan",
        name="张子涵",
        locale="zh-Hans",
        note="Sixteen: his own request counts, a human looks at it; his father is Zhang Jianguo",
        record=record,
        phone=phone,
    )


def _zhang_jianguo(made: _Maker) -> SamplePerson:
    phone = "+8619900001006"
    record = AccountRecord(
        account="u-1006",
        nickname="老张",
        gender="male",
        birthday=made.born(46, 30),
        phone=phone,
        bindings=(made.phone(phone, 500),),
        holdings={DataCategory.COMMENTS: made.items("comment", (50, "拍得不错"))},
        consents=_FEW_CONSENTS,
    )
    return SamplePerson(
        id="zhang-jianguo",
        name="张建国",
        locale="zh-Hans",
        note="Father of Zhang Zihan; has an account of his own, with the phone as its only login",
        record=record,
        phone=phone,
        mail="jianguo@example.com",
        guardian_of=("u-1005",),
    )


def _zhou_qiang(made: _Maker) -> SamplePerson:
    phone = "+8619900001007"
    record = AccountRecord(
        account="u-1007",
        nickname="强哥夜场",
        status=AccountStatus.SUSPENDED,
        suspended_for="repeated_fraud_reports",
        gender="male",
        birthday=made.born(31, 10),
        phone=phone,
        bindings=(made.phone(phone, 350), made.bound(Provider.WECHAT, "强***", 340)),
        holdings={
            DataCategory.POSTS: made.items("post", (25, "带你躺赚，私聊")),
            DataCategory.DEVICE_LOGS: made.items("log", (20, "异常登录：三台设备")),
            DataCategory.RECHARGE: made.items(
                "recharge", (40, "充值 648 元", {"amount": "648.00", "currency": "CNY"})
            ),
        },
        consents=_ALL_CONSENTS,
        retained={
            DataCategory.RECHARGE: made.kept_for(1000),
            DataCategory.DEVICE_LOGS: Retention(AccountReason.SECURITY),
        },
        decisions=(
            AutomatedDecision(
                id="d-507",
                what="账号被停用",
                made_at=made.ago(19),
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


def _wu_min(made: _Maker) -> SamplePerson:
    phone = "+8619900001008"
    record = AccountRecord(
        account="u-1008",
        nickname="敏敏读书",
        gender="female",
        birthday=made.born(25, 80),
        tags=("读书",),
        phone=phone,
        bindings=(made.phone(phone, 260), made.bound(Provider.WECHAT, "敏***", 260)),
        holdings={
            DataCategory.POSTS: made.items("post", (33, "读完一本很厚的小说")),
            DataCategory.SEARCH_HISTORY: made.items("search", (2, "关闭个性化推荐")),
            DataCategory.RECOMMENDATIONS: made.items("feature", (2, "偏好：读书")),
        },
        consents=_ALL_CONSENTS,
    )
    return SamplePerson(
        id="wu-min",
        name="吴敏",
        locale="zh-Hans",
        note="WeChat and phone: either can be unbound, then the other is the last way to log in",
        record=record,
        phone=phone,
    )


def _he_xiaochen(made: _Maker) -> SamplePerson:
    phone = "+8619900001009"
    record = AccountRecord(
        account="u-1009",
        nickname="晨晨",
        gender="undisclosed",
        birthday=made.born(14),
        phone=phone,
        bindings=(made.phone(phone, 15),),
        holdings={DataCategory.POSTS: made.items("post", (1, "生日快到了"))},
        consents=_FEW_CONSENTS,
    )
    return SamplePerson(
        id="he-xiaochen",
        name="何晓晨",
        locale="zh-Hans",
        note="Turns exactly fourteen on the day the demo begins: a human has to decide",
        record=record,
        phone=phone,
    )


def _liu_yang(made: _Maker) -> SamplePerson:
    record = AccountRecord(
        account="u-1010",
        nickname="洋葱圈",
        gender="male",
        birthday=made.born(22, 5),
        bindings=(made.bound(Provider.WECHAT, "洋***", 130),),
        holdings={DataCategory.POSTS: made.items("post", (11, "第一次做饭，没糊"))},
        consents=_FEW_CONSENTS,
    )
    return SamplePerson(
        id="liu-yang",
        name="刘洋",
        locale="zh-Hans",
        note="Logs in with WeChat only: unbinding it is refused, as nothing else is left",
        record=record,
        mail="liuyang@example.com",
    )


def _mei_tan(made: _Maker) -> SamplePerson:
    phone = "+6581230011"
    record = AccountRecord(
        account="u-1011",
        nickname="meimei",
        locale="en",
        avatar=True,
        gender="female",
        birthday=made.born(29, 99),
        signature="Kopi first",
        phone=phone,
        bindings=(made.phone(phone, 310), made.bound(Provider.FACEBOOK, "Mei T***", 305)),
        holdings={
            DataCategory.POSTS: made.items("post", (16, "Hawker centre tier list, fight me")),
            DataCategory.RECHARGE: made.items(
                "recharge", (16, "Topped up 9.90", {"amount": "9.90", "currency": "SGD"})
            ),
        },
        consents=_ALL_CONSENTS,
        retained={DataCategory.RECHARGE: made.kept_for(1000)},
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


def _sun_yue(made: _Maker) -> SamplePerson:
    record = AccountRecord(
        account="u-1012",
        nickname="",
        status=AccountStatus.CLOSED,
        holdings={
            DataCategory.RECHARGE: made.items(
                "recharge", (380, "充值 12 元", {"amount": "12.00", "currency": "CNY"})
            )
        },
        retained={DataCategory.RECHARGE: made.kept_for(700)},
    )
    return SamplePerson(
        id="sun-yue",
        name="孙悦",
        locale="zh-Hans",
        note="Closed the account last year; only payment records are left",
        record=record,
        phone="+8619900001012",
    )
