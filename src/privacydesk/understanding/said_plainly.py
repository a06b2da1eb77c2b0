"""What is said in so many words, where a model that weighs their pieces hears something near."""

from __future__ import annotations

from typing import Final

from privacydesk.domain.intents import Intent
from privacydesk.understanding.ages import at_school, names_young_age
from privacydesk.understanding.anothers_things import meant_of_anothers
from privacydesk.understanding.asked_of_policy import meant_of_rules
from privacydesk.understanding.asked_why import meant_of_why
from privacydesk.understanding.childs_things import meant_of_childs
from privacydesk.understanding.copies import meant_of_copies
from privacydesk.understanding.copy_first import meant_of_copies_first
from privacydesk.understanding.emptied import meant_of_emptying
from privacydesk.understanding.idle_talk import meant_of_idle_talk
from privacydesk.understanding.intents import DESTRUCTIVE
from privacydesk.understanding.keeping import besides_keeping, keeps_account, parts
from privacydesk.understanding.legal_words import meant_of_rights
from privacydesk.understanding.letting_go import let_go
from privacydesk.understanding.machine_talk import meant_of_commands
from privacydesk.understanding.opposites import meant_of_opposites
from privacydesk.understanding.own_things import own_wish
from privacydesk.understanding.patterns import lazily
from privacydesk.understanding.said_of_others import (
    GROWN_UPS,
    GROWN_UPS_IN_ENGLISH,
    OF_NOTHING,
    meant_of_others,
)
from privacydesk.understanding.send_to import meant_of_ways
from privacydesk.understanding.shown_children import deletes_pictures
from privacydesk.understanding.ties import meant_of_ties
from privacydesk.understanding.unwished import meant_of_losses
from privacydesk.understanding.wanted_back import meant_of_wanted_back
from privacydesk.understanding.wronged_children import meant_of_wronged

# Whoever begins by saying so complains, whatever the complaint is about: about marketing, say.
_COMPLAINS: Final = lazily(
    r"(?:我|本人|俺)?(?:就|现在|今天|真的|必须|一定)*(?:要|想|得)(?:向你[们哋]|跟你们)?投诉(?!进"
    r"|的|结果|到|处理)"
    # 投诉！两周前就让你们删了, "complaint: you ignored …"
    r"|(?:严重|正式|再次|郑重)?投诉(?=[!:,。. ])(?![^a-z0-9]{0,3}(?:进|状态|结果|编号|号码"
    r"|怎么样|如何|处理得))"
    r"(?![!:,。. ]{0,3}[a-z0-9-]{0,24}[!?。. ]*$)"
    r"|(?:严重|正式|再次|郑重)?投诉你[们哋](?!.{0,30}(?:下来没|进度|结果|怎么样|有没有))"
    r"|(?:formal |official "
    r"|another )?complaint ?[!:,.-]{1,3} ?(?=\w+ \w+ \w+)(?!.{0,24}\b(?:status|number|progress)\b)"
    r"|(?:i'm|i am|we're) (?:complaining|making a complaint|filing a complaint)\b"
    r"|(?:i|we) (?:want|wish|need|have|'d like|would like|wanna) ?(?:to )?"
    r"(?:complain|(?:make|file|lodge|raise) a complaint)\b"
)
_COMPLAINED_OF: Final = frozenset(
    {
        Intent.CONSENT_WITHDRAWAL,
        Intent.ACCESS,
        Intent.POLICY_QUESTION,
        Intent.REQUEST_STATUS,
        Intent.CANCEL_REQUEST,
    }
)
"""What a complaint is about at times, and is not asked for by it."""

