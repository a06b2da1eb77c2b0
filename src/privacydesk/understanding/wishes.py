"""Several wishes in one message: where one ends and the next begins.

A message is cut where a conjunction or a stop may part two wishes. Every part that makes a wish by
itself is one; what makes none belongs to the part before it, so that "posts and searches" stays
one wish for both. A recogniser is asked for the parts like for any message.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Protocol

from msgspec.structs import replace

from privacydesk.domain.intents import Intent
from privacydesk.domain.turn import Heard, Recognised
from privacydesk.understanding.ages import own_age
from privacydesk.understanding.keeping import keeps_account, says_it_stays
from privacydesk.understanding.letting_go import FIRST, let_go
from privacydesk.understanding.normalise import normalise, plain
from privacydesk.understanding.own_things import own_wish
from privacydesk.understanding.patterns import lazily
from privacydesk.understanding.wanted_back import meant_of_wanted_back

MOST_WISHES: Final = 4
"""Wishes that are taken from one message."""

_MOST_PARTS: Final = 8

# What is said to add something may add anything. A bare comma also parts the sentences of a story
# ("my son signed up, delete his data"), so only wishes of an everyday kind are told apart by it.
_ADDING = lazily(
    r"另外|此外|[还還]有|[还還]要|[顺順]便|[顺順][带帶]|同[时時]|然[后後]|接[着著]|再把"
    r"|再[帮幫]我|[并並]且|以及"
    r"|同埋|仲有|仲要|跟住|(?<![要想别別不])再(?=[注註解删刪撤改查导導])"
    r"|(?:\band|(?<=[a-z])\s(?:n|&|'n'?))\s(?=(?:please )?"
    r"(?:tell|show|send|give|e?mail|export|stop|turn|close|delete|remove|unlink|unbind|explain)\b)"
    # "Close my account but first delete everything"
    r"|\bbut (?=(?:please |can you |could you )?(?:first|before|delete|erase|wipe|unlink|send"
    r"|give)\b)"
    r"|\b(?:and also|and then|as well as|in addition|on top of that|additionally|also|plus|then)\b",
    re.IGNORECASE,
)
_PARTING = lazily(
    r"[,，。.;；、!！\n]|[和跟及与與并並]|(?<=[\u4e00-\u9fff]) (?=[\u4e00-\u9fff])|\band\b"
    r"|\b(?=but i (?:don't|do not)\b)",
    re.IGNORECASE,
)
# What such a word ends is a thing among things, unless something is asked for in it.
_LISTING = lazily(r"(?:[和跟及与與、]|\band\b)\s*$", re.IGNORECASE)
_WISH_WORDS: Final = ("wish_words",)
_WISHED: Final = (*_WISH_WORDS, "category", "provider", "purpose", "profile_field")
"""What a part has to name one of to be a wish that may be let go of."""

_THING: Final = 32
_THING_WORDS: Final = 5
"""Characters and words of a thing that is listed; what is longer may well say something of it."""
_SAYS_SOMETHING = lazily(
    r"[不别別唔要想把给給请請让讓帮幫关關停退看睇查能解删刪撤销銷]"
    r"|\b(?:should|must|can|could|will|want|need|go|gone|is|are|be|no|not|don't|stop|please|i"
    r"|you|send|e?mail|show|give|export|delete|remove|unlink|unbind)\b",
    re.IGNORECASE,
)
_EVERYDAY: Final = frozenset(
    {
        Intent.ACCESS,
        Intent.RECTIFICATION,
        Intent.DELETION,
        Intent.CONSENT_WITHDRAWAL,
        Intent.UNBINDING,
        Intent.DEREGISTRATION,
    }
)

# A word that links says nothing of the wish behind it, but makes a recogniser less sure of it.
_LINKING = lazily(r"^\s*(?:and|also|then|plus)\b[\s,]*", re.IGNORECASE)
_ADDED = lazily(
    r"^[\s,，]*(?:and|also|plus|还有|還有|以及|和|跟|同埋|及)\s*(?:my|the|我的?|我嘅)?\b",
    re.IGNORECASE,
)
_OF_THINGS: Final = frozenset(
    {Intent.ACCESS, Intent.RECTIFICATION, Intent.DELETION, Intent.UNBINDING}
)
"""Wishes that a thing which is named beside them may be added to."""
_AROUND_THING = lazily(
    r"^\W*(?:and|n|also|plus|then|还有|還有|以及|另外|[和跟及并並且]|同埋|仲有)?\b[\s,，]*"
    r"|[\s,，.。!！]*(?:\b(?:too|as well|also|please|pls|thanks)\b|都要?|也要?|一[起并並])?"
    r"[\s,，.。!！]*$",
    re.IGNORECASE,
)
_LINKS_ONLY = lazily(
    r"(?:and|also|then|plus|另外|此外|[还還]有|然[后後]|同[时時])?[\s,，]*$", re.IGNORECASE
)
# "My dad wants it closed, but I don't": what was said just before is not wished.
_DENIED = lazily(
    r"^\s*(?:但|可|不[过過])[是系係]?我?(?:自己)?(?:并|並|真)?(?:不|唔)(?:想|要|愿意|願意|同意"
    r"|肯)了?\W*$"
    r"|^\s*but i (?:don't|do not)(?: want (?:to|that|it))?\W*$"
    # "Close it. On second thought don't."
    r"|^\s*(?:(?:oh|no|wait|sorry|actually|hmm+|on second thoughts?|hold on|hang on)[\s,.!]+)*"
    r"(?:don['’]?t|do not)(?: do (?:it|that))?\W*$",
    re.IGNORECASE,
)
_MAY_LET_GO = lazily(r"最|[前后後]面|第一|末尾|[开開][头頭]|last|first", re.IGNORECASE)
_MAY_DENY = lazily(r"[但可]|不[过過]|but|don['’]?t|do not", re.IGNORECASE)
"""Without any of these nothing is denied."""

_ONLY_WHEN = lazily(
    r"\s*(?:but |and |so )?(?:wait,? )?before\b|[^,，。]{1,16}(?:之前|以前|前)[\s,，]*$",
    re.IGNORECASE,
)
# "Close my account and delete everything" closes it, unless the one comes before the other.
_DELETES_FIRST = lazily(
    r"先[^,，。]{0,12}?[删刪清]|(?:之前|以前|前)[^,，。]{0,10}?[删刪清]"
    r"|[删刪清][^,，。]{0,12}?先(?=$|[,，。!！ ])"
    r"|(?:再|然[后後]|跟住|跟着|跟著|接着|接著|之[后後]|才)(?:帮我|幫我|去|把)?(?:[注註][销銷]"
    r"|[销銷][号號]|[删刪][号號])"
    r"|\bfirst\b|\bbefore (?:that|you|this|closing|doing|i)\b"
    r"|\b(?:then|after(?:wards| that)?)\b[^.!?]{0,16}?\b(?:close|deactivate)\b",
    re.IGNORECASE,
)
_UNBINDS = lazily(
    r"[解绑綁取去移剷铲]|[換换](?![了咗过過])|unbind|unlink|remove|disconnect|change", re.IGNORECASE
)
_WITHDRAWS = lazily(
    r"同意|授权|授權|权限|權限|推[荐薦送广廣播销銷]|广告|廣告|营销|營銷|行销|行銷|定位|位置"
    r"|通[讯訊][录錄]|联系人|聯絡人|共享|分享|合作|"
    r"关联|關聯|相机|相機|镜头|鏡頭|麦克风|麥克風|相册|相簿|画像|畫像|个性化|個人化|"
    r"consent|permission|recommend|personali|market|promot|\bads?\b|advert|locat|contact|shar"
    r"|partner"
    r"|camera|micro|\bmic\b|profil|newsletter|spam|track",
    re.IGNORECASE,
)
_LOOKS = lazily(
    r"[看查睇攞存份]|导出|導出|匯出|汇出|下载|下載|副本|拷贝|拷貝|资料|資料|数据|數據|信息|资讯"
    r"|資訊|记录|紀錄|記錄|清单|清單"
    r"|给我|給我|俾我|畀我|发我|發我|寄|知道|有[我哪什咩]"
    r"|\b(?:see|show|send|give|get|copy|copies|data|info|information|export|download|access|know"
    r"|have|hold"
    r"|list|view|look|record|records|history)\b",
    re.IGNORECASE,
)
_TAKES_BACK = lazily(
    r"[关撤停退]|取消|收回|熄|\b(?:withdraw|revoke|stop|turn|switch|off|opt|disable|no more)\b"
)
_OWN = lazily(r"我自己|我本人|我的[账帐賬帳号號]|\bmy own\b|\bmy account\b", re.IGNORECASE)

_SIGNS: Final[Mapping[Intent, re.Pattern[str]]] = {
    Intent.UNBINDING: _UNBINDS,
    Intent.CONSENT_WITHDRAWAL: _WITHDRAWS,
    Intent.ACCESS: _LOOKS,
}
"""What a wish beside others has to name, or it is told as the reason for them."""


_Part = tuple[int, int, Recognised]
"""Where a wish begins and ends in the message, and what it is."""


class Recogniser(Protocol):
    """What is asked about each part; ``ports.Recogniser`` is one."""

    def recognise(self, text: str) -> Recognised:
        """Return the intent of a sentence."""

    def entities(self, text: str, kinds: Sequence[str]) -> Mapping[str, tuple[Any, ...]]:
        """Return the values found in a text."""


def may_part(text: str) -> bool:
    """Tell whether a message has a place where one wish may end and another begin."""
    said = plain(text)
    return _ADDING.search(said) is not None or _PARTING.search(said) is not None


def without_let_go(text: str, recogniser: Recogniser) -> str:
    """Return a message without the wish that it lets go of again, and without saying so.

    "Delete the photos, show me my chats, never mind the last one" wishes one thing. Where a single
    wish is told apart, it stays: which part of it is meant shows in no word.
    """
    said = plain(text)
    if may_part(text) and _MAY_LET_GO.search(said):
        parts = [said[start:end] for start, end, _ in _whole_parts(said, recogniser)]
        which = [let_go(normalise(part)) for part in parts]
        place = next((place for place, one in enumerate(which) if one), 0)
        wished = [at for at in range(place) if recogniser.entities(parts[at], _WISHED)]
        if wished:
            gone = {place}
            if len(wished) > 1:
                gone.add(wished[0] if which[place] == FIRST else wished[-1])
            return "".join(part for at, part in enumerate(parts) if at not in gone)
    return text


def several_wishes(
    text: str, whole: Recognised, recogniser: Recogniser, kinds: Sequence[str]
) -> tuple[Heard, ...]:
    """Return the wishes of a message in their order; empty where the whole says as much.

    So it is where a message holds one wish at most, unless what is said around it makes the whole
    unsure or takes another wish back: that one is told then.

    Args:
        text: the message.
        whole: what the recogniser made of it as a whole. Where none of the parts says the same,
            the parts are read out of their context and nothing is made of them.
        recogniser: asked about the parts.
        kinds: the entities to look for.
    """
    said = plain(text)
    gives_up = whole.intent is Intent.CANCEL_REQUEST
    if gives_up and meant_of_wanted_back(Intent.CONSENT_WITHDRAWAL, normalise(said)):
        # 推荐我还要: what is wanted back is named, and not wished away.
        return ()
    asks = gives_up or whole.intent.kind is not None
    if not asks and _MAY_DENY.search(said) is None:
        return ()
    parts = tuple(_whole_parts(said, recogniser))
    gives_up = gives_up or any(_DENIED.match(said[start:end]) for start, end, _ in parts)
    if not asks and not gives_up:
        return ()
    if len(parts) < 2:  # noqa: PLR2004 - what can't be parted is one wish
        return ()
    told = _told(_wishes(said, parts, whole, recogniser), said)
    if whole.intent is Intent.ACCESS:
        told = [part for part in told if not _says_when(part, said)]
    found = [Heard(made, recogniser.entities(said[start:end], kinds)) for start, end, made in told]
    intents = {heard.recognised.intent for heard in found}
    if Intent.DEREGISTRATION in intents:
        # "Close my account and delete everything": the closing is all of it.
        if _DELETES_FIRST.search(said) is None:
            found = [heard for heard in found if not _deletes_everything(heard)]
        found = _without_deleting(found, said, recogniser, kinds)
    # One wish is no several; but where the words around it make the whole unsure, take another one
    # back or tell an age, it is the wish.
    beside = gives_up or _tells_own_age(whole, said)
    fewest = 1 if beside or not whole.sure else 2
    if len(found) < fewest or not (beside or whole.intent in intents):
        return ()
    return tuple(found[:MOST_WISHES])


def _told(found: Sequence[_Part], said: str) -> list[_Part]:
    """Leave out what is told beside a wish, and what a parent wishes for the child's account."""
    if any(made.intent is Intent.GUARDIAN for _, _, made in found):
        return [
            part
            for part in found
            if part[2].intent not in _EVERYDAY or _OWN.search(said[part[0] : part[1]])
        ]
    if len(found) > 1:
        # "I've lost my phone number, close my account", "close it, I'm through with you": one half
        # is why, and names nothing that could be unbound or withdrawn.
        return _with_what_is_added(found, said)
    return list(found)


