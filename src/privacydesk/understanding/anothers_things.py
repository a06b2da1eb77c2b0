"""Things that are somebody else's: their account, what they uploaded or recorded, a fake profile.

From here only one's own can be deleted, closed or unbound. Of what others show of the speaker
a complaint is made; with anything else a person helps.
"""

from __future__ import annotations

from typing import Final

from privacydesk.domain.intents import Intent
from privacydesk.understanding.ages import at_school, names_young_age
from privacydesk.understanding.intents import DESTRUCTIVE
from privacydesk.understanding.named_users import names_a_user
from privacydesk.understanding.patterns import PART, lazily

# 常用的账号 and 原来的账号 name nobody, so only surnames that begin no such word count.
_NAME: Final = (
    r"(?:[小老阿](?:[王李张刘陈杨赵吴徐孙朱胡郭罗梁宋郑林周何黄明红芳丽强伟])"
    r"|(?:王|李|张|刘|陈|杨|赵|吴|徐|朱|胡|郭|罗|梁|宋|郑|林|董|潘|袁|蔡|蒋|魏|薛|叶)[\u4e00-\u9fff]{1,2}?)"
)
_EX: Final = r"(?:前任|前男友|前女友|前夫|前妻|ex)"
_NEAR: Final = (
    rf"(?:{_EX}|男朋友|女朋友|男友|女友|老公|老婆|丈夫|妻子|对象|朋友|同事|室友|同学|闺蜜"
    r"|老板|爸妈?|妈妈?|家人|父母)"
)
_YOUNG: Final = r"(?:小?(?:男|女)(?:生|孩子?)|姑娘|小姐姐|小哥哥|小伙子?)"
PERSON: Final = (
    rf"(?:我?(?:的|那个|个)?{_NEAR}|他们?|她们?|佢(?:哋)?|别人|人家|对方|骗子|网友|主播|群主|黑粉"
    rf"|[那这](?:个|位)?(?:人|男的?|女的?|骗子|主播|网友|用户|家伙|妹子|{_YOUNG})|有(?:个|些)?人"
    rf"|用户 ?\d+|{_NAME})"
)
"""Somebody else, in a folded text; an expression."""
_ACCOUNT: Final = r"(?:账号|账户|户口|号(?!码)|主页|account)"
_CLOSE: Final = r"(?:注销|销|删|删除|关|关闭|封|封禁|停|清空)(?:掉|了|咗)?"
_ASKED_FOR: Final = (
    r"(?:能不能|可不可以|可唔可以|得唔得|能|可以|请|麻烦|(?:帮|给|替|同)(?:我|手|忙|下)?|也|都|该|要|想"
    r"|直接|一起)"
)
_THEIR_ACCOUNT: Final = (
    r"(?:(?:his|her|their)|(?:my )?"
    r"(?!(?:it|that|there|here|what|who|let|she|he|today|this|one|app|company|mochat)'s)[a-z]+'s)"
    r" (?:\w+ )?(?:acc(?:t|ount)?|profile|page)"
)
_CLOSES_ANOTHERS: Final = lazily(
    rf"{_CLOSE}{PERSON}(?:的|嘅|个|那个|这个){{1,2}}{_ACCOUNT}"
    rf"|(?:把|将){PERSON}(?:的|嘅|个|那个|这个){{1,2}}{_ACCOUNT}{PART}{{0,6}}?{_CLOSE}"
    # 前男友的号能帮我删了吗: asked for, or it would be told.
    rf"|{PERSON}(?:的|嘅|个|那个|这个){{1,2}}{_ACCOUNT}{_ASKED_FOR}{{1,4}}{_CLOSE}"
    r"|\b(?:close|delete|remove|shut down|deactivate|ban|get rid of|cancel|terminate|take down|wipe"
    r"|erase|block) "
    r"(?:(?:his|her|their) (?:\w+ )?(?:acc(?:t|ount)?|profile|page)\b"
    r"|(?:the |that |this )?(?:acc(?:t|ount)?|profile|page) (?:of|by|belonging to) "
    r"(?!mine\b|me\b|my\b(?! (?:ex|friend|husband|wife|boyfriend|girlfriend|boss|mother|father|mom"
    r"|mum|dad|brother|sister)\b)|the\b|this\b|a\b|an\b)"
    r"|(?:my )?(?!(?:it|that|there|here|what|who|let|she|he|today|this|one|app|company|mochat)'s)"
    r"[a-z]+'s (?:\w+ )?(?:acc(?:t|ount)?|profile|page)\b"
    r"|(?:the |that )?(?:acc(?:t|ount)?|profile) of (?:user )?\w*\d)"
    # "Take his account down", "can my ex's account be deleted?"
    rf"|\b(?:take|get|have) {_THEIR_ACCOUNT}"
    r"(?:(?: be)? (?:closed|deleted|removed|banned|shut|taken|wiped|erased)\b| down\b| off\b)"
    rf"|\b{_THEIR_ACCOUNT} (?:to )?be "
    r"(?:closed|deleted|removed|banned|shut down|taken down|wiped|erased)\b"
)

