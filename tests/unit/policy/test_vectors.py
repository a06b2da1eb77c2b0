from __future__ import annotations

import numpy as np
import pytest

from privacydesk.policy.vectors import digest, pack, unpack

TEXTS = ["一", "二"]
VECTORS = np.arange(6, dtype=np.float32).reshape(2, 3)


def test_vectors_come_back_by_the_texts_they_were_made_of() -> None:
    found = unpack(pack(VECTORS, TEXTS))
    assert found.keys() == {digest("一"), digest("二")}
    assert np.array_equal(found[digest("二")], VECTORS[1])


@pytest.mark.parametrize("damaged", [None, b"", b"not a file", pack(VECTORS, TEXTS)[:-40]])
def test_a_damaged_file_counts_as_none(damaged: bytes | None) -> None:
    assert unpack(damaged) == {}
