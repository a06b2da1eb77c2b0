"""Questions that the policy or the law answers, in words that a wish or a report may have, too.

小孩能注册吗 reports nobody, and "does the PDPO give me a right to be forgotten?" deletes nothing.
"""

from __future__ import annotations

from typing import Final

from privacydesk.domain.intents import Intent
from privacydesk.understanding.consequences import asks_consequence
from privacydesk.understanding.intents import DESTRUCTIVE
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

_READS: Final = r"(?:看|睇|查|读|听|翻|偷看|偷听|掌握|接触)"
_TOLD_THINGS: Final = (
    r"(?:聊天|私聊|私信|消息|讯息|对话|倾偈|短信|语音|录音|内容|记录|资料|信息|数据|隐私|照片|相片|相|动态"
    r"|嘢|东西)"
)
# 你们能给我看看我的资料吗 wants to see them.
_NOT_FOR_ME: Final = r"[^,。.!?;给让俾畀帮发送寄我]"
_THINGS_IN_ENGLISH: Final = (
    r"(?:private |personal |old |own |direct )?(?:messages?|chats?|dms?|conversations?|texts?"
    r"|photos?|pics?|pictures?|data|info|information|calls?|voice|recordings?|location|details"
    r"|inbox|history)\b"
)
_THEY: Final = (
    r"(?:你[们哋]|客服|工作人员|员工|职员|同事|后台|平台|管理员|房管|官方|公司|系统|陌生人|别人|其他人"
    r"|人哋)"
)
_WHO: Final = r"(?:有谁|谁|边个|(?:有)?(?:哪些|什么|咩|边啲)人)"
_ASKS_SO: Final = r"(?:吗|么|嘛|㗎|不|冇|架|呢|(?=\?))"
_NOT_YET: Final = r"(?!过|了|咗)"
# 私聊内容你们工作人员看得到吗, "can your staff read my messages?": nobody is accused of it.
_WHO_SEES: Final = lazily(
    rf"(?<!看){_WHO}(?:都|仲|还|又|会)*(?:能|会|可以|有权|得|有可能)?{_READS}(?:得)?(?:到|见)?"
    rf"{_NOT_YET}{PART}{{0,6}}?{_TOLD_THINGS}"
    rf"|{_TOLD_THINGS}{PART}{{0,6}}?{_WHO}(?:都|会)*(?:能|会|可以|有权|得)?{_READS}(?:得)?(?:到|见)"
    rf"|{_THEY}{_NOT_FOR_ME}{{0,8}}?(?:{_READS}(?:得|唔|不)?(?:到|见)"
    rf"|(?:会|系咪|是不是){_NOT_FOR_ME}{{0,5}}?{_READS})"
    rf"{_NOT_YET}{PART}{{0,8}}?{_TOLD_THINGS}{PART}{{0,4}}?{_ASKS_SO}"
    rf"|{_THEY}{_NOT_FOR_ME}{{0,3}}?(?:会不会|会唔会|系咪会|是不是会){_NOT_FOR_ME}{{0,3}}?{_READS}"
    rf"(?:到|见)?{_NOT_YET}{PART}{{0,8}}?{_TOLD_THINGS}"
    rf"|{_TOLD_THINGS}{PART}{{0,6}}?{_THEY}{PART}{{0,4}}?{_READS}(?:得|唔|不)(?:到|见){_ASKS_SO}"
    r"|\bwho (?:else )?(?:can|could|gets to|is able to|is allowed to|has access to|will|might)"
    rf"(?: (?:see|read|access|view|look at|listen to))? (?:my|our|the|users'?) {_THINGS_IN_ENGLISH}"
    r"|^(?:[a-z]{1,6},? ){0,3}?(?:can|could|do|does|are|is|will|would) "
    r"(?:your |the |any |other |any of your )*"
    r"(?:staff|employees|people|team|moderators?|mods|admins?|workers|agents?|strangers|users"
    r"|company|anyone|anybody|someone|somebody)(?: at \w+| there| else)? "
    r"(?:able to |allowed to |\w+ )?"
    r"(?:see|seeing|read|reading|access|view|look at|listen(?:ing)? to|monitor|snoop on) "
    rf"(?:my|our|the|all my|people's|users'?) {_THINGS_IN_ENGLISH}"
)
# Without any of these nothing above can fit, which is so for most sentences.
_SEES_AT_ALL: Final = lazily(
    r"[看睇查读听翻掌触]|\b(?:see|read|access|view|look|listen|monitor|snoop)"
)
_ACCUSES: Final = lazily(
    r"投诉|举报|偷偷|竟|居然|凭什么|凭咩|骚扰"
    r"|\b(?:complain\w*|report|why|without asking|harass\w*)\b"
)
# "If I delete my account, is there any way to get it back later?"
_GOT_BACK: Final = lazily(
    r"\b(?:if|once|after|when) (?:i|we|my|it|the|you|deleting|closing) [^.!]{0,40}?"
    r"\b(?:is there (?:any|a|some) way|(?:can|could|will|would) (?:i|we|it)|is it possible"
    r"|(?:am|are) (?:i|we) able)\b[^.!]{0,24}?"
    r"\b(?:get|bring|gotten|brought|recover|restore|reopen|reactivate|undo)\w*\b"
)

