"""Questions of why: what the app did, does or will not do to somebody is asked about, not wished.

为什么冻结我的账号 closes nothing; it asks for the reasons of a decision.
"""

from __future__ import annotations

import re
from typing import Final

from privacydesk.domain.intents import Intent
from privacydesk.understanding.intents import DESTRUCTIVE
from privacydesk.understanding.patterns import PART, lazily

_WHY: Final = r"(?:为什么|为何|为啥|点解|干嘛|干吗|凭什么|凭啥|凭乜)"
_ENGLISH_WHY: Final = r"\b(?:why|how come|what for)\b"

# What the app decides by itself, or by its rules.
_MEASURE: Final = r"(?:冻结|封(?!面)|停用|禁用|禁言|限制|踢|停(?=了|掉|咗|我))"
_MEASURES: Final = lazily(
    rf"{_WHY}{PART}{{0,10}}?{_MEASURE}{PART}*(?:我|账号|账户|户口|号)"
    rf"|{_WHY}{PART}{{0,4}}?(?:我|账号|账户|户口|号){PART}{{0,8}}?{_MEASURE}"
    rf"|(?:我|账号|账户|户口|号){PART}{{0,8}}?{_WHY}{PART}{{0,6}}?{_MEASURE}"
    # 怎么 alone asks how, and that may be wished.
    rf"|怎么(?:就|会|突然|又|给)*(?:把|将)?我{PART}{{0,8}}?{_MEASURE}(?:住|掉)?了"
    rf"|{_ENGLISH_WHY} (?!(?:can|could|do|did|must|should) i\b)[^,.!?;]{{0,28}}?"
    r"\b(?:fr[eo]ez\w*|fro(?:ze|zen)|suspend\w*|bann?(?:ed|ing)?|block(?:ed|ing)|lock(?:ed|ing)"
    r"|restrict(?:ed|ing)|limit(?:ed|ing)|disabl(?:ed|ing)|mut(?:ed|ing))\b"
)
_MINE: Final = lazily(r"我|账号|账户|户口|号|\b(?:my|me|i|i'm|im|account)\b")

_LOSS: Final = r"(?:注销|销号|删|清空|解绑)"
_ENGLISH_LOSS: Final = r"\b(?:delet|remov|eras|wip|unlink|unbind|clos|disconnect)\w*"
_LOSSES: Final = lazily(rf"{_LOSS}|{_ENGLISH_LOSS}")
_REFUSED: Final = lazily(
    rf"{_WHY}{PART}{{0,6}}?(?:不能|不让|不给|不可以|不肯|不帮|不许|唔可以|唔俾|唔畀|唔肯|无法|没法|还不|还没|仲未){PART}{{0,8}}?{_LOSS}"
    rf"|{_ENGLISH_WHY} (?:won't|wont|don't|dont|will not|do not|can't|cant|cannot)"
    rf"{PART}{{1,16}}?{_ENGLISH_LOSS}"
)
_DONE_TO_ME: Final = lazily(
    rf"{_WHY}{PART}{{0,6}}?{_LOSS}(?:了|掉|除|咗|走|我的|我嘅|我)"
    rf"|{_WHY}(?:要|会|就|突然|给|你们|你哋)*(?:把|将){PART}{{1,10}}?{_LOSS}"
    rf"|(?:我|账号|账户|户口|号){PART}{{0,8}}?{_WHY}{PART}{{0,3}}?被{PART}{{0,4}}?{_LOSS}"
    rf"|{_ENGLISH_WHY} (?:are|is|was|were|am|has|have|had|did|would) "
    rf"(?!not\b|i\b)(?:(?!not\b|still\b)[\w'’]+ ){{1,4}}(?:being |been |getting )?{_ENGLISH_LOSS}"
)
_RULE: Final = lazily(
    rf"{_WHY}{PART}{{0,4}}?{_LOSS}{PART}{{0,8}}?(?:要|需要|得|必须|这么|那么|咁|会|才)"
    rf"|{_WHY}(?:一定|非|必须)?(?:要|得|需要){PART}{{0,4}}?{_LOSS}"
    rf"|{_ENGLISH_WHY} (?:do|must|should|would|does|is)\b{PART}{{1,40}}?{_ENGLISH_LOSS}"
)
_ASKS: Final = lazily(rf"{_WHY}|{_ENGLISH_WHY}")
_CLAUSES: Final = re.compile(r"[,。.!?;]+")

# 你们把我推荐限流了 takes no consent back: to be shown to fewer people was decided by the app.
_THROTTLED: Final = lazily(
    r"限流|限推|降权|压流量|不给(?:我)?流量|雪藏|\bshadow ?ban\w*|\bthrottl\w+"
)
_OFF: Final = lazily(
    r"关(?!注|于)|撤|取消|停(?!播)|收回|同意|授权|\b(?:off|stop|withdraw|revoke|consent)\b"
)

_MEASURED: Final = DESTRUCTIVE | {Intent.OTHER, Intent.REQUEST_STATUS}


def meant_of_why(heard: Intent, folded: str) -> Intent | None:
    """Return what a question of why asks for; None where it is none, or something is wished too.

    Args:
        heard: what the model makes of the message.
        folded: the message.
    """
    if heard in _MEASURED and _MEASURES.search(folded) and _MINE.search(folded):
        return None if _wished_besides(folded) else Intent.AUTOMATED_DECISION
    if heard is Intent.CONSENT_WITHDRAWAL and _THROTTLED.search(folded):
        return None if _OFF.search(folded) else Intent.AUTOMATED_DECISION
    if heard not in DESTRUCTIVE:
        return None
    # Nobody but a person, or a thief, takes a log-in away.
    decided = Intent.OTHER if heard is Intent.UNBINDING else Intent.AUTOMATED_DECISION
    for pattern, meant in (
        (_REFUSED, Intent.OTHER),
        (_DONE_TO_ME, decided),
        (_RULE, Intent.POLICY_QUESTION),
    ):
        if pattern.search(folded):
            return None if _wished_besides(folded) else meant
    return None


def _wished_besides(folded: str) -> bool:
    """Tell whether a part of the message that asks for no reasons speaks of a loss."""
    return any(_LOSSES.search(part) and not _ASKS.search(part) for part in _CLAUSES.split(folded))
