"""Questions that the policy or the law answers, in words that a wish or a report may have, too.

小孩能注册吗 reports nobody, and "does the PDPO give me a right to be forgotten?" deletes nothing.
"""

from __future__ import annotations

from typing import Final

from privacydesk.domain.intents import Intent
from privacydesk.understanding.patterns import PART, lazily

_USES: Final = r"(?:用|玩|注册|登记|登录|下载|开号|开户|加入|上)"
_MAY: Final = r"(?:可不可以|能不能|可唔可以|能否|可以|能|得|准|允许|让|才能|先可以|先得|才可以)"
_ASKS: Final = rf"{PART}{{0,10}}?(?:吗|么|嘛|没有|不|未|冇|得唔得|㗎|呢|(?= ?\?))"
_YOUNG: Final = (
    r"(?:未成年人?|小孩子?|小朋友|儿童|孩子们?|细路仔?|小学生|初中生|高中生|中学生|青少年|学生"
    r"|(?:未满|不满|不到|未够)?\d{1,2}岁(?:以下|的人)?)"
)
_OF_AGE: Final = lazily(
    # 几岁才能用, 多大可以注册
    rf"(?:几岁|几多岁|多少岁|多大(?:年纪|岁数)?|什么年龄"
    rf"|满多少岁)(?:的人)?{PART}{{0,4}}?{_MAY}?{PART}{{0,4}}?{_USES}"
    r"|年龄(?:限制|要求|门槛|下限)"
    rf"|{_YOUNG}(?:的话)?(?:也|都)?{_MAY}{PART}{{0,3}}?{_USES}{_ASKS}"
    rf"|{_YOUNG}{_USES}(?:得)?{PART}{{0,4}}?(?:行不行|可以吗|得唔得|吗|得吗)"
    r"|\b(?:how old|what age)\b[^,.!?;]{0,30}?\b(?:use|join|sign up|register|be|need|have to|must"
    r"|allowed)\b"
    r"|\b(?:minimum|age) (?:age|limit|requirement|restriction)s?\b"
    r"|\b(?:can|may|could|are|is) (?:a |an |any )?"
    r"(?:kids?|child(?:ren)?|minors?|teen(?:ager)?s?|under[- ]?\d{1,2}s?"
    r"|\d{1,2}[- ]year[- ]olds?)\b"
    r"[^,.!?;]{0,12}?\b(?:use|join|sign up|register|allowed|on (?:here|this|the app|your app))\b"
)
# Whoever speaks of one of them reports, or is the parent.
_SOMEBODY: Final = lazily(
    r"我(?:家|的|嘅|们家)?(?:个|那个|这个)?(?:孩|小孩|儿|女|娃|弟|妹|侄|外甥|孙|仔|囡|表|学生"
    r"|邻居|同学)"
    r"|(?:有|见到|看到|发现|遇到)(?:一?个|些|位)?(?:未成年|小孩|小朋友|孩子|细路|小学生|初中生"
    r"|\d+岁)|举报|[那这]个(?:人|小?孩|小朋友|用户|账号|号|[男女])|他|她|佢|我(?:今年|才|刚)?\d"
    r"|\b(?:my (?:\w+ )?(?:son|daughter|kid|child|nephew|niece|brother|sister|student)|(?:this"
    r"|that) (?:kid|child|user|girl|boy|one|person|account|guy|man)|he|she"
    r"|they|there(?:'s| is)|report|i'?m|i am|saw|found)\b"
)
_UNVERIFIED: Final = lazily(
    rf"(?:不|没|唔|冇|未)(?:做|去|搞|弄|有|想|完成|通过)?(?:过)?(?:实名|认证|验证身份)(?:认证"
    rf"|验证)?(?:的话)?{PART}{{0,6}}?"
    r"(?:会(?:怎么?样|怎样|点|有)|有(?:什么|咩|啥)|怎么?样|点样|能不能|能用|可以用|可唔可以|影响"
    r"|限制|得唔得)"
    r"|\b(?:what (?:happens|if)|can i)\b[^.!?;]{0,30}?\b(?:don'?t|do not|without|refuse to|never)\b"
    r"[^.!?;]{0,12}?\b(?:real[- ]?name|verify(?:ing)? (?:my )?(?:identity|id|name)"
    r"|id verification)\b"
)
_DISPUTES: Final = lazily(
    r"仲裁|诉讼|打官司|管辖|(?:适用|受)[^,。.!?;]{0,8}?法律?|哪国?(?:里)?的?法律|边度嘅法律"
    r"|\barbitrat\w*|\bjurisdiction\b|\bgoverning law\b|\b(?:which|what"
    r"|whose) (?:country'?s? )?(?:law|court)s?\b"
    r"|\bdisputes?\b[^.!?;]{0,24}?\b(?:settled|resolved|go|handled|decided)\b"
)
_WHERE: Final = lazily(
    r"哪|边度|边间|什么|咩|怎么|点样|点处理|谁|边个|吗|是否|系咪|\?|\b(?:which|where|what|whose"
    r"|how|who|is|are)\b"
)
_LAW: Final = lazily(
    r"个人信息保护法|个保法|民法典|网络安全法|数据安全法|私隐条例|个人资料\(?私隐\)?条例|个资法"
    r"|个人资料保护法|消费者权益保护法|法律(?=有没有|规定|允许|要求|赋予|给)"
    r"|\b(?:pdpo|gdpr|pipl|ccpa|pdpa|data protection (?:act|law|ordinance)|privacy (?:act|law"
    r"|ordinance)"
    r"|the law)\b"
)
_ASKS_OF_LAW: Final = lazily(
    r"(?:有没有|有冇|是不是|是否|系咪|怎么|点|给不给|允不允许|能不能)|(?:吗|么|嘛|呢|\?)\s*$"
    r"|^(?:so |and |but |hi,? |hello,? )*(?:does|do|is|are|did|has|have|what|which|under"
    r"|according|how)\b"
    r"[^.!]*\?|\b(?:give|gives|grant|grants|say|says|allow|allows|entitle\w*)\b"
)
_ORDERS: Final = lazily(
    r"(?<!不)要求|我要|请(?!问)|帮我|给我|替我|麻烦|马上|立即|依据|根据|按照|依照|行使"
    r"|\b(?:please|pls|i want|i demand|i request|i'?d like|can you|could you|will you|would you"
    r"|under (?:the )?(?:gdpr|pdpo|pipl|ccpa|pdpa)|exercise|delete (?:my|all)|send me|my data)\b"
)
_MAILBOX: Final = lazily(
    r"(?:邮箱|电邮|邮件地址|信箱)(?:地址)?(?:是|系)?(?:多少|什么|咩|哪个|边个|几多)"
    r"|(?:隐私|私隐|个人信息)(?:团队|部门|负责人|专员)[^,。.!?;]{0,8}?(?:怎么联系|联系方式|邮箱"
    r"|电邮|点联络)"
    r"|\b(?:e-?mail|mail)(?: address)? (?:of|for) (?:your|the) (?:privacy|data|dpo)\b"
    r"|\bwhat(?:'s| is) (?:your|the) (?:privacy )?e-?mail\b"
)

