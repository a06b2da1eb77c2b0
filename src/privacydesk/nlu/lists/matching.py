"""Finds listed words in a message: commands, plain answers, labels of buttons, phrases.

The lists are data, in one spelling (``spelling.yaml``). Some hold whole messages or clauses, with
what may stand around them; others hold words, which are found anywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Final

import msgspec

from privacydesk.nlu.normaliser import fold

_LOOKED_AT: Final = 4_000
_LONGEST_MESSAGE: Final = 60
"""Characters; what is longer says more than a command or a plain answer."""
_LONGEST_ANSWER: Final = 300
"""Characters; what is longer tells a story and answers no question with buttons."""
_MOST_CORES: Final = 20
"""Most ways to strip words from the ends of a message; hardly one has more than three."""
_STOPS: Final = frozenset(",。.!?;:~…、")
_PLAIN: Final = frozenset("' ,。.!~、;-_")
"""Punctuation of a plain answer: a question mark, a quote or an emoji makes it less plain."""
_MOST_BUTTONS: Final = 20
"""Most buttons that can be named by number."""
_WHOLE: Final = ("command", "language")
"""Kinds that are whole messages, each in a file of its own."""

_Listed = Mapping[str, Sequence[str]]


class Messages:
    """Whole messages or clauses by meaning, and what may stand around them."""

    def __init__(
        self, messages: _Listed, before: Sequence[str] = (), after: Sequence[str] = ()
    ) -> None:
        self._before = _longest_first(map(_bare, before))
        self._after = _longest_first(map(_bare, after))
        self._meanings: dict[str, tuple[str, ...]] = {}
        for meaning, listed in messages.items():
            for said in map(_bare, listed):
                self._meanings[said] = (*self._meanings.get(said, ()), meaning)

    def find(self, said: str) -> tuple[str, ...]:
        """Return the meanings of bare words, stripping as little as possible from their ends."""
        cores = [said]
        for core in cores:
            if core in self._meanings:
                return self._meanings[core]
            shorter = [core.removesuffix(one) for one in filter(core.endswith, self._after)]
            starts = filter(core.startswith, self._before)
            # A single character begins many other words: 好, 行.
            shorter += (core[len(one) :] for one in starts if len(core) > len(one) + 1)
            if len(cores) < _MOST_CORES:
                cores += (one for one in shorter if one not in cores)
        return ()

    def in_clauses(self, text: str) -> Iterator[tuple[int, int, tuple[str, ...]]]:
        """Yield start, end and meanings of each clause that is more than a courtesy."""
        start = 0
        for end, sign in enumerate(f"{text}。"):
            # Chinese clauses may be separated by a space.
            if sign in _STOPS or (sign == " " and text[end - 1] > "~" < text[end + 1]):
                said = _bare(text[start:end])
                meanings = self.find(said)
                if meanings or (said and said not in (*self._before, *self._after)):
                    yield start, end, meanings
                start = end + 1


class Words:
    """Words by meaning, found anywhere; Latin ones only as whole words."""

    def __init__(self, words: _Listed) -> None:
        self._starts: dict[str, list[tuple[str, str]]] = {}
        for meaning, listed in words.items():
            for word in listed:
                self._starts.setdefault(word[:2], []).append((word, meaning))

    def find(self, text: str) -> Iterator[tuple[int, str]]:
        """Yield the position and meaning of each word, except within a longer one of its form."""
        followed = f"{text} "
        hits = [
            (at, at + len(word), meaning)
            for at in range(len(text))
            for key in (followed[at], followed[at : at + 2])
            for word, meaning in self._starts.get(key, ())
            if text.startswith(word, at) and not (_cuts(text, at) or _cuts(text, at + len(word)))
        ]
        reach: dict[str, tuple[int, int]] = {}
        for start, end, meaning in sorted(hits, key=lambda hit: (hit[0], -hit[1])):
            form = meaning.partition(".")[0]
            last = reach.get(form, (0, 0))
            if end > last[1] or (start, end) == last:
                reach[form] = (start, end)
                yield start, meaning


class Lists:
    """Finds listed words in messages.

    Attributes:
        fixed: listed whole messages, as written, and the numbers of buttons. They are the desk's
            words and not a person's, so their meanings may be cached.
    """

    def __init__(self, lists: Mapping[str, Any]) -> None:
        commands, labels = lists["command"], lists["labels"]
        self._spellings = tuple(lists["spelling"].items())
        self._between = _longest_first(lists["denials"]["between"])
        self._denials = frozenset(lists["denials"]["denials"])
        self._endings = _longest_first((*self._denials, *lists["denials"]["others"]))
        self._messages = {kind: Messages(**lists[kind]) for kind in _WHOLE}
        listed = (said for kind in _WHOLE for said in lists[kind]["messages"].values())
        numbers = map(str, range(1, _MOST_BUTTONS + 1))
        self.fixed = frozenset((*(one for said in listed for one in said), *numbers))
        self._plain = Messages(**lists["plain_answer"])
        self._clauses = Messages(labels["clauses"], commands["before"], commands["after"])
        self._labels = Words(labels["words"])
        self._phrases = Words(lists["topics"]["words"] | lists["marks"]["words"])
        self._starts = Words(lists["marks"]["starts"])
        self._sentences = Messages(lists["topics"]["messages"] | lists["marks"]["messages"])

    def found(self, text: str) -> dict[str, tuple[str, ...]]:
        """Return what is found, by kind and in order; kinds without anything are missing."""
        words = " ".join(fold(text[:_LOOKED_AT].replace("\n", ";")).split())
        for written, usual in self._spellings:
            words = words.replace(written, usual)
        said = _bare(words)
        phrases = (
            *self._sentences.find(said),
            *(mark for at, mark in self._starts.find(words) if not at),
            *(mark for _, mark in self._phrases.find(words)),
        )
        found = {"phrase": tuple(dict.fromkeys(one.rpartition(".")[2] for one in phrases))}
        if len(words) <= _LONGEST_ANSWER:
            clauses = list(self._answers(words))
            found["answer"] = tuple(label for labels in clauses for label in labels)
            found["answer_alone"] = _common(clauses)
        if len(words) <= _LONGEST_MESSAGE:
            found |= {kind: messages.find(said) for kind, messages in self._messages.items()}
            found["plain_answer"] = self._plain_answer(words)
        return {kind: meanings for kind, meanings in found.items() if meanings}

    def _answers(self, words: str) -> Iterator[tuple[str, ...]]:
        """Yield the labels of each clause."""
        hits = [hit for hit in self._labels.find(words) if not self._is_denied(words[: hit[0]])]
        for start, end, labels in self._clauses.in_clauses(words):
            yield (*labels, *(label for at, label in hits if start <= at < end))

    def _is_denied(self, before: str) -> bool:
        """Return whether the text before a word negates it: "do not want to", but not 要不要."""
        said = before.rstrip()
        while not said.endswith(self._endings):
            rest = said.removesuffix(next(filter(said.endswith, self._between), "")).rstrip()
            if rest == said:
                return False
            said = rest
        return next(filter(said.endswith, self._endings)) in self._denials

    def _plain_answer(self, words: str) -> tuple[str, ...]:
        """Return what all clauses answer; next to a plain yes others may name the button."""
        if ".." in words or not all(sign.isalnum() or sign in _PLAIN for sign in words):
            return ()
        said = [meanings for _, _, meanings in self._plain.in_clauses(words)]
        named = [meanings for meanings in said if "yes" not in meanings]
        if said and not named:
            return ("yes",)
        return tuple(one for one in _common(named) if named == said or one != "no")


def _common(clauses: Iterable[Iterable[str]]) -> tuple[str, ...]:
    told = [set(meanings) for meanings in clauses]
    return tuple(sorted(set.intersection(*told))) if told else ()


def _longest_first(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(words, key=len, reverse=True))


def _cuts(text: str, at: int) -> bool:
    """Return whether a position is inside a Latin word or a number."""
    beside = text[max(at - 1, 0) : at + 1]
    return len(beside) > 1 and beside.isascii() and beside.isalnum()


def _bare(text: str) -> str:
    """Return words without spaces and punctuation, for comparing them as a whole."""
    return "".join(filter(str.isalnum, text))


@cache
def load_lists() -> Lists:
    """Return the shipped lists, shared within a process since they never change."""
    found = (one for one in files(__package__).iterdir() if one.name.endswith(".yaml"))
    return Lists({one.name[:-5]: msgspec.yaml.decode(one.read_bytes()) for one in found})
