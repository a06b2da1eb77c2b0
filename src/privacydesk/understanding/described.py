"""A limit that no other expression knows, in the person's own words: 骂老板的那些动态.

Whoever says of a kind of data which of it they mean does not mean all of it. So what stands around
the kind's name is kept as it was written, unless it says nothing, as in 我发过的所有动态 and "every
photo I ever posted here". Staff read it, and so does the person before anything is confirmed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from privacydesk.domain.account_terms import DataCategory
from privacydesk.understanding.keeping import says_it_stays
from privacydesk.understanding.normalise import normalise, plain
from privacydesk.understanding.patterns import lazily

_LOOKED_AT: Final = 200
"""Characters; who writes more tells a story."""
_LONGEST: Final = 60
_MUCH_MORE: Final = 24
"""Chinese characters more than a limit that was found already has; what is longer tells a story.

In Latin letters it is twice as many.
"""

MANY: Final = frozenset(
    {
        DataCategory.POSTS.value,
        DataCategory.COMMENTS.value,
        DataCategory.VOICE.value,
        DataCategory.PHOTOS.value,
        DataCategory.CHAT.value,
        DataCategory.SEARCH_HISTORY.value,
    }
)
"""Kinds of which there are many, so that some of them may be meant."""

Places = Callable[[str], list[tuple[int, int]]]
"""Takes a folded text and returns where it names kinds of data: start and end of each name."""

_SPACES: Final = lazily(r"[^\S\n]+")
# The spaces around a name part nothing: 跟一个叫 大熊 的聊天记录.
_STOP: Final = lazily(
    r"[,。.!?;\n]+|(?<=[\u4e00-\u9fff])(?<![叫跟和同与是名]) (?=[\u4e00-\u9fff])(?![的嘅])"
)

# Asked for, or chosen; what is only told limits nothing: 动态里有我的隐私被你们泄露了.
_DOES: Final = lazily(
    r"删|清[除空掉走理了晒]|抹|移除|去掉|拿掉|撤|擦|毁|下架|剷|铲|搞掉|弄[掉走没]|消[失除]|[不别唔]好?[留存]|导出|汇出|下载|副本"
    r"|拷贝|备份|一份|发我|发给我|只要|只留|净系|仅|就行|就好|就够"
    r"|(?<![a-z])(?:delet\w*|del|eras(?:e|ed|ing)|remov(?:e|ed|ing|al)|rm|wip(?:e|ed|ing)|purg(?:e|ed|ing)"
    r"|get(?:ting)? rid|rid of|(?:take|come|taken) (?:down|off)|trash|nuke|scrap|bin|clear"
    r"|destroy(?:ed)?"
    r"|withdrawn?|drop|(?:has|have|need|needs) to go|must go|should go|gone|only|just|export"
    r"|download|copy"
    r"|copies|send)(?![a-z])"
)
_ASKS: Final = lazily(
    r"为什么|为啥|凭什么|怎么(?!删|才能)|点解|哪|谁|边个|竟然|居然|泄露|泄漏|没有?删|唔见|不见了|还在"
    r"|\b(?:why|how come|leaked|stolen|hacked|who (?:can|has|have|sees?|is|deleted|took))\b"
)

# ---- Chinese: what is said of a kind stands before its name.

_OF: Final = "(?:的|嘅)"
_SUCH: Final = (
    rf"(?:{_OF}?[那嗰𠮶这呢](?:些|啲|几[张条个段篇首]|[两三四五六七八九十][张条个段篇首]|[张条段篇首])"
    rf"|{_OF}(?:所有|全部|一切)?)"
)
_ATTRIBUTE: Final = lazily(rf"(?P<said>.+?)(?P<such>{_SUCH})(?:[a-z]{{1,12}} ?)?$")
_DONE: Final = lazily(r"(?P<said>.{2,})$")
_SAYS_DONE: Final = lazily("[留聊倾].{0,2}[的嘅]")
# Where a request ends and what is asked for begins.
_VERBS: Final = (
    r"(?<![a-z])(?:delet(?:e|ing)|del|remov(?:e|ing)|erase|wipe|purge|clear|trash|nuke|scrub"
    r"|drop|rmv|rm|kill|take down|get rid of"
    r"|export|download|send)(?![a-z])(?:晒|咗|掉|了)?"
)
_REQUEST: Final = lazily(
    rf".*(?:[把将]|{_VERBS}|(?:删|清|抹)(?:除|掉|走|空|了|咗|光|晒|下|一下|埋)*|移除|去掉|剷走?|只要|只|就要|净系|仅仅?"
    r"|[想要](?!想|要)|需要|希望|(?:帮|替|给)(?:我|忙)|[请请]|麻烦|导出|汇出|下载(?:返)?|看看?|查(?:看|询)?|要求|申请|关于"
    r"|以及|还有|同埋|另外|说的[是系]|洗|[a-z]{2,12}(?=我)"
    r"|列(?:一下|出)|调(?:取|出|(?=我))|提供|取得|取回|攞返?|拎返?|[拿要]回|回(?=我)|一份|问(?=能|可)|要求)"
)
_TELLS_NOTHING: Final = lazily(
    r"所有人|大家|每个人|任何人|我(?:自己|本人|哋|们|家|这边)?|自己|本人|个人|用户|账号|户口|平台|软件|系统|数据库|服务器|手机|app|mochat|你们|你哋"
    r"|里面|入面|上面|里头|所有|全部|全数|一切|任何|什么|其他|其它|其余|剩下|另外|相关|有关|对应|名下"
    r"|以前|之前|从前|过去|曾经|已经|黑?历史|现有|目前|现在|原来|原先|一直|以来|之间|期间"
    r"|发布|发表|上传|上载|留下|录制|产生|生成|存储|保存|保留|留存|收集|采集|记录|备份|公开|分享|post|upload(?:ed)?|po"
    r"|可以|能不能|可不可以|可唔可以|通通|统统|一并|一起|一次|彻底|永久|直接|马上|立刻|立即|尽快|赶紧|赶快"
    r"|一样|[那这]样|[那这]种|类似|之类|关掉|你好|您好|那么|然后|顺便|麻烦|处理|关于|垃圾|old|my|server"
    r"|照片墙|资料卡|聊天|动态|照片|相片|评论|留言|语音|录音|搜索|位置|私信|消息|图片|内容|资料|信息|数据|主页|空间|相册|相簿|朋友圈"
    r"|[您号里上中内在喺于这那呢嗰𠮶个啲度儿边些点全都每各整别旧老发送出过传贴晒拍写留说讲录存着了咗嘅的得是系就也还先吧啊呀嘛哈话吗能"
    r"喂嗨请帮忙想要删除掉清空下一把将给让从由对和跟与同及或破烂死哎唉嗯呃到]|\W|_"
)
# 动态里提到我前夫的全部删除: what is said of some of a kind stands behind its name.
_AMONG: Final = lazily(
    r"(?:墙|簿)?(?:里面?|中|入面|里头|上面?|当中)(?:的|嘅)?[ ,]?"
    rf"(?P<said>[^,。.!?;]{{2,20}}?{_OF}(?:那些|[嗰𠮶]啲|那几[张条个段篇])?)"
    r"(?=$|[ ,。.!?;]|都|全|通通|统统|一律|请|帮|给|麻烦|删|清|抹|移|去|剷|del)"
)
# 照片墙第三张, 照片里的第二张和第五张.
_NUMBER: Final = r"(?:\d{1,3}|[一二三四五六七八九十两]{1,3})"
_NTH: Final = (
    rf"(?:(?:倒数)?第{_NUMBER}[张条个段篇首]?"
    rf"|最[早新旧近前后上下]面?{_OF}?[那嗰𠮶]?{_NUMBER}?[张条个段篇首])"
)
_PLACED: Final = lazily(
    rf"(?:墙|簿)?(?:里面?|中|入面|上面?)?{_OF}?(?P<said>{_NTH}(?:(?:[、和跟同与到至]|以及|还有){_NTH}){{0,5}})"
)

# ---- English: it stands behind the name, or between an article and the name.

_MODIFIES: Final = lazily(
    r"(?: (?:clips?|notes?|history|logs?|messages?|recordings?))?"
    r"(?P<said> (?:mention\w*|contain\w*|show\w*|featur\w*|includ\w*|tagg\w+|talking|that|which"
    r"|where|when"
    r"|about|regarding|concerning|from|with|without|of|in|at|on|under|before|after|during|since"
    r"|until|between|to|by|for|involving|i|we|he|she|they)\b[^,.!?;\n]{2,80})"
)
# "Photos 2 and 5"
_NUMBERED: Final = lazily(
    r"(?P<said> (?:no\.? ?|numbers? |#)?\d{1,3}(?:,? (?:and )?#?\d{1,3}){0,5})(?= |$)"
)
_CUT: Final = lazily(
    r" (?:(?:all )?(?:has|have|need|needs|must|should|can|could|shall|ought|will|would|is to"
    r"|are to) "
    r"(?:to |all |be |you )*(?:go|gone|deleted?|deleting|removed?|erased?|vanish|disappear"
    r"|come (?:down|off))\b"
    r"|(?:and|n|then) (?:then )?(?:delete|remove|erase|please|keep|leave|also|my|the|all)\b"
    r"|(?:are|is|look|looks) (?:to|the|so|too|really|very|all|just|not|a) |(?:to )?be |but "
    r"|only the |taken (?:away|down|off)\b|i (?:don't|do not|never|had|want"
    r"|need|would) "
    r"|(?:need(?:s)? to )?(?:be )?(?:erased|removed|deleted|destroyed|expunged|wiped|purged"
    r"|gone|poof)\b"
    r"|(?:they|it|it's|its|bc|cuz|cos|coz) |theyre |they're "
    r"|(?:please|pls|plz|thanks|thx|thank you|too|as well|now|asap|immediately|right away|right now"
    r"|for good|permanently|forever|completely|entirely|at once|ok|okay)\b"
    r"|(?:from|off|on|in) (?:my|the|your|this) (?:account|profile|app|servers?|systems?|platform"
    r"|database|site|page|wall)\b"
    r"|(?:to|on|onto|in|as|into) (?:my|a|an|one|the)(?: own| new| zip| single| usb)? ?"
    r"(?:laptop|pc|computer|phone|folder|file|zip|download|drive|stick|email|mail|copy|csv|pdf)\b"
    r"|(?:so|because|as i|if|in case) |(?:before|when) i (?:leave|close|delete|quit|go)\b"
    r"|in order|for (?:my|a|the) (?:lawyer|records?|court|police|case)\b"
    r"|(?:delete|remove|erase|get rid|take down|trash|nuke|wipe|gone|withdrawn)\b).*|[请帮删清把].*"
)
_NOTHING_IN_ENGLISH: Final = lazily(
    r"\b(?:i|ive|ve|d|ll|s|re|we|what|me|my|mine|myself|you|your|yours|they|us|our|have|has|had|ever|been|be"
    r"|post(?:ed)?|upload(?:ed)?|made|make|wrote|written|write|sent|send|took|taken|put|puts|up|left|shared"
    r"|recorded|published|said|did|done|do|does|was|were|is|are|am|got|get|hold|holding|keeping|kept|keep|store[sd]?"
    r"|collect(?:ed)?|saved?|exist(?:s|ing)?|belong(?:s|ing)?|associated|linked|related|connected|attached"
    r"|from|in|on|at|of|with|to|for|by|under|into|across|that|which|where|when|about|since|before|after"
    r"|the|this|these|those|a|an|it|its|them|there|here|all|any|every|each|everything|and|or"
    r"|account|accounts|profile|app|platform|site|website|servers?|systems?|database|wall|page|walls|pages|album|albums|side|books|list|mochat"
    r"|far|so|still|currently|already|now|just|only|ones?|own|name|user|username|past|over|years|time|times"
    r"|beginning|start|joining|joined|everywhere|anywhere|once|file|copy|format|email|mail|pdf|also|too|posts?|photos?"
    r"|comments?|chats?|messages?|voice|recordings?|history|search(?:es)?|pictures?|pics?|records?|data|stuff"
    r"|things?|permanently|please|can|could|will|would|should|not|no|again|anymore|more|between|other|others|users?|uid|keep|till|until|today|single|one|want|blank|whatever)\b|[\W_]+"
)
_WHEN: Final = lazily(r" ?(?:before|until|by|after|since)\b")
_PAST: Final = lazily(
    r"\d|\b(?:\w+ed|was|were|met|got|left|had|broke|went|became|came|wedding|divorce)\b"
)
_PRESENT: Final = lazily(r"\b(?:gets?|is|are|goes|comes|will|can|you)\b")
_DETERMINED: Final = lazily(
    r"\b(?:the|my|those|these|any|every|each|all|some|delete|remove|erase|wipe|del|trash|nuke"
    r"|rid of|take down|only|just|export|download|of) (?P<said>(?:(?!(?:\d+|my|the|all|of|and"
    r"|it|i|we|he|she|they|in|on|to|from|with|that|was|is|are) )[a-z0-9'-]{2,20} ){1,3})$"
)
_SAYS_NO_MORE: Final = lazily(
    r"\b(?:my|the|all|of|old|older|own|those|these|any|every|each|some|single|whole|entire|past|previous"
    r"|existing|profile|public|private|personal|uploaded|posted|saved|stored|recorded|uploading|stupid|damn"
    r"|fucking|freaking|bloody|dumb|silly|ugly|crappy|shitty|photo|wall|voice|chat|room|rooms|search|text"
    r"|audio|picture|direct|message|post|posts|comments?|photos?|pictures?|pics|selfies?|chats?|messages?"
    r"|delete|deleting|deleted|remove|removing|erase|wipe|del|get|rid|take|down|please|pls|plz|just|only"
    r"|can|could|you|u|i|to|and|or|n|also|me|up|out|off|not|no|with|from|for|in|on|at|is|are|was|be|do"
    r"|want|need|wanna|gonna|like|would|have|has|make|let|help|give|send|export|download|copy|copies|a|an"
    r"|your|their|his|her|our|more|other|others|rest|remaining|data|stuff|permanently|completely|every|single"
    r"|account|app|user|mochat|history|records?|both|them|it|that|this|there|how|what|where|why|when"
    r"|clear|clean|purge|nuke|trash|hi|hello|hey|so|then|now|but|yes|yeah|ok|okay|instead|actually|about"
    r"|location|browsing|recommendation|recharge|top-up|payment|real-name|id|new|recent|latest|actual)\b|[\W_]+"
)


_AROUND: Final = lazily(r"^[\W_]+|[\s,，。.]+$")


def described(text: str, places: Places, known: str = "") -> str:
    """Return the words that limit the kinds that a text names; empty where none do.

    Args:
        text: what was said.
        places: finds the names of kinds.
        known: a limit that was found already; what says no more than it is left out, too.
    """
    written = _SPACES.sub(" ", plain(text)).strip()
    folded = normalise(text)
    if len(written) != len(folded) or not _may_limit(folded):
        return ""
    told = normalise(known)
    named_before, asks = False, _DOES.search(folded) is not None
    for start, end, clause in _clauses(folded):
        if says_it_stays(clause):
            continue
        here = [
            (at + (folded[at] in _BEFORE_NAMES), to)
            for at, to in places(folded)
            if start <= at and to <= end
        ]
        asked = _DOES.search(clause) is not None
        if named_before and not asked:
            # 录音删掉哈，我喊猪的声音都录进去了: of what goes a reason is told.
            continue
        for at, to in here:
            # "My two posts" may be known, and "about the election" not.
            back = len(told) if told and folded.endswith(told, start, to) else 0
            for first, last in _said_of(folded, start, end, at, to):
                if not asks and not _is_all(folded[start:first], folded[last:end]):
                    continue
                said = slice(first - back if first == to else first, last)
                words = folded[said]
                if told and (told not in words or len(words) > len(told) + _much_more(words)):
                    continue
                rest = words.replace(told, " ") if told else words
                if _tells(words, rest.removesuffix(folded[at:to])):
                    return _AROUND.sub("", written[said])[:_LONGEST]
        named_before = named_before or (bool(here) and asked)
    return ""


_ONLY: Final = lazily(
    r"^[ 啊呀]*(?:就|只|净系|仅仅?)(?:是|系|要|删除?|想要|清|导出|给我|看){0,3}"
    r"(?P<said>[^,。.!?;删清]{1,16}?(?:[的嘅]|[那𠮶嗰](?:些|啲|[几两三]?[张条段篇首])))"
    r"(?:就行|就好|就得|就够|就可以)?[了啦喇吧啊]?$"
)


_ALONE: Final = lazily("就|只|净系|仅")
"""Without any of these nothing is meant alone."""


def only_some(text: str) -> str:
    """Return which alone are meant, where a clause says so and names no kind: 淨係阿may嗰啲."""
    folded = normalise(text)
    if _ALONE.search(folded) is None:
        return ""
    written = _SPACES.sub(" ", plain(text)).strip()
    if len(written) != len(folded) or not _may_limit(folded, asked=True):
        return ""
    for start, _, clause in _clauses(folded):
        hit = _ONLY.match(clause)
        if hit is not None and _TELLS_NOTHING.sub("", hit["said"]):
            return written[start + hit.start("said") : start + hit.end("said")].strip()
    return ""


_REMARKS: Final = lazily(
    r"\b(?:you|they|he|she|i|we|it|some(?:one|body)|is|are|was|were|do|does|did|has|have|us(?:es?|ed|ing)"
    r"|what|which|how|can|could|will|would|person|there)\b|[你您他她它谁]"
)
_FEW_WORDS: Final = 3
_ENDS: Final = lazily(r"[啊吧呀喇啦呢哦 ]*$")


def _is_all(before: str, behind: str) -> bool:
    """Tell whether a clause is nothing but what is said of a kind, by what stands around it."""
    few = len(before.split()) <= _FEW_WORDS
    return few and _ENDS.match(behind) is not None and _REMARKS.search(before) is None


_BEFORE_NAMES: Final = "的嘅啲"
"""Characters that some names are known by, and that are none of them: 啲相."""


def _may_limit(folded: str, *, asked: bool = False) -> bool:
    """Tell whether a message asks for something, or is nothing but what it is about."""
    if len(folded) > _LOOKED_AT or _ASKS.search(folded):
        return False
    return (
        asked or _DOES.search(folded) is not None or _STOP.search(folded.rstrip(",。.!?; ")) is None
    )


def _clauses(folded: str) -> Iterator[tuple[int, int, str]]:
    start = 0
    for stop in _STOP.finditer(folded):
        yield start, stop.start(), folded[start : stop.start()]
        start = stop.end()
    yield start, len(folded), folded[start:]


def _said_of(folded: str, start: int, end: int, at: int, to: int) -> Iterator[tuple[int, int]]:
    """Yield from where to where something is said of a kind that is named in a clause.

    Args:
        folded: the message.
        start: where the clause begins.
        end: where it ends.
        at: where the name begins.
        to: where it ends.
    """
    head, tail = folded[start:at], folded[to:end].rstrip()
    # 在她动态下面留的言, 跟小周聊的: a name that says what was done has no 的 before it.
    attribute = (_DONE if _SAYS_DONE.match(folded, at, to) else _ATTRIBUTE).match(head)
    if attribute is not None:
        request = _REQUEST.match(attribute["said"])
        begin = 0 if request is None else request.end()
        yield start + begin + _own(head[begin:]), to
    for pattern in (_PLACED, _AMONG, _NUMBERED, _MODIFIES):
        hit = pattern.match(tail)
        if hit is not None:
            begin = to + hit.start("said")
            yield begin, begin + len(_CUT.sub("", hit["said"]))
    before = _DETERMINED.search(head)
    if before is not None:
        yield start + before.start("said"), to


def _much_more(words: str) -> int:
    return _MUCH_MORE * (2 if words.isascii() else 1)


def _own(words: str) -> int:
    """Return how many characters at the beginning of words only say that it is one's own."""
    hit = _OWN.match(words)
    return 0 if hit is None else hit.end()


_OWN: Final = lazily(r"[\s了掉]*(?:我自己|我本人|我(?![们家]))?(?:的|嘅)?\s*")
# 动态里的照片 are none of the photo wall.
_WITHIN: Final = lazily(r"(?:动态|帖子?|朋友圈|聊天(?:记录)?|私信|对话)(?:里|入面|当中)")
_HAN: Final = lazily("[\u4e00-\u9fff]")


def _tells(words: str, rest: str) -> bool:
    """Tell whether words say something of a kind, by what they say beside what is known of it."""
    if _HAN.search(words):
        if _WITHIN.search(rest):
            return True
        return _TELLS_NOTHING.sub("", rest) != ""
    if _WHEN.match(words) and (not _PAST.search(words) or _PRESENT.search(words)):
        # "Before my sister borrows my phone" says until when.
        return False
    return _SAYS_NO_MORE.sub("", _NOTHING_IN_ENGLISH.sub(" ", rest)) != ""