# "And after I delete the account?": half a sentence that asks on, and wishes nothing.
_ASKS_ON: Final = lazily(
    r"(?:(?:and|but|so|ok|okay|oh|hmm+|then|wait|well)[ ,]+)*"
    r"(?:(?:what|how) (?:about|if|happens) |(?<!^)(?=after|when|once|if|as soon as)|(?=[^?]+\?))"
    r"(?:after|when|once|if|as soon as)? ?(?:(?:i|we) (?:do |have |'ve )?"
    r"(?:clos|delet|deactivat|terminat|cancel|deregister|eras|remov|unlink|unbind)\w* "
    r"(?:it|them|(?:my|the|this|an) [a-z]+(?: [a-z]+)?)"
    r"|(?:my|the|this) account (?:is|has been|gets) (?:closed|deleted|deactivated|gone)"
    r"|closing|deletion|deleting (?:it|them|(?:my|the) [a-z]+))(?: then| though)?[?.! ]*"
    r"|(?:那|咁|如果|要是|假如)*(?:我)?(?:注销|销号|删)(?:了|咗|掉|除)*(?:我的|我嘅|个|嗰个|这个)*"
    r"(?:账号|账户|户口|号|account)?(?:了|咗|掉)?(?:之?后|以后)(?:呢|呀|啊)[?!。. ]*"
)
# 如果我注銷咗，之前發嘅動態仲喺唔喺度: what becomes of it is asked, and nothing is ordered.
_IF_GONE: Final = lazily(
    r"^(?:那|咁|请问|我?想问|问下|[, ])*(?:如果|要是|假如|万一|若果?|倘若)"
    r"(?:我|以后|之后|将来|真的| )*"
    rf"{PART}{{0,4}}?(?:注销|销号|删|解绑|解除{PART}{{0,8}}?绑定|撤回){PART}{{0,12}}[, ]?"
    r"[^。.!;]{0,24}?(?:(?:仲|还)(?:喺唔喺|在不在|有冇|有没有|会不会|会唔会|能不能|可唔可以|系咪)"
    r"|会不会|会唔会|(?:仲|还)(?:在|喺度|有|会|能|可以|看得|睇)[^。.!;]{0,12}?(?:吗|么|冇|㗎|呢|\?)"
    r"|怎么办|点算|去咗边|去哪)[^。.!;,]{0,8}[?!。. ]*$"
)
_ORDERED_BESIDE: Final = lazily(
    r"帮我|请(?!问)|麻烦|给我|替我|唔该|就(?:删|注销|解)|那就|我要|我想(?!问)"
)
# "If I unlink Facebook, can I still log in?"
_IF_I: Final = lazily(
    r"(?:(?:and|but|so|ok|okay|hi|hello|also|just wondering|question|hypothetically)[ ,:]+)*"
    r"(?:if|when|once|after) (?:i|we) (?:do |were to |ever |just |only )?"
    r"(?:clos|delet|deactivat|terminat|eras|remov|unlink|unbind|disconnect|wip|withdr)\w*"
    r"[^,.!?;]{1,40}?,? (?:then )?(?:can|could|will|would|do|does|am|is|are|what|how|who|where)"
    r" (?!you\b|u\b)[^.!;]{2,80}"
)
_ORDERED_IN_ENGLISH: Final = lazily(
    r"\b(?:please|pls|plz|do it|go ahead|i want|i'd like|can you|could you|will you|would you)\b"
)
# "And can I get it back afterwards?"
_BACK_LATER: Final = lazily(
    r"(?:(?:and|but|so|ok|then|also)[ ,]+)*(?:can|could|will|would) (?:i|we) (?:still |ever )?"
    r"(?:get|recover|restore|reopen|reactivate|undo) "
    r"(?:it|them|(?:my|the) (?:account|posts|photos))"
    r"(?: back)?,? (?:after(?:wards?| that| (?:i (?:close|delete)|closing|deleting)(?: it)?)"
    r"|later(?: on)?"
    r"|once (?:it's|its|it is) (?:closed|gone|deleted))"
    r"[?!. ]*"
    r"|(?:咁|那)?(?:之后|以后|到时|第日|第时|迟啲)(?:仲|还)?(?:可唔可以|能不能|可不可以)"
    r"(?:攞返|拎返|找回|恢复|拿回)(?:个|我|的|嘅)*(?:账号|户口|号|account)[?!。. 呢吗]*"
)
_CLOSED_HEARD: Final = frozenset(
    {
        Intent.DEREGISTRATION,
        Intent.DELETION,
        Intent.UNBINDING,
        Intent.REQUEST_STATUS,
        Intent.POLICY_QUESTION,
        Intent.OTHER,
    }
)

