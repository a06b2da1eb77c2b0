"""Losses that are told of or complained of, and not wished.

"Someone unlinked my Google account" wants nothing unbound, and "turn recommendations back on" takes
no consent back.
"""

from __future__ import annotations

from typing import Final

from privacydesk.domain.intents import Intent
from privacydesk.understanding.intents import DESTRUCTIVE
from privacydesk.understanding.patterns import PART, lazily

_LOST_IN_ENGLISH: Final = r"(?:delet|remov|eras|wip|unlink|unbind|clos|disconnect)\w*"

_DONE_BY_OTHERS: Final = lazily(
    r"(?:有人|(?<![给跟和与同畀俾])(?:别人|人家)(?![的嘅])|黑客|陌生人|不知道?(?:是|系)?(?:谁"
    r"|边个))"
    rf"{PART}{{0,8}}?(?:解绑|删|注销|改)(?:除|掉)?(?:了|咗)"
    r"|\b(?:some(?:one|body)|a stranger|a hacker|hackers) (?:has |have |had |just )*"
    rf"(?:{_LOST_IN_ENGLISH}|changed)\b"
)
_NEVER_ASKED: Final = lazily(
    r"我(?:从来|根本|并)?(?:没有?|冇)(?:申请|要求|提交|[让叫]你[们哋]"
    rf"|同意)过?{PART}{{0,6}}?(?:注销|删|解(?:绑|除)|解(?=$|[了啊呀,。.!?; ])|[这那]么做"
    r"|[这那]样(?:做|弄))"
    r"|\bi (?:did not|didn't|didnt|never) (?:ask|request|want|apply|agree)\w* "
    rf"{PART}{{0,20}}?{_LOST_IN_ENGLISH}"
)
_CANNOT: Final = lazily(
    rf"(?:为什么|为啥|点解|怎么){PART}{{0,10}}?(?:删|解绑|注销|解)(?:除|掉)?(?:不了|唔到|不掉|不成)"
    r"|\bwhy (?:can't|cannot|can not|cant|couldn't) i (?:unbind|unlink|delete|remove|close)\b"
)
# What is gone by one's own hand is asked after.
_GONE: Final = lazily(
    rf"(?:昨天|前天|已经|之前|上周|上个月|刚才|刚刚|以前|琴日|尋日){PART}{{0,8}}?删(?:除"
    rf"|掉)?(?:了|过|咗)[^。!;]{{0,24}}?"
    r"(?:真的|还在|还有|还留|是不是|有没有)"
    rf"|我?(?:删|注销)(?:除|掉)?(?:过|了)的{PART}{{0,16}}?(?:还|是不是"
    rf"|有没有){PART}{{0,10}}?(?:吗|么|嘛|没)?\W*$"
    rf"|\bi (?:have |already |just )*(?:deleted|removed|unlinked|closed) [^!;]{{1,50}}?"
    r"\b(?:are|is|was|were|did) (?:they|it|my|the|that|this)\b[^!;]{0,30}\?"
)
# 佢哋话删咗我啲相，但系我今日仲见到: what was promised, or told as done, was not done.
_NOT_DONE: Final = lazily(
    rf"(?:你[们哋]|他们|佢哋?|客服|平台|官方|上次|之前|明明){PART}{{0,8}}?"
    rf"(?:(?:说|话|讲|声称|告诉我?|回复我?)(?:过|了|咗|会|是|我|已经|早就|都| )*"
    rf"(?:帮我|把我|将我|给我)?{PART}{{0,6}}?(?:删|清|注销|解绑|撤)(?:除|掉|走|好|干净)?(?:了|咗|晒|完)"
    rf"|(?:答应|应承|承诺)(?:过|了|咗|会|要|帮|给|我|把|将| )*{PART}{{0,6}}?(?:删|清|注销|解绑|撤))"
    rf"[^!;?]{{0,24}}?(?:还|仲|依然|仍|根本|原来|其实)(?:是|系|都|能|可以|会)*{PART}{{0,3}}?"
    r"(?:见到|看到|看得到|睇到|在|喺度|有|存在|搜到|搜得到|登(?:入|录|上|得|到)|没|冇|未)"
    r"|\b(?:you|they|staff|support|someone|the agent)(?: guys)? "
    r"(?:said|told me|claimed|promised|swore|confirmed)"
    rf"{PART}{{0,24}}?\b(?:{_LOST_IN_ENGLISH}|gone)\b[^!;?]{{0,24}}?"
    r"\b(?:still|but it(?:'s| is| was)n't|never was|nothing was|not (?:deleted|gone|removed))\b"
)
# 连我删掉的聊天记录都还留着: what was deleted by one's own hand is still kept.
_STILL_KEPT: Final = lazily(
    r"(?:删|清)(?:掉|除|空|了|过|咗|走)*(?:的|嘅)[^,。.!?;]{1,10}?(?:都|也|居然|竟然|怎么|为什么|点解)*"
    r"(?:还|仲)(?:帮我|给我|替我)?(?:留着|留住|存着|保存着?|在(?!不在)|有(?!没有|冇)|喺度|被你们)"
    r"(?![^,。.!;]{0,8}(?:吗|么|嘛|冇|\?))"
)
_ONCE_MORE: Final = lazily(
    r"(?:再|重新|请|帮我|麻烦|给我|赶紧|马上|快|想|要)(?:再|重新|帮我|给我|把|将|你们)*"
    r"[^,。.!?;了咗]{0,8}?(?:删|清|注销|解绑|撤)"
    rf"|\b(?:please|can you|could you|want|need)\b[^.!?]{{0,24}}?\b{_LOST_IN_ENGLISH}"
    r"|\b(?:do it|again)\b"
)
# 我不小心点了注销: what was tapped by mistake is to be undone.
_BY_MISTAKE: Final = lazily(
    r"(?:不小心|误(?:点|触|操作|按)|手滑|手误|手贱|点错|按错|错手|唔小心|撳错|搞错)(?:了|咗|就|把)*"
    r"[^,。!?;]{0,8}?(?:点|按|提交|申请|操作|选|撳|揿|填|弄|搞)?(?:到|了|咗|成)*[^,。!?;]{0,6}?"
    r"(?:注销|销号|删|解绑|解除)"
)
_LEAVE_IT: Final = lazily(
    r"(?:请|求(?!你)|求你们?|你们|拜托|千万|可)*(?:别|不要|唔好)(?:再|乱|随便|给我|把我)*(?:删"
    r"|封|注销|郁)(?:掉|除)?"
    r"(?:我(?:的|嘅)?)?(?:账号|账户|户口|帐号|号|嘢|东西)[^删解清]{0,16}"
)
# 别删我的照片 asks for nothing to be deleted, and takes back what may have been filed.
_LEAVE_DATA: Final = lazily(
    r"(?:请|求(?!你)|求你们?|你们|拜托|千万|可)*(?:别|不要|唔好|勿)(?:再|乱|随便|给我)*"
    r"(?:删|清空|郁)(?:掉|除|走|咗)?我(?:的|嘅|啲|个|所有|全部)*[^,。.!?; 我]{2,6}[吧啊呀啦! 。.]*"
)
_GRANTED: Final = lazily(
    r"(?:重新|再|恢复|又想|还想)(?:把|将|给我)?[^,。.!?;]{0,8}?(?:打开|开启|开通|同意|授权"
    r"|开)(?!会|始)"
    r"|\bturn(?:ed|ing)? (?:[^.!?;]{0,32}? )?back on\b"
    r"|\b(?:switch|enable) [^.!?;]{0,32}?\b(?:again|back on)\b"
    r"|\bgive (?:my|you my) consent\b"
)

