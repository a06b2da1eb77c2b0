"""The Merkle tree of RFC 9162, section 2.1: its root, and proofs that a leaf is included."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

_LEAF = b"\x00"
_NODE = b"\x01"


def hash_leaf(entry: bytes) -> bytes:
    """Return the hash of an entry as a leaf."""
    return hashlib.sha256(_LEAF + entry).digest()


def hash_node(left: bytes, right: bytes) -> bytes:
    """Return the hash of a node by those of its children."""
    return hashlib.sha256(_NODE + left + right).digest()


class GrowingTree:
    """A tree that leaves are appended to, without the leaves that it began with.

    Attributes:
        size: the number of leaves.
        peaks: the roots of the perfect subtrees that the leaves divide into, largest first.

    Args:
        size: the number of leaves at the beginning.
        peaks: the peaks at the beginning.
    """

    def __init__(self, size: int = 0, peaks: Iterable[bytes] = ()) -> None:
        self.size = size
        self.peaks = tuple(peaks)
        if len(self.peaks) != size.bit_count():
            raise ValueError("a tree has as many peaks as its size has binary ones")
        self._hashes = dict(zip(_peak_ranges(size), self.peaks, strict=True))

    @property
    def root(self) -> bytes:
        """The root."""
        if not self.peaks:
            return hashlib.sha256(b"").digest()
        *others, root = self.peaks
        for peak in reversed(others):
            root = hash_node(peak, root)
        return root

    def append(self, leaf: bytes) -> None:
        """Append the hash of a leaf."""
        self._hashes[self.size, self.size + 1] = leaf
        self.size += 1
        self.peaks = tuple(self._hash(start, end) for start, end in _peak_ranges(self.size))

    def path(self, index: int) -> tuple[bytes, ...]:
        """Return the inclusion proof of an appended leaf: the siblings from the leaf to the root.

        Raises:
            KeyError: the leaf is one that the tree began with, so its siblings are not known.
        """
        siblings = []
        start, end = 0, self.size
        while end - start > 1:
            middle = start + _split(end - start)
            if index < middle:
                siblings.append(self._hash(middle, end))
                end = middle
            else:
                siblings.append(self._hash(start, middle))
                start = middle
        return tuple(reversed(siblings))

    def _hash(self, start: int, end: int) -> bytes:
        """Return the hash of the subtree over a range of leaves."""
        known = self._hashes.get((start, end))
        if known is not None:
            return known
        if end - start == 1:
            raise KeyError(start)
        middle = start + _split(end - start)
        value = hash_node(self._hash(start, middle), self._hash(middle, end))
        if (end - start).bit_count() == 1:
            # A perfect subtree stays as it is; others change with the next leaf.
            self._hashes[start, end] = value
        return value


def root_of_path(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """Return the root that an inclusion proof leads to; None if it is none for this place.

    Implements RFC 9162, section 2.1.3.2, up to the comparison of the root.
    """
    if not 0 <= index < size:
        return None
    node, last = index, size - 1
    root = leaf
    for sibling in path:
        if last == 0:
            return None
        if node & 1 or node == last:
            root = hash_node(sibling, root)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            root = hash_node(root, sibling)
        node, last = node >> 1, last >> 1
    return root if last == 0 else None


def _split(size: int) -> int:
    """Return the largest power of two smaller than a size: the leaves left of a root."""
    return 1 << (size - 1).bit_length() - 1


def _peak_ranges(size: int) -> list[tuple[int, int]]:
    """Return the ranges of the leaves below each peak."""
    ranges, start = [], 0
    for bit in reversed(range(size.bit_length())):
        if size >> bit & 1:
            ranges.append((start, start + (1 << bit)))
            start += 1 << bit
    return ranges
