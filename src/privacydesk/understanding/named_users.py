"""Users who are named by a number or a name: "user 3312", 用户小鹿的账号, "account u-1002".

From here only one's own account can be reached, so whatever is wished for another one is never
done to it. Whoever names their own number says that it is theirs.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from privacydesk.understanding.normalise import AT_HAND
from privacydesk.understanding.patterns import PART, lazily

# A mobile number and a year are no number of an account.
_NUMBER: Final = (
    r"(?!1[3-9]\d{9}(?!\d))(?!(?:19|20)\d\d(?![\w-]))"
    r"(?:[a-z]{1,4}[-_]?\d[\w-]{1,19}|\d{3,12}(?!\d))"
)
_QUOTE: Final = r"[\"'“”「」『』@#]{0,2}"
_NOT_CALLED: Final = (
    r"(?!(?:accounts?|data|info|information|names?|ids?|profiles?|settings?|agreements?|terms"
    r"|manual"
    r"|experience|support|here|since|of|and|or|who|that|which|is|are|was|has|have|for|with|content"
    r"|interface|i|from|in|on|to|my|the|a|an|please|pls|now|anymore|any|not|base|guide|rights?"
    r"|privacy|policy|history|records?|photos?|posts?|comments?|chats?|logs?|files?|so|but|if)\b)"
)
_CALLED: Final = (
    r"(?!名|协议|数据|体验|隐私|信息|资料|须知|服务|权|行为|画像|中心|账|反馈|昵称|我|你|自己"
    r"|本人|都|也|可以|能|要|想|不"
    r"|有没|怎|如何|个人)[^\s,。.!?;:我你自删注销登绑想要]{1,16}?"
)
_THING: Final = (
    r"(?:账号|账户|户口|号(?!码)|主页|account|acc|资料|信息|数据|个人|聊天|私信|记录|动态|帖子"
    r"|评论|留言|照片|相|录音|语音|手机|微信"
    r"|一切|所有|全部|data|info)"
)
_OF: Final = r"(?:这|那)?(?:个)?(?:人|用户)?(?:的|嘅|个|啲)"
_NUMBERED: Final = (
    r"(?:用户|账号|账户|户口|(?<![a-z])(?<!用户)(?<!账号)(?<!user )(?<!account )u?id"
    r"|(?<!用户)(?<!账号)编号)(?:[:#是为 ]|号码?|id|编号){0,4}"
)
_USER: Final = rf"\b(?:user(?:[ -]?(?:id|name))?|uid|member)s?[ :#]{{1,2}}{_QUOTE}"
_ACCOUNT: Final = (
    r"\b(?:account|acct|profile|account (?:number|no\.?|id)|(?<!user )(?<!account )id)[ :#]{1,2}"
    rf"{_QUOTE}"
)
_OWNS: Final = r"(?=[\"”」』]? ?(?:'s\b|的|嘅|个|那|这|𠮶))"
# "Close it please, user id 77120": a number by itself says whose the wish is.
_WITHIN: Final = r"(?<!^)(?<![,:;。!?.])(?<![,:;。!?.] )"
# "My chats with user 3312" are the speaker's own.
_NAMED = lazily(
    r"(?<![给跟和与同对畀俾])(?<!关于)(?<!发给 )(?<!with )(?<!to )(?<!about )"
    r"(?<!me and )(?<!i and )(?<![给跟和与同对畀俾]一个)(?<![给跟和与同对畀俾]那个)"
    r"(?<![给跟和与同对畀俾]个)(?:"
    # 用户 小鹿乱撞 的账号
    rf"(?<!我是)(?<!作为)(?<![老新本])用户 ?{_QUOTE}{_CALLED}{_QUOTE} ?{_OF} ?{_THING}"
    # 用户u-1002, id 88231
    rf"|{_WITHIN}{_NUMBERED}{_QUOTE}{_NUMBER}|{_NUMBERED}{_QUOTE}{_NUMBER}{_OWNS}"
    # 叫小鹿的那个人的号
    rf"|(?<!我)(?:叫|名为)(?:做)?{_QUOTE}{_CALLED}{_QUOTE} ?(?:的|嘅){{0,1}}(?:那个|这个|个|𠮶个)?"
    rf"(?:人|用户|主播)(?:的|嘅|个) ?{_THING}"
    rf"|(?:该|此|某|那个|这个|那名|这名|那位|这位|𠮶个|呢个)用户(?:的|嘅|个)?{PART}{{0,2}}?{_THING}"
    # the data of user 3312, user darklord99's account
    rf"|{_USER}(?:{_NUMBER}|[a-z][a-z_.-]{{1,24}}\d[\w.-]{{0,9}}){_OWNS}"
    rf"|{_USER}{_NOT_CALLED}[\w.-]{{1,31}}[\"”]?'s\b"
    rf"|{_WITHIN}{_USER}(?:{_NUMBER}|{_NOT_CALLED}[a-z][a-z_.-]{{1,24}}\d)"
    rf"|\b(?:delete|remove|erase|wipe|close|ban|kick|deactivate|terminate|unlink|unbind) "
    rf"(?:the )?user {_QUOTE}{_NOT_CALLED}[\w.-]{{2,32}}"
    rf"|{_ACCOUNT}{_NUMBER}{_OWNS}|{_WITHIN}{_ACCOUNT}{_NUMBER}"
    r"|\b(?:that|this|the) user's\b|\b(?:the|that|a) user (?:named|called|with (?:the )?id)\b)"
)
_MINE = lazily(
    r"(?<!不是)(?<!唔系)我(?:自己|本人)?(?:的|嘅|个)?(?:用户|账号|账户|户口|号|id|uid|编号|昵称"
    r"|网名|名字|account)"
    r"|(?:是|系)我(?:自己|本人)?(?:的|嘅|个)?(?:$|[,。.!?; 号账])(?<!不是我的)(?<!唔系我嘅)"
    r"|(?:^|[,。 ])我(?:的|嘅)(?=$|[,。 ])"
    r"|我(?:就)?(?:是|系)(?:用户|id|uid)|本人(?:的|嘅)?(?:用户|账号|账户|户口|id)"
    r"|\bmy (?:own )?(?:mochat |app )?"
    r"(?:user|account|acct|profile|id|uid|username|nickname|handle)\b"
    r"|\b(?:that|it|this) ?(?:'s|is) me\b|\bowner speaking\b|\bi'?m the owner\b"
    r"|就是我(?:自己)?(?=$|[,。.!? ])"
    r"|(?<!not )\bmine\b|\b(?:i'm|im|i am) (?:the )?(?:user|id|uid|account)\b"
)
# 我说的是小鹿的号，不是我的
_NOT_MINE = lazily(
    r"(?:说|讲|指|要(?:注销|删|关|解绑|查|清空?)|要|想)(?:紧|的|嘅){0,2}(?:是"
    r"|系)(?!我)[^,。.!?;]{1,24}?"
    r"(?:的|嘅|个)[^,。.!?;]{0,10}?[, ]{0,2}(?:而)?(?:不是|唔系|并非)(?:说|讲|指)?我(?:自己|本人)?"
    r"(?:的|嘅|个)(?!了)"
    r"|(?<!手机)(?<!电话)(?:账号|账户|户口|号(?!码))[, ]{0,2}(?:不是|唔系|并非)(?:说|讲|指)?"
    r"我(?:自己|本人)?(?:的|嘅|个|我)(?!手机|电话|微信|照片|资料|名|了)"
    r"|(?:不是|唔系)(?:要)?(?:注销|删|关|讲|说|指)(?:除|掉|紧)?我(?:自己|本人)(?:的|嘅|个)"
    r"|\b(?:i mean|i meant|i'm talking about|talking about|i said|it's|its) [^,.!?;]{1,30}?'s"
    r"(?: \w{1,12}){0,2},? (?:and )?not (?:mine|my own|my (?:account|data))\b"
    r"|\b(?:account|profile)s?,? not (?:mine|my own)\b|\bnot my (?:own )?account[,.]? [\w' ]{0,12}"
    r"(?:theirs|his|hers|their|the other)\b"
)


@lru_cache(AT_HAND)
def names_a_user(folded: str) -> bool:
    """Tell whether a folded message is about a user who is named and is not the speaker."""
    if _NOT_MINE.search(folded) is not None:
        return True
    return _NAMED.search(folded) is not None and _MINE.search(folded) is None


def named_users(folded: str) -> tuple[str, ...]:
    """Tell whether a folded message names a user who is not the speaker; ``yes`` if it does."""
    return ("yes",) if names_a_user(folded) else ()
