"""Finding many fixed phrases in a text in one pass."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, TypeVar

from msgspec import Struct

from privacydesk.understanding.normalise import normalise

T = TypeVar("T")


class Hit(Struct, Generic[T], frozen=True, gc=False):
    """A phrase found at ``text[start:end]`` and what it stands for."""

    start: int
    end: int
    means: T


class Phrases(Generic[T]):
    """Phrases by their first two characters, so that most places of a text cost one look-up.

    Latin phrases count only as whole words; Chinese has no such borders. A phrase that starts
    with ``=`` counts only when it is the whole text.
    """

    def __init__(self, entries: Iterable[tuple[str, T]]) -> None:
        self._whole: dict[str, list[T]] = {}
        self._single: dict[str, list[T]] = {}
        self._longer: dict[str, list[tuple[str, T, bool, bool]]] = {}
        for phrase, means in entries:
            if phrase.startswith("="):
                self._whole.setdefault(phrase[1:], []).append(means)
            elif len(phrase) == 1:
                self._single.setdefault(phrase, []).append(means)
            else:
                entry = (phrase, means, _latin(phrase[0]), _latin(phrase[-1]))
                self._longer.setdefault(phrase[:2], []).append(entry)

    def find(self, text: str) -> list[Hit[T]]:
        """Return all hits by place; overlapping ones too."""
        hits = [Hit(0, len(text), means) for means in self._whole.get(text, ())]
        single, longer = self._single, self._longer
        for at, character in enumerate(text):
            if character in single:
                hits.extend(Hit(at, at + 1, means) for means in single[character])
            for phrase, means, bound_left, bound_right in longer.get(text[at : at + 2], ()):
                end = at + len(phrase)
                if not text.startswith(phrase, at):
                    continue
                if bound_left and at > 0 and _latin(text[at - 1]):
                    continue
                if bound_right and end < len(text) and _latin(text[end]):
                    continue
                hits.append(Hit(at, end, means))
        return hits


def outermost(hits: Iterable[Hit[T]]) -> list[Hit[T]]:
    """Return the hits that stand within no longer one, by place."""
    kept: list[Hit[T]] = []
    for hit in sorted(hits, key=lambda one: (one.start, -one.end)):
        # Of those before it none reaches farther than the last one that was kept.
        widest = kept[-1] if kept else None
        if (
            widest is None
            or hit.end > widest.end
            or (hit.start, hit.end) == (widest.start, widest.end)
        ):
            kept.append(hit)
    return kept


def folded(phrase: str) -> str:
    """Return a phrase of the lexicon folded like a message, its ``=`` kept."""
    return f"={normalise(phrase[1:])}" if phrase.startswith("=") else normalise(phrase)


def _latin(character: str) -> bool:
    return character.isascii() and character.isalnum()
