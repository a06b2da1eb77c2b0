"""Entities for the dialogue, filled from the reading of a message.

The dialogue still asks for kinds of entities; each is derived here from one part of the reading,
from a value of closed form in the message, or from a closed list.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from privacydesk.dialog.reading import width
from privacydesk.domain.account_terms import ProfileField
from privacydesk.domain.intents import Intent
from privacydesk.domain.reading import Modality, ReadingResult, ReplyAct
from privacydesk.domain.turn import Observation, RecognisedRequest
from privacydesk.services.findings.discourse import discourse, people, posts
from privacydesk.services.findings.mentions import named
from privacydesk.services.findings.own_words import in_own_words
from privacydesk.services.findings.requests import (
    Wished,
    further,
    in_kind,
    of,
    recognised,
    spoken_of,
    wished,
)
from privacydesk.services.findings.values import gives_contact, told_of, values

Entities = dict[str, tuple[Any, ...]]

_ANSWERS: Final = ("answer", "answer_alone")
"""What lists find that may belong to one of several wishes."""

_ACTS: Final = {
    Intent.ACCESS: "access",
    Intent.RECTIFICATION: "correct",
    Intent.DELETION: "delete",
    Intent.DEREGISTRATION: "close",
}
"""What a guardian or a relative may want done, by the intent that asks for it."""
_ACT_BUTTONS: Final = ("wish", "relative_wish")
"""The prefixes of the labels of their buttons: a guardian's, and a relative's."""
_ACT_LABELS: Final = frozenset(f"{one}.{act}" for one in _ACT_BUTTONS for act in _ACTS.values())
_BUTTONS: Final = {
    Intent.DELETION: ("wish.delete", "relative_wish.delete", "deregistration.delete_first")
}
"""The buttons that ask for the same as an intent; denying it rules them out."""

_RELATIONS: Final = frozenset({"mother", "father", "parents", "guardian"})
"""Phrases for somebody's relation to a child."""

_DERIVED: Final = frozenset(
    {
        "everything", "specific", "and", "unwanted", "stranger", "go_on", "own_account",
        "own_contact", "signed_up", "died", "first", "machine", "rejects_policy", "never_asked",
    }
)  # fmt: skip
"""Phrases of the lists that the reading determines better, or makes useless."""

_CORRECTS: Final = frozenset({"instead", "slip"})
"""Phrases by which one thing takes the place of another."""

_BY_ACTS: Final[Mapping[ReplyAct, tuple[str, ...]]] = {
    ReplyAct.CORRECT: ("instead", "slip"),
    ReplyAct.BESIDES: ("also",),
    ReplyAct.WIDEN: ("also",),
    ReplyAct.INSTEAD: ("leaving",),
    ReplyAct.CANCEL: ("leaving",),
    ReplyAct.LATER: ("postpones", "thinks"),
    ReplyAct.NOTHING: ("done",),
}
"""The phrases that the acts of a reply stand for, where a question is open."""
_DERIVED_FROM_ACTS: Final = _DERIVED.union(*_BY_ACTS.values())

_READ: Final = 3
"""Latin letters, each Chinese character counted as three."""
_NOTHING_ELSE: Final = frozenset({ReplyAct.NOTHING, ReplyAct.UPSET, ReplyAct.CHAT})
"""The acts that a reply which adds nothing may have."""


def observed(
    text: str, read: ReadingResult, listed: Mapping[str, tuple[Any, ...]], language: str
) -> Observation:
    """Return the observation of a message.

    Args:
        text: the message, searched for values of closed form only.
        read: its reading.
        listed: what is found by closed lists.
        language: its locale; empty where unknown.
    """
    read, by_words = in_own_words(text, in_kind(read))
    asked = wished(read.reading)
    main = recognised(read, asked)

    def heard(found: Iterable[Wished]) -> tuple[RecognisedRequest, ...]:
        return tuple(
            RecognisedRequest(
                one.recognised(read),
                _of_wish(one, read, listed, text.strip() if one.intent in by_words else ""),
            )
            for one in found
        )

    return Observation(
        recognised=main,
        language=language,
        entities=_of_message(text, read, listed, text.strip() if by_words else ""),
        requests=heard(further(read, asked, main)),
        parts=heard(spoken_of(read.reading)),
        reply_acts=read.reply_acts,
        chosen_line=read.chosen_line,
        asks_question=bool(read.reading.questions),
    )


def _of_message(
    text: str, read: ReadingResult, listed: Mapping[str, tuple[Any, ...]], words: str
) -> Entities:
    requests = read.reading.requests
    things, done = named(requests, read.fragment, words), discourse(text, read)
    several = any(len(things[kind]) > 1 for kind in ("provider", "purpose"))
    derived = _derived(read, several=several)
    phrases = (
        *(one for one in listed.get("phrase", ()) if one not in derived),
        *(one for act, told in _BY_ACTS.items() if act in read.reply_acts for one in told),
        *things["phrase"],
        *done["phrase"],
        *_both(read, listed),
        *(("own_contact",) if gives_contact(text, requests, read.fragment) else ()),
    )
    told = told_of(requests, read.fragment)
    closed = values(text, requests)
    return _filled(
        {
            **listed,
            **closed,
            "birth": closed["birth"] or _birth_in_part(read, closed),
            **told,
            **things,
            **done,
            "acts": _acts(read, listed),
            "answer": _answers(read, listed),
            **_answered(text, read, listed),
            "account_name": read.accounts,
            "account_alone": read.accounts if _tells_account_alone(read) else (),
            "phrase": _distinct(phrases),
        }
    )