_SHOWS: Final = r"(?:上传|发|拍|录|偷拍|偷录|传|晒|贴|po|挂|转发)"
_PICTURE: Final = r"(?:照片|相片|相|自拍|视频|录像|录音|语音|声音|动态|帖子|贴文|截图|图)"
# 给他发的 was sent by the speaker.
_BY_ANOTHER: Final = (
    rf"(?<![给跟和与同畀俾对])(?<!我和)(?<!我跟)"
    rf"{PERSON}(?:私下|之前|以前|昨天|乱|偷|给|帮)*{_SHOWS}(?:了|的|嘅|咗|出来|上去)*"
)
_SOMEBODY: Final = (
    r"(?:he|she|they|someone|somebody|people|(?:my|some|an?|this|that|another) (?:ex|guy|girl|man"
    r"|woman|boy|kid|person|user|friend|host|stranger|dude))"
)
_OF_ME: Final = lazily(
    rf"{_BY_ANOTHER}(?:有|关于)?我(?!发|写|传|们|的评论)(?:的|嘅)?{PART}{{0,4}}?{_PICTURE}"
    r"|\b(?:photos?|pictures?|pics?|videos?|recordings?"
    r"|voice(?: (?:message|note|recording|clip)s?)?|messages?|clips?|audios?|posts?|comments?) "
    r"(?:(?:that|which) )?(?:(?:(?:my|some|an?|this|that|another|one) )?"
    r"(?!(?:i|we|you|it|the|that|which|was|were|is|are|have|had|has|been|not|just|ever|always|already|also|never|recently|once|app|system|phone"
    r"|accidentally|and|or)\b)[a-z]+) "
    r"(?:has |have |had |just |secretly )*(?:uploaded|posted|recorded|took|taken|shared|put up|made"
    r"|published|leaked) (?:\w+ ){0,2}?(?:of|about|with) me\b"
    r"|\b(?:recordings?|voice (?:message|note|clip)s?) (?:(?:that|which) )?(?:he|she|they|someone"
    r"|somebody) (?:has |have |had |secretly )*(?:recorded|made|took)\b"
    r"|\b(?:take down|delete|remove) (?:his|her|their) "
    r"(?:posts?|photos?|pictures?|videos?|comments?) (?:of|about|with) me\b"
    # 帮我把我的照片发了 was asked of a friend.
    rf"|(?<!我和){PERSON}(?:私自|偷偷|乱|竟然|居然|一直|又|未经(?:我)?同意|没经(?:过)?我同意){{0,2}}"
    rf"(?:把|将)我(?:的|嘅)?{PART}{{0,3}}?{_PICTURE}{PART}{{0,4}}?{_SHOWS}"
    r"|\b(?:what|everything|whatever|stuff|things?|lies|rumou?rs|shit|bullshit) (?:that )?"
    rf"{_SOMEBODY} (?:has |have |had |keeps? )?"
    r"(?:wrote|written|writes?|says?|said|posted|posting|put up|spread|shared|published)"
    r" (?:\w+ ){0,2}?about me\b"
)
_AN_UNKNOWN_YOUNG_ONE: Final = lazily(
    rf"[那这](?:个|位)?{_YOUNG}|\b(?:this|that|some|another) (?:girl|boy|kid)\b"
)
_THEIRS: Final = lazily(
    rf"(?:删|删除|删掉|删了|清掉|把|将){_BY_ANOTHER}(?<=[的嘅]){_PICTURE}"
    r"|\b(?:take down|delete|remove|erase) (?:the |that |this |all )*"
    r"(?:photos?|pictures?|pics?|selfies?|videos?|clips?|recordings?|posts?|comments?)"
    rf" (?:(?:that|which) )?{_SOMEBODY} (?:has |have |had )*"
    r"(?:uploaded|posted|shared|put up|published)\b"
)

