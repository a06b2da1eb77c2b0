"""Where and how somebody wants to be told: 结果请寄到 lin@example.com, 发短信给我就行."""

from __future__ import annotations

from typing import Final

from privacydesk.domain.intents import Intent
from privacydesk.understanding.normalise import bare, normalise, plain
from privacydesk.understanding.patterns import lazily
from privacydesk.understanding.phones import phones

_MAIL: Final = (
    r"(?<![a-z0-9._%+@-])[a-z0-9][a-z0-9._%+-]{0,63}@(?:[a-z0-9-]{1,63}\.){1,5}[a-z]{2,24}"
    r"(?![a-z0-9@-])"
)
_ADDRESSES: Final = lazily(_MAIL)
_SENDS: Final = lazily(
    r"寄|发到|发给|发去|发至|发我|发返|传到|送到|通知|联系|联络|揾我|回复|答复|告知|话俾我|结果"
    r"|有消息"
    r"|\b(?:send|mail|e-?mail|reply|answer|notify|contact|reach|write|text|call|result|outcome"
    r"|news|update)"
)
_OUTCOME: Final = lazily(
    r"结果|通知|联系|联络|揾我|回复|答复|告知|有消息|\b(?:result|outcome|notify|reach me|call me"
    r"|text me|contact me|answer)\b"
)
# An address that shall be bound, or that the account has, is no place to send anything to.
_OF_ACCOUNT: Final = lazily(
    r"绑|注册|登录|旧|以前|原来|改成|换成|改为|泄|骚扰|垃圾|打给|收到"
    r"|\b(?:bound|link|unlink|registered|sign|signed|log|old|former|change|leak|spam|harass"
    r"|from)\w*"
)
# Nothing but by which way, folded and bare: 发短信给我就行, 打电话通知我就好, "just text me".
_BY_WAY: Final = lazily(
    r"(?:那|就|请|麻烦|帮我|直接|可以|给我|俾我|畀我|有结果|到时候?|之后)*(?:发|打|用|通过|透过|send)*(?:个|条|封)?"
    r"(?:短信|短讯|简讯|电话|邮件|邮箱|电邮|信息|微信|sms|email|mail)(?:发|打|来)?"
    r"(?:给|俾|畀|通知|告诉|联系|联络|回复|话)+(?:给|俾|畀)?(?:我|我知)(?:就|都)?(?:行|好|可以|ok|得)?(?:了|啦|喇|吧|呀)?"
    r"|(?:please|just|you can|thanks)*(?:text|sms|email|mail|call|phone|message)me(?:instead|please"
    r"|thanks|isfine|then)*"
)
_HEARD_AS: Final = frozenset({Intent.CONSENT_WITHDRAWAL, Intent.ACCESS, Intent.COMPLAINT})


def meant_of_ways(heard: Intent, folded: str) -> Intent | None:
    """Return that nothing is asked for where a message only says how to reach its writer."""
    says = heard in _HEARD_AS and _BY_WAY.fullmatch(bare(folded)) is not None
    return Intent.SMALLTALK if says else None


def send_to(text: str) -> tuple[str, ...]:
    """Return the one mail address or phone number that the outcome shall go to."""
    folded = normalise(plain(text))
    if _SENDS.search(folded) is None or _OF_ACCOUNT.search(folded) is not None:
        return ()
    mails = tuple(dict.fromkeys(_ADDRESSES.findall(folded)))
    if mails:
        return mails if len(mails) == 1 else ()
    numbers = phones(folded)
    told = len(numbers) == 1 and _OUTCOME.search(folded) is not None
    return tuple(str(one) for one in numbers) if told else ()
