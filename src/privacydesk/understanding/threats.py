"""Threats: who extorts, follows or seeks out the speaker or somebody near them, and how soon.

What a company threatens with, as in 客服威胁要封号, is a matter for a complaint.
"""

from __future__ import annotations

from typing import Final

from privacydesk.understanding.patterns import PART, lazily

_SAID: Final = r"[^。.!?;]"

_WHO: Final = (
    r"(?:有人|别人|对方|(?<!其)他们?|她们?|佢(?:哋)?|前任|前男友|前女友|前夫|前妻|男友|女友|男朋友|女朋友"
    r"|老公|老婆|网友|陌生人|那个人|男的|女的|主播|债主|同事|用户 ?\d*)"
)
_EXTORTS: Final = r"(?:威胁|敲诈|勒索|恐吓|要挟)(?:了|着|过|咗)?"
_MERE_RULES: Final = rf"(?!{PART}{{0,8}}?(?:封|禁言|拉黑|举报|差评|投诉|注销|踢))"
_NEAR: Final = r"(?:我|要|说|咗我)"
_ADDRESS: Final = r"我(?:们|的|家|家里|嘅|屋企)*(?:住的地方|地址|住址)"
_BY_POST: Final = r"(?:公开|公布|曝光|发布|发|挂|贴|传)"