_PRETENDS: Final = lazily(
    rf"(?:冒充|假冒|冒用|盗用|冒认|假扮)(?:了|咗)?我(?:的|嘅)?(?:照片|名字|身份|头像|昵称)?(?:的|嘅)(?:那个|这个|人的|假)*{_ACCOUNT}"
    rf"|用(?:了|咗)?我(?:的|嘅)?(?:照片|头像|相片?|身份)(?:的|嘅)(?:那个|这个|人的|假)*{_ACCOUNT}"
    rf"|{PERSON}{PART}{{0,4}}?(?:冒用|盗用)我(?:的|嘅)?(?:照片|名字|身份|头像|昵称)"
    r"|\b(?:profiles?|accounts?|users?|someone|somebody|pages?) (?:(?:that|which|who) )?"
    r"(?:is |are )?(?:uses?|using|stole|steals|stealing) my (?:\w+ )?"
    r"(?:photos?|pictures?|pics?|face|identity)\b"
    r"|\b(?:accounts?|profiles?|pages?|users?) (?:(?:that|which|who) )?(?:is |are )?"
    r"(?:impersonat(?:es|ing)|pretend(?:s|ing) to be) me\b"
    r"|(?<!my )(?<!my old )\b(?:fake|impost[eo]r|bogus) (?:profile|account|page)\b"
)
_MADE_BY_ME: Final = lazily(
    r"我(?:自己)?(?:之前|以前)?(?:注册|弄|开|建|创|用)(?:了|过|的|咗)?"
    r"|\bi (?:have |had |just )?(?:made|created|opened|registered|use|used|have)\b|\bmy fake\b"
)

_LOGIN: Final = (
    r"(?:微信|qq|谷歌|google|苹果|apple|脸书|facebook|fb|line|微博|twitter|wechat|手机(?:号码?)?)"
)
_UNLINKS_ANOTHERS: Final = lazily(
    rf"(?:解绑|解除绑定|取消绑定|解除|移除){PERSON}(?:的|嘅|个)(?:那个)?{_LOGIN}"
    rf"|(?:把|将){PERSON}(?:的|嘅|个)(?:那个)?{_LOGIN}{PART}{{0,4}}?(?:解绑|解除|取消绑定)"
    rf"|\b(?:unlink|unbind|disconnect|remove) (?:(?:the )?{_LOGIN}(?: account| login)? of "
    r"(?!mine\b|me\b|this\b|the\b|my (?:account|profile)\b)"
    rf"|(?:his|her|their|(?:my )?(?!it's|that's|let's)[a-z]+'s) {_LOGIN}\b)"
)

_FORCED: Final = lazily(
    rf"我(?:的|那个|个)?{_NEAR}(?:一直|总是?|天天|非|硬|老是?|说)*(?:要|逼|强迫|逼迫|命令)(?:着|我|咗)*我?{PART}{{0,4}}?(?:注销|销号|删)"
    rf"|我(?:的|那个|个)?{_NEAR}(?:一直|总是?|天天|非|硬|老是?)*(?:让|叫)我{PART}{{0,6}}?(?:注销|销号|删号)"
    r"|\bmy (?:ex(?:-\w+)?|boyfriend|girlfriend|husband|wife|partner|boss|friend|family|brother"
    r"|father|dad|mother|mum|mom) (?:(?:is|keeps|was|just|always) )?"
    r"(?:wants?|wanted|forc(?:es|ed|ing)|mak(?:es|ing)|demand(?:s|ed|ing)|press\w+|order(?:s|ed))"
    r"(?: that)? (?:me|i) (?:to |into )?(?:clos|delet|remov|wip|eras)\w+"
)
_WISHED_TOO: Final = lazily(
    r"我(?:自己|本人)?(?:也|就|同意)|帮我|麻烦"
    r"|\bi (?:also |do |really )?(?:want|agree|would like)|\bplease\b"
)

