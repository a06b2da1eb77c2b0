"""Messages that want nothing of a desk: abuse and nothing else, and probing of the machine."""

from __future__ import annotations

from typing import Final

from privacydesk.domain.intents import Intent
from privacydesk.understanding.normalise import bare
from privacydesk.understanding.patterns import lazily

_ABUSE: Final = lazily(
    r"垃圾|废柴|辣鸡|乐色|傻[逼比x叉b]|煞笔|沙雕|脑残|智障|废物|狗屎|屎|烂透了?|烂|滚蛋|滚|操你?|艹"
    r"|草泥马|去死"
    r"|有病|神经病|骗子|王八蛋|混蛋|贱|仆街|扑街|冚家铲|屌|撚|柒头|on9|白痴|蠢货|蠢|恶心"
    r"|\b(?:sb|fuck(?:ing|ed|er|ers)?|fck|fk|stfu|wtf|shit(?:ty)?|bullshit|crap(?:py)?|trash"
    r"|garbage|rubbish|suck(?:s|ing)?|stupid|idiots?|morons?|dumb(?:ass)?|bitch(?:es)?|assholes?"
    r"|bastards?|scum|pathetic|hate|damn|screw)\b"
)
_AROUND: Final = lazily(
    r"你们|你哋|你|您|这个|这|呢个|那个|那|什么|咩|真的?|正|死|太|就是|真是|都是|一群|一帮|个|的|嘅"
    r"|啊|呀|啦|了|吧|去|是|系|吗|嘛|咩|答非所问|听不懂人话|乱讲"
    r"|全家|他?妈的?|软件|平台|公司|客服|机器人?|东西|玩意儿?|产品|系统|我|tmd"
    r"|\b(?:you|u|ur|your|you're|yourself|this|that|the|a|an|of|is|are|it|it's|off|what|such|so"
    r"|really|just|go|i|apps?|company|bot|service|lot|all|and|piece|guys|people|platform|support)\b"
)
_ABUSE_LONGEST: Final = 40
_PROBES: Final = lazily(
    r"系统提示词|提示词|初始(?:指令|提示)|系统指令|你的(?:指令|prompt|设定|训练数据)"
    r"|\b(?:system|hidden|initial) (?:prompt|instructions?)\b|\byour (?:prompt|instructions"
    r"|training data)\b"
    r"|(?:忽略|无视|忘记|忘掉)(?:你)?(?:之前|以上|前面|上面|先前)(?:的)?(?:所有|全部"
    r"|一切)?(?:的)?(?:指令|指示|提示|规则|设定|要求)"
    r"|\b(?:ignore|forget|disregard) (?:all |any )?(?:your |the )?(?:previous|prior|above|earlier) "
    r"(?:instructions?|prompts?|rules)\b"
    r"|开发者模式|\bdeveloper mode\b|\bjailbreak\b|越狱模式"
)


def is_abuse(folded: str) -> bool:
    """Tell whether a folded message is abuse and nothing else: 垃圾软件."""
    if len(folded) > _ABUSE_LONGEST or _ABUSE.search(folded) is None:
        return False
    return not bare(_AROUND.sub(" ", _ABUSE.sub(" ", folded)))


def meant_of_idle_talk(heard: Intent, folded: str) -> Intent | None:
    """Return that nothing is wished by abuse alone, nor by whoever probes the machine."""
    idle = is_abuse(folded) or _PROBES.search(folded) is not None
    return Intent.SMALLTALK if idle and heard is not Intent.HUMAN_AGENT else None
