"""What is meant where somebody else is spoken of: the dead, a parent, a nephew, a crook."""

from __future__ import annotations

from typing import Final

from privacydesk.domain.ages import ADULT_FROM
from privacydesk.domain.intents import Intent
from privacydesk.understanding.ages import at_school, child_age, names_young_age
from privacydesk.understanding.other_people import other_people
from privacydesk.understanding.patterns import lazily

# Of the dead nobody can verify anything here; their people are helped by people.
_ONES_OWN: Final = (
    r"(?:妈|爸|父|母|爷爷|奶奶|外公|外婆|姥姥|姥爷|阿公|阿婆|老豆|老婆|老公|丈夫|妻|先生|太太|媳妇|儿子"
    r"|女儿|孩子|哥|姐|弟|妹|兄|朋友|闺蜜|同事|同学|家人|亲人|亲戚|男友|女友|对象)"
)
_DIED: Final = lazily(
    rf"(?:^|[我俺咱,。.!?; ])[^,。.!?; ]{{0,4}}?{_ONES_OWN}[^,。.!?;]{{0,12}}?"
    r"(?:去世|过世|离世|逝世|病逝|往生|过(?:咗|了)?身|不在人世|离开人世|自杀(?:了|咗)"
    r"|(?<![烦气笑累急吓困热冷饿恨想怕])死了"
    r"|(?:走了|走咗|不在了|没了)(?=[ ,。]*[^。!?;]{0,14}?(?:号|账|户口|语音|声音|照片|记录|动态)))"
    r"|(?:去世|过世|离世|逝世|病逝|往生|过身)(?:的|嘅|了的)?[^,。.!?;]{0,6}?(?:账|号|户口)"
    r"|\bmy (?:[\w-]+ ){1,4}passed away\b|\b(?:s?he|they) passed away\b"
    r"|\btook (?:his|her|their) own life\b"
    r"|\bmy (?:late |deceased )?(?:mom|mum|mother|dad|father|husband|wife|son|daughter|brother"
    r"|sister|friend|partner|grand\w+|uncle|aunt|cousin|child|boyfriend|girlfriend)"
    r" (?:has |have |just |recently )*(?:died|is dead)\b"
    r"|\bmy (?:late|deceased) (?:mom|mum|mother|dad|father|husband|wife|son|daughter|brother|sister"
    r"|friend|partner|grand\w+)\b"
)
_ONES_OWN_THINGS: Final = lazily(
    r"我(?:的|嘅|自己的?)(?:账|号|户口|动态|照片|资料|数据|信息|聊天|录音)"
    r"|\bmy (?:own )?(?:account|posts?|photos?|data|info|chats?|recordings?)\b"
)
_THEIR_PROFILE: Final = lazily(
    r"(?:他|她|佢)(?:的|嘅|个)(?:账|号|户口|主页|资料)"
    r"|\b(?:his|her|their) (?:\w+ )?(?:profile|account|page)\b"
)
_OF_THE_DEAD: Final = frozenset(
    {
        Intent.ACCESS,
        Intent.COMPLAINT,
        Intent.DELETION,
        Intent.DEREGISTRATION,
        Intent.GUARDIAN,
        Intent.POLICY_QUESTION,
        Intent.OTHER,
        Intent.SMALLTALK,
    }
)

# A child that does not want what a parent asked for is heard by a person.
_AGAINST_A_PARENT: Final = lazily(
    r"我(?:的|嘅)?(?:妈妈?|爸爸?|爸妈|父母|老豆|老母|阿妈|阿爸|家长|家里人?)[^。.!?;]{0,4}?"
    r"(?:叫|让|要|找|请|逼|想)[^。.!?;]{0,6}?(?:关|删|注销|停|封|销)[^。.!?;]{0,12}?"
    r"我(?:自己)?(?:真的|并|就)?(?:不(?:要|想|愿意|同意|肯|干)|唔(?:想|要|制|肯|同意))"
    r"|\bmy (?:mom|mum|mother|dad|father|parents|guardian)[^.!?;]{0,20}?"
    r"(?:asked|told|wants?|wanted|made|got|asking) (?:you )?(?:guys )?(?:to )?[^.!?;]{0,16}?"
    r"(?:close|closed|delete|deleted|shut|remove)[^.!?;]{0,24}?"
    r"\bi (?:don't|do not|didn't|never) (?:want|agree|wish|asked?)"
)
_OF_A_CHILD: Final = frozenset(
    {
        Intent.CANCEL_REQUEST,
        Intent.DEREGISTRATION,
        Intent.GUARDIAN,
        Intent.UNDERAGE_REPORT,
        Intent.SMALLTALK,
    }
)

