"""Messages that are nothing but a yes or a no to the question they answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from privacydesk.understanding.lexicon_files import Lexicon
from privacydesk.understanding.normalise import bare, normalise
from privacydesk.understanding.patterns import lazily

ANY: Final = frozenset({"yes", "no"})
"""What answers any confirmation; other values are labels of buttons, and answer only theirs."""

_LONGEST: Final = 60
"""Characters; a longer message says more than yes or no."""

# A question mark, dots that trail off, a quote or a picture make a message less plain.
_PLAIN: Final = lazily(r"[\w' ,。.!~、;\n-]+")
_TRAILS_OFF: Final = ".."
_PARTS: Final = lazily(r"[,。.!~、;\n-]+|(?<=[\u4e00-\u9fff]) +| +(?=[\u4e00-\u9fff])")

_ALONE: Final = 1
"""Characters of a word that counts only by itself: 好 and 行 begin many other words."""


class PlainAnswers:
    """Compares whole messages with the lists of ``answers.yaml``.

    A message may repeat itself (好的，删吧), be polite, or in a hurry. A word that is not listed
    makes it something else, so no condition or further request goes unread.
    """

    def __init__(self, lexicon: Lexicon) -> None:
        self._listed: dict[str, frozenset[str]] = {}
        for answer, words in lexicon.plain.items():
            for word in _folded(words):
                self._listed[word] = self._listed.get(word, frozenset()) | {answer}
        self._before = tuple(_folded(lexicon.plain_before))
        self._after = tuple(_folded(lexicon.plain_after))
        self._beside = frozenset((*self._before, *self._after))

    def find(self, folded: str) -> tuple[str, ...]:
        """Return what a folded message answers: ``yes``, ``no``, or the labels it stands for."""
        if len(folded) > _LONGEST or _TRAILS_OFF in folded or not _PLAIN.fullmatch(folded):
            return ()
        parts = [words for part in _PARTS.split(folded) if (words := bare(part))]
        said = [part for part in parts if part in self._listed or part not in self._beside]
        return tuple(sorted(_common(self._answers(part) for part in said)))

    def _answers(self, words: str) -> frozenset[str]:
        """Return what a part answers, what may stand at its ends left away."""
        whole = self._listed.get(words)
        if whole is not None:
            return whole
        ends = ("", *(end for end in self._after if words.endswith(end)))
        for end in ends:
            core = words.removesuffix(end)
            if core in self._listed:
                return self._listed[core]
            for start in (one for one in self._before if words.startswith(one)):
                rest = core.removeprefix(start)
                if len(rest) > _ALONE and rest in self._listed:
                    return self._listed[rest]
        return frozenset()


def _common(answers: Iterable[frozenset[str]]) -> frozenset[str]:
    """Return what all parts answer; a plain yes leaves open which button another part names."""
    common: frozenset[str] = frozenset()
    for answer in answers:
        if not answer:
            return frozenset()
        common = _both(common, answer) if common else answer
        if not common:
            return common
    return common


def _both(one: frozenset[str], other: frozenset[str]) -> frozenset[str]:
    named = one & other
    if "yes" in other:
        named |= one - ANY
    if "yes" in one:
        named |= other - ANY
    return named


def _folded(words: Iterable[str]) -> Mapping[str, None]:
    """Return words as they are compared, the longest first."""
    return dict.fromkeys(sorted((bare(normalise(one)) for one in words), key=len, reverse=True))
