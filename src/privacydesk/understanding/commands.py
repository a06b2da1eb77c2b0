"""Messages that are nothing but a command, or nothing but the name of a language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from privacydesk.understanding.lexicon_files import Lexicon
from privacydesk.understanding.normalise import bare, normalise
from privacydesk.understanding.patterns import lazily

_LONGEST: Final = 60
"""Characters; a longer message says more than a command."""

# 繁體中文可以嗎, "can I have this in English": whether a language can be had, folded and bare.
_ASKED_FOR: Final = lazily(
    r"(?:可以|可唔可以|可不可以|能不能|能|有冇|有没有|支持|请|麻烦|帮我|得唔得|想要?|我要|我想"
    r"|用|说|讲|转|换|切换|改|睇|看|显示|写|打|回复)*(?:成|到|回|返|为|做)?"
    r"(?P<language>(?:简体|繁体|正体|简|繁)?(?:中文|英文|英语)|简体字?|繁体字?|正体)"
    r"(?:版)?(?:可以|可唔可以|可不可以|行|得|好|支持|有|得唔得|行不行)*(?:吗|嘛|么|呀|啊|吧|呢|㗎|不|冇)*"
    r"|(?:can|could|may)(?:i|we|you)(?:please)?(?:have|get|use|do|write|answer|reply|switch|change)"
    r"(?:this|it|that|me)?(?:in|to)?(?P<in_english>english|chinese|(?:traditional|simplified)chinese)"
    r"(?:please)?"
)


_A_LANGUAGE: Final = lazily("文|英语|体|english|chinese")
"""Without any of these none is asked for."""


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
        found = self._look_up(self._languages, folded)
        words = bare(folded)
        if found or len(folded) > _LONGEST or _A_LANGUAGE.search(words) is None:
            return found
        asked = _ASKED_FOR.fullmatch(words)
        if asked is None:
            return found
        return self._languages.get(asked["language"] or asked["in_english"], ())

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