def _with_what_is_added(found: Sequence[_Part], said: str) -> list[_Part]:
    """Leave out what is no wish by itself; "and my location" belongs to the wish before it."""
    kept: list[_Part] = []
    for start, end, made in found:
        words = said[start:end]
        if made.intent not in _SIGNS or _SIGNS[made.intent].search(words):
            kept.append((start, end, made))
        elif kept and kept[-1][1] == start and _ADDED.match(words):
            kept[-1] = (kept[-1][0], end, kept[-1][2])
    return kept


def _says_when(part: _Part, said: str) -> bool:
    """Tell whether a part only says when a copy is wanted: "before you delete everything, …"."""
    start, end, made = part
    lost = made.intent in {Intent.DELETION, Intent.DEREGISTRATION}
    return lost and _ONLY_WHEN.match(said[start:end]) is not None


def _deletes_everything(heard: Heard) -> bool:
    return heard.recognised.intent is Intent.DELETION and not heard.entities.get("category")


def _without_deleting(
    found: list[Heard], said: str, recogniser: Recogniser, kinds: Sequence[str]
) -> list[Heard]:
    """Leave out the half that deletes nothing: "close my account, no need to delete the posts".

    What it says is said of the closing, where that is the only wish then.
    """
    kept = [heard for heard in found if not heard.deletes_nothing]
    if len(kept) == 1 and len(found) > 1:
        return [replace(kept[0], entities=recogniser.entities(said, kinds))]
    return kept