# A message that says no more than that something was filed asks for it, and takes nothing back.
_ONLY_FILED: Final = lazily(
    r"(?:我|本人|俺|之前|以前|早前|先前|上次|上回|上周|上星期|上个月|昨天|前天|前两天|前几天"
    r"|早就|已经|曾经"
    r"|在你们(?:这里|这儿|这|那)?|在这里|向你们|跟你们|有|就|是|不是|都|头先|早排|早几日| )*"
    r"(?:提|提交|递交|交|登记|申请|投诉|举报|反映)(?:过|咗|了(?!解))(?:一?[个次份单条件])?"
    r"[^,。.!?; 不要别想唔算]{0,10}?(?:的|了|啊|呀|喎|㗎)*[ ,。.!~…]*"
    r"|(?:i|we)(?: have|'ve|ve)?(?: already)? (?:filed|submitted|lodged|raised|made|sent in|put in)"
    r" (?:(?:a|an|my|the|one|this|that) ?)?(?:[a-z]+ ){0,2}?"
    r"(?:complaint|request|report|application|one)"
    r"(?: already| before| earlier| last (?:week|month|year)| yesterday| here| with you)*[ .!]*"
)
# An account was taken over, or is that of a grown-up: neither a leak nor a guardian's matter.
_STOLEN: Final = lazily(
    r"(?:号|户口|微信|qq|account)[^,。.!?;]{0,4}?(?:被|给)?(?:人|别人)?(?:家)?盗(?!用)"
    r"|(?:被|给|畀|俾)(?:人|别人|人家)?盗(?:了|咗)?(?:账|号|户口)"
    r"|(?:有人|别人|陌生人)[^,。.!?;]{0,4}?登(?:录|了|上|入|咗)*(?:我|咗我)(?:的|嘅|个)?(?:账|号"
    r"|户口)"
    r"|\b(?:i was|i've been|i got|i have been|we were|i am|i'm) hacked\b"
    r"|\bacc(?:t|ount)? (?:was|got|has been|is|been|kena)? ?(?:just )?"
    r"(?:hacked|stolen|hijacked|taken over)\b"
    r"|\b(?:some(?:one|body)|a stranger|a hacker) (?:has |have |had |just |is |was )*"
    r"(?:logg?(?:ed|ing|s)|sign(?:ed|ing)|hacked|broke|broken|got|getting) "
    r"(?:in|into|onto) (?:to )?my acc(?:t|ount)?\b"
)
_LEAKED: Final = lazily(
    r"投诉|泄露|泄漏|外泄|卖|孩|儿子|女儿|娃|仔|囡|complain|leak|son|daughter|child|kid"
)
_TELLS_LITTLE: Final = 40
"""Characters of a Chinese message that says little else; one in Latin letters takes twice them."""
_PERSONS: Final = frozenset({Intent.GUARDIAN, Intent.COMPLAINT})
# "Freeze it" is no wish to lose it; whoever says "close it" besides may mean that.
_STOLEN_FROM: Final = _PERSONS | {Intent.DEREGISTRATION, Intent.AUTOMATED_DECISION, Intent.OTHER}
_CLOSES: Final = lazily(r"注销|销号|销户|删号|删除账|删账|\b(?:close|delete|remove)\b")
_GROWN_UP: Final = lazily(
    rf"我(?:的|嘅|个|家)?(?:妈咪|父亲|母亲|爷爷|奶奶|外公|外婆|姥姥|姥爷|哥们|{GROWN_UPS})"
    r"(?:的|嘅|个|那个)?(?:账|号|户口|微信|qq)"
    # 我是替我妈问的: whoever asks for another grown-up is no guardian of theirs.
    rf"|[替帮给代]我(?:的|嘅|个|家)?(?:妈咪|父亲|母亲|爷爷|奶奶|外公|外婆|姥姥|姥爷|{GROWN_UPS})"
    r"[^,。.!?;]{0,2}?(?:问|办|弄|申请|操作|处理|注销|查|删|解绑|来)"
    rf"|\b(?:on behalf of|asking for|ask for) my "
    rf"(?:{GROWN_UPS_IN_ENGLISH}|grandma|grandpa|grandmother|grandfather)\b"
    rf"|\bmy (?:{GROWN_UPS_IN_ENGLISH}|grandma|grandpa|grandmother|grandfather)"
    r"'?s (?:\w+ )?account\b"
)

