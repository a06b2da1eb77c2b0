from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from tests.common.policies import embedder

from privacydesk.encoder.e5 import E5
from privacydesk.understanding.embedding import DIMENSIONS, WISH_TOKENS, fitted, gist


@pytest.mark.parametrize(
    "text",
    ["", " ", "\x00", "a\x00b", "\ud800", "\udfff法", "😀" * 500, "法" * 100_000, "x" * 100_000],
    ids=["empty", "space", "nul", "inside", "half", "half2", "emoji", "long", "latin"],
)
def test_any_text_has_a_vector_of_length_one(text: str) -> None:
    for vector in (embedder().embed_query(text), embedder().embed_passages([text])[0]):
        assert vector.shape == (DIMENSIONS,)
        assert vector.dtype == np.float32
        assert float(vector @ vector) == pytest.approx(1, abs=1e-3)


def test_no_texts_have_no_vectors() -> None:
    assert embedder().embed_passages([]).shape == (0, DIMENSIONS)


def test_what_means_the_same_lies_closer_than_what_does_not() -> None:
    asked = embedder().embed_query("How do I close my account?")
    same, other = embedder().embed_passages(["怎样注销帐号", "今天天气很好"])
    assert asked @ same > asked @ other


def test_threads_do_not_disturb_each_other() -> None:
    texts = ["怎么注销账号", "how long do you keep my data", "點樣解綁", "cookie"] * 4
    alone = [embedder().embed_query(text) for text in texts]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(embedder().embed_query, texts))
    assert all(np.allclose(one, other) for one, other in zip(alone, together, strict=True))


def test_a_text_is_cut_where_no_more_fits() -> None:
    assert fitted("法" * 10, 4) == "法" * 4
    assert fitted("abcdef", 1) == "abc"
    assert fitted("ab法c", 1) == "ab"
    assert fitted("短", 4) == "短"


def test_what_no_engine_can_read_becomes_a_space() -> None:
    assert fitted("a\x00\ud800b", 10) == "a b"


def test_of_what_does_not_fit_the_beginning_and_the_end_are_read() -> None:
    assert gist("甲乙丙", len, 4) == "甲乙丙"
    assert gist("甲乙丙丁戊己庚辛", len, 5) == "甲 己庚辛"
    assert gist("a\x00\ud800b", len, 10) == "a b"


def test_no_word_is_cut_in_the_middle_unless_it_is_longer_than_all_the_room() -> None:
    said = "please stop whatever I asked yesterday about photographs"
    read = gist(said, len, 36)
    assert len(read) <= 36
    assert set(read.split()) <= set(said.split())
    assert read.startswith("please")
    assert read.endswith("photographs")
    assert len(gist("x" * 100_000, len, 40)) <= 40


def test_no_wish_takes_more_of_the_engine_than_there_is_time_for() -> None:
    engine = E5()
    for said in (
        "法" * 100_000,
        "qing ba wo de zhang hao zhu xiao diao, wo zhen de bu xiang zai yong le, xie xie ni men la",
        "I'd like Ng Wing-yan's zzyx qwrt pseudonymous photographs and gnarled xylophones gone",
        "啲嘢唔該幫我攞晒返嚟，咁多年嘅相同埋語音，一個都唔好漏，聽日之前要，唔該晒你哋咁耐",
    ):
        read = gist(said, engine.tokens_of_query)
        assert 0 < engine.tokens_of_query(read) <= WISH_TOKENS
