"""What was filed and is not wanted any more: "cancel that, I want to keep my recommendations".

Its words name what the request was about, and sound like the request itself. Filing it once more
would do the very thing that is to be stopped.
"""

from __future__ import annotations

from typing import Final

from privacydesk.domain.intents import Intent
from privacydesk.understanding.patterns import PART, lazily
from privacydesk.understanding.said_of_others import OF_NOTHING

_FILED: Final = (
    r"(?:之前|刚才|刚刚|上次|早前|头先|先前|啱啱|那|这|𠮶|呢)(?:我)?(?:提|交|申请|登记)?(?:的"
    r"|嘅)?[一那𠮶个张份条]{0,3}"
    r"(?:单|工单|申请|请求)"
)
_BACK: Final = r"(?:取消|撤|不要|算了|唔要)"
# 之前那单取消, 不用关了, "cancel that": of what was filed, or is under way.
_LET_BE: Final = lazily(
    rf"{_FILED}{PART}{{0,6}}?{_BACK}|(?:取消|撤回|撤销|撤)[掉咗了]?{_FILED}"
    r"|(?:不用|不要|唔使|唔好|别|先别|不必|唔|不)(?:再|帮我)?(?:关|熄|闩|撤"
    r"|停)[掉咗住]?[了啦喇吧]?(?=$|[,。.!?; ])"
    r"|(?:改主意|反悔|后悔)[了咗]|^算[了啦数][,。 ]"
    r"|\b(?:cancel|undo|scrap|retract|drop|revert|ignore|take back) (?:that|it|this)(?=$|[,.!?;]"
    r"| (?:please|pls|and|i)\b)"
    r"|\bnever ?mind\b|\bforget (?:that|it|about)\b|\bchanged my mind\b"
    r"|\b(?:don't|do not|dont) (?:turn|switch) (?:it |them |that )?off\b"
)
# 我还是想要推荐, 留着吧, "I still want them".
_KEPT: Final = lazily(
    r"(?<![不唔没别])(?:还|还是|仲|又)(?:是)?(?:想|需要)(?:继续)?(?:要|用|看|收)(?![关撤停退]|取消)"
    r"|(?<![不唔别])想继续(?:收|用|看|要)|(?<![不唔别])(?:留着|留返|留住|保留)"
    r"|(?<![不唔别])想要[返回]"
    r"|\b(?:i|we) (?:do |actually )?(?:still want|want to keep|like to keep|'d like to keep"
    r"|want (?:it|them) (?:on|back))"
    r"|\b(?:i|we) (?:do )?(?:want|like) them\b(?! (?:gone|off|to stop|stopped))"
    r"|(?<!not )(?<!n't )\b(?:keep|leave) (?:it|them|that|those)(?: on)?\b"
)
_THING: Final = r"(?:推荐|推送|推播|广告|定位|营销(?:短信|信息|邮件)?)"
# 推荐我想要返, 推荐我还要: alone it says as much.
_WANTED_BACK: Final = lazily(
    rf"{_THING}[^,。.!?;关撤停退不没]{{0,4}}?(?<![不唔没别])(?:还|还是|仲|又)(?:是)?(?:要|想要|需要)"
    r"(?:用|看|收)?[的啊呀呢嘅㗎]?(?=$|[,。.!?; ])"
    rf"|(?<![不唔没别])(?:还|还是|仲)(?:是)?要(?:继续)?(?:用|看|收)?{_THING}[的啊呀]?"
    r"(?=$|[,。.!?; ])"
    r"|(?<![不唔别])(?:想|要)要?返(?=$|[,。.!?; 啊呀喇啦])|(?<![不唔别])(?:想|要)(?:留返"
    r"|要返|要回)"
    r"|(?<![不唔没别])(?:还|还是|仲|又)(?:是)?(?:想|需要)(?:继续)?(?:要|用|看|收)(?![关撤停退]"
    r"|取消)"
    rf"{PART}{{0,4}}?(?:推荐|推送|推播|广告|定位)[的啊呀]?(?=$|[,。.!?; ])"
    r"|\b(?:i|we) (?:do |actually )?want (?:my|the) [\w ]{3,32}? back\b"
    r"|\b(?:i|we) still want (?:my|the|those) (?:personali[sz]ed )?"
    r"(?:recommendations?|ads|newsletters?|promotions?)(?: on)?(?=$|[,.!?;])"
)
# "Undo my request to …", "scrap the request about ads", 之前提的关闭定位那个不要了
_REQUEST_BACK: Final = lazily(
    r"\b(?:cancel|undo|scrap|retract|drop|revert|take back|withdraw|call off) (?:my|the|that|this)"
    r" (?:(?!consents?\b|permissions?\b)[\w-]+ ){0,3}?(?:requests?|tickets?|application)\b"
    r"|\b(?:cancel|undo|scrap|retract|drop|withdraw) the one (?:about|for|on)\b"
    r"|\b(?:forget|never ?mind|scrap)(?: about)? (?:turning|switching|opting|withdrawing"
    r"|disabling)\b"
    r"|(?:之前|刚才|刚刚|上次|早前|头先|先前|啱啱)我?(?:提|交|申请|登记|报)[了过咗]?(?:的"
    r"|嘅)[^,。.!?;]{1,16}?"
    rf"{_BACK}(?!的)"
)
_WITHDRAWS: Final = lazily(
    r"(?<![不唔别])(?<!不用)(?<!不要)(?<!唔使)(?<!唔好)(?:关掉|关闭|关了|熄咗|闩咗|停掉|撤回|退订)"
    r"|(?<!don't )(?<!not )\b(?:turn|switch) (?:\w+ )?off\b|\bstop (?:the|my|all|sending)\b"
    r"|\bopt out\b"
)

_GIVEN: Final = lazily(r"权限|同意|授权|\b(?:consent|permission)")
_PURPOSE: Final = lazily(
    r"个性化|推荐|推送|推播|广告|营销|行销|定位|通讯录"
    r"|\b(?:recommendation|personali[sz]ed|marketing|promotion|advert|location)"
)
_HEARD: Final = OF_NOTHING | {Intent.CONSENT_WITHDRAWAL}


def meant_of_wanted_back(heard: Intent, folded: str) -> Intent | None:
    """Return ``CANCEL_REQUEST`` where a request is taken back and not made; None otherwise.

    Args:
        heard: what the model makes of the message.
        folded: the message.
    """
    if heard not in _HEARD or (heard in OF_NOTHING and _PURPOSE.search(folded) is None):
        return None
    if _REQUEST_BACK.search(folded) is not None:
        return Intent.CANCEL_REQUEST
    if _WITHDRAWS.search(folded) is not None:
        # "Turn off marketing, keep the recommendations" takes one of them back.
        return None
    let_be = _LET_BE.search(folded) is not None and _KEPT.search(folded) is not None
    # 权限我要返 takes it away from the app.
    back = let_be or (_WANTED_BACK.search(folded) and _GIVEN.search(folded) is None)
    return Intent.CANCEL_REQUEST if back else None
