"""The trained model of intents: two linear looks at a message, a quick one and a closer one.

    pieces ──► quick look ──► sure enough? ──► intent
       │                          │ no
       └──► closer look ◄── embedding of the sentence (slow) ──► intent

Each gives every intent a score that ``training`` fits; here they are only applied, and toned into
probabilities. The file holds their weights as bytes with a scale for each intent, which is as good
as the numbers themselves and a quarter of their size.
"""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Mapping, Sequence
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from privacydesk.domain.intents import Intent
from privacydesk.errors import SettingsError
from privacydesk.understanding.grams import code_of, codes
from privacydesk.understanding.intents import DESTRUCTIVE

Floats = NDArray[np.float32]

VERSION: Final = 3
"""Of the file; a model made for other pieces or vectors would be worse than none."""

_SHIPPED: Final = "intents.npz"


class Bag(Struct, frozen=True):
    """The known pieces of a message: rows of the table, and how much each weighs."""

    rows: NDArray[np.int64]
    weights: Floats


class Look(Struct, frozen=True):
    """One linear scoring of the pieces.

    Attributes:
        weights: int8, of shape (pieces, intents).
        scale: what a step of each intent's weights stands for.
        bias: of each intent.
        temperature: what scores are divided by, so that what is told with 0.8 is right in 8 of 10.
    """

    weights: NDArray[np.int8]
    scale: Floats
    bias: Floats
    temperature: float

    def logits(self, bag: Bag) -> Floats:
        """Return how much speaks for each intent."""
        told = bag.weights @ self.weights[bag.rows].astype(np.float32)
        logits: Floats = told * self.scale + self.bias
        return logits

    def chances(self, logits: Floats) -> Floats:
        """Return the probability of each intent."""
        toned = logits / self.temperature
        spread: Floats = np.exp(toned - toned.max())
        chances: Floats = spread / spread.sum()
        return chances


class IntentModel(Struct, frozen=True, dict=True):
    """Both looks, and when either may be acted on.

    Attributes:
        intents: in the order of the columns.
        table: the known pieces, sorted.
        idf: how telling each piece is.
        quick: over the pieces alone.
        closer: over pieces and embedding.
        vector_weights: the closer look's part for the embedding, of shape (1536, intents).
        settled: from which probability the quick look is believed without a closer one.
        sure: from which probability the desk may act, by intent.
        trained_on: a fingerprint of the sentences.
    """

    intents: tuple[Intent, ...]
    table: NDArray[np.uint32]
    idf: Floats
    quick: Look
    closer: Look
    vector_weights: Floats
    settled: float
    sure: Mapping[Intent, float]
    trained_on: str

    @cached_property
    def _places(self) -> dict[int, int]:
        # A message has a few dozen pieces: looking each up takes less than one call of numpy's.
        return {code: place for place, code in enumerate(self.table.tolist())}

    def bag(self, text: str) -> Bag:
        """Return the pieces of a message that the model knows."""
        places = self._places
        counts: dict[int, int] = {}
        for code in codes(text):
            place = places.get(code)
            if place is not None:
                counts[place] = counts.get(place, 0) + 1
        rows = np.fromiter(counts, np.int64, len(counts))
        louder = [1.0 + math.log(count) for count in counts.values()]
        weights = np.array(louder, np.float32) * self.idf[rows]
        length = math.sqrt(weights @ weights)
        return Bag(rows, weights / np.float32(length) if length else weights)

    def known(self, pieces: Sequence[str]) -> int:
        """Return how many of some pieces the model has heard before."""
        return sum(code_of(piece) in self._places for piece in pieces)

    def glance(self, bag: Bag) -> Floats:
        """Return the quick look's probabilities."""
        return self.quick.chances(self.quick.logits(bag))

    def settles(self, chances: Floats) -> bool:
        """Tell whether a quick look needs no closer one.

        A form that ends in a loss never begins on a quick look: half of other people's chat that
        it takes for such a wish is told apart by the closer one.
        """
        first = int(chances.argmax())
        return bool(chances[first] >= self.settled) and self.intents[first] not in DESTRUCTIVE

    def look(self, bag: Bag, vector: Floats) -> Floats:
        """Return the closer look's probabilities.

        Args:
            bag: of the message.
            vector: its embedding, of shape (384,).
        """
        return self.closer.chances(self.closer.logits(bag) + vector @ self.vector_weights)

    @classmethod
    def load(cls, path: Path | None = None) -> Self:
        """Read a model; the shipped one unless told.

        Raises:
            SettingsError: there is none, it is broken, or another version made it.
        """
        try:
            raw = path.read_bytes() if path is not None else _shipped()
            with np.load(io.BytesIO(raw), allow_pickle=False) as stored:
                return cls._from(stored)
        except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
            name = path if path is not None else _SHIPPED
            raise SettingsError(
                f"the model of intents {name} can't be read ({type(error).__name__}); "
                "make it anew with: privacydesk understand train-intents",
                key="intent_model",
            ) from None

    def save(self, path: Path) -> None:
        """Write the model."""
        arrays: dict[str, Any] = {
            "version": np.array(VERSION),
            "intents": np.array([str(intent) for intent in self.intents]),
            "table": self.table,
            "idf": self.idf.astype(np.float16),
            "vector_weights": self.vector_weights.astype(np.float16),
            "settled": np.array(self.settled),
            "sure": np.array([self.sure[intent] for intent in self.intents]),
            "trained_on": np.array(self.trained_on),
        }
        for name, look in (("quick", self.quick), ("closer", self.closer)):
            arrays[f"{name}_weights"] = look.weights
            arrays[f"{name}_scale"] = look.scale
            arrays[f"{name}_bias"] = look.bias
            arrays[f"{name}_temperature"] = np.array(look.temperature)
        with path.open("wb") as file:
            np.savez_compressed(file, **arrays)

    @classmethod
    def _from(cls, stored: Mapping[str, Any]) -> Self:
        if int(stored["version"]) != VERSION:
            raise ValueError("made by another version")
        intents = tuple(Intent(str(name)) for name in stored["intents"])
        return cls(
            intents=intents,
            table=stored["table"],
            idf=stored["idf"].astype(np.float32),
            quick=_look(stored, "quick"),
            closer=_look(stored, "closer"),
            vector_weights=stored["vector_weights"].astype(np.float32),
            settled=float(stored["settled"]),
            sure=dict(zip(intents, map(float, stored["sure"]), strict=True)),
            trained_on=str(stored["trained_on"]),
        )


def _look(stored: Mapping[str, Any], name: str) -> Look:
    return Look(
        weights=stored[f"{name}_weights"],
        scale=stored[f"{name}_scale"],
        bias=stored[f"{name}_bias"],
        temperature=float(stored[f"{name}_temperature"]),
    )


def _shipped() -> bytes:
    return (files("privacydesk.understanding") / "model" / _SHIPPED).read_bytes()
