"""Words that keep something: "delete my photos, but the account stays".

They never close the account, and what they name beside what shall go is not deleted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from privacydesk.understanding.normalise import AT_HAND
from privacydesk.understanding.patterns import lazily

_ACCOUNT: Final = r"(?:账号|账户|户口|(?<![大小])号|account)"
_MINE: Final = r"(?:我的|我嘅|我|个|my|the|this|whole|entire| )*"
_NO: Final = (
    r"(?:(?:不是|唔系|并非)(?:要|想|话要)?|没有?(?:要|想)(?:过)?|冇(?:话)?要|先不|先别"
    r"|不想|不要|不用|不|别|唔好|唔使|唔想|唔)"
)
_KEPT: Final = lazily(
    # The account first: "my account stays", 账号我还要用, 号不注销.
    rf"(?:{_MINE}{_ACCOUNT} ?(?:我|本身|本人|先|都|也| )*"
    r"(?:(?:还|还是|仲|要|想|得|会|继续|照|照样|一直|需要|打算| )+"
    r"(?:留|用|玩|keep)(?:着|住|返|下去|的|嘅)?"
    r"|(?:还是?|仲)要(?=$|[,。.!?; ~])"
    rf"|{_NO}(?:注销|销|关闭|关|动|郁|删|close|delete)(?:了|掉|咗)?"
    r"|保留|留着|留返|留住|(?:must |should )?(?:stays?|keep)(?:着)?"
    # Keeping that is a complaint: 账号留着不合适, 留喺度做乜.
    r")(?!不|没|也没|干|做乜|有什么|有啥|喺度)"
    # Everything but the account.
    rf"|(?:(?<![删清移解消免])除[了咗]|\bexcept(?: for)?|\bapart from|\bother than) ?"
    rf"{_MINE}{_ACCOUNT}(?! ?(?:注销|销|被|登))"
    # The account last: keep my account, 保留账号, 不注销账号, without closing it.
    rf"|(?:保留|留着|留返|留住|keep着?){_MINE}{_ACCOUNT}|{_NO}(?:注销|取消|销|关闭|关|闩"
    rf"|闂){_MINE}{_ACCOUNT}?(?!了|喇|就)"
    rf"|{_NO}删(?:除|掉)?{_MINE}{_ACCOUNT}(?!了|喇|就|[的嘅]|里|内)"
    r"|\b(?:don'?t|do not|not|without|rather than|instead of) (?:want(?:ing)? to )?"
    rf"(?:close|closing|delete|deleting){_MINE}account\b"
    r"|\bnot (?:the|my) account\b"
    rf"|\b(?:don'?t|do not|never) want(?:ed)?{_MINE}account (?:to be )?"
    r"(?:closed|deleted|removed|gone|cancell?ed|deactivated)\b"
    r")"
)
_ASKED: Final = lazily(r"不能不|不得不|能不能|可不可以|要不要")


# The word lists, the recogniser and the entities ask about the same message.
@lru_cache(AT_HAND)
def keeps_account(folded: str) -> bool:
    """Tell whether a folded message says that the account stays."""
    return _KEPT.search(folded) is not None and _ASKED.search(folded) is None


def besides_keeping(folded: str) -> str:
    """Return what else a folded message says that keeps the account; empty where it does not."""
    return _KEPT.sub(" ", folded) if keeps_account(folded) else ""


_APART: Final = r"(?<![删清移解消免])除[了咗]"
_EXCEPT: Final = r"\b(?:except|(?:apart|aside) from|other than|excluding)\b"
_BETWEEN: Final = lazily(
    r"[,。.!?;:~…、\n]+|(?<=[\u4e00-\u9fff]) +(?=[\u4e00-\u9fff])|\bbut\b|但是?|不过|可是"
    rf"|\bso\b|(?={_APART})|(?={_EXCEPT})|(?=改用)|(?=\bnever mind\b)"
    r"|\b(?:and|then)\b(?= (?:please |just )?(?:keep|leave)\b)"
    r"|(?:和|并且?|同埋?)(?=保留|留[着住返低])"
    # 动态全部给删掉然后评论就不用删了
    r"|(?:然后|跟住)(?!再?想)"
    # 解除苹果的绑定 line别动, 微信去掉手机号留着: behind what goes begins what stays.
    r"|(?<=[\u4e00-\u9fff]) +(?=[a-z]{2,10} ?(?:的|那个|就|我|还|先|都|也|嗰个| ){0,3}"
    r"(?:别|不要|不用|不动|唔好|唔使|留[着住返低]|保留|继续|还要))"
    r"|(?<=[掉绑了定走删关吧除])(?<![除别不]了)(?<![别不没唔好要]解绑)"
    r"(?=(?:微信|qq|谷歌|google|苹果|apple|脸书|facebook|fb|line|微博|手机号?|电话|邮箱|照片|动态|评论"
    r"|聊天记录|语音|录音)(?:的|那个|那些|就|我|还|先|都|也){0,3}"
    r"(?:留[着住返低](?![的嘅])|保留(?![的嘅])|(?:别|不要?|不用|唔好|唔使)(?:动|郁|删|解)"
    r"|继续用|还要用))"
    # 2024年的照片删了 2025的不删
    r"|(?<=[了掉]) +(?=\d{2,4}年?的? ?(?:不|别|唔|留|保))"
    # 删照片不是删动态, 删掉所有照片不包括头像
    r"|(?<=[\u4e00-\u9fff])(?<!是)(?=(?:而)?(?:不是|唔系)(?:要|想)?(?:删|清|解|关|撤)|不(?:包括|包含|含)(?!在内))"
    # 动态全部删掉不要删评论
    r"|(?<=[掉了除])(?<![除为]了)(?=(?:别|不要|不用|唔好|唔使)(?:删|动|郁|解))"
)
_KEEPS: Final = (
    # 留下的评论 tells which ones, and not that they stay.
    r"(?<![别不没唔])(?:留[着著住返](?![的嘅])|留低(?![的嘅咗过了])|只留)"
    # 留微信就行
    r"|(?<![别不没唔])留(?!言)(?=[^,。.!?;的嘅 ]{1,10}?(?:就行|就好|就够|就可以|即可|就得|得啦"
    r"|得喇|就ok))|留下(?![的嘅来])"
    r"|(?<!不要)(?<!不用)(?<!不想)(?<!唔想)(?<!不需要)(?<![别不没唔再])保留"
    # 跟小美的要留
    r"|(?<![不别唔])(?:要|得|必须)留(?=$|[,。.!?; ])"
    # 不包括头像 is an exception like any.
    r"|不(?:包括|包含|含)(?!在内)"
    rf"|{_APART}|{_EXCEPT}|(?<!n't )(?<!dont )(?<!not )\bkeep\b(?! (?:on )?\w+ing\b)"
    r"|(?<!i )\bleave\b(?! me\b)|^(?: |no,? )*not\b(?! (?:only|just|sure|all|yet|so)\b)"
    r"|\bnot (?:the|my)\b|\bstays?\b"
    # Of what is put off nothing is to happen now.
    r"|再(?:想想|想一下|考虑|说)|考虑一下|\bnever mind\b"
)
# 照片算了 and 照片随便 let it be; 把照片删了算了 does not.
_LET_BE: Final = (
    r"^(?:(?!删|清|抹|去掉|移除|注销|解|关|撤|停)[^ ]){2,10}?(?:就|都)?"
    r"(?:(?<![不唔])算[了啦喇数]|随便|随它去?|随佢|无所谓)(?:吧|啦|了)?$"
)
# 删照片不是删动态: what is denied behind what goes. 照片不是删了吗 asks.
_NOT_THAT: Final = r"(?<!是)(?:不是|唔系|并非)(?:要|想|叫|让|话)?(?:你们?|你哋)?"
_DONT: Final = (
    r"\b(?:(?:don't|dont|do not) (?:(?:want|need) (?:you )?(?:to )?)?|no need (?:for you )?to )"
)
_UNWANTED_LOSS: Final = (
    r"\b(?:don't|dont|do not|didn't|never) (?:want|need|wanted|ask(?:ed)? for|mean[t]?) "
    r"(?!to\b)[^,.!?;]{1,30}?(?: to be| being)? "
)
_STAYS: Final = {
    "category": lazily(
        rf"{_KEEPS}|{_LET_BE}|[别不][想要用许准]?先?(?:删|动(?!态)|碰)|唔(?:好|使|想)?先?(?:删|郁|掂)"
        # 说不清 and 看不清楚 keep nothing.
        r"|(?:别|不要|不用|先不|唔好|唔使)(?:再|给我|帮我)?(?:清(?!楚|晰|白|醒)|抹)"
        # 位置的先不要, 评论先等等: put off, it is not to happen now.
        r"|先(?:不要|不用|别|等等|等一?下|放[着一]|唔好|唔使)(?=了|吧|啊|喇|啦|[,。.!?; ]|$)"
        r"|[没冇]有?(?:说|话|讲|让|叫)过?(?:你们?|你哋)?(?:要|想)?删"
        rf"|{_NOT_THAT}(?:删|清)(?!.{{0,3}}(?:吗|么|嘛|\?))"
        rf"|{_DONT}(?:delete|remove|touch|erase|wipe)\b"
        rf"|{_UNWANTED_LOSS}(?:deleted|removed|erased|wiped|touched|gone)\b"
    ),
    "provider": lazily(
        rf"{_KEEPS}|{_LET_BE}|(?<!解)[别不](?:要|用|想|许|准)?(?:解(?![释决])|动|碰)|唔(?:好|使|想)?(?:解|郁|掂)"
        rf"|{_NOT_THAT}(?:解|移除)"
        r"|(?:改|以后|之后|继续)用|(?:还|仲)(?:要|想)用"
        # 微信我还在用; who else uses it is a reason to unbind it.
        r"|(?<=[我信q歌e果号机博个])(?:自己|平时|现在|每天|都)*(?:还在|仲喺度|还|仲)用(?:着|紧)?(?![不唔])"
        rf"|{_DONT}(?:unbind|unlink|disconnect|remove|touch)\b"
        rf"|{_UNWANTED_LOSS}(?:unlinked|unbound|disconnected|removed|touched|gone)\b"
        r"|\b(?:will|i'll|gonna|going to) (?:just |only |still )?use\b"
    ),
    "purpose": lazily(
        rf"{_KEEPS}|{_LET_BE}|(?:还是|就|继续|仍旧?)(?:让(?:它|佢))?开[着住]"
        r"(?:吧|就[好行]|好了|啦)?(?=$|[,。.!?; ])"
        r"|^(?:(?!关|停|撤|取消|收回|删|能|不|唔)[^ ]){2,8}?(?:就|还|倒)?"
        r"(?:可以|没问题|没关系)(?:的|啦)?$"
        rf"|{_NOT_THAT}(?:关|撤|停|取消)"
        rf"|(?<![关撤])[别不](?:要|用|想|许|准)?(?:关(?!我)|撤|取消|动)|(?:别|不要|不用)停"
        rf"|唔(?:好|使|想)?(?:关|熄|撤)|{_DONT}(?:turn off|switch off|disable|withdraw|revoke)\b"
    ),
}
"""What shall stay, by what is spoken of: data, ways to log in, or what was consented to."""
# That somebody else keeps it is why it shall go: 你们还留着我的聊天记录, "you still keep".
_COMPLAINED_OF: Final = lazily(
    r"你们|你哋|平台|系统|公司|还(?:留|保留|在(?!用))|一直|仍|为什么|为啥|凭什么|点解|不是说|\b(?:you"
    r"|they|still|why)\b"
)
_REST: Final = r"都|全|别的|其[他它余]|剩下|所有|一切|统统|通通"
# 除了照片还要删语音 is for both of them; 除了照片都删 is for all others.
_BESIDES: Final = lazily(
    rf"{_APART}(?=(?:(?!{_REST})[^。!?\n]){{1,20}}?(?:还|也(?!都)|另外|同时|仲))"
)
_ALL_BUT: Final = lazily(
    rf"{_APART}[^。!?\n]{{1,20}}?(?:{_REST}|(?:以外|之外)的)"
    rf"|(?:都|全|所有|一切)[^。!?\n]{{0,12}}{_APART}"
    rf"|\b(?:all|every\w*|any\w*)\b[^.!?\n]{{0,30}}{_EXCEPT}"
)
# 除照片外, 照片除外 and 照片以外的 all say 除了照片.
_OUTSIDE: Final = (
    lazily(r"(?<![删清移解消免拆去])除(?![了咗去掉非外])([^,。!?\n]{1,12}?)(?:以外|之外|外)"),
    lazily(r"(?:(?<=[把将删掉])|(?<=[,。!? \n])|^)([^,。!?\n除把将删掉 ]{1,12})(?:除外|以外)"),
)
# "Don't delete the posts just my photos" has no stop between what stays and what goes.
_JUST_OTHERS: Final = lazily(
    r"(\b(?:don't|dont|do not) (?:want (?:you )?to )?(?:delete|remove|touch|erase|wipe|unlink"
    r"|unbind|disconnect) (?!just\b|only\b)[^,.!?;\n]{1,32}?)"
    r" (?=(?:just|only) (?:the|my|those|these)\b)"
)
# 除了广告别的都别关 is for the ads alone: all others stay.
_ALL_STAY_BUT: Final = lazily(
    rf"{_APART}([^,。!?;\n]{{1,12}}?)(?:以外|之外|外)?[, ]?的?(?=(?:{_REST}){{1,3}}"
    r"(?:的|嘅|我|就|也|先|给我|请| ){0,3}"
    r"(?:(?:别|不要|不用|不|唔好|唔使)(?:再|给我)?(?:删|清|关|撤|停|解|动|郁|碰)|留|保留))"
)
_ENGLISH_BUT: Final = lazily(r"\b(all|all of (?:it|them)|everything|anything) but\b")
_ENGLISH_EXCEPT: Final = lazily(_EXCEPT)
_WRITTEN: Final = lazily(
    r"(?<![删刪清移解消免])除[了咗](?:(?!以外|之外|都|全|其他|其它|别的|別的"
    r"|剩下)[^,，。.!！?？;；\n]){1,24}"
    rf"|{_EXCEPT}[^,，。.!！?？;；\n]{{1,40}}",
    re.IGNORECASE,
)
_EXCEPTED: Final = lazily(rf"({_APART}.+?)(?:以外|之外|把|{_REST}|$)")
# 动态不要，其他的都要 asks for all others; by itself 不要 may well be of what shall go.
_OTHERS_WANTED: Final = lazily(
    r"(?:其[他它余]|别的|剩下)(?:的|嘅)?(?:我|就|也)*(?:都|全)部?(?:要|给|看|发|导)"
)
_UNWANTED: Final = lazily(r"不(?:要|用|需要|看)|唔(?:要|使)")

# 照片删掉，评论就不用了: what is named behind what goes may be let be; 评论也不用了 shall go, too.
_SPARED: Final = lazily(
    r"(?:[ 系]|而|可|就|啊|呀)*(?:[^ 不别唔无没冇删清也都连要]|没带|不带){1,12}?(?:先|就|呢|嘛| )*"
    r"(?:不(?:用|必|需要|管|理)|无需|别[管理]|唔(?:使|洗|需要|好|驶|理|用)|免|算)"
    r"(?:了|喇|啦|罢|数|管|理|动|删|郁|处理|吧|啊|佢|它)*[ ~]*$"
    r"| *(?:and |the |my |those )*[a-z][a-z ]{2,23}? (?:not needed|no need|needn't(?: be)?"
    r"|(?:is|are) (?:fine|ok|okay|good|all right|alright)(?: as (?:they are|it is))?"
    r"|(?:can|may|should|must) remain)[ ~]*$"
    r"| *(?:please )?(?:skip|spare|leave out|don't bother (?:with|about)|forget about) (?:the|my) "
    r"[a-z ]{3,24}$"
)
# 不是评论，是照片: what is denied just before what is meant does not go.
_DENIED: Final = lazily(
    r"(?:[ 啊不对]|no)*(?:(?<!是)不是|唔系|唔是|并非)(?:说|讲|要|想|叫|让|你们|你哋|删除?|清空?"
    r"|我的?|啲|那些| ){0,4}?"
    r"[^ ,是系]{1,10}$"
)
_MEANT: Final = lazily(r" *(?:而|我|我说的?|应该)?(?:就?是|系)(?!不是|否|的$|吗)")
_GOES: Final = lazily(r"删|清|抹|去掉|移除|剷|\b(?:delet|eras|remov|wip|clear)\w*")


def _told_apart(folded: str) -> str:
    """Return a folded message in which nothing but what is left out reads like an exception."""
    told = folded
    for outside in _OUTSIDE:
        told = outside.sub(r"除了\1以外", told)
    told = _JUST_OTHERS.sub(r"\1, ", told)
    told = _ALL_STAY_BUT.sub(r"\1,", told)
    return _ENGLISH_BUT.sub(r"\1 except", _BESIDES.sub("", told))


@lru_cache(AT_HAND)
def says_all_but(folded: str) -> bool:
    """Tell whether a folded message means all there is but for what it names."""
    return _ALL_BUT.search(_told_apart(folded)) is not None


_MAY_STAY: Final = lazily(
    r"[留除保再考别不唔先没冇改以之还仲继开算随无可没]|keep|leave|not|stay|never|except|apart|aside|other|exclud"
    r"|don'?t|no need|will|'ll|going|gonna"
)
"""Without any of these nothing is said to stay."""


def says_it_stays(folded: str, family: str = "category") -> bool:
    """Tell of a folded clause whether what it names of a family shall stay."""
    if _MAY_STAY.search(folded) is None:
        return False
    return _STAYS[family].search(folded) is not None and _COMPLAINED_OF.search(folded) is None


class Part(NamedTuple):
    """A clause of a message.

    Attributes:
        said: its words.
        stays: whether what it names shall stay.
        excepted: whether it says so as an exception: "all but the photos".
    """

    said: str
    stays: bool
    excepted: bool = False


def parts(folded: str, family: str = "category") -> Iterator[Part]:
    """Yield the clauses of a folded message: what they name of a family shall stay or go."""
    others_wanted = _OTHERS_WANTED.search(folded) is not None
    clauses = _BETWEEN.split(_told_apart(folded))
    for place, said in enumerate(clauses):
        excepted = _EXCEPTED.match(said)
        if excepted is not None:
            yield Part(excepted[1], stays=True, excepted=True)
            # 除了去年的照片其他照片都删 has no stop between the two.
            if said[excepted.end(1) :]:
                yield Part(said[excepted.end(1) :], stays=False)
            continue
        unwanted = others_wanted and _UNWANTED.search(said) and not _OTHERS_WANTED.search(said)
        spared = family == "category" and _is_spared(clauses, place)
        stays = says_it_stays(said, family) or bool(unwanted) or spared
        yield Part(said, stays=stays, excepted=stays and _ENGLISH_EXCEPT.search(said) is not None)


def is_denied(clauses: Sequence[str], place: int) -> bool:
    """Tell whether a folded clause denies what the next one puts right: 不是去年的，是前年的."""
    after = clauses[place + 1 : place + 2]
    denied = after and _DENIED.match(clauses[place]) is not None
    return bool(denied) and _MEANT.match(after[0]) is not None


def _is_spared(clauses: Sequence[str], place: int) -> bool:
    """Tell whether a clause lets be what it names, behind one that names what goes."""
    if is_denied(clauses, place):
        return True
    if not any(clauses[:place]) or _SPARED.match(clauses[place]) is None:
        return False
    # 照片不用了，动态不用了，都删了吧: in the end all of it goes.
    return not any(_GOES.search(one) for one in clauses[place + 1 :])


def exception_in(text: str) -> str:
    """Return an exception as it was written: 除了头像和自拍, "except the ones from 2020"."""
    hit = _WRITTEN.search(text)
    return "" if hit is None else hit[0].strip()
