"""The values that a sentence gives for an entry: "change my nickname from Ann to Mia"."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from privacydesk.understanding.normalise import AT_HAND, plain
from privacydesk.understanding.patterns import lazily

_LONGEST: Final = 60
QUOTES: Final = '「『“‘"《」』”’》'
_OPEN: Final = '「『“‘"《'
_CLOSE: Final = '」』”’"》'

# 改回小雨, 恢復成小雨: what stood there before. 改回来 and 改回原来的 tell no value.
_BACK: Final = (
    r"(?:[改换換][回返](?![成为為到做])|(?:[改换換][回返]|恢[复復])[成为為到做])"
    r"(?!\s*(?:[来來去转轉]|我?(?:原|以前|之前|先前|本来|本來|正常|上次|头先|頭先)|$|[,，。.!！?？;；]))"
)
_TURNS: Final = (
    rf"(?:改到|改成|改为|改為|改做|换成|換成|换做|變成|变成|更正成|更正为|更正為|→|->|{_BACK})"
)
_LEAD: Final = (
    rf"(?:{_TURNS}"
    r"|应该是|應該是|应该写(?!成)|應該寫(?!成)|应为|應為|应该系|應該係|应该叫|應該叫|(?:应该|應該)[写寫填]成"
    r"|\b(?:change|changed|set|correct|corrected|update|updated)\b[^,.!?;]{0,40}?\bto\b"
    r"|\bshould (?:be|read|say)\b)"
)
_QUOTED = lazily(
    rf"(?:{_LEAD}|叫做?|是|\bto\b)[\s:：]*"
    rf"[{_OPEN}](?P<value>[^{_CLOSE}]{{1,{_LONGEST}}})[{_CLOSE}]",
    re.IGNORECASE,
)
_BARE = lazily(
    rf"{_LEAD}[\s:：]*"
    rf"(?P<value>[^\s,，。.!！?？;；、{_OPEN}][^,，。!！?？;；\n]{{0,{_LONGEST}}})",
    re.IGNORECASE,
)
# 换成新的13912345678, 原来的停机了 新的是13912345678: a number is called the new one.
_NEW_NUMBER = lazily(
    rf"(?:{_LEAD}\s*(?:我的|我嘅)?新(?:的|嘅)?(?:手机|手機|电话|電話)?(?:号码|號碼|号|號)?"
    r"|新(?:的|嘅)?(?:手机|手機|电话|電話)?(?:号码|號碼|号|號)?(?:就)?(?:是|系|係|[:：])"
    r"|新(?:的|嘅)?(?:手机|手機|电话|電話)?(?:号码|號碼|号|號)"
    r"|(?:[现現]在|而家|依家|如今)(?:都|就|已经)?(?:改|[换換])?用(?:紧|緊|着|著|的|嘅)*(?:是|系|係)?(?:这个|這個|呢个|呢個)?"
    r"|\bnew (?:one|number|phone number|mobile number|phone|mobile) is"
    r"|\b(?:now|currently) (?:use|using|on)(?: this one)?)[\s:：]*"
    r"(?P<value>\+?\d[\d -]{5,18}\d)",
    re.IGNORECASE,
)
# What was said before is taken back, and all of the rest is put in its place.
_CORRECTED = lazily(
    r"^(?:(?:不对|不對|唔对|唔啱|[写寫打]?[错錯]字?[了咗]|不是|唔系|唔係)[\s,，。.]*"
    r"(?:应该|應該)?(?:是|系|係|叫)|(?:(?:sorry|no|oh no|oops|typo|my mistake)[\s,.!]*)?i meant?\b"
    r"|(?:oops|typo|my mistake)[\s,.!]*(?:it'?s|it is|should be)\b)\s*"
    # Whoever goes on about somebody explains, and names no value.
    r"(?P<value>(?![我你您他她它这這那因不有要]|to\b|that\b|it\b)[^\s,，。!！?？;；]"
    r"[^,，。!！?？;；\n]{0,23})$",
    re.IGNORECASE,
)
# A document has it: 我身份证上是林晓雨, "my passport says Anna Lee".
_ON_PAPER = lazily(
    r"(?:身份[证證]|护照|護照|[证證]件)上?(?:写|寫)?(?:的|嘅)?(?:名字)?(?:就)?[是系係叫]\s*"
    r"(?P<value>[\u4e00-\u9fff·]{2,12})$"
    r"|\b(?:[Ii][Dd]|IC|NRIC|HKID|[Pp]assport)(?: card)? (?:says|shows|has)"
    r" (?P<latin>[A-Z][\w' -]{1,40})$"
)
# Something else is rather wanted: 等等，还是叫大雨吧; oh wait, actually make it MeiMei99.
_RATHER = lazily(
    r"^(?:(?:等{2,}(?![等一下])|等(?:等{2,})?一?下|不对|不對|不|唔|哎呀?|啊|哦|喔|那|要不|算了)[\s,，。.!！]*)*"
    r"(?:[还還]是|要不|不如|都系|都係)就?(?:叫做?|用|[换換]成)\s*"
    r"(?P<value>(?![我你您])[^\s,，。!！?？;；][^,，。!！?？;；\n]{0,23}?)[啦喇囉]?$"
    r"|^(?:(?:oh|wait|no|sorry|actually|hmm+|hold on|on second thought)[\s,.!]*)*"
    r"(?:please )?(?:make it|change it to|let'?s make it|call me|call it)\s+"
    r"(?P<thing>(?!(?:quick|fast|stop|happen|clear|go|right|up|possible|easy|soon|work)\b)[^\s,.!?;][^,!?;\n]{0,39})$",
    re.IGNORECASE,
)
# 我想改名字叫小雨, 我改名叫小雨了: who is called so by now, is called so in the 了.
_RENAMED = lazily(
    r"[改换換](?:过|過|个|個|一?下)*(?:我的|我嘅)?名(?:字)?(?:叫做?|做|成|为|為|到)[\s:：]*"
    rf"(?P<value>(?![我你您他她它什啥咩乜])[^\s,，。.!！?？;；、{_OPEN}][^,，。!！?？;；\n]{{0,23}}?)"
    r"(?:了|啦|喇)?(?=$|[\s]*[,，。.!！?？;；\n])",
    re.IGNORECASE,
)
# no wait '418 teapot': nothing but another value, in quotation marks.
_QUOTED_ALONE = lazily(
    r"^(?:(?:no|oh|wait|sorry|actually|hmm+|oops|i mean"
    r"|不[对對是]|等等|等一?下|唔[系係啱对對])[\s,，.。!！:：]*)+"
    rf"['{_OPEN}](?P<value>[^'{_CLOSE}]{{1,{_LONGEST}}})['{_CLOSE}][\s.。!！]*$",
    re.IGNORECASE,
)
# Can you make my username Ah Meng please
_MADE = lazily(
    r"\bmake (?:my|the) (?:nickname|username|user name|display name|signature|bio)"
    r"(?: (?:to|into|to be|be|say|read))?\s*[:=]?\s+"
    rf"[{_OPEN}]?(?P<value>(?!(?:private|public|hidden|visible|invisible"
    r"|anonymous|go away|disappear|not|less"
    r"|more|unsearchable|shorter|longer|something|right|correct|look|sound|blank|empty)\b)"
    rf"[^\s,.!?;{_OPEN}][^,.!?;\n{_CLOSE}]{{0,39}})",
    re.IGNORECASE,
)
_TAIL = lazily(
    r"(?:就好|就行|可以吗|好吗|吧|谢谢|謝謝|才对|才對"
    # "… to Kopi Queen and" is what stood before another wish.
    r"|,? ?(?:please|pls|plz)|,? ?(?:thanks|thx)|\s(?:and|&)|以及|[并並]且)\s*$",
    re.IGNORECASE,
)
# 落羽 羽毛的羽: how a character of it is written.
_EXPLAINED = lazily(r"\s+\S{1,3}[的嘅]\S\s*$")
# A nickname may well end in 了, a number does not: 换成13912345678了.
_NUMBER_DONE = lazily(r"(?<=[\d日号])(?:了|喇|啦)$")
_NOT_A_VALUE = lazily(
    r"^(?:别的|別的|什么|什麼|其他|正确|正確|对的|對的|新的|另一|另外|同一|那个|那個|这个|這個|上次|本人|自己"
    r"|something|another|the right|the correct)",
    re.IGNORECASE,
)

# -- the old value beside the new one --------------------------------------------------------------

_LOOKED_AT: Final = 300
"""Characters in which a pair is looked for: longer messages are stories."""

_ONE: Final = rf"[^,，。!！?？;；\n]{{1,{_LONGEST}}}"
_OLD: Final = rf"(?P<old>{_ONE}?)"
_NEW: Final = rf"(?P<new>{_ONE})"
FIELD: Final = (
    r"(?:昵称|暱稱|匿称|匿稱|個簽|个签|真实姓名|真實姓名|网名|網名|用户名|用戶名|使用者名稱|花名|名字|姓名|生日|出生日期|性别|性別"
    r"|签名|簽名|简介|簡介|标签|標籤|兴趣|興趣|爱好|愛好|手机号|手機號|手机|手機"
    r"|\b(?:nickname|username|display name|name|birthday|date of birth|gender|signature|bio)\b)"
)
_IS: Final = r"(?:是|系|係|\bis\b|\bit’?'?s\b)"
_SHOULD: Final = (
    r"(?:应该是|應該是|应为|應為|应该系|應該係|应该叫|應該叫|\bshould (?:be|read|say)\b)"
)
_NOT: Final = (
    r"[\s,，]*(?:而)?"
    r"(?:不是|唔是|唔系|唔係|并非|並非|and not\b|rather than\b|instead of\b|not\b)"
)
_CHANGE: Final = r"\b(?:chang|switch|correct|updat|renam|fix|edit)\w*\b[^,.!?;]{0,40}?"
_MISWRITTEN: Final = r"(?:被|俾|畀|我)?[打写寫填搞整][错錯]?(?:咗|了)?[成做](?:了|咗)?"
_QUOTED_PAIR: Final = (
    rf"[{_OPEN}](?P<new>[^{_CLOSE}]{{1,{_LONGEST}}})[{_CLOSE}]\s*{_MISWRITTEN}\s*"
    rf"[{_OPEN}](?P<old>[^{_CLOSE}]{{1,{_LONGEST}}})[{_CLOSE}]"
)
_PAIRS: Final = tuple(
    lazily(pattern, re.IGNORECASE)
    for pattern in (
        # 「努力向上」打咗做「努力向下」: what was meant, and what became of it.
        _QUOTED_PAIR,
        # 从张三改到张叁, 由小明改做小強; change my nickname from Ann to Mia
        rf"(?:从|從|由){_OLD}{_TURNS}{_NEW}",
        rf"{_CHANGE}\bfrom\b{_OLD}\bto\b{_NEW}",
        # 昵称应该是张叁不是张三, nickname should be Mia, not Ann
        rf"{_SHOULD}(?P<new>{_ONE}?){_NOT}(?P<old>{_ONE})",
        # 昵称不是张三，是张叁; 昵称是张叁不是张三
        rf"{FIELD}[^,，。!！?？;；\n]{{0,6}}?(?:不是|唔系|唔係){_OLD}[\s,，]*(?:而)?{_IS}{_NEW}",
        rf"{FIELD}[^。!！?？;；\n]{{0,20}}?{_IS}(?P<new>{_ONE}?){_NOT}(?P<old>{_ONE})",
        # 把昵称张三改成张叁, change my nickname Ann to Mia
        rf"{FIELD}{_OLD}{_TURNS}{_NEW}",
        rf"{_CHANGE}{FIELD}{_OLD}\bto\b{_NEW}",
    )
)
_TELLING = lazily(rf"{_MISWRITTEN}|{_TURNS}|{_SHOULD}|\bto\b|{_NOT}", re.IGNORECASE)
"""Without one of these there is no pair."""

_AROUND: Final = f" .:：{_OPEN}{_CLOSE}"
# 个性签名改成：早睡，早起: behind a colon a text of one's own may hold stops.
_AFTER_COLON = lazily(
    r"(?:[签簽]名|[简簡]介|[个個][签簽]|[标標][签籤]|[兴興]趣|[爱愛]好"
    r"|\b(?:signature|bio|about me|tags?|interests?|hobbies)\b)"
    rf"[^,，。.!?;:：\n{_OPEN}]{{0,24}}?(?:{_TURNS}|\b(?:to|be|say|read))?\s?[:：]\s*"
    rf"(?P<value>[^\n。!?;；！？{_OPEN}{_CLOSE}]{{3,{_LONGEST}}})",
    re.IGNORECASE,
)
_NO_MORE_OF_IT = lazily(
    r"[,，]\s*(?:and|also|but|then|not|please|pls|plz|thanks?|thx|cheers|instead|rather|my|i|i['’]m|it"
    r"|the|don['’]?t|can|could)\b.*"
    r"|[,，]\s*(?:[谢謝]|多[谢謝]|不是|唔[系係]|而不|[还還]有|另外|同埋|[并並]|把|[将將]|[请請]|麻[烦煩]|我|[帮幫]"
    rf"|{FIELD}).*",
    re.IGNORECASE,
)
_HAN_COMMA = lazily(r"(?<=[\u4e00-\u9fff]),\s*")
_TURNED: Final = ("to", "be", "say", "read", "成", "为", "為", "到", "做", "是", "叫")
_WISHES = lazily(r"(?:请|請|麻烦|麻煩|帮我|幫我|给我|給我|想要|想|要|需要|可以|能|能不能|please)$")
# What stands before 改成 and is no value: 昵称我想改成小敏, my nickname has to be changed to Mia.
_NO_OLD = lazily(
    r"^[号號码碼]$|^[被俾]|有误|有誤|我|你|您|想|要|帮|幫|能|可以|请|請|都|错|錯|不对|不對|写|寫|应该|應該|怎么|怎麼|如何|里|裡|了|也|改|[换換]|一下|去掉|[删刪]|拿掉"
    # "Change the gender on my profile to male" tells where it stands.
    r"|^(?:on|in|at|of|for|under|from) (?:my|the|this|your)\b"
    r"|\b(?:has|have|needs?|be|is|was|should|must|can|could|into|it|back|please)\b",
    re.IGNORECASE,
)


_MAY_TELL: Final = lazily(
    rf"[{_OPEN}\d改换換返变變→应應更恢错錯对對啱不唔非是系係还還要都证證护護写寫打填搞整]|->"
    r"|chang|set|correct|updat|should|mean|typo|oops|mistake|make|let|call|passport|id\b|ic\b|nric|\bto\b"
    r"|rather|instead|\bnot\b",
    re.IGNORECASE,
)
"""Without any of these no value is told."""


@lru_cache(AT_HAND)
def in_full(text: str) -> str:
    """Return a text in which a value of several clauses behind a colon stands in quotation marks.

    So it is read as one: "change my bio to: eat, pray, love".
    """
    said = plain(text)
    hit = _AFTER_COLON.search(said) if ":" in said else None
    if hit is None:
        return said
    value = _TAIL.sub("", _NO_MORE_OF_IT.sub("", hit["value"])).rstrip(" .")
    if "," not in value and "，" not in value:
        return said
    start, end = hit.start("value"), hit.start("value") + len(value)
    # Folding has made one comma of both.
    value = _HAN_COMMA.sub("，", value)
    lead = "" if said[:start].rstrip(" :").endswith(_TURNED) else " to "
    return f"{said[:start].rstrip(' :')}{lead}“{value}”{said[end:]}"


def new_values(text: str) -> tuple[str, ...]:
    """Return the value as it was written, in quotation marks or at the end of a clause."""
    said = in_full(text)
    if _MAY_TELL.search(said) is None:
        return ()
    pair = _pair(said)
    if pair is not None:
        return pair[1:]
    hit = (
        _QUOTED.search(said)
        or _NEW_NUMBER.search(said)
        or _BARE.search(said)
        or _RENAMED.search(said)
        or _MADE.search(said)
        or _CORRECTED.search(said)
        or _QUOTED_ALONE.search(said)
    )
    if hit is not None:
        return _values(hit["value"])
    hit = _RATHER.search(said) or _ON_PAPER.search(said)
    told = "" if hit is None else next(one for one in hit.groupdict().values() if one)
    return _values(told)


def value_and_old(clause: str) -> tuple[str, str]:
    """Return the new value that a clause gives, and the old one; each may be empty."""
    pair = _pair(clause)
    if pair is not None:
        return pair[1], pair[0]
    hit = _QUOTED.search(clause) or _BARE.search(clause) or _MADE.search(clause)
    values = _values(hit["value"]) if hit is not None else ()
    return (values[0] if values else ""), ""


def old_values(text: str) -> tuple[str, ...]:
    """Return the value that a new one takes the place of, as it was written."""
    pair = _pair(plain(text))
    return () if pair is None else pair[:1]


@lru_cache(AT_HAND)
def _pair(said: str) -> tuple[str, str] | None:
    """Return the old value and the new one, where a sentence gives both."""
    if len(said) > _LOOKED_AT or not _TELLING.search(said):
        return None
    for pattern in _PAIRS:
        hit = pattern.search(said)
        if hit is None:
            continue
        old = _WISHES.sub("", _values_of(hit["old"]))
        new = _values_of(hit["new"])
        if old and new and not _NO_OLD.search(old) and not _NOT_A_VALUE.match(new):
            return old, new
    return None


def _unquoted(value: str) -> str:
    """Return a value without the straight marks around it; O'Neill keeps its own."""
    inner = value[1:-1]
    marked = value[:1] == value[-1:] == "'" and "'" not in inner
    return inner.strip() if marked and inner.strip() else value


def _values_of(words: str) -> str:
    return _unquoted(_NUMBER_DONE.sub("", _TAIL.sub("", words.strip(_AROUND)).strip(_AROUND)))


def _values(words: str) -> tuple[str, ...]:
    value = _NUMBER_DONE.sub("", _TAIL.sub("", _EXPLAINED.sub("", words)).strip(" ."))
    value = _unquoted(value)
    return () if not value or _NOT_A_VALUE.match(value) else (value,)
