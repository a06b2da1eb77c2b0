"""Whether a sentence asks for somebody else's data: "look up Zhang San's account for me"."""

from __future__ import annotations

from typing import Final

from privacydesk.understanding.anothers_things import PERSON
from privacydesk.understanding.named_users import names_a_user
from privacydesk.understanding.patterns import lazily

SOMEBODY: Final = "yes"
"""The one value of this entity: whose it is does not matter, and is not kept."""

_DATA: Final = r"(?:账号|账户|个人|资料|信息|数据|记录|聊天|手机号|电话|住址|地址|照片|实名|身份)"
_CHINESE = lazily(
    r"(?:查|看|导出|下载|要|给我|提供|告诉我|拿|搜|调)(?:一?下|一看|看|到|询|取|我|出){0,4}[「“\"]?"
    rf"(?P<who>[\u4e00-\u9fff]{{1,4}}?)[」”\"]?的(?:{_DATA})"
)
# 将陈大文嘅资料send俾我
_HANDED = lazily(
    rf"(?:把|将)[「“\"]?(?P<who>[\u4e00-\u9fff]{{1,4}}?)[」”\"]?(?:的|嘅)(?:所有|全部)?(?:{_DATA}|相)"
    r"[^,。.!?;]{0,6}?(?:发|send|给|俾|畀|传|寄|导出|调出|打包)"
)
# The speaker, the desk, and words that are no person; a child has a door of its own.
_NOBODY = lazily(
    r"我|俺|咱|你|您|自己|本人|账|号|存|收集|掌握|系统|平台|公司|个人|全部|所有|相关|这|那|哪|什么"
    r"|孩|儿|女$|娃|仔|囡|囝|宝|过去|以前|之前|最近|今年|去年|现在|完整|具体|详细|持有|保存|记录"
    r"|关联|绑定|登录|手机|微信|隐私"
)
_PRONOUN: Final = "他她"
_WITH: Final = "和跟同与"
# 我要看她聊天记录: of a pronoun the 的 may be missing.
_THEIRS = lazily(
    r"(?:查|看|导出|要|给我|提供|拿|搜|调)(?:一?下|一看|看|到|询|取|我|出){0,4}[他她佢](?:们)?(?:的|嘅)?"
    rf"(?:所有|全部|之前|以前|那些)?(?:的|嘅)?(?:{_DATA})"
)
# 看我老公跟别人的聊天记录
_BETWEEN_OTHERS = lazily(
    rf"(?:看|查|睇|导出|调|翻|监控)[^,。.!?;]{{0,4}}?{PERSON}(?:和|跟|同|与)(?!我)[^,。.!?;的嘅]{{1,6}}"
    r"(?:的|嘅)?(?:所有|全部)?(?:聊天|私信|私聊|对话|消息|讯息|通话|语音)"
)
_NO_OWNER: Final = (
    r"(?!(?:my|your|our|it|what|let|that|this|here|there|who|today|yesterday|last|next|year|month"
    r"|week|day|old|account|app|phone|company|mochat|child|children|son|daughter|kid|boy|girl|baby"
    r"|grandson|granddaughter)\b)"
)
# 昵称叫晚风的人的手机号
_NAMED = lazily(
    rf"(?:叫|名为|昵称|网名|id)(?:叫|是|为|[:：])?\s?[^,。!?]{{1,16}}?\s?的(?:人|用户|主播|女生|男生|朋友)的?(?:{_DATA})"
)
_ENGLISH = lazily(
    r"\b(?:show|give|send|tell|look up|find|see|check|get|want|need|request|download|export|access"
    r"|read|copy of|copies of)(?: me| up)? (?:an? (?:copy|summary|list|export) of )?"
    rf"(?:all (?:of )?)?(?:(?:my )?{_NO_OWNER}[a-z]{{1,24}}(?: {_NO_OWNER}[a-z]{{1,24}})?'s"
    r"|his|her|their)"
    r" (?:account|data|info|information|details|profile|phone|chats?|records?|address|messages?"
    r"|photos?|location|posts?)\b"
)


def other_people(words: str) -> tuple[str, ...]:
    """Tell of a folded message whether it wants to see what belongs to another person."""
    if any(one.search(words) is not None for one in (_ENGLISH, _THEIRS, _NAMED, _BETWEEN_OTHERS)):
        return (SOMEBODY,)
    if names_a_user(words):
        return (SOMEBODY,)
    for hit in (*_CHINESE.finditer(words), *_HANDED.finditer(words)):
        who = hit["who"]
        if who[0] in _WITH and "我" in hit[0]:
            # 导出我跟别人的聊天记录 wants one's own.
            continue
        if _NOBODY.search(who) is None and (len(who) > 1 or who in _PRONOUN):
            return (SOMEBODY,)
    return ()
