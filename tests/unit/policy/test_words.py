from __future__ import annotations

from collections import Counter

from privacydesk.policy.language import has_chinese
from privacydesk.policy.words import WordIndex, tokens


def index(*texts: str) -> WordIndex:
    return WordIndex([tokens(text) for text in texts], length_penalty=0.6)


def test_words_and_single_characters_are_tokens() -> None:
    assert set(tokens("注销账号 cookie")) == {"注销", "账号", "注", "销", "账", "号", "cookie"}


def test_a_rare_word_tells_more_than_a_common_one() -> None:
    found = index("账号 注销", "账号 登录", "账号 充值").scores(Counter(tokens("账号注销")))
    assert found.argmax() == 0


def test_a_long_text_must_have_a_word_more_often() -> None:
    found = index("注销", "注销" + "其他的内容" * 50).scores(Counter(["注销"]))
    assert found[0] > found[1] > 0


def test_words_that_no_text_has_score_nothing() -> None:
    assert not index("账号").scores(Counter(["保险"])).any()
    assert not index().scores(Counter(["保险"])).any()


def test_chinese_is_told_from_other_scripts() -> None:
    assert has_chinese("ok 吗")
    assert not has_chinese("ok?")