_AGE_HEARD: Final = frozenset(
    {
        Intent.UNDERAGE_REPORT,
        Intent.GUARDIAN,
        Intent.OTHER,
        Intent.SMALLTALK,
        Intent.ACCESS,
        Intent.REQUEST_STATUS,
        Intent.HUMAN_AGENT,
    }
)
_FAINT: Final = frozenset(
    {
        Intent.OTHER,
        Intent.SMALLTALK,
        Intent.REQUEST_STATUS,
        Intent.HUMAN_AGENT,
        Intent.RECTIFICATION,
        Intent.AUTOMATED_DECISION,
    }
)
_OF_LAW_HEARD: Final = _FAINT | {
    Intent.DELETION,
    Intent.ACCESS,
    Intent.COMPLAINT,
    Intent.POLICY_QUESTION,
}


def meant_of_rules(heard: Intent, folded: str) -> Intent | None:
    """Return that the policy is asked where a message asks what holds, and wishes nothing.

    Args:
        heard: what the model makes of the message.
        folded: the message.
    """
    asked = (
        (heard in _AGE_HEARD and _OF_AGE.search(folded) and not _SOMEBODY.search(folded))
        or (heard in _FAINT and (_UNVERIFIED.search(folded) or _MAILBOX.search(folded)))
        or (heard in _FAINT and _DISPUTES.search(folded) and _WHERE.search(folded))
        or (heard in _OF_LAW_HEARD and asks_of_law(folded))
    )
    return Intent.POLICY_QUESTION if asked else None


def asks_of_law(folded: str) -> bool:
    """Tell whether it is asked what a law says, and nothing is demanded by it."""
    if _LAW.search(folded) is None or _ORDERS.search(folded) is not None:
        return False
    return _ASKS_OF_LAW.search(folded) is not None