# An account elsewhere, which nobody here can close; not those that one may log in here with.
_SERVICES: Final = (
    r"(?:抖音|快手|小红书|淘宝|京东|拼多多|支付宝|美团|饿了么|网易云|b站|哔哩哔哩|知乎|豆瓣"
    r"|王者荣耀|原神|陌陌|探探|贴吧|百度"
    r"|\b(?:instagram|insta|ig|tiktok|douyin|twitter|snapchat|telegram|whatsapp|discord|netflix"
    r"|spotify|paypal|steam|reddit|amazon|uber|youtube|linkedin|pinterest|roblox|tinder)\b)"
)
_ELSEWHERE: Final = lazily(
    rf"{_SERVICES}[ 的嘅]{{0,2}}(?:账号|账户|户口|会员|号|accounts?\b|profile\b)"
    # 怎么注销陌陌
    rf"|(?:注销|销号|删除|解绑)(?:我的|我嘅|掉)?{_SERVICES}$"
)
# The WeChat log-in of a game is that game's.
_LOGIN_ELSEWHERE: Final = lazily(rf"{_SERVICES}[ 的嘅]{{0,2}}(?:微信|qq|手机号?)(?:登录|绑定|登入)")
_NOT_OURS: Final = lazily(r"(?:账号|账户|户口|account)[^。.!?;]{0,4}不(?:是|系)你们|唔系你哋")
_HERE_TOO: Final = lazily(
    r"你们(?:的|这|家|那)|你哋(?:嘅|呢|度)|这里的|本(?:平台|软件|app)|mochat|登录|绑|[和跟也都]"
    r"|以及|另外"
    r"|\b(?:too|also|both|here|yours?|link|linked|login|log in|sign in)\b"
    r"|\b(?:my|this|the) accounts?\b|\band (?:this )?(?:mochat|other|one|everything|all|it)\b"
)
# 注销手机号 closes no account; a number or a log-in is unbound.
_LOGIN_CLOSED: Final = lazily(
    r"注销(?:掉|了|我|的|嘅|绑定|这个|那个|旧|老|原来)*"
    r"(?:手机(?:号码?)?|电话(?:号码)?)(?:的)?(?:绑定|登录)?(?![\d的嘅注]|绑定的|登录的)"
    r"|注销(?:掉|了|我|的|嘅|这个|那个)*(?:微信|qq|谷歌|google|微博|facebook|line)(?:的)?(?:绑定"
    r"|登录)(?!的)"
)
# 这个手机号我明天就销号了: a number ends with its carrier, and no account with it.
_NUMBER_ENDS: Final = lazily(
    r"(?:手机号码?|电话号码?|号码|(?:手机|电话|流量)卡|sim ?卡?)[^,。.!?;账户]{0,12}?"
    r"(?:销号|注销|销掉|销了|取消|停机|停用|停掉|停咗|cut|作废|弃用|退掉|退了|到期|过期|回收"
    r"|不用|唔用|唔要|不要)"
    r"(?!账|户)(?:掉|了|咗|啦|喇)?"
    r"|(?:去|到|喺|在)?(?:营业厅|移动|联通|电信|运营商|台)[^,。.!?;账户]{0,6}?(?:销号|注销|销掉"
    r"|停机|cut台?)(?:了|咗)?"
    r"|\b(?:cancell?ing|closing|giving up|dropping|losing|ending|deactivating|terminating)"
    r" (?:this|that|my|the) (?:\w+ )?(?:phone|mobile|cell|sim|number|line)(?: number| card| plan)?"
    r"|\b(?:phone|mobile|cell|sim)?(?: ?(?:number|card|line|sim)) (?:\w+ ){0,3}?"
    r"(?:cancell?ed|closed|deactivated|terminated|cut off|gone|expires?|expiring|ends?)"
)
_ENDS_ACCOUNT: Final = lazily(
    r"\b(?:erase|remove|wipe|terminate|cancel|end|kill|drop|get rid of) (?:(?:my|this|the|whole) )*"
    r"account\b"
)
_WHOLE_ACCOUNT: Final = lazily(r"账号|账户|户口|销户|销号|全部|所有")

