"""The cross-encoder learns, goes on where it was stopped, and is written down as it is."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace
from tests.common.policies import embedder

from privacydesk.data import questioned_policies
from privacydesk.policy.folding import fold
from privacydesk.policy.lookup import Lookup
from privacydesk.policy.reranker import GRAPH, Reranker, make_batch
from privacydesk.policy_training.corpus import read_questioned

pytest.importorskip("torch", reason="PyTorch is there only where the network is trained")

import torch

from privacydesk.learning.check_points import FILE
from privacydesk.policy_training.export import export
from privacydesk.policy_training.loop import Asked, Pace, chosen, labelled, train
from privacydesk.policy_training.network import CrossEncoder
from privacydesk.policy_training.teaching import ReadPolicy
from privacydesk.policy_training.turning import learn

# PyTorch's exporter warns of its own parts.
pytestmark = pytest.mark.filterwarnings(
    "ignore::FutureWarning", "ignore::UserWarning", "ignore::DeprecationWarning"
)

_PACE = Pace(near=2, far=0, tokens=600, encoder_rate=5e-4)


@pytest.fixture(scope="module")
def policy() -> ReadPolicy:
    files = min(questioned_policies(), key=lambda one: len(one[1]))
    return ReadPolicy.of(read_questioned(*files), embedder())


@pytest.fixture(scope="module")
def asked(policy: ReadPolicy) -> list[Asked]:
    return policy.asked()[:12]


def test_the_first_look_learns_which_passages_answer(policy: ReadPolicy) -> None:
    likened = policy.likened()
    turns = learn([likened])
    lookup = Lookup(policy.policy.chunks, policy.vectors, turns)

    def ranks(one: Lookup) -> float:
        answered = (question for question in policy.policy.questions if question.answers)
        found = []
        for question, vector in zip(answered, likened.questions, strict=True):
            order = np.argsort(-one.scores(fold(question.text), vector)).tolist()
            found.append(min(order.index(at) for at in question.answering))
        return float(np.mean(found))

    assert ranks(lookup) < ranks(policy.lookup)


def _trained(
    folder: Path,
    asked: list[Asked],
    *,
    epochs: int,
    tell: Callable[[str], None] = lambda _: None,
    digest: str = "of these questions",
) -> CrossEncoder:
    network = CrossEncoder(layers=1)
    pace = replace(_PACE, epochs=epochs)
    train(network, asked, pace=pace, folder=folder, digest=digest, tell=tell)
    network.eval()
    return network


def _mistaken(network: CrossEncoder, asked: list[Asked]) -> float:
    """Return how far chances are from the labels, on average."""
    far = []
    for one in asked:
        for passage in chosen(one, _PACE, random.Random(0)):  # noqa: S311 - no secret
            example = labelled(one, passage)
            given = map(torch.from_numpy, make_batch([(one.states, example.passage)]))
            with torch.no_grad():
                told, _ = network(*given)
            if example.answers >= 0:
                far.append(abs(example.answers - float(told.sigmoid())))
    return sum(far) / len(far)


def test_it_learns_and_goes_on(asked: list[Asked], tmp_path: Path) -> None:
    torch.manual_seed(0)
    fresh = _mistaken(CrossEncoder(layers=1).eval(), asked)
    _trained(tmp_path, asked, epochs=1)
    assert (tmp_path / FILE).exists()
    assert _mistaken(_trained(tmp_path, asked, epochs=8), asked) < 0.9 * fresh


def test_what_was_learnt_of_another_corpus_is_left(asked: list[Asked], tmp_path: Path) -> None:
    told: list[str] = []
    _trained(tmp_path, asked, epochs=1)
    _trained(tmp_path, asked, epochs=1, tell=told.append)
    assert told == ["goes on after epoch 1"]
    _trained(tmp_path, asked, epochs=1, tell=told.append, digest="of others")
    assert told[1:] == ["begins anew: the check point is of another corpus"]


def test_a_question_is_read_with_all_that_answers_and_some_that_does_not(
    asked: list[Asked],
) -> None:
    for one in asked:
        passages = list(chosen(one, _PACE, random.Random(1)))  # noqa: S311 - no secret
        answering = one.question.answering
        assert answering <= set(passages)
        assert len(passages) == len(set(passages)) == len(answering) + 2 + (not answering)


def test_labels_are_those_of_the_question(asked: list[Asked]) -> None:
    one = next(one for one in asked if one.question.answers)
    passage, at = min(one.question.answers)
    example = labelled(one, passage)
    assert (example.answers, example.sentences[at]) == (1.0, 1.0)
    other = next(at for at in one.order if at not in one.question.answering)
    assert set(labelled(one, other).sentences) <= {0.0, -1.0}


def test_what_is_written_down_reads_as_the_network_does(asked: list[Asked], tmp_path: Path) -> None:
    network = _trained(tmp_path, asked, epochs=1)
    one = asked[0]
    passages = [one.passages[at] for at in one.order[:3]]
    with torch.no_grad():
        given = make_batch([(one.states, passage) for passage in passages])
        told, of_sentences = network(*map(torch.from_numpy, given))
    export(network, tmp_path / GRAPH)
    reranker = Reranker(tmp_path)
    assert reranker.score(one.states, []) == []
    verdicts = reranker.score(one.states, passages)
    assert np.allclose([one.answers for one in verdicts], told.numpy(), atol=0.3)
    for verdict, row in zip(verdicts, of_sentences.numpy(), strict=True):
        assert np.allclose(verdict.sentences, row[: len(verdict.sentences)], atol=0.3)
