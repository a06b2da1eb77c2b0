"""Messages that are nothing but a command, or nothing but the name of a language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from privacydesk.understanding.lexicon_files import Lexicon
from privacydesk.understanding.normalise import bare, normalise

_LONGEST: Final = 60
"""Characters; a longer message says more than a command."""


class Commands:
    """Looks up whole messages."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._commands = _by_message(lexicon.commands)
        self._languages = _by_message(lexicon.languages)
        self._before = _longest_first(lexicon.before)
        self._after = _longest_first(lexicon.after)

    def command(self, folded: str) -> tuple[str, ...]:
        """Return the commands a folded message may be, the likeliest first; empty for none.

        "No, thanks" refuses what is asked for, and wants nothing more where nothing is.
        """
        return self._look_up(self._commands, folded)

    def language(self, folded: str) -> tuple[str, ...]:
        """Return the locale a folded message asks for; empty for none."""
        return self._look_up(self._languages, folded)

    def _look_up(self, table: Mapping[str, tuple[str, ...]], folded: str) -> tuple[str, ...]:
        if len(folded) > _LONGEST:
            return ()
        words = bare(folded)
        if not words.startswith(self._before) and not words.endswith(self._after):
            return table.get(words, ())
        # Not fewer words than needed: 不用了谢谢 as it stands, 请转人工谢谢 without its ends.
        for start in ("", *(one for one in self._before if words.startswith(one))):
            for end in ("", *(one for one in self._after if words.endswith(one))):
                core = words[len(start) : len(words) - len(end)]
                if core in table:
                    return table[core]
        return ()


def _by_message(listed: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    table: dict[str, tuple[str, ...]] = {}
    for value, words in listed.items():
        for message in {bare(normalise(word)) for word in words}:
            table[message] = (*table.get(message, ()), value)
    return table


def _longest_first(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted((bare(normalise(word)) for word in words), key=len, reverse=True))
