from __future__ import annotations

import pytest

from privacydesk.policy.best_sentence import best_sentence
from privacydesk.policy.chunks import Chunk, split_sentences
from privacydesk.policy.reranker import PassageScores

TWO_PARTS = "资料存放在香港，够用即止；留得更久的，到期再删。"


@pytest.mark.parametrize(
    ("text", "best", "expected"),
    [
        ("二二二二二二二二。三三三三三三三三。", 1, "三三三三三三三三。"),
        (f"{TWO_PARTS}其他的不留了吧。", 0, TWO_PARTS),
        (f"{TWO_PARTS}其他的不留了吧。", 1, TWO_PARTS),
        (f"{TWO_PARTS}其他的不留了吧。", 2, "其他的不留了吧。"),
        (
            "1.手机号码，登录用；\n2.设备型号，安全用；\n3.位置信息，推荐用。",
            1,
            "2.设备型号，安全用；",
        ),
        ("We keep it; not for long. We delete it later.", 1, "We keep it; not for long."),
        ("只有一句话，没有别的。", 0, ""),
    ],
)
def test_the_sentence_is_whole_and_a_slice_of_the_passage(
    text: str, best: int, expected: str
) -> None:
    chunk = Chunk("privacy", "", "privacy:art1", "", "", "", text)
    logits = [0.0] * len(split_sentences(chunk))
    logits[best] = 1.0
    found = best_sentence(chunk, PassageScores(0.0, tuple(logits)))
    assert found == expected
    assert found in text


def test_a_passage_of_which_no_sentence_was_read_has_none() -> None:
    chunk = Chunk("privacy", "", "privacy:art1", "", "", "", TWO_PARTS)
    assert best_sentence(chunk, PassageScores(0.0, ())) == ""
