"""Rights that are asked for by their legal names, or in slang for them.

"Forget me" and the right to be forgotten ask for a deletion; whoever objects to profiling takes
a consent back.
"""

from __future__ import annotations

from typing import Final

from privacydesk.domain.intents import Intent
from privacydesk.understanding.patterns import lazily

_FORGET: Final = lazily(
    r"(?:hi|hey|please|just|pls|plz|now|kindly|i want you to|can you|could you|,| )*"
    r"forget (?:all )?(?:about )?me"
    r"(?: completely| entirely| forever| for good| please| pls| now)*[ .!?]*"
    r"|(?:请|你们|你哋|就|彻底|完全)*(?:忘记|忘掉|忘了)我(?:吧|啦)?[ 。.!]*"
)
_ERASURE: Final = lazily(
    r"\b(?:exercis(?:e|ing)|use|invoke|want|claim) my right (?:to|of) "
    r"(?:be forgotten|erasure|deletion)\b|\bright to be forgotten\b|被遗忘权"
    r"|(?<!n't )(?<!not )(?<!dont )"
    r"\b(?:nuke|wipe|erase|delete|purge|destroy|scrub|trash|get rid of) "
    r"(?:(?:out )?(?:everything|anything|whatever|all|(?:all )?(?:of )?(?:the|that) "
    r"(?:data|info|stuff|information))|all (?:data|info|stuff)) "
    r"(?:that )?(?:you|u|ya|y'all)(?:'ve)? (?:guys )?(?:have|hold|got|know|store|keep)\b"
)
# 17(1)(b) GDPR: a consent that is withdrawn is why the data shall go.
_REQUESTED: Final = lazily(
    r"\brequest(?:ing)? (?:the |an |full |complete |immediate )*(?:erasure|deletion) of (?:all )?"
    r"(?:of )?(?:my |the |any )?(?:personal )?(?:data|information)\b"
)
_OF_THE_ACCOUNT: Final = lazily(
    r"账号|账户|户口|注销|\b(?:accounts?|close|deactivate|don't|not|never)\b"
)
_OBJECTS: Final = lazily(
    r"\bobject(?:ing)? to (?:(?:the|your|being|any|all|use|of|my|automated|personal) ){0,4}?"
    r"(?:profil(?:ing|ed)|personali[sz]ed|personali[sz]ation|recommendations?|direct marketing"
    r"|marketing|targeted)\b"
    r"|反对(?:你们|你哋|给我|对我|把我|将我|进行|做|用户|个人|使用|用|的|被)*(?:画像|个性化|个人化|营销|行销)"
)
_DECIDED: Final = lazily(r"封|禁言|决定|限制|\b(?:ban|banned|mute|muted|decision|decided)\b")

_FORGOTTEN: Final = frozenset(
    {Intent.DEREGISTRATION, Intent.OTHER, Intent.SMALLTALK, Intent.ACCESS, Intent.POLICY_QUESTION}
)
_WITHDRAWN: Final = frozenset({Intent.CANCEL_REQUEST, Intent.CONSENT_WITHDRAWAL})
_OBJECTED: Final = frozenset(
    {
        Intent.AUTOMATED_DECISION,
        Intent.CONSENT_WITHDRAWAL,
        Intent.OTHER,
    }
)


def meant_of_rights(heard: Intent, folded: str) -> Intent | None:
    """Return what a right that is named asks for; None where none is, or the account shall go.

    Args:
        heard: what the model makes of the message.
        folded: the message.
    """
    data = heard in _FORGOTTEN and _OF_THE_ACCOUNT.search(folded) is None
    if data and (_FORGET.fullmatch(folded) is not None or _ERASURE.search(folded) is not None):
        return Intent.DELETION
    if heard in _WITHDRAWN and _REQUESTED.search(folded) is not None:
        return Intent.DELETION
    objects = heard in _OBJECTED and _OBJECTS.search(folded) is not None
    if objects and _DECIDED.search(folded) is None:
        return Intent.CONSENT_WITHDRAWAL
    return None
