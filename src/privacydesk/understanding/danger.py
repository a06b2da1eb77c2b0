"""Whether somebody is said to be in danger: "a man on your app wants to meet my daughter".

No form is asked for then; a person looks at once.
"""

from __future__ import annotations

from typing import Final

from privacydesk.understanding.ages import OWN_CHILD, at_school, grown_child, names_young_age
from privacydesk.understanding.patterns import lazily
from privacydesk.understanding.threats import children_sold, threatened, under_way

_A_CHILD: Final = lazily(
    rf"{OWN_CHILD}|小朋友|我仔|细路|外孙|侄|外甥|小女孩|小男孩|小女生|未成年|小学生|初中生"
    r"|\b(?:sons?|daughters?|kids?|child|children|grandson|granddaughter|nephew|niece|minors?"
    r"|underage|(?:little|young) (?:girl|boy)|s?he(?:'s| is) (?:(?:only|just) )?(?:[3-9]|1[0-7]))\b"
)
# What somebody does to a child, or wants of it, and what a child may do to itself.
_IN_DANGER: Final = lazily(
    r"(?:约|叫|让|要|找|骗|呃|逼|哄|想|去)[^,。.!?;]{0,8}?(?:见面(?!会|礼)|开房|过夜|(?:去|到)他家)"
    r"|脱(?:了|光|掉)?(?:衣|裤|光|内)|除衫|裸|私密(?:照|视频|部位)|隐私部位|下体|不雅(?:照|视频)"
    r"|性(?:骚扰|侵|行为|关系|暗示)|猥亵|强奸|诱奸|诱拐|拐(?:走|骗|卖)|绑架"
    r"|发(?:的)?(?:黄|色情)[^,。.!?;]{0,2}(?:图|照|视频|片)|敲诈|勒索|威胁|恐吓|虐待"
    r"|自杀|自残|割腕|轻生|离家出走|失踪|见网友|(?:找不到|搵唔到|联系不上)(?:他|她|佢|人)"
    r"|\b(?:to meet (?:him|her|them|up|in person|offline|somewhere|alone)"
    r"|meet(?:ing)? (?:my|our) |meet (?:up )?with (?:him|her|them|my)|meeting (?:him|her|them|up)"
    r"|nudes?|naked|undress\w*|to strip|take off (?:her|his|their) \w+|groom(?:ing|ed|er)"
    r"|molest\w*|sexual\w*|sext\w*|rap(?:ed|ist)|blackmail\w*|threaten\w*|kidnap\w*"
    r"|abus(?:ed|ing|er)|predator|suicid\w+|self-?harm\w*|kill (?:him|her|them)sel\w+"
    r"|r[au]n away(?: from home| to meet)?|(?:is|has gone|went) missing)\b"
)


_GIVES_UP_LIFE: Final = lazily(
    r"(?<![到得])(?:我|真的?|都|再)?(?:不想活|唔想活|活不下去|想死|谂住死|想自杀|要自杀|想轻生|想结束(?:生命|自己|这一切|一切))"
    r"(?:了|喇|啦|算了)?(?!的心|你)"
    r"|活着(?:真的?|好|太|很)*(?:没意思|没意义|累|没劲)|(?:撑|熬)不下去|不想(?:再)?撑(?:下去)?"
    r"|\b(?:kill myself|end my life|want to die(?! (?:laughing|of))|don't want to live|suicidal"
    r"|better off dead|no reason to live|(?:want to|wanna) end it all|can't go on(?: like this)?)\b"
    r"|\b(?:don't|dont) (?:want to|wanna) be (?:here|alive) any ?more\b"
)
# Somebody else sits in the account: a person locks it, and no form does.
_TAKEN_OVER: Final = lazily(
    r"有人(?:在|正在|拿|用)+(?:用)?我(?:的|嘅|个)?(?:号|账号|户口)(?!码)[^。!?;]{0,10}?(?:骗|呃|借钱|发|诈)"
    r"|用我(?:的|嘅|个)?(?:账号|户口)(?:骗|呃|借)"
    r"|\b(?:some(?:one|body)|he|she|they)(?:'s| is| are) using my account\b"
)


_LETTER: Final = lazily("[a-z]")
_TELLS: Final = frozenset(
    "约叫让要找骗呃逼哄想去脱除裸私隐下不性猥强诱拐绑发敲勒威恐虐自割轻离失见搵联家门楼校司踪随打杀死砍捅暴人照活撑熬谂用堵砸踹撬捶肉址卖童"
)
"""Without any of these no Chinese message tells of danger."""


def in_danger(folded: str) -> str:
    """Return what a folded message says is in danger; empty if nothing.

    It is a ``child``, the speaker or somebody near them (``self``), or the ``account`` that
    somebody else is in.
    """
    if folded.isdecimal() or (_LETTER.search(folded) is None and _TELLS.isdisjoint(folded)):
        return ""
    if child_in_danger(folded) or children_sold(folded):
        return "child"
    if threatened(folded) or _GIVES_UP_LIFE.search(folded) is not None:
        return "self"
    return "account" if _TAKEN_OVER.search(folded) is not None else ""


def dangers(folded: str) -> tuple[str, ...]:
    """Return what ``in_danger`` does, and ``now`` behind it where nobody may wait; or nothing.

    Whoever tells of the past may tell it to the end.
    """
    who = in_danger(folded)
    if not who:
        return ()
    despairs = _GIVES_UP_LIFE.search(folded) is not None
    presses = who != "account" and (despairs or under_way(folded, child=who == "child"))
    return (who, "now") if presses else (who,)


def child_in_danger(folded: str) -> bool:
    """Tell whether a folded message says that a child is in danger; of grown-ups it does not."""
    if _IN_DANGER.search(folded) is None or grown_child(folded) is not None:
        return False
    child = _A_CHILD.search(folded) is not None
    return child or names_young_age(folded) or at_school(folded)
