"""Phone numbers that can take a code, and whether somebody's has changed."""

from __future__ import annotations

from typing import Final

from privacydesk.understanding.patterns import lazily

_HOME: Final = "CN"
_CHINA: Final = 86
_FEWEST_DIGITS: Final = 7
_LIKELY = lazily(rf"(?:\d[\s().-]{{0,2}}){{{_FEWEST_DIGITS},}}")

# 换个号码收行不行 is of the code that does not come.
_A_NUMBER: Final = r"(?:手机号码?|电话号码?|(?:手机|电话)绑定|(?<!账)(?<!账户)号码)(?![收接发])"
_CHANGES: Final = lazily(
    rf"(?:换|改|变更)(?:了|咗|过|掉|一?下|个|新的?|我的|我嘅|绑定?的?|登录的?|注册的?|旧的?)*{_A_NUMBER}"
    rf"|{_A_NUMBER}(?!登录)(?:我|已经?|之前|刚|都|要|想|怎么|咋|如何|能不能|可以|点|需要)*(?:换|改|变更|转)"
    r"|(?:换绑|改绑)(?:了|一?下|我的|新的?)*(?:手机|电话|新(?:的)?号码?(?![a-z]))"
    r"|改(?:一?下|我的)*电话(?=$|[,。.!?; 吧啊呀喇啦])"
    r"|(?:手机|电话)(?:怎么|如何|要|想)*(?:换绑|改绑)"
    r"|\b(?:chang\w*|switch\w*|updat\w*|replac\w*) (?:of )?(?:my |the )?"
    r"(?:old |login |linked |bound )?(?:phone|mobile|cell)(?: phone)? number\b"
    r"|\b(?:phone|mobile|cell)(?: phone)? number (?:has |was |is )?(?:been )?changed\b"
)
_GOES: Final = lazily(
    r"解绑|解除|取消绑定|不是要?换|[不唔](?:想|要)?(?:绑|换)|注销|销号|删|\b(?:un(?:bind|link)|remove|disconnect|delete|close)"
)

# 旧号注销了 tells what became of a number, and has nothing done here.
_ENDED: Final = lazily(
    r"(?:旧|老|原来|原先|以前|之前)(?:的|嘅|那个|个)?(?:手机|电话)?号码?[^,。.!?;绑]{0,6}?"
    r"(?:注销|停用|停机|停|销号|销|不用|冇用|作废|过期)(?:了|咗|掉)"
    r"|\b(?:old|previous|former) (?:phone |mobile |cell )?(?:number|sim|line) "
    r"(?:is|was|has been|got|will be) (?:now )?(?:\w+ )?"
    r"(?:disconnected|closed|deleted|removed|cancell?ed|deactivated|dead|gone)\b"
)


_LOGIN: Final = (
    r"(?:微信|qq|谷歌|google|苹果|apple(?: id)?|微博|line|脸书|facebook|wechat|weibo)(?:登录|账号)?"
)
_AND: Final = r" ?(?:[和跟与及、同,]|以及|还有|同埋|\band\b|&|\bn\b) ?(?:我的?|my |the |both )?"
# 微信和手机都给我解绑: beside another way to log in, and both meant, a phone is one, too.
_LISTED_PHONE: Final = lazily(
    rf"{_LOGIN}{_AND}(?:手机|电话)(?:号码?)?(?:登录)?(?:都|全|一起|一并|也要|同时|统统)"
    rf"|(?<!换)(?:手机|电话)(?:号码?)?(?:登录)?{_AND}{_LOGIN}(?:都|全|一起|一并|同时|统统)"
    rf"|(?:解绑|解除|解绑掉|取消绑定)(?:我的)?{_LOGIN}{_AND}(?:手机|电话)(?:号码?)?(?=$"
    r"|[,。.!?; 吧])"
    rf"|(?:解绑|解除|取消绑定)(?:我的)?(?:手机|电话)(?:号码?)?{_AND}{_LOGIN}(?=$|[,。.!?; 吧])"
    rf"|\b(?:unbind|unlink|disconnect|remove) (?:both )?(?:my )?{_LOGIN}{_AND}(?:phone"
    r"|mobile)(?: number)?"
    r"(?=$|[,.!?;]| (?:please|pls|from my account|too)\b)"
    r"|\b(?:unbind|unlink|disconnect|remove) (?:both )?(?:my )?(?:phone"
    rf"|mobile)(?: number)?{_AND}{_LOGIN}"
    r"(?=$|[,.!?;]| (?:please|pls|from my account|too)\b)"
)


def phone_listed(folded: str) -> bool:
    """Tell whether a folded text lists the phone among several ways to log in."""
    return _LISTED_PHONE.search(folded) is not None


def changes_phone(folded: str) -> tuple[str, ...]:
    """Tell whether a number is said to change, and not to go: 登录手机号怎么改."""
    if _CHANGES.search(folded) is None:
        return ()
    return () if _GOES.search(_ENDED.sub(" ", folded)) else ("yes",)


def phones(text: str) -> tuple[str, ...]:
    """Return the numbers in a text as E.164, in order, once each; without a prefix: China's.

    Numbers of the mainland count only when they are mobile ones, since a code has to arrive.
    """
    if not _LIKELY.search(text):
        return ()
    # Its tables take a while to import, and most sentences hold no number.
    import phonenumbers  # noqa: PLC0415

    reaches = {
        phonenumbers.PhoneNumberType.MOBILE,
        phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,
    }
    found = (
        match.number
        for match in phonenumbers.PhoneNumberMatcher(
            text, _HOME, leniency=phonenumbers.Leniency.VALID
        )
    )
    return tuple(
        dict.fromkeys(
            phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
            for number in found
            if number.country_code != _CHINA or phonenumbers.number_type(number) in reaches
        )
    )
