"""Ties between users: guilds, families, rooms, masters and pupils, couples.

解绑公会 unbinds no way to log in, and 注销家族 closes no account. Support helps with them.
"""

from __future__ import annotations

from typing import Final

from privacydesk.domain.intents import Intent
from privacydesk.understanding.intents import DESTRUCTIVE
from privacydesk.understanding.patterns import lazily

_GROUP: Final = r"(?:公会|工会(?!员)|家族|战队|帮派|房间)"
_TIE: Final = (
    rf"(?:{_GROUP}|师徒|师父|师傅|徒弟|cp|情侣|闺蜜|亲密关系|守护|经纪(?:公司|人)|语音厅|厅主)"
)
_LINKS: Final = (
    r"(?:跟|和|同|与|我的?|我们|个|这个|那个|现在的?|原来的?|之前的?|的|嘅|掉|了|咗){0,4}"
)
_UNTIED: Final = lazily(
    rf"(?:解绑|解除|解约|取消绑定|脱离|退出){_LINKS}(?:绑定|关系|合约|签约)?{_LINKS}{_TIE}(?![的嘅]?(?:微信|登录|手机|账号))"
    rf"|{_TIE}(?:的|嘅|关系|合约|绑定|那边|给我|帮我|全部?|都|也|要|想|我){{0,3}}(?:解绑|解除|解约|取消绑定|脱离)"
)
_DISSOLVED: Final = lazily(
    rf"(?:注销|销掉|解散)(?:掉|了)?(?:我的?|我嘅|这个|那个|整个)?{_GROUP}(?![的嘅里]|记录|号)"
    rf"|{_GROUP}(?:给|帮|我|直接|整个|都){{0,3}}(?:注销|销掉|解散)"
)
_OURS: Final = lazily(
    r"微信|qq|谷歌|google|苹果|apple|脸书|facebook|\bfb\b|\bline\b|微博|推特|手机|登录|登入|账号|账户|户口|(?<![房门])号"
    r"|自己|留|删|照片|动态|记录|资料|信息"
)
"""What the desk may well be asked about beside a tie."""


def meant_of_ties(heard: Intent, folded: str) -> Intent | None:
    """Return that a person helps where nothing but a tie between users shall go; else None."""
    if heard not in DESTRUCTIVE or _OURS.search(folded) is not None:
        return None
    tied = _UNTIED.search(folded) or _DISSOLVED.search(folded)
    return Intent.OTHER if tied else None