# Which account is meant only a person can tell: the desk sees the one that is logged in.
_ANOTHER_OF_MINE: Final = lazily(
    r"(?<!这个)(?<!这是我的)(?<!这是)(?<!这)(?<!是我的)(?<!是)(?:我的|我)?小号(?!码)(?![的嘅]?(?:手机|微信))"
    rf"|另(?:外)?(?:的)?(?:一个|那个|个){_ACCOUNT}|我有(?:两|2|俩|好几|三|3)个{_ACCOUNT}"
    r"|(?<!this is )(?<!it's )(?<!this )\bmy (?:other|alt|alternate|first|second|secondary"
    r"|duplicate|main) acc(?:t|ount)?\b|\banother account of mine\b"
)
_KEEPS_OTHER: Final = lazily(r"留|大号|这个号|现在登|当前|登着|\b(?:keep|stay)")
_ONES_OWN: Final = lazily(
    r"我(?:自己)?(?:的|嘅)(?:账|号|户口)"
    r"|\bmy (?:own )?account\b|\b(?:mine too|to mine)\b|这个(?:账号|号)"
)
_HARM: Final = lazily(
    r"骚扰|骂|威胁|骗|冒充|假冒|侮辱|跟踪|诽谤|偷拍|造谣"
    r"|\b(?:harass|bully|insult|threat|abus|scam|stalk|imperson|pretend|slander|troll)\w*"
)
_A_GROWN_UP: Final = lazily(
    rf"我?(?:的|嘅|那个|个)?{_EX}(?![a-z])|(?:男|女)朋友|男友|女友|老公|老婆|丈夫|妻子|同事|室友|闺蜜|老板"
    r"|\bmy (?:ex(?:-\w+)?|boyfriend|girlfriend|husband|wife|partner|boss|colleague|coworker"
    r"|roommate|flatmate|neighbou?r)\b"
)
_A_CHILD: Final = lazily(
    r"孩|儿子|女儿|闺女|娃|仔|囡|孙|\b(?:son|daughter|child|children|kids?|boy|girl)\b|\bgrand\w+"
)

_TAKING: Final = DESTRUCTIVE | {Intent.CONSENT_WITHDRAWAL}
"""What may be meant to be done to somebody else who is named."""


def meant_of_anothers(heard: Intent, folded: str) -> Intent | None:
    """Return what a message means that is about somebody else's things; None where it is not.

    Of a child's things its parents speak.

    Args:
        heard: what the model makes of the message.
        folded: the message.
    """
    if heard is Intent.GUARDIAN and _closes_a_grown_ups(folded):
        return None if _is_of_a_child(folded) else Intent.OTHER
    if heard not in _TAKING:
        return None
    if _is_of_a_child(folded):
        # Of that girl who shows the speaker somebody else is the guardian.
        shown = heard in DESTRUCTIVE and _AN_UNKNOWN_YOUNG_ONE.search(folded) is not None
        return Intent.COMPLAINT if shown and _OF_ME.search(folded) is not None else None
    if names_a_user(folded):
        return Intent.COMPLAINT if _HARM.search(folded) else Intent.OTHER
    return _meant_of_losing(heard, folded) if heard in DESTRUCTIVE else None


def _closes_a_grown_ups(folded: str) -> bool:
    """Tell whether the account of a former partner or a friend shall go: nobody is its guardian."""
    if _A_GROWN_UP.search(folded) is None or _ONES_OWN.search(folded) is not None:
        return False
    return _CLOSES_ANOTHERS.search(folded) is not None


def _meant_of_losing(heard: Intent, folded: str) -> Intent | None:
    if _PRETENDS.search(folded) is not None and _MADE_BY_ME.search(folded) is None:
        return Intent.COMPLAINT
    if _OF_ME.search(folded) is not None:
        return Intent.COMPLAINT
    if _FORCED.search(folded) is not None:
        return None if _WISHED_TOO.search(folded) else Intent.OTHER
    if heard is not Intent.UNBINDING and _ANOTHER_OF_MINE.search(folded) is not None:
        return None if _KEEPS_OTHER.search(folded) else Intent.OTHER
    if _ONES_OWN.search(folded) is not None:
        return None
    if _CLOSES_ANOTHERS.search(folded) is not None:
        return Intent.COMPLAINT if _HARM.search(folded) else Intent.OTHER
    theirs = _UNLINKS_ANOTHERS if heard is Intent.UNBINDING else _THEIRS
    return Intent.OTHER if theirs.search(folded) is not None else None


def _is_of_a_child(folded: str) -> bool:
    return _A_CHILD.search(folded) is not None or names_young_age(folded) or at_school(folded)
