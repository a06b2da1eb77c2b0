"""The sentence of a quoted passage that answers, which readers see first."""

from __future__ import annotations

from typing import Final

from privacydesk.policy.chunks import Chunk, split_sentences
from privacydesk.policy.reranker import PassageScores

_GOES_ON: Final = (";", "；")
"""What ends a part of a sentence that was scored by itself."""


def best_sentence(chunk: Chunk, scores: PassageScores) -> str:
    """Return the sentence that answers best, a slice of the chunk; empty if it is all of it."""
    parts = split_sentences(chunk)
    scored = scores.sentences[: len(parts)]
    if not scored:
        return ""
    text = chunk.text
    best = max(range(len(scored)), key=scored.__getitem__)
    start = text.index(parts[best])
    end = start + len(parts[best])
    for part in reversed(parts[:best]):
        before = text.rfind(part, 0, start)
        if not part.endswith(_GOES_ON) or "\n" in text[before:start]:
            break
        start = before
    for part in parts[best + 1 :]:
        after = text.find(part, end)
        if not text[:end].endswith(_GOES_ON) or "\n" in text[end:after]:
            break
        end = after + len(part)
    whole = text[start:end]
    return whole if whole != text.strip() else ""