# The child of a relative or a friend is somebody else's: an uncle reports it, and is no guardian.
_RELATIVES_CHILD: Final = lazily(
    r"我(?:的|嘅|个|家|家的)?(?:小|大)?(?:侄|外甥|表弟|表妹|堂弟|堂妹)"
    r"|\bmy (?:[\w-]+ ){0,4}?(?:nephew|niece|cousin)\b"
    r"|我(?:的|嘅|个)?(?:朋友|同事|邻居|同学|闺蜜|室友|老师|老板|亲戚)(?:家里?)?(?:的|嘅|个)?"
    r"(?:女儿|儿子|闺女|孩子|小孩|娃|仔|女)"
    r"|\bmy (?:\w+ )?(?:friend|neighbou?r|colleague|coworker|co-worker|boss|roommate|classmate)'?s?"
    r" (?:[\w-]+ ){0,2}?(?:daughter|son|kid|child|boy|girl)\b"
)
_RAISES: Final = lazily(r"监护|抚养|收养|guardian|custody|adopted|raising")

GROWN_UPS: Final = (
    r"妈妈?|爸爸?|老豆|老母|阿妈|阿爸|老婆|老公|媳妇|太太|先生|丈夫|妻子|男朋友|女朋友|男友|女友|对象|朋友|同事|室友"
    r"|闺蜜|哥|姐姐?"
)
GROWN_UPS_IN_ENGLISH: Final = (
    r"mom|mum|mother|dad|father|wife|husband|boyfriend|girlfriend|friend|colleague|roommate"
)
"""Whom one speaks of as a grown-up of one's own."""

# What is to be done to another grown-up's account is asked for by them.
_DONE_TO: Final = r"(?:删|注销|解绑|解除|改|撤|关|销|清|取消|闂|闩)"
_FOR_SOMEBODY: Final = lazily(
    rf"(?:帮|替|给)(?:我(?:的|嘅|个)?)?(?:{GROWN_UPS}|同学|家人|邻居|亲戚|父母|爸妈|老人|室友)[^,。.!?;]{{0,6}}?{_DONE_TO}"
    rf"|(?:帮|替)(?:他|她|佢)(?:也|都|一下|先)?{_DONE_TO}"
)
_OF_ONES_OWN: Final = frozenset(
    {
        Intent.DELETION,
        Intent.DEREGISTRATION,
        Intent.UNBINDING,
        Intent.RECTIFICATION,
        Intent.CONSENT_WITHDRAWAL,
        Intent.GUARDIAN,
    }
)

# Whoever asks for a parent who can't is no guardian of a child; a person sees to it.
_PARENT: Final = (
    r"(?:妈妈?|爸爸?|母亲|父亲|阿妈|阿爸|老豆|老母|老妈|老爸|爷爷|奶奶|外公|外婆|姥姥|姥爷|阿公"
    r"|阿婆|婆婆|公公)"
)
_FOR_A_PARENT: Final = lazily(
    rf"(?:我|俺|咱)(?:的|嘅|个)?{_PARENT}[^。!;]{{0,16}}?"
    rf"(?:(?:她|他|佢|{_PARENT})(?:的|嘅)?|的|嘅|个)(?:账号|账户|户口|号)"
    r"|\bmy (?:mom|mum|mother|dad|father|grand(?:ma|pa|mother|father)|parents?)(?:'s|s'|s) "
    r"(?:\w+ )?account\b"
)

# What another grown-up writes is asked for, whatever is told of them besides.
_GROWN_UP: Final = lazily(
    rf"我(?:的|嘅|个|家)?(?:{GROWN_UPS}|前任|前妻|前夫)"
    rf"|\bmy (?:{GROWN_UPS_IN_ENGLISH}|ex(?:-\w+)?|partner)\b"
)
_A_CHILD: Final = lazily(
    r"孩|儿子|女儿|娃|仔|囡|\b(?:son|daughter|child|children|kids?|he is \d|she is \d)\b"
)
_ASKED_OF_OTHERS: Final = frozenset({Intent.GUARDIAN, Intent.COMPLAINT})