# A parent who names the child and how young it is speaks for it, whatever is to be done.
_OWN_CHILD: Final = lazily(
    r"(?<!不是)(?<!不关)(?:我|俺|咱)(?:们)?(?:家|的|嘅|个|屋企|那|这)*(?:大|小|老[大二])?"
    r"(?:闺女|女儿|儿子|孩子|小孩|小朋友|娃|仔仔|囡囡|阿仔|阿女|孙女|孙子)(?!的?同学)"
    r"|(?<!not )(?<!n't )\bmy (?:\w+ )?(?:son|daughter|kid|child|boy|girl|grandson|granddaughter)\b"
)

# A consent that is named is taken back, and no request; what was filed is named by other words.
_CONSENT_BACK: Final = lazily(
    r"(?:撤回|撤销|取消|收回|撤)(?:我|的|嘅|对|那个|这个|所有|全部)*"
    r"(?:行销|营销|推销|促销|推广|推送|推播|广告|商业|个性化|定位|通讯录|同意|授权)"
    r"|\b(?:the|my|that|any) (?:consents?|permissions?)\b"
)
_FILED: Final = lazily(
    r"申请|工单|单子|编号|提交|投诉|\b(?:requests?|tickets?|filed|submitted|withdrawal"
    r"|application)\b"
)

# While the account stays, what else shall go is deleted.
_DELETES: Final = lazily(r"(?<!不)(?<!别)(?:删|清空|清掉)|\b(?:delete|erase|wipe)\b")

# Whoever closes the account and keeps what was published deletes nothing.
_CLOSING: Final = lazily(
    r"注销|销号|销户|删号|删账号|\b(?:close|closing|delete|deactivate|shut down) "
    r"(?:(?:my|the|this|whole|entire) )*account\b"
)
_PUBLISHED: Final = lazily(r"动态|帖|贴文|\bposts?\b")

# Of data that is named 不要了 says that it shall go; by itself it may be the account.
_DATA_UNWANTED: Final = lazily(
    r"(?:照片|相片|自拍|动态|帖子|贴文|评论|留言|聊天|语音|录音|视频|记录|历史|位置)"
    r"(?:的|嘅|我|也|都|全部?|通通|统统|一并|一起| )*(?:不|唔)想?要(?:了|喇|啦)"
)
_ACCOUNT: Final = lazily(r"账|户口|号|注销|退出|离开|走|\b(?:account|close|leave)\b")

