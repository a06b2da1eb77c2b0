"""Children who are seen in the speaker's own pictures: 有我女儿入镜的照片, "photos with my kids".

These are the speaker's to delete; no more than those that show the child are meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from privacydesk.understanding.keeping import exception_in, says_it_stays
from privacydesk.understanding.normalise import normalise
from privacydesk.understanding.patterns import PART, lazily

_CHILD: Final = (
    r"(?:大女儿|小女儿|女儿|大儿子|小儿子|儿子|闺女|孩子|小孩|小朋友|宝宝|宝贝|娃娃|娃|囡囡|囡"
    r"|仔仔|阿仔|阿女"
    r"|个仔|个女(?![的人孩生士])|孙女|孙子|子女|细路)"
)
_OF_MINE: Final = r"(?:我|俺|咱)?(?:们)?(?:家|的|嘅|啲)?"
_PICTURE: Final = (
    r"(?:照片|相片|图片|自拍|合照|合影|相(?!册|簿|关|信)|视频|影片|录像|动态|贴文|帖子|帖|朋友圈)"
)
_ENGLISH_CHILD: Final = (
    r"(?:my|our) (?:[\w-]+ ){0,3}?(?:sons?|daughters?|kids?|child(?:ren)?|boys?|girls?|bab(?:y|ies)"
    r"|toddlers?|grand(?:son|daughter|kid|child)s?)\b"
)
_ENGLISH_PICTURE: Final = r"(?:photos?|pictures?|pics?|images?|selfies?|videos?|clips?|posts?)"
_BY_ME: Final = r"(?:that )?(?:i|i've|i have|we) (?:have )?(?:posted|uploaded|shared|took|put up)"
_SHOWN = lazily(
    # 有我女儿入镜的照片, 晒娃的照片
    r"(?:(?<![没所还])有|拍到|拍了|拍|录到|出现|露出|影到|影咗|带|晒)(?:了|着|过"
    rf"|咗)?{_OF_MINE}{_CHILD}"
    rf"{PART}{{0,6}}?(?:的|嘅){_PICTURE}"
    # 照片里有我儿子的, 影到我个女嘅都删
    rf"|{_PICTURE}(?:里面|里头|里|中间|中|上面|上|入面|内|度)(?:凡是|只要)?(?:有|出现|露出|拍到"
    r"|影到)?(?:了|过|咗)?"
    rf"{_OF_MINE}{_CHILD}(?:入镜|出镜|露脸|出现|的脸|个样)?(?:的|嘅)?"
    # 我女儿出镜的视频
    rf"|{_OF_MINE}{_CHILD}(?:有)?(?:入镜|出镜|露脸|出现|上镜)过?(?:的|嘅){_PICTURE}"
    rf"|\b{_ENGLISH_PICTURE} (?:with|showing|that (?:show|include|feature)s?|including|featuring) "
    rf"{_ENGLISH_CHILD}(?:'s (?:face|head))?(?: (?:in|on) (?:it|them))?(?: {_BY_ME})?"
    rf"|\b{_ENGLISH_PICTURE} of {_ENGLISH_CHILD} {_BY_ME}"
    rf"|\b{_ENGLISH_PICTURE} (?:that |which |where |in which )?{_ENGLISH_CHILD} "
    r"(?:is|are|appears?|shows? up|can be seen)(?: (?:visible|seen|shown|in))*"
    rf"|\b{_ENGLISH_PICTURE} (?:where|in which) (?:you|one|people) can see {_ENGLISH_CHILD}"
    r"(?:'s face)?"
)
_DELETES: Final = lazily(
    r"删|清(?:除|掉|空|干净)|去掉|移除|下架|撤下|不要了"
    r"|\b(?:delete|erase|wipe|remove|take down|get rid of|ha(?:s|ve) to go|must go|should go"
    r"|gone)\b"
)
# Of the child's own account and of what it, or somebody else, posted something else is meant.
_NOT_MINE: Final = lazily(
    rf"账|户口|(?:他|她|佢)(?:的|嘅)号|注册|监护|{_CHILD}(?:自己|偷偷|昨天|最近|刚"
    rf"|都){{0,4}}(?:发|传|上传|贴|po)"
    r"|(?:他|她|佢)(?:自己|偷偷)?(?:发|传|上传|贴)|有人|别人|网友|陌生人|老师|学校|主播|用户"
    r"|同学|前夫|前妻|亲戚"
    r"|\b(?:account|profile page|guardian|someone|somebody|strangers?|teachers?|school|user"
    r"|people who"
    r"|(?:he|she|they|kids?|son|daughter|child|children|ex|friend|father|mother|husband|wife) "
    r"(?:has |have |had )?(?:posted|uploaded|shared|put|made|signed))\b"
)
_KEPT: Final = lazily(
    r"(?:别|不要|不想|唔好|勿|不用)(?:再)?(?:删|清|动)|不删|唔删|留(?!言)|除了|除咗|以外"
    r"|\b(?:don't|do not|dont|never) (?:delete|remove|erase)|\b(?:keep|stays?|leave|except"
    r"|apart from)\b"
)


_OF_CHILDREN: Final = frozenset("儿兒女孩宝寶娃囡仔孙孫子细細朋")
"""Without any of these no Chinese message names a child."""
_OUR: Final = lazily(r"\b(?:my|our)\b", re.IGNORECASE)


def names_child(text: str) -> bool:
    """Tell whether a text may name a child of the speaker's at all."""
    return not _OF_CHILDREN.isdisjoint(text) or _OUR.search(text) is not None


def shown_in(clauses: Iterable[str]) -> str:
    """Return the words that limit a wish to pictures with a child; empty where nothing does.

    Args:
        clauses: of the message, as they were written.
    """
    for clause in clauses:
        folded = normalise(clause)
        hit = _SHOWN.search(folded)
        if hit is None:
            continue
        if says_it_stays(folded):
            return exception_in(clause) or clause.strip()
        if _KEPT.search(folded):
            return clause.strip()
        written = clause.strip()
        # Folding keeps the place of each character nearly always; else the clause says it, too.
        same = len(written) == len(folded)
        return (written[hit.start() : hit.end()] if same else written).strip()
    return ""


def deletes_pictures(folded: str) -> bool:
    """Tell whether a folded message wishes one's own pictures deleted that show a child."""
    if _SHOWN.search(folded) is None or _DELETES.search(folded) is None:
        return False
    return _NOT_MINE.search(folded) is None and _KEPT.search(folded) is None