# Somebody goes by the speaker's name or pictures.
_IMPERSONATED: Final = lazily(
    r"(?:冒充|假冒|假扮|冒认)(?:我|本人|是我|成我|做我|咗我)"
    r"|(?:别人|有人|人哋|第二个人|第二个|陌生人|其他人|他|她|佢)(?:在|喺|偷偷|一直|都|就)*"
    r"(?:用|拿|攞|盗用|冒用)(?:了|咗|紧|着)?我(?:的|嘅|个)?(?:样子?|样貌|容貌|脸)(?!做)"
    r"|(?:用|拿|盗用|冒用)我(?:的|嘅)?(?:头像|照片|名字|身份|昵称)[^。.!?;]{0,10}?(?:骗|招摇|呃)"
    r"|\b(?:impersonat(?:es?|ed|ing) me|pretend(?:s|ed|ing)? to be me|pos(?:es|ed|ing) as me"
    r"|fake (?:account|profile) of me)\b"
)
OF_NOTHING: Final = frozenset({Intent.OTHER, Intent.SMALLTALK})
"""What is heard where nothing is asked for that the desk does."""

# What breaks the law is no matter of one's own data.
_CRIME: Final = lazily(
    r"毒品|贩毒|卖毒|冰毒|大麻|k粉|网赌|赌博|聚赌|色情|卖淫|嫖|裸聊|枪支|军火|自杀|自残"
    r"|\b(?:drugs?|cocaine|heroin|weed|gambling|porn|prostitut\w*|escorts?|weapons?|guns?|suicide)\b"
)
_OWN_DATA: Final = lazily(
    r"泄露|泄漏|外泄|我的?(?:信息|资料|照片|号码|电话|隐私|头像)|个人信息|个资|骚扰我|打给我"
    r"|\bmy (?:data|photos?|pictures?|number|details|info|address|privacy|name)\b"
)


def meant_of_others(heard: Intent, folded: str) -> Intent | None:
    """Return what a message about somebody else means instead of what was heard in it, or None."""
    if heard in _OF_THE_DEAD and _is_of_the_dead(folded):
        return Intent.OTHER
    if heard is Intent.RECTIFICATION and _THEIR_PROFILE.search(folded) and _is_of_the_dead(folded):
        return Intent.OTHER
    if heard in _OF_A_CHILD and _AGAINST_A_PARENT.search(folded) is not None:
        return Intent.OTHER
    if heard in _OF_ONES_OWN and _is_for_somebody(folded):
        return Intent.OTHER
    if heard is Intent.GUARDIAN and _is_for_a_parent(folded):
        return Intent.OTHER
    if heard is Intent.GUARDIAN and _is_relatives_child(folded):
        return Intent.UNDERAGE_REPORT
    if heard in _ASKED_OF_OTHERS and _asks_of_grown_up(folded):
        return Intent.ACCESS
    if heard in OF_NOTHING and _IMPERSONATED.search(folded) is not None:
        return Intent.COMPLAINT
    if heard is Intent.COMPLAINT and _CRIME.search(folded) and not _OWN_DATA.search(folded):
        return Intent.OTHER
    return None


def _is_of_the_dead(folded: str) -> bool:
    """Tell whether the account of somebody who has died is spoken of, and none of one's own.

    Of the dead parents of a child that is raised it is told, too, why somebody else speaks for it.
    """
    if _DIED.search(folded) is None or _ONES_OWN_THINGS.search(folded) is not None:
        return False
    return not (_RAISES.search(folded) and (names_young_age(folded) or _A_CHILD.search(folded)))


def _is_for_somebody(folded: str) -> bool:
    """Tell whether something is wished for another grown-up's account, and not for a child's."""
    return _FOR_SOMEBODY.search(folded) is not None and _A_CHILD.search(folded) is None


def _is_for_a_parent(folded: str) -> bool:
    """Tell whether the account is one of the speaker's own parents, and no child's or their own."""
    if _A_CHILD.search(folded) is not None or _ONES_OWN_THINGS.search(folded) is not None:
        return False
    return _FOR_A_PARENT.search(folded) is not None


def _is_relatives_child(folded: str) -> bool:
    """Tell whether a young child of a relative or a friend is spoken of, not raised here."""
    if _RELATIVES_CHILD.search(folded) is None or _RAISES.search(folded) is not None:
        return False
    age = child_age(folded)
    told = age is not None and age < ADULT_FROM
    return told or names_young_age(folded) or at_school(folded)


def _asks_of_grown_up(folded: str) -> bool:
    """Tell whether a message wants to see what belongs to another grown-up."""
    if _GROWN_UP.search(folded) is None or _A_CHILD.search(folded) is not None:
        return False
    return bool(other_people(folded))