# "Whenever you like", "by when at the latest" and "tell nobody" ask for nothing themselves.
_WHENEVER: Final = lazily(
    r"(?:什么时候|啥时候|几时|哪天|何时|早晚|多久)(?:弄|删|办|处理)?(?:都|也)(?:行|可以|好|得"
    r"|没关系|没问题|无所谓)"
    r"|最[晚迟](?:哪天|哪一天|什么时候|几时|多久)(?:可以|能|会|要)"
    r"|\b(?:whenever (?:you|it|suits)|any ?time (?:is fine|works|will do)|no (?:rush|hurry))\b"
)
_DISCREET: Final = lazily(
    r"(?:别|不要|不许|不能|唔好|勿)(?:再)?(?:告诉|话俾|话畀|跟|和|让|给)(?:别人|人|任何人|其他人"
    r"|其它人|谁|人家)"
    r"|(?:请|帮我|给我|记得|麻烦|替我)(?:你们|您|一定)?保密"
    r"|\b(?:don't|do not|dont) tell (?:anyone|anybody|others|my \w+)\b|\bkeep it (?:a )?secret\b"
)
_DELETES_MINE: Final = lazily(
    r"(?:把|将)我[^,。.!?;]{1,10}?(?:删|清空|清掉)(?![^,。.!?;]{0,3}(?:没|过))"
    r"|(?<!不)(?<!别)删(?:掉|除|了|一?下)?我|\b(?:delete|erase|wipe|remove) (?:all )?my\b"
)
# 手机号换了，想注销原来的号: the number is why, and it is the account that shall go.
_CLOSES_ACCOUNT: Final = lazily(
    r"(?:想|要|帮我|给我|申请|怎么|如何|请)(?:把|要)?(?:注销|销掉)"
    r"(?:了|掉|我|原来|原先|以前|之前|旧|老|那个|这个|的|嘅)*(?:账号|账户|户口|号(?!码))"
    r"|\bclose (?:my|the|that) (?:old |other )?account\b"
)
_DENIED: Final = lazily(r"不|别|唔|没|无需|\bnot\b|n't\b|\bnever\b")
_UNBINDS: Final = lazily(r"绑|解除|登录|\b(?:un(?:bind|link)|disconnect|log ?in|sign in)")
_NAMES_COMPLAINT: Final = lazily(r"投诉|举报|泄露|泄漏|外泄|\b(?:complain|leak)")
_ASKED_BESIDE: Final = frozenset({Intent.REQUEST_STATUS, Intent.POLICY_QUESTION, Intent.DELETION})


# 把评论删了 says it all, though little else is said; so does 第二 评论删了 of several things.
_ONLY_DELETES: Final = lazily(
    r"(?:(?:[1-4一二三四][,.:、 ]|第[1-4一二三四][个件步条样]?(?:事|就?是)?|首先|其次|最后|再)"
    r"[,.:、 ]*(?=[^,.:、 ])"
    r"|(?:然后|接着|之后|还有|另外|顺便|顺手|跟住)[,.:、 ]*(?:再|也|请|帮我)*(?=[把将]))?"
    r"(?:请|麻烦|帮我|给我|快|再)*(?:(?:把|将)|(?<=[1-4一二三四个件步条样事是先次来后再,.:、 ]))"
    r"(?:我的?|我嘅)?(?:绑定的?|绑的|上传的|存的|以前的|之前的|所有的?|全部的?)?"
    r"(?:评论|留言|照片|相片|头像|动态|帖子|贴文|聊天记录|语音|录音|搜索记录|搜索历史|浏览记录|访客记录"
    r"|位置|定位|实名认证|实名|身份证|身份|证件|银行卡|支付|设备)"
    r"(?:的|嘅)?(?:信息|资料|数据|记录|照片)?"
    r"(?:和|跟|都|全部?|通通|统统|给我|帮我)*(?:删|清)(?:了|掉|除|空|干净|一下)*(?:吧|啦)?[ 。.!]*"
)


def deletes_plainly(folded: str) -> bool:
    """Tell whether a folded message only names a kind of data and has it deleted."""
    return _ONLY_DELETES.fullmatch(folded) is not None


