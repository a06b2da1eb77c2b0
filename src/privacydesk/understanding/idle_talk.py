"""Messages that want nothing of a desk: abuse and nothing else, and probing of the machine."""

from __future__ import annotations

from typing import Final

from privacydesk.domain.intents import Intent
from privacydesk.understanding.patterns import lazily

_ABUSE: Final = lazily(
    r"(?:(?:你们?|你哋|您|这|这个|呢个|那|什么|咩|真的?|死|太|就是|真是|都是|一群|一帮|一个|个|的"
    r"|嘅|啊|呀|啦|了|吧|去|全家|妈"
    r"|软件|app|平台|公司|客服|机器人?|东西|玩意儿?|产品|系统|滚|他妈的?|妈的|tmd|我)*"
    r"(?:垃圾|辣鸡|乐色|傻[逼比x叉b]|煞笔|沙雕|sb|脑残|智障|废物|狗屎|屎|烂透了?|烂|滚蛋?|操|艹"
    r"|草泥马|去死|有病|神经病|骗子|王八蛋|混蛋|贱"
    r"|仆街|扑街|冚家铲|屌|撚|柒头|on9|白痴|蠢货|蠢|恶心"
    r"|\b(?:fuck(?:ing|ed|er|ers)?|fck|fk|stfu|wtf|shit(?:ty)?|bullshit|crap(?:py)?|trash|garbage"
    r"|rubbish"
    r"|suck(?:s|ing)?|stupid|idiots?|morons?|dumb(?:ass)?|bitch(?:es)?|assholes?|bastards?|scum"
    r"|pathetic"
    r"|hate|damn|screw)\b)"
    r"(?: ?(?:你们?|你哋|您|这|这个|那|什么|咩|死|的|嘅|啊|呀|啦|了|吧|去|全家|妈|软件|app|平台"
    r"|公司"
    r"|客服|机器人?|东西|玩意儿?|产品|系统"
    r"|他妈的?|妈的|tmd|"
    r"\b(?:you|u|your|yourself|this|that|the|a|an|of|is|are|it|off|app|apps|company|bot|service"
    r"|lot|all|so|and"
    r"|piece|guys|people|platform)\b)){0,8}[\s,.!?;~]*){1,6}"
)
_ABUSE_EN_LEAD: Final = lazily(
    r"(?:\b(?:you|u|your|this|that|the|a|an|is|are|it|it's|you're|ur|what|such|so|really|just|all"
    r"|go"
    r"|i|app|apps|company|bot|service|platform|piece|of|people|guys|support)\b\s*)+"
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
    if len(folded) > _ABUSE_LONGEST:
        return False
    if _ABUSE.fullmatch(folded) is not None:
        return True
    lead = _ABUSE_EN_LEAD.match(folded)
    return lead is not None and _ABUSE.fullmatch(folded, lead.end()) is not None


def meant_of_idle_talk(heard: Intent, folded: str) -> Intent | None:
    """Return that nothing is wished by abuse alone, nor by whoever probes the machine."""
    idle = is_abuse(folded) or _PROBES.search(folded) is not None
    return Intent.SMALLTALK if idle and heard is not Intent.HUMAN_AGENT else None
