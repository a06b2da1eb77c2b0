"""Discourse features: whether a message asks, withdraws, reports danger or is about others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from privacydesk.dialog.reading import width
from privacydesk.dialog.slots import ANY_REQUEST
from privacydesk.domain.account_terms import DataCategory
from privacydesk.domain.intents import ONES_OWN, Intent
from privacydesk.domain.reading import (
    ALL,
    Holder,
    MentionKind,
    Modality,
    ReadingResult,
    ReplyAct,
    Request,
    Safety,
)
from privacydesk.services.findings.requests import ENOUGH, meant, of, wished

_YES: Final = ("yes",)
_DANGERS: Final = {
    Safety.CHILD_IN_DANGER: "child",
    Safety.SELF_IN_DANGER: "self",
    Safety.THREAT: "self",
    Safety.ACCOUNT_TAKEN_OVER: "account",
}
"""Who is in each of the dangers, the gravest first."""
_TELLS: Final = 40
_NAMES: Final = 20
"""Latin letters, each Chinese character counted as three, from which a message tells a story, or
at least names its subject."""
_LOSING: Final = frozenset({Intent.DELETION, Intent.DEREGISTRATION})
_BY_THEMSELVES: Final = frozenset(
    {Intent.HUMAN_AGENT, Intent.REQUEST_STATUS, Intent.CANCEL_REQUEST}
)
"""Intents that name nothing, so that a message may have one without an explicit request."""


def discourse(text: str, read: ReadingResult) -> dict[str, tuple[Any, ...]]:
    """Return the discourse features of a message, as entities."""
    requests = read.reading.requests
    asked = wished(read.reading)
    return {
        "wants": _YES if asked else (),
        "wish_words": _spoken(read),
        "consequence": ("asked",) if _only_asks(read) else (),
        "copy_first": _YES if _copy_first(requests) else (),
        "asks_person": _YES if ReplyAct.PERSON in read.reply_acts or _asks_person(requests) else (),
        "asks_status": _YES if _asks_status(requests) else (),
        "only_tells": _YES if _only_tells(read) else (),
        "only_chooses": _YES if _only_chooses(read) else (),
        "entry_instead": _entry_instead(requests),
        "in_danger": _danger(read),
        "tells": _YES if width(text) >= _TELLS else (),
        "tells_nothing": _YES if width(text) < _NAMES else (),
        **_taken_back(read),
        **_of_others(requests, read.accounts),
        "phrase": tuple(_phrases(read)),
    }


def _only_asks(read: ReadingResult) -> bool:
    """Return whether a message asks what would happen, and wishes nothing."""
    asks = bool(read.reading.questions) or bool(of(Modality.ASKED, read.reading.requests))
    return asks and not wished(read.reading)


def _asks_person(requests: Iterable[Request]) -> bool:
    """Return whether a person is asked for; an unsure request may be a name, or a story."""
    wanted = of(Modality.WISHED, requests)
    return any(one.intent is Intent.HUMAN_AGENT and one.sure for one in wanted)


def _asks_status(requests: Iterable[Request]) -> bool:
    """Return whether the status of a request is asked for."""
    return any(one.intent is Intent.REQUEST_STATUS and one.sure for one in requests)


def _only_tells(read: ReadingResult) -> bool:
    """Return whether a message reports what happened, and asks and names nothing else."""
    told = {one.modality for one in read.reading.requests}
    beside = read.reading.questions or read.reading.safety or read.fragment
    return told == {Modality.REPORTED} and not beside


def _copy_first(requests: Iterable[Request]) -> bool:
    """Return whether a copy is wished for before a deletion that is wished or only mentioned."""
    told = [one for one in requests if one.modality is not Modality.DENIED]
    lost = [place for place, one in enumerate(told) if one.intent in _LOSING]
    before = of(Modality.WISHED, told[: lost[-1]]) if lost else ()
    return any(one.intent is Intent.ACCESS for one in before)


def _only_chooses(read: ReadingResult) -> bool:
    """Return whether a message does nothing but choose kinds of data."""
    requests, wishes = read.reading.requests, of(Modality.WISHED, read.reading.requests)
    if read.reading.questions or len(requests) > 1 or requests != wishes:
        return False
    chosen = (*wishes, *((read.fragment,) if read.fragment else ()))
    named = (mention for one in chosen for mention in (*one.include, *one.exclude))
    return any(one.kind is MentionKind.CATEGORY for one in named)


def _entry_instead(requests: Iterable[Request]) -> tuple[str, ...]:
    """Return the one entry that should be changed, where no value for it is given."""
    found = [one for one in of(Modality.WISHED, requests) if one.intent is Intent.RECTIFICATION]
    named = [mention.value for one in found for mention in one.include]
    told = any(one.set for one in found)
    return tuple(named) if len(named) == 1 and not told else ()


def _danger(read: ReadingResult) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(whom for one, whom in _DANGERS.items() if one in read.reading.safety)
    )


def _spoken(read: ReadingResult) -> tuple[str, ...]:
    """Return the intents mentioned: those of the requests, or a main one that needs none."""
    spoken = [meant(one) for one in read.reading.requests]
    if not spoken and read.intent in _BY_THEMSELVES and read.confidence >= ENOUGH:
        spoken = [read.intent]
    return tuple(dict.fromkeys(one.value for one in spoken))


def _taken_back(read: ReadingResult) -> dict[str, tuple[Any, ...]]:
    denied = of(Modality.DENIED, read.reading.requests)
    back = [one.intent.value for one in denied if _denies_all(one)]
    if Intent.CANCEL_REQUEST in _spoken(read):
        back.append(ANY_REQUEST)
    stays = any(one.intent is Intent.DEREGISTRATION for one in denied)
    oneself = any(one.intent is Intent.GUARDIAN for one in denied)
    return {
        "taken_back": tuple(dict.fromkeys(back)),
        "account_stays": _YES if stays else (),
        "for_oneself": _YES if oneself else (),
    }


def _denies_all(denied: Request) -> bool:
    """Return whether all of a request is denied: "don't delete anything" names no part."""
    return not denied.exclude and all(one.value == ALL for one in denied.include)


def _of_others(
    requests: tuple[Request, ...], accounts: tuple[str, ...]
) -> dict[str, tuple[Any, ...]]:
    theirs = (Holder.OTHER_PERSON, Holder.DECEASED, Holder.ELSEWHERE)
    others = [one for one in of(Modality.WISHED, requests) if one.holder in theirs]
    sees = any(one.intent is Intent.ACCESS for one in others)
    named = any(one.intent in ONES_OWN and one.sure for one in others)
    # "I meant Fawn's account" says whose it is, and wishes nothing else.
    named = named or (bool(accounts) and any(one.intent is Intent.OTHER for one in others))
    return {"somebody_else": _YES if sees else (), "named_user": _YES if named else ()}


def people(requests: Iterable[Request]) -> Iterator[str]:
    """Yield the phrases for who is reported to be under age: somebody else, or the writer."""
    told = {(one.intent, one.holder) for one in requests}
    if (Intent.UNDERAGE_REPORT, Holder.OTHER_PERSON) in told:
        yield "stranger"
    if (Intent.UNDERAGE_REPORT, Holder.SELF) in told:
        yield "me"


def _phrases(read: ReadingResult) -> Iterator[str]:
    requests = read.reading.requests
    yield from people(requests)
    yield from posts(requests)


def posts(requests: Iterable[Request]) -> Iterator[str]:
    """Yield the phrase for posts that should stay although the account is closed."""
    requests = tuple(requests)
    closes = any(one.intent is Intent.DEREGISTRATION for one in of(Modality.WISHED, requests))
    if closes and _posts_stay(requests):
        yield "go_on"


def _posts_stay(requests: tuple[Request, ...]) -> bool:
    denied = [one for one in of(Modality.DENIED, requests) if one.intent is Intent.DELETION]
    kept = [mention for one in denied for mention in one.include]
    kept += [mention for one in requests for mention in one.exclude]
    return any(one.value == DataCategory.POSTS for one in kept)
