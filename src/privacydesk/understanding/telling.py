"""Whether a message that complains or asks for a review already tells what happened.

我要投诉你们乱用我的信息 names the matter, 注册第二天就有贷款电话 tells of it. The words that any
complaint or review may have are taken away, and what is left has to be more than a word or two.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from privacydesk.understanding.normalise import AT_HAND
from privacydesk.understanding.patterns import lazily

_MATTER: Final = lazily(
    r"个人信息|个人资料|个人数据|个人隐私|信息|资料|数据|隐私|私隐|政策|平台|公司|客服|软件|系统|自动化?|算法|机器人?|模型|程序|后台"
    r"|决定|决策|结果|处理|方式|方法|判断|判定|违规|处罚|惩罚|有人|别人|人家|号码|手机号?|电话|账号|帐号"
    r"|投诉|举报|申诉|反映|反馈|解释|说明|复核|复审|重审|审核|人工|真人|人手|覆核|审查|讲[下解]?|睇|多次?|同埋|话|申请|提交|提出?|要求|希望|需要|想要?|请求|请|麻烦|帮忙?|知道"
    r"|泄露|泄漏|外泄|滥用|乱用|违反|侵犯|严重|问清楚|讲清楚|说清楚|搞清楚|问问?|说法|交代|为什么|为啥|凭什么|点解|怎么|怎样|点样|如何|哪里"
    r"|原因|理由|重新|再|一下|一次|一个|一件|一宗|事情?|问题|关于|有关|方面|你好|您好|谢谢|唔该"
    r"|我们|我哋|我|你们|你哋|你|您|贵|他们|它|自己|谁"
    r"|关|对|给|俾|被|把|将|用|来|去|看|睇|做|作|办|管|判|罚|问|的|嘅|了|咗|吗|呢|吧|啊|呀|啦|喇|和|跟|与|就|也|都|还|很|太|要|不|唔|没有?|有|是|系|在|到|得"
    r"|这个?|那个?|呢个|嗰个|个|能|会|可以|可唔可以|并|差|下|wo yao tousu"
    r"|\b(?:i'?d?|i'?m|we|you|your|yours|my|me|us|our|it|its|that|this|the|an?|to|of|for|about|on|in|by|from"
    r"|with|at|and|or|but|please|pls|would|like|want|wanna|need|have|has|had|got|get|make|file|lodge"
    r"|submit|raise|put|know|tell|ask|asking|be|is|are|was|were|been|am|do|did|does|how|why|what|who"
    r"|which|can|could|will|hello|hi|hey|thanks?|there|here|some|something|any|someone|somebody|people"
    r"|complain|complaint|complaints|complaining|report|feedback|handle[ds]?|handling|us(?:e|ed|es|ing)"
    r"|misus\w+|leak\w*|breach\w*|violat\w+|data|information|info|personal|private|privacy|policy"
    r"|details?|phone|number|account|app|platform|company|system|automated|automatic(?:ally)?"
    r"|algorithms?|machine|robot|bot|ai|decision|decided?|decides|came|outcome|result|penali[sz]\w+"
    r"|explain\w*|explanation|reasons?|review\w*|human|person|manual(?:ly)?|look|looked|again|into"
    r"|formal(?:ly)?|give|let|both|explained|so|just|really|very|badly|bad)\b"
)
_WHEN: Final = lazily(
    r"昨[天晚日]|琴日|寻日|今[天早晚日]|前[天晚日]|上(?:个|個)?(?:周|星期|礼拜|月)|最近|这几天|呢排|\d+[天日号月]"
    r"|\b(?:yesterday|today|last (?:week|month|night|\w+day)|since|recently"
    r"|this (?:week|morning))\b"
)
_HAN: Final = re.compile(r"[\u4e00-\u9fff]")
_WORD: Final = re.compile(r"[a-z][a-z'’]+|\d+")
_ENOUGH: Final = 5
"""What has to be left: a Chinese character counts one, a word of another script or a number two,
and when it was two more."""

_ALREADY: Final = lazily(
    r"(?:我)?(?:(?:刚才|刚刚|之前|前面|上面|头先|一开始)(?:不?是|唔系|不就|就|都|已经|已)*|已经|不?是?都|(?:不是|唔系|咪))"
    r"(?:跟你|同你|和你|给你)?(?:说|讲|告诉|写)(?:得|的)?(?:过|了|晒|咗|清楚|明白|完|你)+"
    r"|(?:我)?(?:刚才|刚刚|头先)(?:不是|唔系|咪)?(?:已经|都)?(?:说|讲)"
    r"|(?:^|\bi |\bi'?ve )(?:have )?(?:already|just)"
    r" (?:told|said|explained|wrote|written|described)\b"
    r"|\b(?:told|said|explained) (?:you |it |that |this |so )*(?:already|above|before)\b"
    r"|\b(?:like|as) i (?:just |already )?said\b"
    r"|\bdidn'?t i (?:just |already )?(?:tell|say|explain)\b"
    r"|\bread (?:it|my (?:first |last )?message|above)(?: again)?\b"
    r"|\bsee (?:above|my (?:first|last) message)\b"
)
_LONGEST: Final = 40
"""Characters of a message that only says that all was told already."""


def tells(folded: str) -> bool:
    """Tell whether a folded message tells what happened, and does not only say what it is about."""
    return _left(folded) >= _ENOUGH


def tells_nothing(folded: str) -> bool:
    """Tell whether nothing is left but the words of any complaint or review: 要人工复核."""
    return not _left(folded)


@lru_cache(AT_HAND)
def _left(folded: str) -> int:
    rest = _MATTER.sub(" ", folded)
    when = 2 if _WHEN.search(rest) else 0
    return when + len(_HAN.findall(rest)) + 2 * len(_WORD.findall(rest))


def told_already(folded: str) -> bool:
    """Tell whether a short message says that all was told before: 我刚才不是说了吗."""
    return len(folded) <= _LONGEST and _ALREADY.search(folded) is not None
