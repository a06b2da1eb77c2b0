"""Batches of labelled texts as tensors."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from privacydesk.nlu.labels import INTENTS, SAFETIES, Layer
from privacydesk.nlu.pairs import Place
from privacydesk.nlu.tokens import PADDING, Cut, Tokens
from privacydesk.training.labelling import Labelled, Stretch

UNKNOWN: Final = -100
"""A label that the loss ignores."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Texts of about the same length.

    Attributes:
        tokens: (batch, tokens).
        words: (batch, words, 4).
        spans: (batch, layers, words, words), 1 at the first and last word of each stretch.
        annotated: (batch,), whether more is known than the intent.
        intents: (batch,).
        safety: (batch, safeties), -1 where it is not known.
        labelled: the texts.
        cuts: the texts, tokenised.
    """

    tokens: Tensor
    words: Tensor
    spans: Tensor
    annotated: Tensor
    intents: Tensor
    safety: Tensor
    labelled: Sequence[Labelled]
    cuts: Sequence[Cut]


def batches(texts: Sequence[Labelled], tokens: Tokens, most: int, seed: int) -> Iterator[Batch]:
    """Return all texts in batches of at most ``most`` tokens, padding included, in random order."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    read = [(one, tokens.of(one.text)) for one in texts]
    read.sort(key=lambda one: len(one[1].tokens) + 2 * chance.random())
    groups: list[list[tuple[Labelled, Cut]]] = [[]]
    for one in read:
        if groups[-1] and len(one[1].tokens) * (len(groups[-1]) + 1) > most:
            groups.append([])
        groups[-1].append(one)
    chance.shuffle(groups)
    for group in groups:
        yield batch(*zip(*group, strict=True))


def batch(texts: Sequence[Labelled], cuts: Sequence[Cut]) -> Batch:
    """Return tokenised texts as one batch."""
    longest = max([1, *(len(one.places) for one in cuts)])
    spans = torch.zeros((len(texts), len(Layer), longest, longest))
    safety = torch.full((len(texts), len(SAFETIES)), -1.0)
    intents = torch.full((len(texts),), UNKNOWN, dtype=torch.long)
    words = torch.zeros((len(texts), longest, 4), dtype=torch.long)
    numbers = torch.full((len(texts), max(len(one.tokens) for one in cuts)), PADDING)
    for row, (one, cut) in enumerate(zip(texts, cuts, strict=True)):
        numbers[row, : len(cut.tokens)] = torch.from_numpy(cut.tokens)
        words[row, : len(cut.places)] = torch.from_numpy(cut.words)
        if one.annotated:
            for number, layer in enumerate(Layer):
                places = (place_of(stretch, cut) for stretch in one.stretches(layer))
                for first, end in filter(None, places):
                    spans[row, number, first, end - 1] = 1
        if one.safety is not None:
            safety[row] = torch.tensor([float(each in one.safety) for each in SAFETIES])
        if one.intent is not None:
            intents[row] = INTENTS.index(one.intent)
    annotated = torch.tensor([one.annotated for one in texts])
    return Batch(numbers, words, spans, annotated, intents, safety, texts, cuts)


def place_of(stretch: Stretch, cut: Cut) -> Place | None:
    """Return the words of a stretch; None where it was not read."""
    within = [
        number
        for number, (start, end) in enumerate(cut.places)
        if start < stretch.end and stretch.start < end
    ]
    return (within[0], within[-1] + 1) if within else None
