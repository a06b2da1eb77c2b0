"""Corrections that are no new value: an entry shall be empty, or is none that a form may change.

清空签名 deletes no data of a kind that the deletion form knows. A number of an identity card is
checked by people.
"""

from __future__ import annotations

from typing import Final

from privacydesk.domain.intents import Intent
from privacydesk.understanding.patterns import lazily

_ENTRY: Final = r"(?:个性签名|个人签名|签名|个签|个人简介|简介|自我介绍|个人标签|标签|兴趣|爱好)"
_EMPTIES: Final = (
    r"(?:删(?!除?记录)(?:掉|除|了|咗)?|清空|清掉|清除|清咗|清晒|去掉"
    r"|抹掉|拿掉|留空|弄空|弄走|撤掉|不要了|唔要喇)"
)
_ENTRY_EN: Final = r"(?:bio|signature|tagline|tags?|interests|hobbies|about me)"
_EMPTIED: Final = lazily(
    rf"{_ENTRY}[^,。.!?;]{{0,20}}?{_EMPTIES}"
    rf"|{_EMPTIES}(?:我|的|嘅|个|那个|这个|啲|条|句|一下|下|整个)*{_ENTRY}"
    r"|\b(?:clear|empty|blank|remove|delete|erase|wipe|get rid of|take (?:down|off|out))(?: out)? "
    rf"(?:(?:my|the|all|whole|this|that|old|profile) ){{0,3}}{_ENTRY_EN}\b"
    rf"|\b(?:i want|make|leave) (?:(?:my|the) ){{0,2}}{_ENTRY_EN}\b[^,.!?;]{{0,16}}?"
    r"\b(?:gone|empty|blank|removed|deleted|cleared)\b"
)
# What is kept of it beside the entry itself is data, and so is what stands beside it.
_DATA: Final = lazily(
    r"历史|版本|档|以前的|旧的|备份|记录|语音|录音|音频|视频|动态|帖|照片|相片|评论|聊天|账号|户口|全部|所有|一切"
    r"|换成|改成|改为|换做|变成|服务器|后台"
    r"|\b(?:history|versions?|archives?|backups?|recordings?|audio|videos?|pictures?|photos?|posts?"
    r"|comments?|chats?|messages?|account|everything|servers?|data|replace|change|to say)\b"
)
_IDENTITY_NUMBER: Final = lazily(
    r"(?:身份证|身分证|证件|护照|身份证明)(?:上|里|上面)?(?:的|嘅)?(?:号码?|字号|编号|number)"
    r"|\b(?:id|identity|id card|identity card|passport|nric|hkid)(?: card)? (?:number|no\b)"
    r"|\bhkid(?![a-z])"
)
_FROM: Final = frozenset({Intent.DELETION, Intent.DEREGISTRATION, Intent.OTHER})


def empties_entry(folded: str) -> bool:
    """Tell whether an entry of the profile shall be empty, and nothing else is to go."""
    return _EMPTIED.search(folded) is not None and _DATA.search(folded) is None


def identity_number(folded: str) -> bool:
    """Tell whether the number of an identity card or a passport is spoken of."""
    return _IDENTITY_NUMBER.search(folded) is not None


def meant_of_emptying(heard: Intent, folded: str) -> Intent | None:
    """Return a correction where a deletion was heard of what is only an entry."""
    return Intent.RECTIFICATION if heard in _FROM and empties_entry(folded) else None
