from __future__ import annotations

import pytest
from scitt_cose import merkle as other

from privacydesk.receipts.merkle import GrowingTree, hash_leaf, root_of_path

SIZES = range(1, 70)
ENTRIES = [b"entry %d" % n for n in range(80)]


def test_roots_and_proofs_are_those_of_another_implementation() -> None:
    tree = GrowingTree()
    for size in SIZES:
        tree.append(hash_leaf(ENTRIES[size - 1]))
        known = [entry.hex() for entry in ENTRIES[:size]]
        assert tree.root.hex() == other.merkle_root(known)
        for index in range(size):
            path = tree.path(index)
            assert [one.hex() for one in path] == other.inclusion_proof(known, index)
            assert root_of_path(hash_leaf(ENTRIES[index]), index, size, path) == tree.root


def test_an_empty_tree_has_the_root_of_the_rfc() -> None:
    assert GrowingTree().root.hex() == other.merkle_root([])


@pytest.mark.parametrize("size", SIZES)
def test_a_tree_grows_on_from_its_peaks_alone(size: int) -> None:
    whole = GrowingTree()
    for entry in ENTRIES[:size]:
        whole.append(hash_leaf(entry))
    tree = GrowingTree(size, whole.peaks)
    assert tree.root == whole.root
    for entry in ENTRIES[size:]:
        tree.append(hash_leaf(entry))
        whole.append(hash_leaf(entry))
    assert tree.root == whole.root
    assert [tree.path(i) for i in range(size, 80)] == [whole.path(i) for i in range(size, 80)]


def test_the_path_of_a_leaf_from_before_is_not_known() -> None:
    tree = GrowingTree(3, [hash_leaf(b"1"), hash_leaf(b"2")])
    tree.append(hash_leaf(b"3"))
    with pytest.raises(KeyError):
        tree.path(0)


def test_a_tree_with_the_wrong_number_of_peaks_is_refused() -> None:
    with pytest.raises(ValueError, match="as many peaks"):
        GrowingTree(3, [hash_leaf(b"1")])


def test_a_path_leads_nowhere_from_another_place() -> None:
    tree = GrowingTree()
    for entry in ENTRIES[:21]:
        tree.append(hash_leaf(entry))
    for index in range(21):
        leaf, path = hash_leaf(ENTRIES[index]), tree.path(index)
        for wrong in {*range(21)} - {index}:
            assert root_of_path(leaf, wrong, 21, path) != tree.root
        assert root_of_path(leaf, index, 21, path[:-1]) != tree.root
        assert root_of_path(leaf, index, 21, (*path, leaf)) is None
        assert root_of_path(leaf, 21, 21, path) is None
        assert root_of_path(leaf, -1, 21, path) is None
