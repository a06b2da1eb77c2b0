"""The sample children, teenagers, and parents."""

from __future__ import annotations

from privacydesk.connectors.account_record import AccountRecord
from privacydesk.demo.person import ALL_CONSENTS, FEW_CONSENTS, RecordFactory, SamplePerson
from privacydesk.domain.account_terms import (
    DataCategory,
    Provider,
)


def lele(records: RecordFactory) -> SamplePerson:
    """Return 王乐乐, whom the note describes."""
    phone = "+8619900001004"
    record = AccountRecord(
        account="u-1004",
        nickname="乐乐爱画画",
        avatar=True,
        gender="female",
        # What the child typed at registration makes her an adult; her papers say twelve.
        birthday=records.birthday(19, 60),
        signature="我有两只仓鼠",
        tags=("画画", "仓鼠"),
        phone=phone,
        bindings=(records.phone(phone, 60), records.binding(Provider.QQ, "乐***", 50)),
        holdings={
            DataCategory.POSTS: records.items(
                "post", (30, "今天数学考了九十五"), (10, "我画的仓鼠"), (4, "放学以后谁上线")
            ),
            DataCategory.COMMENTS: records.items("comment", (9, "你的也好看")),
            DataCategory.PHOTOS: records.items("photo", (10, "照片墙：一张画")),
            DataCategory.CHAT: records.items("chat", (4, "聊天室里的 8 条消息", {"messages": 8})),
            DataCategory.RECHARGE: records.items(
                "recharge", (3, "充值 6 元", {"amount": "6.00", "currency": "CNY"})
            ),
        },
        consents=ALL_CONSENTS,
    )
    return SamplePerson(
        id="lele",
        name="王乐乐",
        locale="zh-Hans",
        note="Twelve years old, though her profile says nineteen; her mother is Wang Fang",
        record=record,
        phone=phone,
    )


def wang_fang() -> SamplePerson:
    """Return 王芳, whom the note describes."""
    return SamplePerson(
        id="wang-fang",
        name="王芳",
        locale="zh-Hans",
        note="Mother of Lele; has no account, writes through the page's door for guardians",
        phone="+8619900001104",
        mail="wangfang@example.com",
        guardian_of=("u-1004",),
    )


def zhang_zihan(records: RecordFactory) -> SamplePerson:
    """Return 张子涵, whom the note describes."""
    phone = "+8619900001005"
    record = AccountRecord(
        account="u-1005",
        nickname="子涵投三分",
        avatar=True,
        gender="male",
        birthday=records.birthday(16, 150),
        signature="明天也要早起",
        tags=("篮球",),
        interests=("说唱",),
        phone=phone,
        bindings=(records.phone(phone, 220), records.binding(Provider.WECHAT, "子涵***", 210)),
        holdings={
            DataCategory.POSTS: records.items("post", (14, "月考结束"), (2, "新球鞋到了")),
            DataCategory.COMMENTS: records.items("comment", (13, "下周再约")),
            DataCategory.SEARCH_HISTORY: records.items("search", (6, "三分 训练")),
            DataCategory.LOCATION: records.items("location", (6, "城市级位置：泉州")),
        },
        consents=FEW_CONSENTS,
    )
    return SamplePerson(
        id="zhang-zihan",
        name="张子涵",
        locale="zh-Hans",
        note="Sixteen: his own request counts, a human looks at it; his father is Zhang Jianguo",
        record=record,
        phone=phone,
    )


def zhang_jianguo(records: RecordFactory) -> SamplePerson:
    """Return 张建国, whom the note describes."""
    phone = "+8619900001006"
    record = AccountRecord(
        account="u-1006",
        nickname="老张",
        gender="male",
        birthday=records.birthday(46, 30),
        phone=phone,
        bindings=(records.phone(phone, 500),),
        holdings={DataCategory.COMMENTS: records.items("comment", (50, "拍得不错"))},
        consents=FEW_CONSENTS,
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


def he_xiaochen(records: RecordFactory) -> SamplePerson:
    """Return 何晓晨, whom the note describes."""
    phone = "+8619900001009"
    record = AccountRecord(
        account="u-1009",
        nickname="晨晨",
        gender="undisclosed",
        birthday=records.birthday(14),
        phone=phone,
        bindings=(records.phone(phone, 15),),
        holdings={DataCategory.POSTS: records.items("post", (1, "生日快到了"))},
        consents=FEW_CONSENTS,
    )
    return SamplePerson(
        id="he-xiaochen",
        name="何晓晨",
        locale="zh-Hans",
        note="Turns exactly fourteen on the day the demo begins: a human has to decide",
        record=record,
        phone=phone,
    )
