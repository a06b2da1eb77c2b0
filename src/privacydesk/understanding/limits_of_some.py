"""Limits of some of the kinds that a wish lists: in "my chats and last year's photos" of photos.

Such a limit is told with its kind, or it would be read as one of all that is listed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from privacydesk.understanding.keeping import says_it_stays
from privacydesk.understanding.normalise import normalise
from privacydesk.understanding.patterns import lazily
from privacydesk.understanding.periods import clauses_of

_LOOKED_AT: Final = 200
"""Characters; who writes more tells a story."""

_LINK: Final = lazily(
    r"[、和跟与與及]|以及|[还還]有|同埋|仲有|\b(?:and(?: also)?|plus|as well as|along with)\b",
    re.IGNORECASE,
)
_ALL: Final = lazily(r"所有|全部|整[个個]|\b(?:all|every)\b", re.IGNORECASE)
# 去年的照片和语音 is last year's of both, 去年的照片和我的语音 is not.
_OWN: Final = lazily(r"所有|全部|整[个個]|我的|我嘅|\b(?:all|every|my|the|any)\b", re.IGNORECASE)

_REST_OF_WORD: Final = lazily(r"[a-z]+|[记記紀][录錄]", re.IGNORECASE)
"""What a kind's name may end in that is told by its beginning: 聊天 is 聊天记录."""

Kinds = Callable[[str], tuple[str, ...]]
"""Takes words as they were written and returns the kinds of data that they name."""

LimitIn = Callable[[str], str]
"""Takes words as they were written and returns what limits the kinds in them; empty without."""


def limits_of_some(text: str, kinds_in: Kinds, limit_in: LimitIn) -> tuple[str, ...]:
    """Return the limits of a text with the kinds that they are of, as they were written.

    Empty where one limit is of all that the text lists, or where something of it shall stay.
    """
    clauses = clauses_of(text)
    if len(text) > _LOOKED_AT or any(says_it_stays(normalise(one)) for one in clauses):
        return ()
    listed = [
        _item(words, kinds_in, limit_in) for clause in clauses for words in _items(clause, kinds_in)
    ]
    if len(listed) == 1 or _share(listed):
        return ()
    return tuple(item.limited for item in listed if item.limited)


def _items(clause: str, kinds_in: Kinds) -> Iterator[str]:
    """Yield the parts of a clause that name a kind each; 和小王 in front of one parts nothing."""
    start = 0
    for link in _LINK.finditer(clause):
        item = clause[start : link.start()]
        if kinds_in(item):
            yield item
            start = link.end()
    rest = clause[start:]
    if kinds_in(rest):
        yield rest


class _Item(NamedTuple):
    """A part of a list.

    Attributes:
        words: all of it.
        limited: from its limit to its kind, or from its kind to its limit; empty without a limit.
        behind: whether the limit stands behind the kind.
    """

    words: str
    limited: str = ""
    behind: bool = False


def _item(words: str, kinds_in: Kinds, limit_in: LimitIn) -> _Item:
    limit = limit_in(words)
    at = words.find(limit)
    if not limit or at < 0:
        return _Item(words)
    size, named = len(words), kinds_in(words)
    first = max(place for place in range(size) if kinds_in(words[place:]) == named)
    last = min(place for place in range(1, size + 1) if kinds_in(words[:place]) == named)
    rest = _REST_OF_WORD.match(words, last)
    end = max(at + len(limit), last if rest is None else rest.end())
    limited = words[min(at, first) : end]
    return _Item(words, limited.strip(), behind=first < at)


def _share(listed: Sequence[_Item]) -> bool:
    """Tell whether kinds without a limit of their own share that of their neighbour."""
    *before, last = listed
    if last.limited:
        # "My posts and photos from last year" are last year's; where it is doubtful, less goes.
        bare = not any(item.limited or _ALL.search(item.words) for item in before)
        return last.behind and bare
    first, *behind = listed
    return bool(first.limited) and not any(
        item.limited or _OWN.search(item.words) for item in behind
    )
