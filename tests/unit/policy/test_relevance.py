"""What is told of a passage is weighed, and the first look goes by what was learnt."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.common.policies import embedder, sample_policy

from privacydesk.policy.answering import embedded_texts
from privacydesk.policy.chunks import split_into_chunks
from privacydesk.policy.lookup import FILE, Lookup, VectorMaps, adjust
from privacydesk.policy.relevance import RelevanceModel, passage_features
from privacydesk.policy.reranker import PassageScores


def test_signs_are_the_passage_its_best_sentence_and_both_lookups() -> None:
    assert passage_features(PassageScores(1.5, (-2.0, 0.5)), -0.25, -3.0, 2.0) == (
        1.5,
        0.5,
        -0.25,
        -3.0,
        2.0,
    )
    assert passage_features(PassageScores(1.5, ()), -0.25, -3.0, 2.0) == (
        1.5,
        1.5,
        -0.25,
        -3.0,
        2.0,
    )


def test_chances_rise_with_what_is_weighed_and_stay_within_bounds(tmp_path: Path) -> None:
    judge = RelevanceModel((1.0, 0.5, 0.25), -1.0)
    assert judge.probability((1.0, 0.0, 0.0)) == 0.5
    assert judge.probability((0.0, 0.0, 0.0)) < 0.5 < judge.probability((1.0, 1.0, 1.0))
    assert 0 < judge.probability((-1e9, 0.0, 0.0)) < judge.probability((1e9, 0.0, 0.0)) <= 1
    judge.save(tmp_path / "judge.json")
    assert RelevanceModel.load(tmp_path / "judge.json") == judge


def test_the_first_look_tells_likelihoods_over_all_passages() -> None:
    vectors = embedder().embed_passages(embedded_texts(sample_policy()))
    pieces = split_into_chunks(sample_policy())
    vector = embedder().read_query("怎么注销账号")[0]
    likely = Lookup(pieces, vectors, VectorMaps.identity(len(vector))).scores(
        "怎么注销账号", vector
    )
    assert likely.shape == (len(pieces),)
    assert float(np.exp(likely).sum()) == pytest.approx(1, abs=1e-4)


def test_nothing_learnt_turns_nothing(tmp_path: Path) -> None:
    plain = VectorMaps.identity(3)
    vectors = np.array([[0.6, 0.8, 0.0], [0.0, 0.0, 1.0]], np.float32)
    assert np.allclose(adjust(vectors, plain.question), vectors)
    plain.save(tmp_path / FILE)
    assert np.allclose(VectorMaps.load(tmp_path / FILE).weights, plain.weights)
