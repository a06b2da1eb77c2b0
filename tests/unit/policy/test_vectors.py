from __future__ import annotations

import numpy as np
import pytest

from privacydesk.policy.vectors import pack, unpack

TEXTS = ["一", "二"]
VECTORS = np.arange(6, dtype=np.float32).reshape(2, 3)


def test_vectors_come_back_as_they_were() -> None:
    found = unpack(pack(VECTORS, TEXTS), TEXTS)
    assert found is not None
    assert np.array_equal(found, VECTORS)


@pytest.mark.parametrize("texts", [["一"], ["一", "三"], []])
def test_vectors_of_other_texts_are_not_used(texts: list[str]) -> None:
    assert unpack(pack(VECTORS, TEXTS), texts) is None


@pytest.mark.parametrize("damaged", [None, b"", b"not a file", pack(VECTORS, TEXTS)[:-40]])
def test_a_damaged_file_counts_as_none(damaged: bytes | None) -> None:
    assert unpack(damaged, TEXTS) is None
