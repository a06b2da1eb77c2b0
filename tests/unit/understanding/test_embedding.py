from __future__ import annotations

from privacydesk.encoder.e5 import E5
from privacydesk.understanding.embedding import WISH_TOKENS, gist


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
