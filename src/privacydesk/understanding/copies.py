"""A copy that is asked for, where a model hears that what it is of shall go.

People who have their data deleted name a year or a kind of it more often than those who want to
see it; so 导出2022年的动态 sounds like a deletion. Where no word for a loss is said, none is meant.
"""

from __future__ import annotations

from typing import Final

from privacydesk.domain.intents import Intent
from privacydesk.understanding.patterns import PART, lazily

_COPY: Final = (
    r"(?:想要(?![把将求])|想攞|想拎|攞返|拿回|要回|导出|汇出|下载|打包|拷贝|拷一|副本|备份|(?<!另)一份|发(?:送|到)?(?:给|俾|畀)?我(?![的嘅发])"
    r"|寄(?:给|俾|畀)?我(?![的嘅])|send(?:给|俾|畀|一份)?我|清单|列表|列出来"
    r"|\b(?:export(?:ing)?|download|(?:a|full|the|my) (?:\w+ )?cop(?:y|ies) of|copies of"
    r"|(?:want|need|get|have|like) a copy"
    r"|just a copy|back-?up|(?:send|e-?mail|forward|mail) (?:it |them )?(?:to )?me|(?:full "
    r"|complete )?lists? of"
    r"|(?:want|wanna|like|let me|can i|could i|may i)(?: (?:just|only))?(?: to)? see)\b)"
)
_ASKS_FOR_COPY: Final = lazily(
    rf"{_COPY}"
    # "I want my posts from 2022" wants them; what shall become of them would be said.
    r"|^(?:hi|hello|hey|please|,| )*(?:i|we)(?:'d| would)? (?:want|need|like|wanna have)"
    r" (?:(?:all|every|of|a list of) ){0,2}(?:my|the) [a-z ]{3,24}?"
    r"(?: (?:from|between|of|in|since|before|after|for|with|until) [^,.!?;]{1,40})?[ .!]*$"
)
_SHORT: Final = 120
"""Characters; who writes more tells what was asked for before."""
_LOSS: Final = lazily(
    r"删|清[除空掉理走了]|清晒|清咗|抹|去掉|移除|消失|销[毁号户]|注销|不要|唔要|不留|别留|唔好留|不想留|忘|剷|铲|洗|撤|下架"
    r"|拿掉|干掉|弄走|搞掉|扔|丢|擦|消除|粉碎|隐藏|(?<![a-z])(?:del|rm)(?![a-z])"
    r"|delet|eras|remov|wip(?:e|ing)|\bgone\b|\brid of|purg|destr|take[sn]?\b.{0,20}\b(?:down"
    r"|off|away|out)\b"
    r"|nuk(?:e|ing)|trash|forg[eo]t|clear|scrub|disappear|vanish|hid(?:e|den)|scrap|drop|\bbin\b|shred|\bkill|empt|struck|strike"
    r"|\b(?:don't|dont|do not|never|no) (?:[a-z]{1,8} ){0,3}?(?:cop(?:y|ies)|back-?ups?)\b"
    r"|\b(?:off|down|out|away|private|hidden|withdrawn?|close|unpublish\w*)\b"
)

_COPY_INSTEAD: Final = lazily(
    r"(?:不是|唔系|并非|没有?(?:要|想|说|叫|让)|冇(?:话)?(?:要|想|叫)|不(?:要|想|用)|别|唔(?:要|好|想|使))"
    rf"(?:真的|我|你们|你哋|要|想|帮我)*删(?:除|掉|走"
    rf"|晒)?{PART}{{0,10}}[,。;.!? ]+[^。!?;]{{0,10}}?{_COPY}"
    rf"|\b(?:not|no|don't|dont|do not|didn't|never)\b{PART}{{0,24}}?\bdelet(?:e|ed|ing|ion)\b"
    rf"[^!?;]{{0,24}}?[,;.! ][^!?;]{{0,24}}?{_COPY}"
)
# What is to be copied first goes all the same.
_FIRST: Final = lazily(r"先|之前|再|然后|才|\b(?:first|before|until|till|yet|then|after)\b")


def meant_of_copies(heard: Intent, folded: str) -> Intent | None:
    """Return access where a copy is asked for and nothing is to be lost; None elsewhere."""
    if heard is not Intent.DELETION or len(folded) > _SHORT:
        return None
    if _ASKS_FOR_COPY.search(folded) is None:
        return None
    return None if _LOSS.search(folded) else Intent.ACCESS


_PLAINLY: Final = lazily(
    r"(?:我|想|要|请|帮|忙|给|麻烦|可以|可不可以|能不能|可唔可以|你好|hi|hello|please|pls"
    r"|can (?:i|you)|could (?:i|you)"
    r"|i (?:want|need|would like|wanna)(?: to)?|i'd like to|[ ,]){0,8}?"
    r"(?:导出|汇出|下载(?![不失了])|备份(?!了)|export\b|download\b|send me (?:a copy of|my)\b)"
)


def asks_plainly(folded: str) -> bool:
    """Tell whether a folded message begins with a word for a copy and loses nothing."""
    short = len(folded) <= _SHORT and _PLAINLY.match(folded) is not None
    return short and _LOSS.search(folded) is None


def copy_instead(folded: str) -> bool:
    """Tell whether a copy is wished in the place of a deletion: 唔係刪除，我想要一份副本."""
    instead = len(folded) <= _SHORT and _COPY_INSTEAD.search(folded) is not None
    return instead and _FIRST.search(folded) is None


def asks_for_copy_first(folded: str) -> bool:
    """Tell whether a copy is asked for before something goes: 删除前先给我一份副本."""
    short = len(folded) <= _SHORT and _FIRST.search(folded) is not None
    return short and _ASKS_FOR_COPY.search(folded) is not None
