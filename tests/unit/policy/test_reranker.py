"""Questions and passages are put together as the network takes them."""

from __future__ import annotations

from tests.common.policies import embedder, sample_policy

from privacydesk.policy.chunks import split_into_chunks
from privacydesk.policy.reranker import encode_passage, make_batch


def test_a_batch_holds_question_and_passage_and_nothing_behind() -> None:
    _, asked = embedder().read_query("注销账号之后还能找回来吗")
    read = [encode_passage(piece, embedder()) for piece in split_into_chunks(sample_policy())[:9]]
    read.sort(key=lambda one: len(one.states))
    short, long = read[0], read[-1]
    batch = make_batch([(asked, short), (asked, long)])
    assert batch.is_question.sum(1).tolist() == [len(asked)] * 2
    assert batch.is_token.sum(1).tolist() == [
        len(asked) + len(short.states), len(asked) + len(long.states),
    ]  # fmt: skip
    assert not batch.states[0][~batch.is_token[0]].any()
    assert not (batch.sentences.any(1) & batch.is_question).any()
    for row, passage in enumerate((short, long)):
        counts = [end - start for start, end in passage.sentences]
        assert batch.sentences[row].sum(1).tolist()[: len(counts)] == counts
