"""What limits a wish, in words: the dialogue keeps limits as words that staff read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Final, NamedTuple

from privacydesk.domain.reading import Mention

_DAY: Final = timedelta(days=1)
_BUT: Final = {"en": "not {}"}
_BUT_IN_CHINESE: Final = "除了{}"
_AND: Final = {"en": ", "}
_AND_IN_CHINESE: Final = "、"


class Limits(NamedTuple):
    """Limits in words.

    Attributes:
        all: what limits what goes; a part that stays is told as what it leaves.
        kept: those of them that tell of a part that stays.
    """

    all: tuple[str, ...]
    kept: tuple[str, ...]


def limits(goes: Iterable[Mention], stays: Iterable[Mention], language: str) -> Limits:
    """Return what limits the things that are named, in the language of a message."""
    included, excluded = tuple(goes), tuple(one for one in stays if one.is_narrowed)
    several = len({one.value for one in (*included, *excluded)}) > 1
    told = {one: _goes(one) for one in included if one.is_narrowed}
    alike = len(told) == len(included) and len(set(told.values())) == 1
    texts = [_of(one, text, several=several and not alike) for one, text in told.items()]
    kept = [
        _of(one, text, several=several)
        for one in excluded
        for text in _stays(one, _BUT.get(language, _BUT_IN_CHINESE))
    ]
    return Limits(tuple(dict.fromkeys((*texts, *kept))), tuple(dict.fromkeys(kept)))


def joined(texts: Iterable[str], language: str) -> str:
    """Return several limits as one."""
    return _AND.get(language, _AND_IN_CHINESE).join(texts)


def _of(mention: Mention, text: str, *, several: bool) -> str:
    """Return a limit with what it is of, where that is not all that is named."""
    return f"{mention.value}: {text}" if several else text


def _goes(mention: Mention) -> str:
    days = _days(mention.since, mention.until)
    return ", ".join(one for one in (days, mention.qualifier) if one)


def _stays(mention: Mention, but: str) -> Iterator[str]:
    """Yield what is left of a thing of which a part stays: the days before and after it."""
    if mention.qualifier:
        yield but.format(_goes(mention))
        return
    if mention.since:
        yield _days(None, mention.since - _DAY)
    if mention.until:
        yield _days(mention.until + _DAY, None)


def _days(since: date | None, until: date | None) -> str:
    if since == until:
        return since.isoformat() if since else ""
    return f"{since or ''} – {until or ''}".strip()