_TAKEN_BACK: Final = lazily(r"撤|收回|取消|关(?!于)|停|退|\b(?:withdraw|revoke|stop|off|out)\b")

# A log-in is not given up where a thief has the phone, or the account; people lock it.
_TAKEN: Final = lazily(
    r"(?:手机|部机|电话)[^,。.!?;]{0,4}?(?:被|俾|畀|给)(?:人|人家|小偷)?(?:偷|抢|盗)(?:了|咗|走)?"
    r"|\bphone (?:was|got|has been|is) (?:just )?stolen\b|\bstole my phone\b|\bthief\b"
    r"|\baccount (?:was|got|has been|is) (?:just )?(?:hacked|hijacked|taken over)\b"
)
# A pause is nothing that closing would give.
_PAUSED: Final = lazily(
    r"(?:暂时|临时|一阵子?|一段时间|几天|几个?(?:星期|月)|一排)[^,。.!?;]{0,8}?(?:停用|冻结"
    r"|停一?停|休眠)"
    r"|(?:停用|冻结|休眠)[^,。.!?;]{0,6}?(?:一阵子?|一段时间|几天|几个?(?:星期|月)|一下|一排)"
    r"|\b(?:deactivate|pause|suspend|freeze|disable) [^.!?;]{0,24}?"
    r"\b(?:for a|for some|temporarily|a while)\b"
    r"|\btemporarily (?:deactivate|pause|suspend|freeze|disable|close)\b"
)
# Told as done: what was to be seen was shown to somebody else.
_GIVEN_AWAY: Final = lazily(
    r"(?:你们|你哋|平台|客服|官方)[^,。.!?;]{0,4}?(?:把|将)我[^,。.!?;]{1,12}?(?:给|发给|卖给"
    r"|透露给|俾|畀)(?!我(?:看|瞧|睇|一|自己|本人))[^,。.!?;]{1,8}?(?:看|了|咗)"
)

