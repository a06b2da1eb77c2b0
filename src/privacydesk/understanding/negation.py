"""Whether a word is denied by what stands before it: "not close", "不要删", "唔使解釋"."""

from __future__ import annotations

from privacydesk.understanding.patterns import lazily

_LOOKED_BACK = 24
"""Characters before a word in which its denial stands."""

_NEGATED = lazily(
    r"(?:(?<!是)不是(?:想|要|说|让你)?|(?<!要)不(?:想|要(?!了)|用|需要|打算|准备|愿意)?|没(?:有)?(?:想|要|说)(?:要|过)?"
    r"|(?<![性个特分级类区告离辨])别|无需|唔(?:系)?(?:想|要|使|好)?|并非|未想"
    r"|\b(?:don't|do not|dont|not|never|no longer|didn't|won't|no need to|without|rather than"
    r"|instead of)\b"
    r"(?: (?:want|wanna|wish|need|going|trying|asking|mean|have|you))?(?: to)?(?: you to)?)"
    r" ?(?:帮我|给我|把|我的|我|去|再|直接|真的|全部|整个|号)*(?:\w{0,4}账[号户])? ?$"
)
_QUESTIONED = lazily(
    r"(?<!不)(?:能|可|要|会|想|该|肯|给|好|是|删|销|绑|改)不$|不得不$|不如$|(?<!能)不能不$"
)


def is_negated(before: str) -> bool:
    """Tell of the folded text before a word, up to its clause's beginning, whether it denies it."""
    tail = before[-_LOOKED_BACK:]
    found = _NEGATED.search(tail)
    if found is None:
        return False
    return _QUESTIONED.search(tail[: found.end()].rstrip()) is None
