"""What the dialogue goes by, filled from the reading of a message.

The dialogue still asks for kinds of entities; each is derived here from one part of the reading,
from a value of closed form in the message, or from a closed list.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from privacydesk.domain.intents import Intent
from privacydesk.domain.reading import Read
from privacydesk.domain.turn import Heard, Observed
from privacydesk.services.findings.discourse import discourse
from privacydesk.services.findings.mentions import named
from privacydesk.services.findings.requests import Wished, further, in_kind, recognised, wished
from privacydesk.services.findings.values import gives_contact, told_of, values

Entities = dict[str, tuple[Any, ...]]

LISTED_KINDS: Final = (
    "command", "language", "plain_answer", "answer", "answer_alone", "phrase", "told_already",
    "part_of_date", "day_of_year", "date_piece",
)  # fmt: skip
"""Kinds that are found by closed lists, or by an extractor that is yet to be written."""

_ANSWERS: Final = ("answer", "answer_alone")
"""What lists find that may be about one of several wishes."""

_ACTS: Final = {
    Intent.ACCESS: "wish.access",
    Intent.RECTIFICATION: "wish.correct",
    Intent.DELETION: "wish.delete",
    Intent.DEREGISTRATION: "wish.close",
}
"""The buttons of what a guardian may want done."""

_DERIVED: Final = frozenset(
    {
        "everything", "specific", "and", "unwanted", "stranger", "go_on", "own_account",
        "own_contact", "signed_up", "died", "first", "machine", "rejects_policy", "never_asked",
    }
)  # fmt: skip
"""Phrases of the lists that the reading tells better, or that are of no use beside it."""

_CORRECTS: Final = frozenset({"instead", "slip"})
"""Phrases by which one thing takes the place of another."""


def observed(
    text: str, read: Read, listed: Mapping[str, tuple[Any, ...]], language: str
) -> Observed:
    """Return what was said as the dialogue takes it.

    Args:
        text: the message, looked at for values of closed form alone.
        read: its reading.
        listed: values of ``LISTED_KINDS``.
        language: its locale; empty where it can't be told.
    """
    read = in_kind(read)
    asked = wished(read.reading)
    main = recognised(read, asked)
    beside = tuple(
        Heard(one.recognised(read), _of_wish(one, listed)) for one in further(read, asked, main)
    )
    return Observed(
        recognised=main,
        language=language,
        entities=_of_message(text, read, listed),
        wishes=beside,
    )


def _of_message(text: str, read: Read, listed: Mapping[str, tuple[Any, ...]]) -> Entities:
    requests = read.reading.requests
    things, done = named(requests, read.fragment), discourse(text, read)
    several = any(len(things[kind]) > 1 for kind in ("provider", "purpose"))
    phrases = (
        *(one for one in listed.get("phrase", ()) if one not in _derived(several=several)),
        *things["phrase"],
        *done["phrase"],
        *(("own_contact",) if gives_contact(text, requests, read.fragment) else ()),
    )
    told = told_of(requests, read.fragment)
    return _filled(
        {
            **listed,
            **values(text, requests),
            **told,
            **things,
            **done,
            "answer": _answers(read, listed),
            "account_name": read.accounts,
            "account_alone": read.accounts if _tells_account_alone(read) else (),
            "phrase": _distinct(phrases),
        }
    )


def _answers(read: Read, listed: Mapping[str, tuple[Any, ...]]) -> tuple[str, ...]:
    """Return the labels of buttons that words speak for; a guardian's act tells its own."""
    found = listed.get("answer", ())
    if not read.acts:
        return found
    acts = (_ACTS[one] for one in read.acts if one in _ACTS)
    return (*(one for one in found if one not in _ACTS.values()), *acts)


def _tells_account_alone(read: Read) -> bool:
    """Tell whether a message tells an account and asks for nothing."""
    return not wished(read.reading) and not read.reading.questions


def _derived(*, several: bool) -> frozenset[str]:
    """Return the phrases that lists don't tell; where several are meant, none is meant instead."""
    return _DERIVED | _CORRECTS if several else _DERIVED


def _of_wish(one: Wished, listed: Mapping[str, tuple[Any, ...]]) -> Entities:
    found = {
        **{kind: listed[kind] for kind in _ANSWERS if kind in listed},
        **told_of(one.requests, None),
        **named(one.requests, None),
        "wish_words": (one.intent.value,),
    }
    return _filled(found)


def _distinct(said: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(said))


def _filled(found: Mapping[str, tuple[Any, ...]]) -> Entities:
    return {kind: held for kind, held in found.items() if held}
