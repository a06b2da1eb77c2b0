"""What a sentence names that a slot could take. One module a family does the finding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from privacydesk.understanding.ages import own_age
from privacydesk.understanding.commands import Commands
from privacydesk.understanding.dates import dates
from privacydesk.understanding.lexicon_files import FAMILIES, Lexicon
from privacydesk.understanding.names import Names
from privacydesk.understanding.normalise import normalise
from privacydesk.understanding.phones import phones
from privacydesk.understanding.ticket_numbers import ticket_numbers


class Entities:
    """Finds the values of slot types in a text."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._commands = Commands(lexicon)
        self._names = Names(lexicon)

    def find(self, text: str, kinds: Sequence[str]) -> dict[str, tuple[Any, ...]]:
        """Return kind to values, in the order they appear; kinds without a value are missing.

        Kinds that nothing here finds are left out like those that were not found.
        """
        folded = normalise(text)
        if not folded:
            return {}
        wanted = set(kinds)
        found: dict[str, tuple[Any, ...]] = {}
        if wanted.intersection(FAMILIES):
            found.update(self._names.find(folded, wanted))
        for kind in wanted:
            values = self._one(kind, folded)
            if values:
                found[kind] = values
        return found

    def _one(self, kind: str, folded: str) -> tuple[Any, ...]:
        if kind == "command":
            return _some(self._commands.command(folded))
        if kind == "language":
            return _some(self._commands.language(folded))
        if kind == "ticket_number":
            return ticket_numbers(folded)
        if kind == "date":
            return dates(folded)
        if kind == "phone":
            return phones(folded)
        if kind == "own_age":
            age = own_age(folded)
            return () if age is None else (age,)
        return ()


def _some(value: str) -> tuple[str, ...]:
    return (value,) if value else ()