_ERASES: Final = lazily(
    r"\b(?:don't|dont|do not) (?:erase|delete) (?:everything|all)\b"
    r"|\bright to (?:be forgotten|erasure)\b|被遗忘权"
)
# "Don't delete my chats, just the photos": what is denied of the one is wished of the other.
_ONLY_OTHERS: Final = lazily(
    r"(?:(?:please|pls|plz|hi|hey|no|ok|wait|actually)[ ,!.]+)*"
    r"(?:don't|dont|do not) (?:want (?:you )?to )?(?:delete|erase|wipe|remove|touch) "
    r"(?!just\b|only\b)[^.!?;,]{1,32}?[, -]+(?:just|only) (?:(?:delete|erase|wipe|remove) )?"
    r"(?:(?:all|of|the|my|those|these) ){1,3}(?:\w+ ){0,2}?"
    r"(?:photos?|pictures?|pics|posts?|comments?|chats?|messages?|recordings?|(?:search )?history"
    r"|searches|logs?|location(?: data)?)(?:,? (?:please|pls|plz|thanks|thx|ok|instead))*[ .!]*"
)
_FIRST_A_COPY: Final = lazily(
    r"(?:注销|销号|删号)(?:之|以)?前[^,。.!?;]{0,8}?(?:导出|下载|备份|拿|要)[^,。.!?;]{0,10}"
)
# "Email me my search history" wants to have it.
_SENDS_ME: Final = lazily(
    r"(?:and |also |please |then |can you |could you |just )*(?:e-?mail|mail|send|forward) me "
    r"(?:(?:a|the) (?:copy|list|export) of )?(?:all )?(?:of )?(?:my|the) [a-z ]{3,40}"
    r"|(?:发|寄|传|send)(?:一?份)?(?:我的|我嘅)[^,。.!?;]{2,12}(?:给我|俾我|畀我)"
)
_SENT: Final = frozenset({Intent.DELETION, *OF_NOTHING})
# 注销之前先把照片删了 closes nothing yet.
_BEFORE_CLOSING: Final = lazily(
    r"(?:注销|销号|销户|删号)(?:掉|了)?(?:我的|我嘅|个)?(?:账号|账户|户口|号)?(?:之前|以前"
    r"|前)[^。!?;]{0,8}?"
    r"(?:先|帮|替|要|想|把|将)[^。!?;]{0,16}?(?:删|清)"
    r"|\bbefore (?:(?:i|you|we) )?(?:clos|delet|deactivat)\w* (?:my |the "
    r"|this )?account[^.!?;]{0,30}?"
    r"\b(?:delete|erase|wipe|remove)"
)
_BEFORE_IT: Final = frozenset({Intent.DEREGISTRATION, Intent.DELETION})
_OF_PICTURES: Final = frozenset({Intent.GUARDIAN, Intent.DELETION, *OF_NOTHING})
"""What is heard where one's own pictures that show a child shall go."""
_ASKED_FAINTLY: Final = frozenset(
    {Intent.OTHER, Intent.SMALLTALK, Intent.COMPLAINT, Intent.CANCEL_REQUEST, Intent.ACCESS}
)


def _said_outright(heard: Intent, folded: str) -> Intent | None:
    """Return what is asked for in so many words where a model hears something fainter."""
    if heard in _SENT and _SENDS_ME.match(folded) is not None:
        return None if _DELETES.search(folded) else Intent.ACCESS
    if heard in _BEFORE_IT and _only_before_closing(folded):
        return Intent.DELETION
    if heard not in _ASKED_FAINTLY:
        return None
    outright = deletes_plainly(folded) or _ONLY_OTHERS.fullmatch(folded)
    if outright or _ERASES.search(folded):
        return Intent.DELETION
    if heard is Intent.CANCEL_REQUEST and _FIRST_A_COPY.search(folded):
        return Intent.ACCESS
    return None


def _only_before_closing(folded: str) -> bool:
    """Tell whether something is to be deleted before an account is closed, which comes later."""
    rest = _BEFORE_CLOSING.sub(" ", folded)
    return rest != folded and _CLOSING.search(rest) is None


_CHANGES_ENTRY: Final = lazily(
    r"(?:请|麻烦|帮我|帮忙|想|要|把|将)*(?:我的?|我嘅)?(?:昵称|网名|用户名|花名|个?签名|个人简介|生日|性别)"
    r"(?:帮我|请|给我|想|要)*(?:改|换)(?:成|为|做)[^,。.!?;]"
    r"|(?:please |pls |can you |could you |i want to |i'd like to )*"
    r"(?:change|set|update) (?:my|the) "
    r"(?:nickname|username|user name|display name|bio|signature|birthday|gender) to ?:? ?\w"
)


