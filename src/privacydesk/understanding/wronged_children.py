"""Children whom somebody wrongs: harasses, abuses in words, or shows in pictures.

Parents complain of whoever does it; they ask for nothing to be done to the child's own account.
"""

from __future__ import annotations

from typing import Final

from privacydesk.domain.intents import Intent
from privacydesk.understanding.patterns import PART, lazily

_CHILD: Final = r"(?:女儿|儿子|闺女|孩子|小孩|小朋友|娃|囡囡|阿仔|阿女|个仔|个女|孙女|孙子)"
_ENGLISH_CHILD: Final = (
    r"(?:son|daughter|kid|child|boy|girl|grandson|granddaughter|children|kids|sons|daughters)"
)
_WHO: Final = (
    r"(?:有(?:个|一个)?(?:人|男的|女的|用户|主播|网友)"
    r"|别人|陌生人|网友|主播|用户|他们?|她们?|佢|对方)"
)
_WRONGS: Final = r"(?:骚扰|辱骂|骂|欺负|霸凌|网暴|纠缠|闹|侮辱|造谣)"
_PICTURE: Final = r"(?:照片|相片|相|视频|录音|语音|信息|隐私|名字|学校|电话|头像)"
_SHOWS: Final = r"(?:发|传|贴|晒|挂|放|上传|盗用|盗|用|公开|转发|偷拍)"

_WRONGED: Final = lazily(
    rf"{_WHO}{PART}{{0,8}}?{_WRONGS}(?:了|着|过|咗)?(?:我|俺|咱)?(?:的|家|嘅|们|个)*{_CHILD}"
    rf"|{_CHILD}{PART}{{0,6}}?(?:被|俾|畀|遭)(?:人|别人|网友|同学|主播|用户|他|她)*{PART}{{0,4}}?{_WRONGS}"
    rf"|{_WHO}{PART}{{0,6}}?(?:给|向|对)我(?:的|家|嘅|个)*{_CHILD}(?:发|说|讲){PART}{{0,8}}?(?:消息|私信|信息|话|骚扰)"
    rf"|{_WHO}{PART}{{0,6}}?{_SHOWS}(?:了|出|咗|着)*我(?:的|家|嘅|个)*{_CHILD}(?:的|嘅)?{_PICTURE}"
    rf"|{_WHO}(?:把|将)我(?:的|家|嘅|个)*{_CHILD}(?:的|嘅)?{_PICTURE}{PART}{{0,4}}?{_SHOWS}"
    rf"|{_CHILD}(?:的|嘅)?{_PICTURE}{PART}{{0,4}}?(?:被|俾|畀)(?:人|别人|网友|主播|用户|他|她)+{PART}{{0,2}}?{_SHOWS}"
    r"|\b(?:some(?:one|body)|people|he|she|they|(?:a|an|the|this|that|another) (?:\w+ )?"
    r"(?:user|man|guy|host|stranger|person|adult))\b[^.!?;]{0,20}?"
    r"\b(?:harass|bully|bulli|insult|abus|annoy|pester|messag|dm)\w* (?:my|our) (?:[\w-]+ ){0,3}?"
    rf"{_ENGLISH_CHILD}\b"
    r"|\b(?:some(?:one|body)|people|(?:a|an|the|this|that|another) (?:\w+ )?"
    r"(?:user|man|guy|host|stranger|person))\b[^.!?;]{0,20}?\bsend(?:s|ing)? (?:my|our) "
    rf"(?:[\w-]+ ){{0,3}}?{_ENGLISH_CHILD} (?:\w+ )?messages\b"
    rf"|\b(?:my|our) (?:[\w-]+ ){{0,3}}?{_ENGLISH_CHILD} (?:is|was|has been|gets|got|keeps) "
    r"(?:being |getting )?(?:harassed|bullied|insulted|abused)\b"
    r"|\b(?:some(?:one|body)|people|he|she|they|(?:a|an|the|this|that|another) (?:\w+ )?"
    r"(?:user|man|guy|host|stranger|person))\b[^.!?;]{0,12}?"
    r"\b(?:post|upload|shar|publish|us|st[eo]l|put up)\w* [^.!?;]{0,20}?"
    rf"(?:(?:photos?|pictures?|pics?|videos?) of (?:my|our) (?:[\w-]+ ){{0,3}}?{_ENGLISH_CHILD}\b"
    rf"|\b(?:my|our) (?:[\w-]+ ){{0,3}}?{_ENGLISH_CHILD}'?s?'? (?:photo|picture|pic|video)s?\b)"
)
# Whoever has the child's account closed besides is asked for the child's account.
_ACCOUNT: Final = lazily(
    r"监护|注销|销号|停用|封|关(?:掉|了|闭)|冻结|账号|账户|户口|(?:她|他|佢|孩子|女儿|儿子)的?号"
    r"|\b(?:account|profile|close|deactivate)\b"
)

_HEARD: Final = frozenset(
    {
        Intent.GUARDIAN,
        Intent.UNDERAGE_REPORT,
        Intent.DELETION,
        Intent.OTHER,
        Intent.SMALLTALK,
        Intent.ACCESS,
    }
)


def meant_of_wronged(heard: Intent, folded: str) -> Intent | None:
    """Return a complaint where somebody is told to wrong the speaker's child; None otherwise.

    Args:
        heard: what the model makes of the message.
        folded: the message.
    """
    if heard not in _HEARD or _WRONGED.search(folded) is None:
        return None
    return None if _ACCOUNT.search(folded) is not None else Intent.COMPLAINT