# What others wrote or keep is theirs; what they show of somebody is complained of.
_SHOWN_BY_OTHERS: Final = lazily(
    rf"(?:有人|别人|人家|他|她|佢|前任|前男友|前女友|主播|群主){PART}{{0,12}}?(?:发|传|贴|晒|po"
    r"|放|挂)(?:了|出|咗|上)*"
    rf"我{PART}{{0,6}}?(?:照片|相|身份证|视频|信息|隐私|聊天|电话|住址)"
    r"|\b(?:photos?|pictures?|pics|videos?) of me\b[^.!?;]{0,24}?"
    r"\b(?:posted|uploaded|shared|from (?:his|her|their))\b"
    r"|\b(?:other people|others|someone|somebody|he|she|they) (?:has |have )?"
    r"(?:posted|uploaded|shared|put up)\b"
)
_OF_OTHERS: Final = lazily(
    r"(?<![给跟和与同畀俾])(?:别人|人家|他人|其他人|对方)"
    r"(?:的|嘅|发的|传的|(?:发|传|写|send)(?:给|俾|畀)?我(?:的|嘅)|在我[^,。.!?;]{0,12}?(?:的|嘅))"
    r"[^,。.!?;]{0,6}?(?:留言|评论|照片|相|消息|讯息|信息|动态|帖|视频|话)"
    r"|\bmy (?:ex|friend|wife|husband|boyfriend|girlfriend|sister|brother|boss)(?:'s|s') (?:\w+ )?"
    r"(?:photos?|pictures?|posts?|comments?|messages?)\b"
    r"|\b(?:posts?|photos?|comments?|messages?) (?:from|by) "
    r"(?:everyone|people|others|someone|somebody|him|her|them|the (?:guy|girl|other))\b"
)
# Whoever lost the phone has the account locked, not closed.
_LOCKED: Final = lazily(
    r"(?:手机|电话)[^,。.!?;]{0,4}?(?:丢|掉|唔见|不见|被偷|被抢|没)了?[^。.!?;]{0,12}?"
    r"(?:锁|冻结|封)(?:住|了|咗|掉|起来)?"
    r"|(?:先|能不能|赶紧|快|马上|立即|帮我|把)[^,。.!?;]{0,8}?(?:账号|账户|户口|号)"
    r"[^,。.!?;]{0,4}?(?:锁(?:了|住|定|起来)|冻结|冻住)"
    r"|\b(?:lock|freeze) (?:my|the|this) account\b|\baccount (?:locked|frozen)\b"
)
# 老号不用了 is a number that was given up.
_OLD_NUMBER: Final = lazily(
    r"(?:老|旧|原来的?|以前的?|之前的?)(?:手机)?号(?:码)?(?:已经|早|都|就|也|我)*"
    r"(?:不用|没用|没在用|停|废|不要|丢|唔用|冇用)"
    # 这个号不是我的了
    r"|号(?:码)?(?:已经|早|现在|而家|都|就| )*(?:不是我的|唔系我嘅|不归我|给(?:了)?别人"
    r"|转给(?:了)?别人|畀咗人)(?:了|喇|啦|用)"
)
# Who says besides that this account shall be closed wants that.
_THIS_ACCOUNT_TOO: Final = lazily(
    r"(?<!不)(?<!别)(?<!老号)注销(?:掉|了|一下)?(?:我的|我嘅|这个|本|现在的)?(?:账号|账户|户口)"
    r"|\bclose (?:my|this) account\b"
)
_KEEPS_FOR_NOW: Final = {
    Intent.UNBINDING: (_TAKEN, _LOCKED),
    Intent.DEREGISTRATION: (_PAUSED, _LOCKED),
    Intent.COMPLAINT: (_LOCKED,),
    Intent.CANCEL_REQUEST: (_LOCKED,),
}
"""What a person has to see to: nothing of it is to be lost for good."""
_KEPT_AS: Final = frozenset({Intent.CONSENT_WITHDRAWAL, Intent.DELETION})
_ASKED_FOR: Final = DESTRUCTIVE | {Intent.CANCEL_REQUEST}