# 删动态那个撤了吧: a request is called by what it is for.
_CALLS_OFF: Final = lazily(
    r"(?:删|解绑|注销|改|更正|导出|投诉|查看)[^,。.!?;]{0,10}?(?:那个|那件|那份|𠮶个|这个|的申请|的请求|那条申请)(?:申请)?"
    r"(?:就|给我|帮我|先|也|都)*(?:撤|取消)(?:了|掉|回|销|咗)*(?:吧|啊|啦|喇|哈|好了)?[ 。.!]*$"
)


def _changes_outright(heard: Intent, folded: str) -> Intent | None:
    """Return a correction that is ordered first of all, whatever is told after it."""
    if heard in _CHANGES_HEARD and _CHANGES_ENTRY.match(folded):
        return Intent.RECTIFICATION
    return None


def _calls_off(heard: Intent, folded: str) -> bool:
    """Tell whether a request is called off that is called by what it is for."""
    return heard in _CALLED_OFF and _CALLS_OFF.search(folded) is not None


_CALLED_OFF: Final = DESTRUCTIVE | {Intent.RECTIFICATION, Intent.ACCESS, Intent.OTHER}
_CHANGES_HEARD: Final = frozenset({Intent.OTHER, Intent.SMALLTALK, Intent.COMPLAINT})


def meant_instead(heard: Intent, folded: str, wish: str) -> Intent | None:
    """Return what a message means instead of what was heard in it; None where nothing says so.

    Args:
        heard: what the model makes of it.
        folded: the message.
        wish: the message without greetings and thanks.
    """
    told = (
        meant_of_idle_talk(heard, folded)
        or meant_of_ways(heard, folded)
        or meant_of_others(heard, folded)
        or meant_of_childs(heard, folded)
        or meant_of_wronged(heard, folded)
        or meant_of_rules(heard, folded)
        or meant_of_why(heard, folded)
        or meant_of_opposites(heard, folded)
        or meant_of_anothers(heard, folded)
        or meant_of_ties(heard, folded)
        or meant_of_commands(heard, folded)
        or meant_of_wanted_back(heard, folded)
        or meant_of_losses(heard, folded)
        or meant_of_copies_first(heard, folded)
        or meant_of_rights(heard, folded)
        or meant_of_copies(heard, folded)
        or meant_of_emptying(heard, folded)
        or _changes_outright(heard, folded)
        or _said_outright(heard, folded)
    )
    if told is not None:
        return told
    if let_go(folded) or _calls_off(heard, folded):
        # 最后一个不用了 lets go of a wish, and is none.
        return Intent.CANCEL_REQUEST
    own = _wished_for_oneself(heard, folded)
    if own is not None:
        return own
    if heard in _COMPLAINED_OF and _COMPLAINS.match(wish):
        return Intent.COMPLAINT
    if heard is Intent.CANCEL_REQUEST and _ONLY_FILED.fullmatch(wish):
        return Intent.REQUEST_STATUS
    if heard in _STOLEN_FROM and _is_for_a_person(heard, folded):
        return Intent.OTHER
    if heard in DESTRUCTIVE and (closed := _instead_of_closing(heard, folded)) is not None:
        return closed
    if heard in OF_NOTHING and _speaks_for_child(folded):
        return Intent.GUARDIAN
    if _deletes_beside(heard, folded):
        return Intent.DELETION
    return _of_oneself(heard, folded)


def _wished_for_oneself(heard: Intent, folded: str) -> Intent | None:
    """Return what somebody who speaks of a child wishes of their own things; None without one."""
    if heard in _OF_PICTURES and deletes_pictures(folded):
        return Intent.DELETION
    return own_wish(folded) if heard is Intent.GUARDIAN else None


def _closes_instead(folded: str) -> bool:
    """Tell whether an account is to be closed, and no way to log in to be lost."""
    if _UNBINDS.search(folded) is not None or _DENIED.search(folded) is not None:
        return False
    return _CLOSES_ACCOUNT.search(folded) is not None