def _wishes(
    said: str, parts: Iterable[tuple[int, int, bool]], whole: Recognised, recogniser: Recogniser
) -> list[_Part]:
    """Return each wish with the part of the text that is about it."""
    found: list[_Part] = []
    folded = normalise(said)
    stays, for_oneself = keeps_account(folded), own_wish(folded) is not None
    for start, end, adds in parts:
        if found and _DENIED.match(said[start:end]):
            found.pop()
            continue
        made = recogniser.recognise(_LINKING.sub("", said[start:end]))
        # 帐号我还要 may be cut in its middle, and half of it is no wish to lose the account.
        lost = stays and made.intent is Intent.DEREGISTRATION
        # A child that is told of beside one's own wish is wished nothing for.
        lost = lost or (for_oneself and made.intent is Intent.GUARDIAN)
        # Nor is a consent that is only named beside what is deleted, to say that it stays.
        lost = lost or (made.intent is Intent.CONSENT_WITHDRAWAL and _let_be(said[start:end]))
        # 生日不用改 changes nothing.
        lost = lost or (made.intent is Intent.RECTIFICATION and _left_as_is(said[start:end]))
        lost = lost or (bool(found) and _is_more(found[-1][2], said[start:end], recogniser))
        if lost or _tells_own_age(made, said[start:end]):
            made = replace(made, sure=False)
        if found and not _is_another(found[-1][2], made, adds=adds):
            before, _, wish = found[-1]
            # Of a story and the wish it ends in, the whole message tells which is which.
            ends_in = _is_wish(made) and (made.intent is whole.intent or _is_why(wish, made, whole))
            found[-1] = (before, end, made if ends_in or not _is_wish(wish) else wish)
        else:
            found.append((start, end, made))
    return [part for part in found if _is_wish(part[2])]