# 如果我注销了, 里面的钻石会退吗 asks what would be, and wishes nothing yet.
_SUPPOSED: Final = lazily(
    r"^(?:(?:那么?|不好意思|打扰一?下|[你您]好|我?想?请问一?下?|问一?下|我?想问一?下?|咨询一下|另外|还有|就是|啊|话说|诶|唉|咁|但是?|可是)"
    r"[, ]*){0,3}"
    r"(?:如果|要是|假如|假设|倘若|万一|若是?|要系"
    r"|我?(?:注销|销号|删号|解绑)(?:掉)?(?:账号)?了?(?:之后|以后|后))"
)
_LOSES: Final = lazily(r"注销|销号|销户|删|解绑|解除|清空|关掉|关闭|cut|闩")
_WISHED_ALL_THE_SAME: Final = lazily(
    r"[帮给替同](?:我|忙)|我(?:就|还是|也|都)?(?:要|想要|决定|申请)|请(?!问)|麻烦|就(?:直接|给|帮|把|立刻|马上|注销|删|解)"
    r"|直接(?:注销|删|解)|快点|赶紧|马上"
)
# 卸载了是不是就等于注销了: what one thing comes to is asked, and neither is wished.
_COMES_TO: Final = lazily(
    r"(?:卸载|删(?:掉|除|了|咗)?(?:这个|你们(?:的|这个)?|个|手机上的)?(?:软件|app|应用|程序)|退出登录|登出"
    r"|(?:软件|app|应用|程序)(?:给)?(?:卸|删)(?:掉|除|了|咗)+"
    r"|(?:很久|长期|一直|长时间|几年|一年)(?:都)?(?:不|没|唔|冇)(?:有|再)?(?:登|上|用))"
    rf"{PART}{{0,12}}?(?:是不是|算不算|是否|系咪|算唔算|会不会|会唔会|就?等于|等同|算|就是|会|就)"
    rf"{PART}{{0,8}}?(?:注销|销号|删号|清空|没了|删掉|收回|冇咗)"
)
# 你们客服说可以帮我注销，是真的吗: whether it was told right is asked.
_TOLD_SO: Final = lazily(
    r"^[^,。!?;注销删解]{0,6}(?:客服|你[们哋]|工作人员|人工|官方|朋友|别人|网上|有人|听)"
    r"[^。!?;]{0,8}?(?:说|讲|话|告诉)"
    r"[^!?;]{2,40}?(?:真的(?:吗|么|假的|嘛)|是真(?:的)?吗|是不是真的|系咪真|对吗|属实吗|靠谱吗|(?<!不)是吗|是这样吗)"
    r"[?!。. ]*$"
)
_ENDS_ASKING: Final = lazily(
    r"(?:吗|么|嘛|呢|㗎|咩|没有?|\?)[啊呀的 ]*[?!。. ]*$|是不是|算不算|系咪|算唔算|会不会|会唔会"
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
_SEEN_HEARD: Final = frozenset({Intent.OTHER, Intent.SMALLTALK, Intent.COMPLAINT, Intent.ACCESS})
_LONGEST: Final = 90
"""Characters; what is longer tells what has happened."""
_LOSSES_HEARD: Final = DESTRUCTIVE | {Intent.OTHER, Intent.SMALLTALK, Intent.REQUEST_STATUS}
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
        or (heard in _FAINT and _GOT_BACK.search(folded))
        or (heard in _CLOSED_HEARD and _asks_of_loss(folded))
        or (heard is Intent.CANCEL_REQUEST and _BACK_LATER.fullmatch(folded))
        or (heard in _SEEN_HEARD and asks_who_sees(folded))
        or (heard in _FAINT and _DISPUTES.search(folded) and _WHERE.search(folded))
        or (heard in _OF_LAW_HEARD and asks_of_law(folded))
        or (heard in _LOSSES_HEARD and only_supposes_loss(folded))
    )
    return Intent.POLICY_QUESTION if asked else None


