from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from tests.common.policies import embedder

from privacydesk.encoder.embedding import DIMENSIONS, fitted


@pytest.mark.parametrize(
    "text",
    ["", " ", "\x00", "a\x00b", "\ud800", "\udfff法", "😀" * 500, "法" * 100_000, "x" * 100_000],
    ids=["empty", "space", "nul", "inside", "half", "half2", "emoji", "long", "latin"],
)
def test_any_text_has_a_vector_of_length_one(text: str) -> None:
    for vector in (embedder().read_query(text)[0], embedder().embed_passages([text])[0]):
        assert vector.shape == (DIMENSIONS,)
        assert vector.dtype == np.float32
        assert float(vector @ vector) == pytest.approx(1, abs=1e-3)


def test_no_texts_have_no_vectors() -> None:
    assert embedder().embed_passages([]).shape == (0, DIMENSIONS)


def test_what_means_the_same_lies_closer_than_what_does_not() -> None:
    asked, _ = embedder().read_query("How do I close my account?")
    same, other = embedder().embed_passages(["怎样注销帐号", "今天天气很好"])
    assert asked @ same > asked @ other


def test_threads_do_not_disturb_each_other() -> None:
    texts = ["怎么注销账号", "how long do you keep my data", "點樣解綁", "cookie"] * 4
    alone = [embedder().read_query(text)[0] for text in texts]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(embedder().read_query, texts))
    assert all(np.allclose(one, other) for one, (other, _) in zip(alone, together, strict=True))


def test_a_text_is_cut_where_no_more_fits() -> None:
    assert fitted("法" * 10, 4) == "法" * 4
    assert fitted("abcdef", 1) == "abc"
    assert fitted("ab法c", 1) == "ab"
    assert fitted("短", 4) == "短"


def test_what_no_engine_can_read_becomes_a_space() -> None:
    assert fitted("a\x00\ud800b", 10) == "a b"
