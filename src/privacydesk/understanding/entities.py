"""What a sentence names that a slot could take. One module a family does the finding."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from privacydesk.understanding.ages import own_age, told_age
from privacydesk.understanding.answering import Answering
from privacydesk.understanding.commands import Commands
from privacydesk.understanding.dates import dates, parts_of_dates
from privacydesk.understanding.keeping import keeps_account, kept_parts
from privacydesk.understanding.lexicon_files import FAMILIES, Lexicon
from privacydesk.understanding.names import Names
from privacydesk.understanding.new_values import new_values, old_values
from privacydesk.understanding.normalise import normalise
from privacydesk.understanding.other_people import other_people
from privacydesk.understanding.periods import periods
from privacydesk.understanding.phones import phones
from privacydesk.understanding.phrases import Phrases, folded, outermost
from privacydesk.understanding.taking_back import taken_back
from privacydesk.understanding.ticket_numbers import misread_numbers, ticket_numbers

Finder = Callable[[str], tuple[Any, ...]]
"""Takes a folded text, returns the values of one kind in it."""

_FAMILIES: Final = frozenset(FAMILIES)


class Entities:
    """Finds the values of slot types in a text."""

    def __init__(self, lexicon: Lexicon) -> None:
        answers, commands = Answering(lexicon), Commands(lexicon)
        self._names = Names(lexicon)
        self._phrases: Phrases[str] = Phrases(
            (folded(word), meaning) for meaning, words in lexicon.phrases.items() for word in words
        )
        self._finders: Mapping[str, Finder] = {
            **_FINDERS,
            "answer": answers.find,
            "answer_alone": answers.find_alone,
            "command": commands.command,
            "language": commands.language,
            "phrase": self._phrases_in,
        }

    def find(self, text: str, kinds: Sequence[str]) -> dict[str, tuple[Any, ...]]:
        """Return kind to values, in the order they appear; kinds without a value are missing.

        Kinds that nothing here finds are left out like those that were not found.
        """
        words = normalise(text)
        if not words:
            return {}
        found: dict[str, tuple[Any, ...]] = {}
        if not _FAMILIES.isdisjoint(kinds):
            found.update(self._names.find(words, kinds))
        if "kept_category" in kinds and found.get("category"):
            self._part_what_stays(words, found)
        for kind in kinds:
            finder = self._finders.get(kind)
            if finder is not None:
                values = finder(words)
            elif kind in _AS_WRITTEN:
                values = _AS_WRITTEN[kind](text)
            else:
                continue
            if values:
                found[kind] = values
        return found

    def _part_what_stays(self, words: str, found: dict[str, tuple[Any, ...]]) -> None:
        """Take kinds of data that shall stay from those that a sentence names.

        Others have to remain, or "everything" to be said: "delete everything except the photos".
        Else what stays is told beside, and stays among what is named.
        """
        kept: set[str] = set()
        for clause in kept_parts(words):
            kept.update(self._names.find(clause, ("category",)).get("category", ()))
        others = tuple(one for one in found["category"] if one not in kept)
        if not kept:
            return
        if not others and "everything" not in self._phrases_in(words):
            found["only_kept"] = tuple(one for one in found["category"] if one in kept)
            return
        found["kept_category"] = tuple(one for one in found["category"] if one in kept)
        if others:
            found["category"] = others
        else:
            del found["category"]

    def _phrases_in(self, words: str) -> tuple[str, ...]:
        said = words.strip(_OUTER)
        hits = self._phrases.find(said)
        # In "her parents work elsewhere" no father speaks, though 爸妈 has one in it.
        related = outermost(hit for hit in hits if hit.means in _RELATED)
        heard = (hit for hit in hits if hit.means not in _RELATED or hit in related)
        return tuple(dict.fromkeys(hit.means for hit in heard))


def _one_age(find: Callable[[str], int | None]) -> Callable[[str], tuple[int, ...]]:
    def finder(words: str) -> tuple[int, ...]:
        age = find(words)
        return () if age is None else (age,)

    return finder


_RELATED: Final = frozenset({"mother", "father", "guardian", "parents"})
"""What somebody is to a child; a word of these inside a longer one speaks for nothing."""

_FINDERS: Final[Mapping[str, Finder]] = {
    "ticket_number": ticket_numbers,
    "misread_number": misread_numbers,
    "date": dates,
    "part_of_date": parts_of_dates,
    "phone": phones,
    "own_age": _one_age(own_age),
    "age": _one_age(told_age),
    "taken_back": taken_back,
    "account_stays": lambda words: ("yes",) if keeps_account(words) else (),
    "somebody_else": other_people,
}

_AS_WRITTEN: Final[Mapping[str, Finder]] = {
    "new_value": new_values,
    "old_value": old_values,
    "period": periods,
}
"""Kinds whose values are the person's own words."""

_OUTER: Final = " \n.,!?;:。~…"
"""Punctuation around a message that keeps a phrase from being the whole of it."""