def _is_another(before: Recognised, made: Recognised, *, adds: bool) -> bool:
    if not _is_wish(made) or not _is_wish(before) or made.intent is before.intent:
        return False
    return adds or {before.intent, made.intent} <= _EVERYDAY


def _let_be(part: str) -> bool:
    """Tell whether a part says that what it names is not deleted, and takes no consent back."""
    words = normalise(part)
    return says_it_stays(words) and _TAKES_BACK.search(words) is None


_UNCHANGED = lazily(
    r"(?:不用|不要|不需要|不必|先?别|先?不|无需|唔使|唔好|唔)(?:再|去|帮我)?(?:改|换|动|郁)"
    r"(?:了|喇|啦|佢|它)?(?:吧|啊|哦|先|就行|就好)*[\s,。.!;]*$"
    r"|^\W*(?:and |but )?(?:please )?(?:don't|do not|no need to) (?:change|touch|update) "
    r"[a-z ]{2,30}\W*$"
)


def _left_as_is(part: str) -> bool:
    """Tell whether a part says that what it names stays as it is."""
    return _UNCHANGED.search(normalise(part)) is not None


def _is_more(before: Recognised, part: str, recogniser: Recogniser) -> bool:
    """Tell whether a part only names one thing more for the wish before: ", and the voice too".

    A recogniser that is shown such a thing alone has to guess, and may well guess that it shall go.
    """
    if before.intent not in _OF_THINGS:
        return False
    return _is_thing(_AROUND_THING.sub("", part), recogniser)