def _closes_and_keeps(folded: str) -> bool:
    """Tell whether the account is to be closed and nothing deleted: "but keep the posts"."""
    if _CLOSING.search(folded) is None or keeps_account(folded):
        return False
    said = tuple(parts(folded))
    others = [part.said for part in said if not part.stays]
    closes = any(_CLOSING.search(one) for one in others)
    deletes = any(_DELETES.search(_CLOSING.sub(" ", one)) for one in others)
    keeps = any(part.stays and _PUBLISHED.search(part.said) for part in said)
    return closes and keeps and not deletes


def _deletes_beside(heard: Intent, folded: str) -> bool:
    """Tell whether a deletion is wished, and only said besides when, or that nobody shall know."""
    if heard in _ASKED_BESIDE:
        beside = _WHENEVER.search(folded)
    else:
        beside = _DISCREET.search(folded) if heard is Intent.COMPLAINT else None
    if beside is None or _NAMES_COMPLAINT.search(folded):
        return False
    return _DELETES_MINE.search(folded) is not None


def _of_oneself(heard: Intent, folded: str) -> Intent | None:
    """Return what is meant where a consent is named, or what shall go while the account stays.

    An account that is closed is more than a way to log in.
    """
    if heard is Intent.UNBINDING and _closes_instead(folded):
        return Intent.DEREGISTRATION
    if heard is Intent.CANCEL_REQUEST and _CONSENT_BACK.search(folded):
        return None if _FILED.search(folded) else Intent.CONSENT_WITHDRAWAL
    beside = besides_keeping(folded) if heard in OF_NOTHING else ""
    return Intent.DELETION if _DELETES.search(beside) else None


def _speaks_for_child(folded: str) -> bool:
    """Tell whether a parent names the child and how young it is."""
    if _OWN_CHILD.search(folded) is None:
        return False
    return names_young_age(folded) or at_school(folded)


def _instead_of_closing(heard: Intent, folded: str) -> Intent | None:
    """Return what is meant where an account elsewhere is to go, or data and no account."""
    if _is_elsewhere(folded):
        return Intent.OTHER
    if heard is Intent.DEREGISTRATION and _only_number_ends(folded):
        return Intent.UNBINDING
    if heard is Intent.DEREGISTRATION and _LOGIN_CLOSED.search(folded) is not None:
        return None if _WHOLE_ACCOUNT.search(folded) else Intent.UNBINDING
    if heard is Intent.DELETION and _closes_and_keeps(folded):
        return Intent.DEREGISTRATION
    data = _DATA_UNWANTED.search(folded) is not None and _ACCOUNT.search(folded) is None
    return Intent.DELETION if data and heard is Intent.DEREGISTRATION else None


def _only_number_ends(folded: str) -> bool:
    """Tell whether it is the phone number that is closed with its carrier, and no account here."""
    rest = _NUMBER_ENDS.sub(" ", folded)
    if rest == folded or _WHOLE_ACCOUNT.search(rest) is not None:
        return False
    if _ENDS_ACCOUNT.search(rest) is not None:
        return False
    return _CLOSING.search(rest) is None


def _is_elsewhere(folded: str) -> bool:
    """Tell whether the account that is spoken of is one at another service, and that alone."""
    if any(one.search(folded) is not None for one in (_NOT_OURS, _LOGIN_ELSEWHERE)):
        return True
    return _ELSEWHERE.search(folded) is not None and _HERE_TOO.search(folded) is None


def _is_for_a_person(first: Intent, folded: str) -> bool:
    """Tell whether words that sound like a form are about what only people can help with."""
    if _LEAKED.search(folded) is not None:
        return False
    little = _TELLS_LITTLE * (2 if folded.isascii() else 1)
    stolen = len(folded) <= little and _STOLEN.search(folded) is not None
    if first not in _PERSONS:
        return stolen and _CLOSES.search(folded) is None
    return stolen or (first is Intent.GUARDIAN and _GROWN_UP.search(folded) is not None)
