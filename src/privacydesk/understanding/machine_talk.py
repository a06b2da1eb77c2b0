"""Words that would command a machine: a made-up system message, an override, a new role.

Nothing that ends in a loss is begun by them, whatever they ask for; a person sees to it.
"""

from __future__ import annotations

from typing import Final

from privacydesk.domain.intents import Intent
from privacydesk.understanding.intents import DESTRUCTIVE
from privacydesk.understanding.patterns import lazily

_LOSE: Final = r"(?:删|注销|清空|清除|销号|解绑|关闭|抹掉)"
_COMMANDS = lazily(
    # 系统提示我手机号已绑定 tells of a message; with a colon and an order it plays one.
    r"^[\W_]{0,3}(?:系统(?:提示|消息|指令|通知|命令)?|system(?: (?:prompt|message|notice))?|admin"
    r"|assistant|管理员)[\]】)]{0,2} ?:[^!?]{0,60}?"
    r"(?:请|直接|立即|立刻|马上|执行|现在|将|把)(?:你)?(?:直接|立即|立刻|马上|将"
    rf"|把)*[^,。.!?;]{{0,8}}?{_LOSE}"
    r"|^[\W_]{0,3}(?:system(?: (?:prompt|message|notice))?|admin|assistant)[\]】)]{0,2} ?:"
    r"[^!?]{0,60}?\b(?:delete|close|erase|wipe|unlink|unbind|remove)\b"
    r"|(?:忽略|无视|忘记|忘掉|不用管|唔使理)(?:掉|你)?(?:的|以上|上面|之前|前面|先前|所有|全部"
    r"|一切|任何|这些)+"
    r"(?:的|嘅)?(?:所有|全部)?(?:指令|指示|规则|提示|提示词|设定|限制|命令)"
    r"|\b(?:ignore|disregard|forget|override) (?:all |any |the |your |of )*"
    r"(?:previous|above|prior|earlier|preceding|existing|system)? ?"
    r"(?:instructions?|rules|prompts?|guidelines|restrictions)\b"
    r"|(?:你|从)?(?:现在|而家)(?:开始)?(?:你)?(?:是|系|扮演)(?:一?个|系统|超级|本站"
    r"|平台)*(?:管理员|root|超管|开发者|dan\b)"
    r"|\byou are now (?:an? |the |my )?(?:admin\w*|root|dan|developer|superuser|system)\b"
    r"|\b(?:admin(?:istrator)?|root|developer|debug|god|system|supervisor) "
    r"(?:override|mode|command)\b"
    r"|(?:管理员|开发者|超级|root|调试)(?:权限|模式|指令|命令|授权|口令)"
    r"|\bsudo\b|系统(?:已|已经)(?:授权|批准)"
    r"|(?:身份)?(?:验证|核验|认证)(?:已|已经)(?:全部)?(?:通过|完成)"
    r"[,。 :;]{0,2}(?:请|可|直接|立即|立刻|马上|现在)+"
    r"|\b(?:verification|identity check) (?:has )?(?:already )?(?:been )?"
    r"(?:passed|completed?|done)[,.:;]? "
    r"(?:please |now |just |directly |immediately |proceed )+"
    r"|\bas (?:an |the )?(?:admin|administrator|developer) (?:of|i)\b"
)
_OWN_FORM: Final = DESTRUCTIVE | {Intent.CONSENT_WITHDRAWAL}


def meant_of_commands(heard: Intent, folded: str) -> Intent | None:
    """Return ``OTHER`` where a loss is asked for as if of a machine; None otherwise."""
    commanded = heard in _OWN_FORM and _COMMANDS.search(folded) is not None
    return Intent.OTHER if commanded else None