def _answered(text: str, read: ReadingResult, listed: Mapping[str, tuple[Any, ...]]) -> Entities:
    """Return the entities of a message that is nothing but an answer."""
    found: Entities = {}
    # As few letters as 嗯 or "ok" may only acknowledge; the lists know which mean more.
    if width("".join(filter(str.isalpha, text))) > _READ and not listed.get("plain_answer"):
        found["plain_answer"] = _plain_answer(read)
    if ReplyAct.TOLD in read.reply_acts and ReplyAct.ANSWER not in read.reply_acts:
        found["told_already"] = ("yes",)
    if ReplyAct.NOTHING in read.reply_acts and read.reply_acts <= _NOTHING_ELSE:
        found["nothing_to_add"] = ("yes",)
    return found


def _plain_answer(read: ReadingResult) -> tuple[str, ...]:
    if read.reading.questions:
        return ()
    # A message's requests speak for themselves; those who agree may repeat their wish.
    told = {one.modality for one in read.reading.requests}
    if read.reply_acts == {ReplyAct.YES} and told <= {Modality.WISHED}:
        return ("yes",)
    return ("no",) if read.reply_acts == {ReplyAct.NO} and not told else ()


def _both(read: ReadingResult, listed: Mapping[str, tuple[Any, ...]]) -> tuple[str, ...]:
    """Return the phrase for several things that a guardian wants done."""
    told = read.guardian_acts or listed.get("child_wishes", ())
    return ("and",) if told and len(_acts(read, listed)) > len(_ACT_BUTTONS) else ()


def _birth_in_part(read: ReadingResult, closed: Mapping[str, tuple[Any, ...]]) -> tuple[Any, ...]:
    """Return the year or the month that is given for a birthday."""
    named = read.fragment.include if read.fragment else ()
    born = any(one.value == ProfileField.BIRTHDAY for one in named)
    return closed["part_of_date"] if born else ()


def _answers(read: ReadingResult, listed: Mapping[str, tuple[Any, ...]]) -> tuple[str, ...]:
    """Return the labels of buttons that words choose; those for wishes come from the reading.

    In a form for a child "delete his photos" says what a guardian wants, no matter who "he" is.
    """
    denied = {one.intent for one in of(Modality.DENIED, read.reading.requests)}
    never = {button for one in denied for button in _BUTTONS.get(one, ())}
    found = tuple(one for one in listed.get("answer", ()) if one not in never)
    told = _acts(read, listed)
    if not told:
        return found
    return (*(one for one in found if one not in _ACT_LABELS), *told)


def _acts(read: ReadingResult, listed: Mapping[str, tuple[Any, ...]]) -> tuple[str, ...]:
    """Return the labels of the buttons for what should be done for a child, or a relative."""
    wishes = listed.get("child_wishes", ())
    acts = read.guardian_acts or tuple(
        one.intent for one in of(Modality.WISHED, read.reading.requests) if not wishes
    )
    told = _distinct((*wishes, *(_ACTS[one] for one in acts if one in _ACTS)))
    return tuple(f"{button}.{one}" for button in _ACT_BUTTONS for one in told)


def _tells_account_alone(read: ReadingResult) -> bool:
    """Return whether a message that names an account asks for nothing."""
    return not wished(read.reading) and not read.reading.questions


def _derived(read: ReadingResult, *, several: bool) -> frozenset[str]:
    """Return the phrases to ignore in lists; of several things meant none replaces another."""
    if read.reply_acts:
        return _DERIVED_FROM_ACTS
    return _DERIVED | _CORRECTS if several else _DERIVED


def _of_wish(
    one: Wished, read: ReadingResult, listed: Mapping[str, tuple[Any, ...]], words: str
) -> Entities:
    things = named(one.requests, None, words)
    relations = () if one.intent is not Intent.GUARDIAN else listed.get("phrase", ())
    phrases = (
        *(phrase for phrase in relations if phrase in _RELATIONS),
        *things["phrase"],
        *people(one.requests),
        *(posts(read.reading.requests) if one.intent is Intent.DEREGISTRATION else ()),
        *_both(read, listed),
    )
    found = {
        **{kind: listed[kind] for kind in _ANSWERS if kind in listed},
        "acts": _acts(read, listed),
        "answer": _answers(read, listed),
        **told_of(one.requests, None),
        **things,
        "phrase": _distinct(phrases),
        "wish_words": (one.intent.value,),
    }
    return _filled(found)


def _distinct(said: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(said))


def _filled(found: Mapping[str, tuple[Any, ...]]) -> Entities:
    return {kind: held for kind, held in found.items() if held}