_COMING: Final = (
    r"(?:来|到|上|去|冲到|找到|找上|嚟|摸到)"
    r"(?:我家|我屋企|我住的|我(?:们)?学校|我公司|我单位|我门口)"
)
_HOME: Final = r"(?:我家(?:门口|楼下|门外)|我(?:门口|楼下|屋企(?:门口|楼下)?)|我住的地方)"
_FAMILY: Final = r"(?:老公|丈夫|男友|男朋友|老婆|女友|爸|妈|继父|后爸|家人|他|她|佢)"
_SOUGHT_OUT: Final = lazily(
    r"(?:他|她|佢|有人|对方|那个?人|主播|前任|网友|陌生人|(?<!我)(?<!我有)(?:有|那|这|一)个(?:老|中年)?[男女](?:的|人|生|网友|主播|用户|子))"
    r"(?:们)?[^,。.!?;]{0,8}?"
    rf"(?:要|说|话|想|会|已经|现在|正在)[^,。.!?;]{{0,6}}?{_COMING}(?!玩|做客|吃|看我|喝)"
    rf"|(?:在|喺|到了|守在|堵在|站在|企喺){_HOME}(?!开|附近的?(?:店|餐|超))"
    # Apps track, too: 跨应用跟踪我不同意.
    r"|(?:跟踪|尾随)(?:着|了|过)?我(?!不|的?(?:应用|手机|位置|定位|数据|浏览))|人身威胁|死亡威胁|(?:要|想|说)(?:打死|杀了?|弄死|砍|捅|强奸)我"
    rf"|{_FAMILY}(?:一直|经常|成日|又|总是|天天)?(?:家暴|打)(?:我(?!的?(?:电话|手机|号|字))|咗我|了我)|被家暴"
    r"|(?:人身|生命)(?:安全)?(?:受到)?(?:威胁|有危险)"
    r"|(?:裸照|裸聊|私密照|不雅照|床照)[^。!?;]{0,14}?(?:威胁|勒索|要钱|发给|发到|发出去|敲)"
    r"|(?:威胁|勒索|敲诈)[^。!?;]{0,10}?(?:裸照|裸聊|私密照|不雅照)"
    r"|(?<!n't )(?<!n't even )(?<!not )\b(?:coming|come|came|showed up|turn(?:ed|ing) up"
    r"|show(?:ing)? up) (?:to|at|over to) "
    r"(?:my|our) (?:house|home|place|door|flat|apartment|work|school|office)\b"
    r"|\b(?:outside|knocking (?:on|at)|banging on|in front of) (?:my|our) "
    r"(?:house|home|place|door|flat|apartment|building)\b"
    r"|\bthreaten(?:s|ed|ing)? "
    r"(?:to (?:come|kill|hurt|beat|find|rape|post|send|share|leak)|my life)"
    r"|\b(?:is|are|been|was) (?:stalking|following) me\b"
    r"|\b(?:kill|hurt|rape|beat|beats|hits) me\b(?! up\b)|\bdomestic violence\b"
    r"|\bblackmail\w* me\b|\bsextort\w*"
)
_THREATENED: Final = lazily(
    rf"{_WHO}{_SAID}{{0,12}}?{_EXTORTS}{_NEAR}{_MERE_RULES}"
    rf"|被(?:人|对方|前任|网友|前男友|前女友|前夫|前妻|他|她|陌生人)*"
    rf"(?:威胁|敲诈|勒索|恐吓|要挟|人肉(?!那)|跟踪|尾随){_MERE_RULES}"
    rf"|[拿用]我(?:的|嘅)?(?:照片|相|视频|隐私|聊天记录|录音){PART}{{0,4}}?(?:威胁|敲诈|勒索|要挟|要钱)"
    r"|人肉(?:了|过|搜索|搜)*我"
    rf"|{_WHO}{PART}{{0,4}}?(?:(?:把|将){_ADDRESS}{PART}{{0,4}}?{_BY_POST}"
    rf"|{_BY_POST}(?:了|咗)?{_ADDRESS})"
    r"|(?:砸|踹|撬|捶|踢|狂敲|猛敲|使劲敲)(?:着|我家?的?|我们家的?)?门(?!票|面)"
    rf"|{_WHO}{PART}{{0,6}}?找上(?:了)?门"
    rf"|{_WHO}{PART}{{0,10}}?(?:堵|蹲|守)(?:着|在|住|到)?"
    r"我(?:家|门|公司|学校|单位|楼下|$|[,。.!?; ])"
    r"|在我(?:家|公司|单位|学校)的?(?:门口|楼下|附近)"
    rf"{PART}{{0,4}}?(?:等我|堵|守|蹲|闹|盯)"
    rf"|{_WHO}{PART}{{0,6}}?要(?:来|过来|找人)(?:打|揍|砍|杀|弄)(?:死)?我"
    r"|(?<!you )(?<!you are )(?<!you're )(?<!staff )(?<!support )(?<!agent )"
    r"\b(?:blackmail|extort|threaten)(?:s|ed|ing)? (?:me|my (?:best )?(?:friend|sister|brother"
    r"|mother|mom|mum|father|dad|wife|husband|girlfriend|boyfriend|family|colleague|roommate))\b"
    r"(?![^.!?;]{0,16}?\b(?:ban|mute|suspend|clos\w+|legal|lawyer)\b)"
    r"|\b(?:being|been|got|was|am|getting) doxx?ed\b|\bdoxx?(?:ed|ing|es)? (?:me|my \w+)\b"
    r"|\b(?:some(?:one|body)|he|she|they|people|my ex|(?:a|the|this|that) user|user \w+)\b"
    r"[^.!?;]{0,20}?\b(?:post|publish|shar)(?:ed|es|ing|e)? my home address\b"
    r"|\b(?:some(?:one|body)|he|she|they|my ex(?:-\w+)?|(?:a|the|this|that) "
    r"(?:man|guy|stranger|user))(?:'s|'re)?\b[^.!?;]{0,24}?\b(?:at my door"
    r"|outside my (?:window|school|office)|(?:banging|pounding) on"
    r"|kicking (?:in|down)|breaking in(?:to my)?"
    r"|on (?:his|her|their) way (?:here|to my|over))\b"
)
_CHILDREN_SOLD: Final = lazily(
    r"卖(?:小孩|儿童|孩子|未成年人?|小学生|幼女|女童|男童|小女孩|小男孩)(?:们)?的?"
    r"(?:裸|色情)?(?:照|相|视频|片|图|资源)"
    r"|儿童色情|恋童|幼女(?:资源|视频|照片)"
    r"|\b(?:sell|trad)(?:s|es|ing|e)? [^.!?;]{0,16}?\b(?:photos?|pictures?|pics?|videos?|images?)"
    r" of (?:\w+ )?(?:children|kids|minors|girls|boys)\b"
    r"|\bchild (?:porn\w*|abuse material)\b|\bcsam\b"
)

