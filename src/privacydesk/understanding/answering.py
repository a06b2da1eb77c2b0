"""Buttons that a message stands for: "I never got it" where a code can be sent again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from privacydesk.understanding.lexicon_files import Lexicon
from privacydesk.understanding.negation import is_negated
from privacydesk.understanding.normalise import AT_HAND, bare, normalise
from privacydesk.understanding.patterns import lazily
from privacydesk.understanding.phrases import Hit, Phrases, outermost

_CLAUSES: Final = lazily(r"[^,。.!?;:~…、\n]+")
# Whoever is in a hurry parts clauses with a space: 不用了 直接注销.
_GAPS: Final = lazily(r"(?<=[\u4e00-\u9fff]) +(?=[\u4e00-\u9fff])")
# 是她爸的手机注册的 is said by the other parent.
_OTHER_PARENT: Final = lazily(
    r"(?<!我是)(?<!我系)(?:她|他|佢|孩子|小孩|娃)(?:的|嘅)?(?:爸爸?|妈妈?|爹|老豆|阿妈|爷爷?|奶奶?)"
    r"(?=的|嘅|用|拿|手机|帮|给|设|注册|开|弄|不|也|唔|冇|没|未|在|喺|去|都|已|走|离|过|死|病|忙|返)"
    # 佢爸妈唔喺度 is said by whoever looks after the child.
    r"|(?:她|他|佢|孩子|小孩|娃|细路|小朋友)(?:的|嘅)?(?:爸爸?妈妈?|爸妈|父母|爹娘|老豆老母)"
    r"|\b(?:her|his|their) (?:dad|mom|mum|father|mother)"
    r"(?='s\b| (?:set|made|uses|used|did|does|doesn't|didn't|isn't|won't|can't|works|lives|left"
    r"|died|passed|has|had|is|was)\b)"
)
_LONGEST: Final = 300
"""Characters; what is longer tells a story and answers no question with buttons."""


class Answering:
    """Finds the words that stand for buttons.

    A word that is denied speaks for nothing, nor does one inside a longer one of the same form:
    in "不用删" nothing asks to delete.
    """

    def __init__(self, lexicon: Lexicon) -> None:
        self._phrases: Phrases[str] = Phrases(
            (normalise(word), key)
            for key, words in lexicon.answers.items()
            for word in words
            if not word.startswith("=")
        )
        self._clauses: dict[str, list[str]] = {}
        for key, words in lexicon.answers.items():
            for word in words:
                if word.startswith("="):
                    self._clauses.setdefault(bare(normalise(word[1:])), []).append(key)
        self._before = tuple(dict.fromkeys(bare(normalise(word)) for word in lexicon.before))
        self._after = tuple(dict.fromkeys(bare(normalise(word)) for word in lexicon.after))
        self._courtesies = frozenset((*self._before, *self._after))
        ends = max(map(len, self._before)) + max(map(len, self._after))
        self._longest = max(map(len, self._clauses)) + ends
        # Both questions are asked of a message, one after the other.
        self._by_clause = lru_cache(AT_HAND)(self._look_through)

    def find(self, folded: str) -> tuple[str, ...]:
        """Return the keys of labels that a folded message speaks for, once for each word."""
        return tuple(key for keys in self._by_clause(folded) for key in keys if key)

    def find_alone(self, folded: str) -> tuple[str, ...]:
        """Return the keys of labels that every clause of a folded message speaks for."""
        told = [keys for keys in self._by_clause(folded) if "" not in keys]
        common = set(told[0]).intersection(*told[1:]) if told else set()
        return tuple(sorted(common))

    def _look_through(self, folded: str) -> tuple[tuple[str, ...], ...]:
        return tuple(self._clause_by_clause(_OTHER_PARENT.sub(" ", folded)))

    def _clause_by_clause(self, folded: str) -> Iterator[tuple[str, ...]]:
        """Yield the keys of each clause; a mere courtesy has an empty one."""
        if len(folded) > _LONGEST:
            return
        for clause in _CLAUSES.finditer(folded):
            said = clause[0].strip()
            words = bare(said)
            if words in self._courtesies:
                yield ("",)
            elif words:
                yield from self._pieces(said, self._listed(words))

    def _pieces(self, said: str, listed: Iterable[str]) -> Iterator[tuple[str, ...]]:
        """Yield the keys of a clause; piece by piece where it is parted and not listed as a whole.

        A piece speaks for what it is listed under, and for the words that begin in it. What denies
        a word may stand in the piece before.
        """
        forms: dict[str, list[Hit[str]]] = {}
        for hit in self._phrases.find(said):
            forms.setdefault(hit.means.partition(".")[0], []).append(hit)
        meant = [
            hit
            for hits in forms.values()
            for hit in outermost(hits)
            if not is_negated(said[: hit.start])
        ]
        gaps = [] if listed else list(_GAPS.finditer(said))
        if not gaps:
            yield (*listed, *(hit.means for hit in meant))
            return
        starts = [0, *(gap.end() for gap in gaps)]
        for start, end in zip(starts, (*starts[1:], len(said)), strict=True):
            words = bare(said[start:end])
            here = (hit.means for hit in meant if start <= hit.start < end)
            yield ("",) if words in self._courtesies else (*self._listed(words), *here)

    def _listed(self, words: str) -> Iterable[str]:
        """Return what a whole clause is listed under, a courtesy at either end left away."""
        if words in self._clauses:
            return self._clauses[words]
        if len(words) > self._longest:
            return ()
        # Most clauses have no courtesy at all, which two calls tell of every one of them.
        ends = ("", *(end for end in self._after if words.endswith(end)))
        if len(ends) == 1 and not words.startswith(self._before):
            return ()
        cores = (words.removesuffix(end) for end in ends)
        cores = (core.removeprefix(start) for core in cores for start in ("", *self._before))
        return next((self._clauses[core] for core in cores if core in self._clauses), ())
