"""The sample people whose requests are already at the desk when the demo starts.

They are apart from the people of ``people``, whose conversations begin empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from privacydesk.connectors.account_record import AccountRecord, DataItem
from privacydesk.demo.person import ALL_CONSENTS, FEW_CONSENTS, RecordFactory, SamplePerson
from privacydesk.domain.account import AutomatedDecision
from privacydesk.domain.account_terms import DataCategory, Provider

GUARDIAN: Final = SamplePerson(
    id="lv-jing",
    name="吕静",
    locale="zh-Hans",
    note="Mother of an eleven-year-old; has no account, asks for the child's photos to be deleted",
    phone="+8619900002104",
    guardian_of=("u-2104",),
)

_HISTORY: Final = timedelta(days=60)
"""How much older than the demo the records are: older than every seeded request."""


def applicants(now: datetime) -> tuple[SamplePerson, ...]:
    """Return the people of the seeded requests, with their accounts as at ``now``."""
    records = RecordFactory(now - _HISTORY)
    return (
        _person(
            records,
            1,
            ("shen-jiayi", "沈佳宜", "佳宜今天不加班"),
            Provider.WECHAT,
            {
                DataCategory.POSTS: (
                    "周末的面包又没发起来",
                    "搬家第三天，找不到锅",
                    "楼下开了书店",
                ),
                DataCategory.SEARCH_HISTORY: ("烤箱 温度", "同城 搬家"),
            },
            note="Asked half an hour ago for posts and searches to be deleted; nobody has seen it",
        ),
        _person(
            records,
            2,
            ("xu-yonglam", "許詠琳", "詠琳 Wing Lam"),
            Provider.APPLE,
            {
                DataCategory.POSTS: ("今日行山，腳軟", "收工飲返杯奶茶先"),
                DataCategory.PHOTOS: ("相簿：西貢",),
                DataCategory.RECHARGE: ("儲值 38 港元",),
            },
            locale="zh-Hant",
            phone="+85251232102",
            note="Writes Cantonese; wants a copy of everything, verified and waiting for an agent",
        ),
        _person(
            records,
            3,
            ("guo-zixuan", "郭子轩", "轩轩爱打野"),
            Provider.QQ,
            {DataCategory.CHAT: ("聊天室里的 17 条消息",), DataCategory.POSTS: ("五连胜",)},
            note="Would not verify himself; his request waits for it",
        ),
        _person(
            records,
            5,
            ("gao-xiang", "高翔", "高翔电台"),
            Provider.WEIBO,
            {DataCategory.VOICE: ("一段两分钟的电台节目",), DataCategory.FOLLOWS: ("关注：夜航",)},
            decisions=(
                AutomatedDecision(
                    id="d-2105",
                    what="语音节目被下架",
                    made_at=(now - timedelta(days=8)).replace(microsecond=0),
                    factors=("背景音乐与版权曲库相符", "此前 90 天内没有同类记录"),
                    appeal="可以请客服人工复核这次判定",
                ),
            ),
            note="Disputes an automated decision; an agent works on it",
        ),
        _person(
            records,
            6,
            ("daniel-reyes", "Daniel Reyes", "danny_on_bass"),
            Provider.FACEBOOK,
            {DataCategory.POSTS: ("New strings, new blisters",)},
            locale="en",
            phone="+6581232106",
            note="Complains about marketing calls; the desk has asked him for a screenshot",
        ),
        _person(
            records,
            7,
            ("jiang-xiaozhou", "江小舟", "小舟在画画"),
            Provider.QQ,
            {DataCategory.COMMENTS: ("画得真好", "求教程"), DataCategory.POSTS: ("新买的水彩",)},
            years=16,
            note="Sixteen; wants comments deleted, and an answer is due today",
        ),
        _person(
            records,
            8,
            ("ma-jun", "马骏", "马上就到"),
            Provider.WECHAT,
            {DataCategory.LOCATION: ("城市级位置：洛阳",), DataCategory.POSTS: ("夜里跑了十公里",)},
            note="His request is overdue",
        ),
        _person(
            records,
            9,
            ("cai-shufen", "蔡淑芬", "淑芬的廚房"),
            Provider.LINE,
            {DataCategory.POSTS: ("第一次做鳳梨酥",), DataCategory.PHOTOS: ("相簿：廚房",)},
            locale="zh-Hant",
            phone="+886912002109",
            note="Her complaint took longer to look into: the deadline was extended",
        ),
        _person(
            records,
            10,
            ("su-xiaotang", "苏晓棠", "晓棠说书"),
            Provider.WECHAT,
            {
                DataCategory.VOICE: ("第一回", "第二回"),
                DataCategory.COMMENTS: ("谢谢捧场",),
                DataCategory.RECHARGE: ("充值 12 元",),
            },
            note="Her copy is ready to be downloaded",
        ),
        _person(
            records,
            11,
            ("du-mingzhe", "杜明哲", "明哲不保身"),
            Provider.WECHAT,
            {DataCategory.CHAT: ("聊天室里的 63 条消息",), DataCategory.POSTS: ("读书会散场",)},
            note="Was refused and objects; another agent reviews it",
        ),
        _person(
            records,
            12,
            ("wen-ruyu", "温如玉", "如玉"),
            Provider.WECHAT,
            {DataCategory.POSTS: ("换了新名字",)},
            note="Her nickname was corrected, and she was satisfied",
        ),
        _person(
            records,
            13,
            ("ding-hao", "丁浩", "丁叮当"),
            Provider.WECHAT,
            {DataCategory.POSTS: ("修好了收音机",)},
            note="Waits for a person right now",
        ),
        GUARDIAN,
    )


def child_record(now: datetime) -> AccountRecord:
    """Return the account of the guardian's child, who is eleven and can't be played."""
    records = RecordFactory(now - _HISTORY)
    person = _person(
        records,
        4,
        ("xiaoman", "小满", "小满的星星"),
        Provider.QQ,
        {DataCategory.POSTS: ("我养的蚕结茧了",), DataCategory.PHOTOS: ("照片墙：蚕",)},
        years=18,
        note="Eleven; the profile says eighteen",
    )
    assert person.record is not None
    return person.record


def _person(
    records: RecordFactory,
    number: int,
    names: tuple[str, str, str],
    provider: Provider,
    texts: Mapping[DataCategory, tuple[str, ...]],
    *,
    note: str,
    locale: str = "zh-Hans",
    phone: str = "",
    years: int = 30,
    **record: Any,
) -> SamplePerson:
    """Return a person with an account that has a phone and one more way to log in.

    Args:
        records: makes the entries of the account.
        number: tells the accounts and phone numbers apart.
        names: their id, their name, and their nickname in the app.
        provider: the second way to log in.
        texts: the texts of what is held, by category.
        note: see :class:`SamplePerson`.
        locale: the language that they write in.
        phone: their number; default: a mainland number.
        years: their age.
        **record: further attributes of the account.
    """
    person_id, name, nickname = names
    phone = phone or f"+86199000021{number:02}"
    account = AccountRecord(
        account=f"u-21{number:02}",
        nickname=nickname,
        locale=locale,
        avatar=True,
        birthday=records.birthday(years, 100 + number),
        phone=phone,
        bindings=(
            records.phone(phone, 200 + number),
            records.binding(provider, f"{nickname[:2]}***", 190 + number),
        ),
        holdings={
            category: _items(records, f"{category}-{number}", category_texts)
            for category, category_texts in texts.items()
        },
        consents=ALL_CONSENTS if number % 2 else FEW_CONSENTS,
        **record,
    )
    return SamplePerson(
        id=person_id, name=name, locale=locale, note=note, record=account, phone=phone
    )


def _items(records: RecordFactory, prefix: str, texts: tuple[str, ...]) -> tuple[DataItem, ...]:
    """Return entries with these texts, three days apart, the oldest first."""
    return records.items(
        prefix, *((3.0 * (len(texts) - index), text) for index, text in enumerate(texts))
    )