# What is under way, or was said to come.
_UNDER_WAY: Final = lazily(
    rf"(?:现在|正在|马上|今晚|今天|等下|等会|一会|这会儿|又在|还在|依家|而家){_SAID}{{0,12}}?"
    r"(?:门|楼下|家|堵|砸|踹|跟着我|跟踪|尾随|打我|杀|上门|公司|学校)"
    r"|(?:砸|踹|撬|捶)(?:着|我家?的?)?门(?!票|面)"
    rf"|(?:要|会|想|扬言|话){PART}{{0,8}}?(?:来|到|上|去|冲|找|摸|嚟)(?:到|来|我|上)*"
    r"(?:家|屋企|住|公司|学校|单位|门|我)"
    rf"|(?:要|想|扬言|说){PART}{{0,4}}?(?:杀|弄死|打死|砍|捅|强奸|揍|打)(?:了|死)?我"
    rf"|(?:威胁|敲诈|勒索|要挟)(?!过){_SAID}{{0,16}}?(?:要|会|就){_SAID}{{0,8}}?"
    r"(?:发|曝光|公开|传|打|杀|弄|来)"
    rf"|找上门|在{PART}{{0,6}}?(?:门口|楼下)(?!开)"
    r"|\b(?:is|are|am|still|now|currently)\b[^.!?;]{0,20}?\b(?:outside|at (?:my|the) door|banging"
    r"|pounding|knocking|following me|stalking me|kicking|breaking in|on (?:his|her|their) way)\b"
    r"|\b(?:he's|she's|they're)\b[^.!?;]{0,20}?\b(?:outside|at (?:my|the) door|banging|pounding"
    r"|following me|stalking me|coming|on (?:his|her|their) way)\b"
    r"|\b(?:is|are|will|going to|gonna|wants? to|threaten(?:s|ed|ing)? to|says? (?:he|she|they))\b"
    r"[^.!?;]{0,20}?\b(?:com(?:e|ing) (?:to|over|here)|show up|find me|kill|hurt|beat|rape|post"
    r"|send|share|leak|meet)\b"
)
_CHILD_SOON: Final = lazily(
    r"今晚|明天|后天|现在|正在|马上|等下|周末|失踪|离家出走|找不到|(?:约|要|想)[^,。.!?;]{0,8}?见面"
    r"|\b(?:tonight|tomorrow|right now|missing|wants? to meet|asking [^.!?;]{0,30}? to meet)\b"
)
_TOLD_OF: Final = lazily(
    r"去年|前年|上个?月|上周|上个?星期|上次|以前|之前|曾经|当时|那时|昨天|昨晚|前天|琴日|过我"
    r"|\b(?:last (?:year|month|week|night|time)|ago|used to|back then|yesterday|in 20\d\d)\b"
)
_NOW: Final = lazily(
    r"现在|正在|马上|今晚|今天|明天|等下|依家|而家"
    r"|\b(?:now|right now|tonight|today|tomorrow|still)\b"
)


def threatened(folded: str) -> bool:
    """Tell whether somebody extorts, exposes, follows or seeks out the speaker, or who is near."""
    return any(one.search(folded) is not None for one in (_SOUGHT_OUT, _THREATENED))


def children_sold(folded: str) -> bool:
    """Tell whether somebody is said to deal in pictures of children."""
    return _CHILDREN_SOLD.search(folded) is not None


def under_way(folded: str, *, child: bool) -> bool:
    """Tell of a danger whether it is there now, or said to come; not where the past is told of.

    Args:
        folded: the message.
        child: it is a child that is in danger.
    """
    if _TOLD_OF.search(folded) is not None and _NOW.search(folded) is None:
        return False
    soon = child and _CHILD_SOON.search(folded) is not None
    return soon or _UNDER_WAY.search(folded) is not None