def meant_of_losses(heard: Intent, folded: str) -> Intent | None:
    """Return what a message means that speaks of a loss and wishes none; None where it may."""
    if heard in _KEPT_AS and _LEAVE_DATA.fullmatch(folded):
        return Intent.CANCEL_REQUEST
    if heard is Intent.CONSENT_WITHDRAWAL:
        granted = _GRANTED.search(folded) and not _TAKEN_BACK.search(folded)
        return Intent.OTHER if granted else None
    undone = _meant_undone(heard, folded)
    if undone is not None:
        return undone
    if heard is Intent.ACCESS and _GIVEN_AWAY.search(folded):
        return Intent.COMPLAINT
    given_up = heard is Intent.DEREGISTRATION and _gives_number_up(folded)
    if given_up or any(pattern.search(folded) for pattern in _KEEPS_FOR_NOW.get(heard, ())):
        return Intent.OTHER
    if heard not in DESTRUCTIVE:
        return None
    if _DONE_BY_OTHERS.search(folded) or _CANNOT.search(folded) or _LEAVE_IT.fullmatch(folded):
        return Intent.OTHER
    rest = _STILL_KEPT.sub(" ", _NOT_DONE.sub(" ", folded))
    if rest != folded and not _ONCE_MORE.search(rest):
        return Intent.COMPLAINT
    if _GONE.search(folded):
        return Intent.POLICY_QUESTION
    return _meant_of_others(heard, folded)


def _gives_number_up(folded: str) -> bool:
    """Tell whether a number is given up, and no account closed besides."""
    return _OLD_NUMBER.search(folded) is not None and _THIS_ACCOUNT_TOO.search(folded) is None


def _meant_undone(heard: Intent, folded: str) -> Intent | None:
    """Return what is meant of a loss that nobody asked for, or asked for by mistake."""
    if heard in _ASKED_FOR and _NEVER_ASKED.search(folded):
        return Intent.OTHER
    if heard in DESTRUCTIVE and _BY_MISTAKE.search(folded) and not _ONCE_MORE.search(folded):
        return Intent.CANCEL_REQUEST
    return None


def _meant_of_others(heard: Intent, folded: str) -> Intent | None:
    if heard is not Intent.DELETION:
        return None
    if _SHOWN_BY_OTHERS.search(folded):
        return Intent.COMPLAINT
    return Intent.OTHER if _OF_OTHERS.search(folded) else None
