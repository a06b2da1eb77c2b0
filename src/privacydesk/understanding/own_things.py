"""Whether somebody who speaks of a child, or of a parent, wishes something for themselves."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from privacydesk.domain.intents import Intent
from privacydesk.understanding.normalise import AT_HAND
from privacydesk.understanding.patterns import lazily
from privacydesk.understanding.shown_children import deletes_pictures

_THING: Final = (
    r"(?:照片|相片|图片|头像|动态|帖子|评论|留言|聊天|私信|消息|录音|语音|声音|位置|定位|搜索|浏览|充值|消费|记录"
    r"|资料|数据|信息|个人信息)"
)
_ALL_OF: Final = r"(?:所有|全部|那些|一些|几张|之前|以前|旧|发|过|的|嘅)*"
_MINE: Final = rf"我(?:自己|本人)?(?:的|嘅){_ALL_OF}{_THING}[^,。.!?; ]{{0,4}}?"
_THING_OF_MINE: Final = rf"我(?:自己|本人)(?:的|嘅)?{_ALL_OF}{_THING}[^,。.!?; ]{{0,4}}?"
_DONE: Final = r"(?:都|全|全部|通通|给|帮我|也|要|想|请)*"
_DELETING: Final = r"(?:删|清)(?:除|掉|空|了|一下|下|埋|晒)*"
_LOOKING: Final = r"(?:查|看|导出|下载)(?:看|询|一下|下|到|一份|份){0,4}"
_WISHES: Final = {
    Intent.DELETION: lazily(
        rf"(?<!不)(?<!别){_DELETING}(?:{_MINE}|{_THING_OF_MINE})"
        rf"|(?:{_MINE}|{_THING_OF_MINE}){_DONE}{_DELETING}"
        r"|\b(?:delete|erase|wipe|remove) my own (?!kid|child|son|daughter)\w+",
    ),
    Intent.ACCESS: lazily(
        rf"(?<!不)(?<!别){_LOOKING}(?:{_MINE}|{_THING_OF_MINE})"
        r"|\b(?:see|show me|export|download|get) my own (?!kid|child|son|daughter)\w+",
    ),
}
# Beside these the child's account is wished something for, whatever is wished besides.
_OF_THE_CHILD: Final = lazily(
    r"删|传上|发上|发到|发出|注销|销号|清空|关掉|停用|冻结|退款|退钱|充值|充了|查|导出|监护|未成年|岁|注册"
    r"|\b(?:delete|close|remove|refund|guardian|years? old|\d+)\b"
)
_WITH: Final = ("和", "跟", "与", "同", "、")
_NOT_FOR_CHILD: Final = lazily(
    r"不(?:是|系)(?:要|想)?(?:给|帮|替|为|关于)?(?:我的?|我家)?"
    r"(?:孩子|小孩|娃|女儿|儿子|小朋友)(?:的|办|弄|删|要|事|$|[,。!~ ])"
    r"|(?:^|[,。 ])(?:是|我是)?(?:给|帮|替|为)我自己(?:办|弄|删|查|的|$|[,。!~ ])"
    r"|\bnot (?:for|about) (?:my|the|a|any) (?:child|kid|son|daughter)\b"
    r"|\b(?:it's|its|it is|this is) (?:for|about) (?:me|myself)\b"
)
_NO: Final = lazily(r"^(?:不是|不对|不|唔系|唔係|错了|no|nope)[,。.!~ ]*(?:的)?[,。.!~ ]+")


@lru_cache(AT_HAND)
def own_wish(folded: str) -> Intent | None:
    """Return what a folded message wishes for something of one's own, and for nothing else."""
    if deletes_pictures(folded):
        return Intent.DELETION
    for intent, pattern in _WISHES.items():
        hit = pattern.search(folded)
        if hit is not None:
            before, after = folded[: hit.start()], folded[hit.end() :]
            shared = before.endswith(_WITH) or _OF_THE_CHILD.search(f"{before} {after}")
            return None if shared else intent
    return None


def for_oneself(folded: str) -> tuple[str, ...]:
    """Tell whether words say that what was begun for a child is meant for the speaker."""
    denies = _NOT_FOR_CHILD.search(folded) is not None
    own = _NO.match(folded) is not None and own_wish(folded) is not None
    return ("yes",) if denies or own else ()