def _asks_of_loss(folded: str) -> bool:
    """Tell whether it is asked what a loss would bring, which is wished by no word."""
    if _ASKS_ON.fullmatch(folded) or _BACK_LATER.fullmatch(folded):
        return True
    if _IF_I.fullmatch(folded):
        return _ORDERED_IN_ENGLISH.search(folded) is None
    return bool(_IF_GONE.match(folded)) and _ORDERED_BESIDE.search(folded) is None


def asks_who_sees(folded: str) -> bool:
    """Tell whether it is asked who may see what one writes or keeps here, and nobody is accused."""
    if len(folded) > _LONGEST or _SEES_AT_ALL.search(folded) is None:
        return False
    if _WHO_SEES.search(folded) is None:
        return False
    return _ACCUSES.search(folded) is None


def only_supposes_loss(folded: str) -> bool:
    """Tell whether it is asked what would become of something, or what a loss is, and no more."""
    if len(folded) > _LONGEST:
        return False
    if _TOLD_SO.search(folded) is not None:
        return True
    if _WISHED_ALL_THE_SAME.search(folded) is not None:
        return False
    if _COMES_TO.search(folded) is not None and _ENDS_ASKING.search(folded) is not None:
        return True
    supposed = _SUPPOSED.match(folded) is not None and _LOSES.search(folded) is not None
    return supposed and asks_consequence(folded)


def asks_of_law(folded: str) -> bool:
    """Tell whether it is asked what a law says, and nothing is demanded by it."""
    if _LAW.search(folded) is None or _ORDERS.search(folded) is not None:
        return False
    return _ASKS_OF_LAW.search(folded) is not None
