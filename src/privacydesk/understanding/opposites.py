"""Opposites of a loss: an account or data that shall come back, a log-in that shall be added.

恢复账号 closes nothing, and 绑定微信 unbinds nothing; a person helps with both.
"""

from __future__ import annotations

from typing import Final

from privacydesk.domain.intents import Intent
from privacydesk.understanding.intents import DESTRUCTIVE
from privacydesk.understanding.patterns import PART, lazily

# 账号里的记录 is found again inside an account.
_ACCOUNT: Final = r"(?:账号|账户|户口|号(?!码))(?!里|中|上|内|下|的|嘅|信息|资料|数据|记录)"
_GIVE_BACK: Final = (
    r"(?:解封|解冻|解禁|恢复|找回|取回|要回(?!收|去|复|答|来的)|拿回|还原|复活"
    r"|重新启用|重新激活|撤销封禁)"
)
_BROUGHT_BACK: Final = lazily(
    rf"(?<!不)(?<!别)(?<!法){_GIVE_BACK}{PART}{{0,5}}?{_ACCOUNT}"
    rf"|(?:账号|账户|户口|号){PART}{{0,6}}?(?<!不)(?<!别)(?<!法)(?<!能){_GIVE_BACK}"
    r"|\b(?:un-?ban|un-?suspend|un-?freeze|un-?block|un-?lock|re-?activate|re-?instate|re-?open"
    r"|restore|recover|revive|un-?delete|re-?enable) "
    r"(?:(?:my|the|this|that|old|banned|suspended|deleted|closed) ){1,3}acc(?:t|ount)?s?\b"
    r"|\b(?:get|want|give|have|bring|need)(?: me)? my (?:old |banned )?acc(?:t|ount)? back\b"
    r"|\bgive back my acc(?:t|ount)?\b"
)
_THING: Final = r"(?:照片|相片|动态|帖子|评论|留言|聊天|消息|语音|录音|视频|记录)"
_THINGS_BROUGHT_BACK: Final = lazily(
    rf"(?<!不)(?<!别)(?<!法)(?<!能)(?:恢复|找回|还原){PART}{{0,8}}?{_THING}"
    r"|\b(?:restore|recover|undelete|bring back|get back) (?:(?:my|the|all|old|deleted) ){1,3}"
    r"(?:photos?|pictures?|posts?|comments?|chats?|messages?|videos?|recordings?|data)\b"
)
_TO_DELETE: Final = lazily(
    r"(?<!被)(?<!误)(?:删(?!掉的|除的|了的|的|咗的|掉了|除了|了|错)|清空|清掉)"
    r"|\b(?:delete|erase|remove|wipe|can't|cannot|never|not)\b"
)
# What was closed may come back; what is still to be closed is wished, or asked about.
_TO_CLOSE: Final = lazily(
    r"(?<!被)(?:注销|销号|销户|删号|删除账|删账)(?:了?(?:之|以)?后|(?!了|过|咗|的|错|掉了))"
    r"|\b(?:close|closing|delete|deleting|deactivate|wipe|erase)\b"
)

_NAMED: Final = (
    r"(?:微信|qq|谷歌|google|苹果|apple|脸书|facebook|fb|line|微博|twitter|wechat|weixin)"
)
_BOUND: Final = lazily(
    r"(?<!解)(?<!取消)(?<!解除)(?<!换)(?<!改)(?<!已)(?<!被)(?:绑定|绑个|绑上|绑一下|绑)"
    rf"(?:我的|我嘅|我|一?个|一下|新的|新|多)*(?:{_NAMED}|手机|邮箱)(?!的|嘅)"
    r"|(?:^|(?:to|please|pls|plz|can you|could you|you|wanna|let me|now|and) )"
    r"(?:link|re-?link|bind|re-?bind|connect|add) (?:(?:my|a|an|the|another|new|in|on) ){0,2}"
    rf"{_NAMED}\b"
)
_UNDOES: Final = lazily(
    r"解|取消|删|去掉|移除|移走|关|断|拆|撤|换|改|注销|摘|踢|松|拿掉|不|别|唔|冇|没|误|错"
    r"|\b(?:un\w+|remove|delete|disconnect|stop|off|cancel|detach|not|no|change|switch|replace"
    r"|already|accidentally|wrong)\b|n't\b"
)

_LOST: Final = DESTRUCTIVE | {Intent.OTHER}
_SEEN: Final = lazily(r"记录|资料|数据|信息|\b(?:data|records?|history|info|copy)\b")


def meant_of_opposites(heard: Intent, folded: str) -> Intent | None:
    """Return what a message means that wishes the opposite of a loss; None where it does not.

    Args:
        heard: what the model makes of the message.
        folded: the message.
    """
    if heard in _LOST or (heard is Intent.ACCESS and _SEEN.search(folded) is None):
        back = _BROUGHT_BACK.search(folded) is not None
        if back and _TO_CLOSE.search(folded) is None:
            return Intent.OTHER
    if heard is Intent.DELETION and _THINGS_BROUGHT_BACK.search(folded) is not None:
        return None if _TO_DELETE.search(folded) else Intent.OTHER
    if heard is Intent.UNBINDING and _BOUND.search(folded) and not _UNDOES.search(folded):
        return Intent.OTHER
    return None