def _tells_own_age(made: Recognised, said: str) -> bool:
    """Tell whether a report of a minor is of the speaker, who may well wish something: "I'm 15"."""
    return made.intent is Intent.UNDERAGE_REPORT and own_age(normalise(said)) is not None


def _is_why(before: Recognised, made: Recognised, whole: Recognised) -> bool:
    """Tell whether a grievance is only why something is wished: "they harass me, close it"."""
    return (
        before.intent is Intent.COMPLAINT
        and whole.intent is not Intent.COMPLAINT
        and made.intent in _EVERYDAY
    )


def _is_wish(made: Recognised) -> bool:
    return made.sure and made.intent.kind is not None


def _whole_parts(said: str, recogniser: Recogniser) -> list[tuple[int, int, bool]]:
    """Return the parts, those joined again that only list things of one wish.

    In "把动态和语音都删了" the verb comes last, in "delete my posts and my payment records" first;
    a recogniser that is shown one of the things alone has to guess what is wished of it.
    """
    whole: list[tuple[int, int, bool]] = []
    for start, end, adds in _parts(said):
        if whole and _LISTING.search(said[whole[-1][0] : start]):
            at, _, added = whole[-1]
            lists = not recogniser.entities(said[at:start], _WISH_WORDS)
            if lists or _is_thing(said[start:end], recogniser):
                whole[-1] = (at, end, added)
                continue
        whole.append((start, end, adds))
    return whole


def _is_thing(part: str, recogniser: Recogniser) -> bool:
    """Tell whether a part names a thing and says nothing about it."""
    short = len(part.split()) <= _THING_WORDS and len(part.strip()) <= _THING
    if not short or _SAYS_SOMETHING.search(part):
        return False
    return not recogniser.entities(part, _WISH_WORDS)


def _parts(said: str) -> Iterator[tuple[int, int, bool]]:
    """Yield start and end of each part, and whether a word before it says that it adds."""
    cuts = [(0, False)]
    cuts += [(hit.start(), True) for hit in _ADDING.finditer(said)]
    cuts += [(hit.end(), False) for hit in _PARTING.finditer(said)]
    cuts.sort()
    starts: list[tuple[int, bool]] = []
    for at, adds in cuts:
        if starts and _LINKS_ONLY.match(said[starts[-1][0] : at]):
            # "…, and also": stop and conjunction stand side by side.
            starts[-1] = (at, adds or starts[-1][1])
        else:
            starts.append((at, adds))
    starts = starts[:_MOST_PARTS]
    for place, (start, adds) in enumerate(starts):
        end = starts[place + 1][0] if place + 1 < len(starts) else len(said)
        yield start, end, adds
