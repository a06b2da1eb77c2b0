"""Trains the models that answer from policies, and writes their files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path

import msgspec
import numpy as np
from msgspec import Struct

from privacydesk.encoder.e5 import SHIPPED
from privacydesk.encoder.embedding import E5Embedder
from privacydesk.encoder.weights import ModelFile
from privacydesk.policy import lookup, relevance
from privacydesk.policy.answering import AnswerModels, embedded_texts
from privacydesk.policy.chunks import split_sentences
from privacydesk.policy.folding import fold
from privacydesk.policy.lookup import Floats, Lookup, VectorMaps
from privacydesk.policy.reranker import GRAPH, EncodedPassage, Reranker, encode_passage
from privacydesk.policy_training.corpus import QuestionedPolicy
from privacydesk.policy_training.export import export
from privacydesk.policy_training.loop import Asked, Pace, train
from privacydesk.policy_training.network import CrossEncoder, load_encoder
from privacydesk.policy_training.turning import Likened, learn, likened
from privacydesk.policy_training.weighing import weigh


def teach(
    training_set: Sequence[QuestionedPolicy],
    left_out: Sequence[QuestionedPolicy],
    folder: Path,
    *,
    pace: Pace,
    tell: Callable[[str], None],
) -> None:
    """Train the models on policies and their questions, and write their files.

    Check points are written next to them; training that was begun in the folder is resumed.

    Args:
        training_set: policies with their questions.
        left_out: others, on which the judge is fitted.
        folder: where the files are written.
        pace: the training parameters of the network.
        tell: called with messages of progress.
    """
    folder.mkdir(parents=True, exist_ok=True)
    encoder = E5Embedder(threads=2)
    policies: list[ReadPolicy] = []
    for number, policy in enumerate(training_set, start=1):
        policies.append(ReadPolicy.of(policy, encoder))
        tell(f"read {policy.name}, {number} of {len(training_set)}")
    learn([policy.likened() for policy in policies]).save(folder / lookup.FILE)
    network = CrossEncoder()
    load_encoder(network, ModelFile(SHIPPED))
    asked = [one for policy in policies for one in policy.asked()]
    train(network, asked, pace=pace, folder=folder, digest=_digest(training_set, pace), tell=tell)
    export(network, folder / GRAPH)
    turns, reranker = VectorMaps.load(folder / lookup.FILE), Reranker(folder)
    unweighed = AnswerModels(
        turns, reranker, relevance.RelevanceModel((1.0, 0.0, 0.0, 0.0, 0.0), 0.0)
    )
    weigh(left_out, encoder, unweighed).save(folder / relevance.FILE)


class ReadPolicy(Struct, frozen=True):
    """A policy and its questions, as the encoder reads them.

    Attributes:
        policy: the policy.
        vectors: of ``embedded_texts``.
        passages: each read by itself.
        questions: the vector and the tokens of each.
        lookup: untrained.
    """

    policy: QuestionedPolicy
    vectors: Floats
    passages: list[EncodedPassage]
    questions: list[tuple[Floats, Floats]]
    lookup: Lookup

    @classmethod
    def of(cls, policy: QuestionedPolicy, encoder: E5Embedder) -> ReadPolicy:
        """Read a policy and its questions."""
        vectors = encoder.embed_passages(embedded_texts(policy.version))
        return cls(
            policy,
            vectors,
            [encode_passage(chunk, encoder) for chunk in policy.chunks],
            [encoder.read_query(fold(question.text)) for question in policy.questions],
            Lookup(policy.chunks, vectors, VectorMaps.identity(vectors.shape[1])),
        )

    def likened(self) -> Likened:
        """Return the answerable questions, for training the lookup."""
        answered = [at for at, one in enumerate(self.policy.questions) if one.answers]
        questions = [self.policy.questions[at] for at in answered]
        return likened(
            self.vectors,
            [len(split_sentences(chunk)) for chunk in self.policy.chunks],
            np.stack([self.questions[at][0] for at in answered]),
            np.stack([self.lookup.by_words(fold(one.text)) for one in questions]),
            [one.answering for one in questions],
        )

    def asked(self) -> list[Asked]:
        """Return the questions, for training the cross-encoder."""
        found = []
        for question, (vector, states) in zip(self.policy.questions, self.questions, strict=True):
            scores = self.lookup.scores(fold(question.text), vector)
            order = np.argsort(-scores, kind="stable").tolist()
            found.append(Asked(question, states, order, self.passages))
        return found


def _digest(policies: Sequence[QuestionedPolicy], pace: Pace) -> str:
    """Return a digest of the training data and parameters."""
    told = [(one.version.source, [question.text for question in one.questions]) for one in policies]
    return sha256(msgspec.json.encode([told, pace])).hexdigest()
