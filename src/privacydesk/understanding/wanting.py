"""Whether a message wants something done at all: "I only use Google" tells, and wants nothing.

At the menu a recogniser may take whatever is said for a wish. In an open form most of what is said
is about the form, and a remark that names a thing wishes nothing.
"""

from __future__ import annotations

from typing import Final

from privacydesk.understanding.patterns import lazily

_WANTS: Final = lazily(
    r"(?<![不没只重])要(?!么|紧|是|不是)|想(?!起|到|必|象)|帮|请(?!问)|麻烦|拜托|[能可](?:不能|否|不可以)|可唔可以|得唔得"
    r"|(?:给|俾|畀|替)我|别再|不许|不准|不让|唔准|希望|需要|申请|求"
    # What is done to data, logins, consents and accounts.
    r"|删(?!掉?了吗)|销|解绑|解除|解开|解掉|解了|解咗|撤|取消|改(?!天|日)|更正|更新|纠正|修正|查|导出|投诉|举报"
    r"|关(?!于|系|心)|停|清|抹|去掉|去除|拿掉|拿走|移除|摘|断开|退出|终止|收回|收返|收番"
    r"|洗(?:走|咗|掉|了|了吧)|剔|甩|掟|扔|丢掉|cut|弄(?:掉|走|没)|搞(?:掉|走|定|返)|办(?!法)|退订|错(?!过)|拒绝|不同意|反对"
    r"|不用了|不玩了|消失|换(?!了|咗)|熄|闂|作废|拆(?:掉|了)?|下架"
    r"|(?<![那还就])(?:怎么|怎样|点样|如何)(?:才能|可以|能)?(?:删|解|注|撤|关|改|查|取消|更|停)"
    r"|\b(?:want|wanna|wish|like (?:to|you)|i'd like|please|pls|plz|kindly|can (?:you|i|u|we)"
    r"|could (?:you|i|u|we)|would you|will you|need (?:to|you|my|a|it|this|the)|get rid|stop"
    r"|no more|how (?:do|can|to|2)"
    r"|(?<!never )(?:remov|delet|eras|clos|cancel|unlink|unbind|disconnect)\w*"
    r"|withdraw\w*|revok\w*|opt|turn (?:\w+ ){0,3}off|switch (?:\w+ ){0,3}off|chang\w+|updat\w+"
    r"|correct\w*|fix\w*|amend\w*|send|export|download|take (?:\w+ ){0,3}(?:off|down|away|back|out)"
    r"|make|let me|wipe|clear|shut|kill|terminat\w+|deactivat\w*|scrap|drop|detach\w*|swap"
    r"|replac\w*|report|complain\w*|sort|vanish|disappear|demand|request|unsubscrib\w*|ban|block|purge|destroy"
    r"|ditch|dump|undo|bin|nuke|(?:has|have|needs?) to go|must go|untick\w*|void|wrong|incorrect"
    r"|mistake|should (?:be|say|read)|end my|separate|untie)\b"
)
# "Why do you keep my searches" asks, and "my number was changed" tells.
_TELLS: Final = lazily(
    r"(?:为什么|为啥|点解|凭什么|怎么(?:这么|会|还|又))[^,。!?;]*|\b(?:why|how come)\b[^,.!?;]*"
    r"|(?:被|俾人|让人)[^,。!?;]{0,4}?(?:删|解|封|改|清|注销|停)[^,。!?;]*"
    r"|\b(?:was|were|got|been|is|are) (?:\w+ )?(?:delet|remov|eras|wip|clos|block|bann|chang)ed\b"
)


def wants(folded: str) -> bool:
    """Tell whether a folded message asks for something to be done, in whatever words."""
    return _WANTS.search(_TELLS.sub(" ", folded)) is not None
