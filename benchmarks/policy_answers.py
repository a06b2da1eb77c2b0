"""Measures how well and how fast questions are answered from a policy; trains the search weights.

    python benchmarks/policy_answers.py POLICY.txt [--half report] [--misses]
    python benchmarks/policy_answers.py POLICY.txt --train
    python benchmarks/policy_answers.py --short

The questions of ``policy_questions.yaml`` and ``policy_questions_hard.yaml`` are about the policy
of one operator, which is not in this repository. Half of the questions are for tuning, half for
reporting: in the first file those at even and odd positions, in the second as named. ``--short``
uses six short policies of other operators (``policy_short.yaml``) to check how the weights
generalise.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from privacydesk.encoder.embedding import E5Embedder, Vector
from privacydesk.policy import search_knowledge
from privacydesk.policy.answering import PolicyIndex, embedded_texts
from privacydesk.policy.folding import fold
from privacydesk.policy.importer import decode_policy, read_policy
from privacydesk.policy.tree import PolicyVersion

QUESTIONS = Path(__file__).with_name("policy_questions.yaml")
WEIGHTS_FILE = Path(search_knowledge.__file__).with_name("knowledge") / "learnt.npz"
HARD = Path(__file__).with_name("policy_questions_hard.yaml")
SHORT = Path(__file__).with_name("policy_short.yaml")
HALVES = {"tune": 0, "report": 1}

_STEPS = 400
_WEIGHT_DECAY = 1e-5
_ANSWERABILITY_DECAY = 1e-3
_DECLINED = 0.99
"""The share of the unanswerable tuning questions that must be declined. It is high, because the
share is lower for other questions, and it costs few answers."""


@dataclass(frozen=True)
class Question:
    """A question with the article that answers it; without an article if the policy doesn't."""

    voice: str
    manner: str
    text: str
    document: str = ""
    article: str = ""
    words: tuple[str, ...] = ()


def read_questions(half: str) -> list[Question]:
    """Return the questions for tuning or for reporting."""
    entries = yaml.safe_load(QUESTIONS.read_text("utf-8"))
    hard = yaml.safe_load(HARD.read_text("utf-8"))[half]
    return _questions(entries, HALVES[half], 2) + _questions(hard, 0, 1)


def _questions(entries: dict[str, Any], first: int, step: int) -> list[Question]:
    return [
        Question(voice, manner, text, part["document"], part["article"], tuple(map(str, words)))
        for part in entries["answerable"]
        for voice, manner, text, *words in part["questions"][first::step]
    ] + [Question(*question) for question in entries["unanswerable"][first::step]]


def index_of(version: PolicyVersion, embedder: E5Embedder) -> PolicyIndex:
    """Embed a policy and index it."""
    vectors = embedder.embed_passages(embedded_texts(version))
    return PolicyIndex(version, vectors, embedder)


def _version(text: str) -> PolicyVersion:
    return read_policy(text, name="measured").version(datetime.now(UTC))


# -- measuring ---------------------------------------------------------------------------------


def measure(
    index: PolicyIndex, version: PolicyVersion, questions: Sequence[Question], *, misses: bool
) -> None:
    """Print the shares of questions answered from the right article or rightly declined."""
    keys = {document.title: document.key for document in version.documents}
    tallies: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    times: list[float] = []
    for question in questions:
        started = time.perf_counter()
        answer = index.answer(question.text)
        times.append(time.perf_counter() - started)
        quotes = answer.quotes
        outcomes: dict[str, bool] = {}
        if question.article:
            shown = " ".join(quote.text for quote in quotes)
            outcomes["right article first"] = bool(quotes) and (
                keys[quotes[0].document] == question.document
                and quotes[0].article.startswith(question.article)
            )
            outcomes["words in the first three"] = all(
                any(alternative in shown for alternative in word.split("|"))
                for word in question.words
            )
            outcomes["wrongly declined"] = not answer.answerable
        else:
            outcomes["rightly declined"] = not answer.answerable
        for name, correct in outcomes.items():
            for group in ("all", question.voice, question.manner):
                tallies[name][group].append(correct)
            if misses and correct == (name == "wrongly declined"):
                first = f"{quotes[0].article} {quotes[0].section}" if quotes else ""
                print(f"  not {name}: {question.voice} {question.text} → {first[:60]}")
    for name, groups in tallies.items():
        parts = (f"{g} {100 * sum(v) / len(v):.1f} % of {len(v)}" for g, v in groups.items())
        print(f"{name}: {'; '.join(parts)}")
    times.sort()
    p95 = times[int(len(times) * 0.95)]
    print(f"a question: median {1e3 * statistics.median(times):.1f} ms, p95 {1e3 * p95:.1f} ms")


def measure_short(embedder: E5Embedder) -> None:
    """Print the results for each short policy."""
    for policy in yaml.safe_load(SHORT.read_text("utf-8")):
        index = index_of(_version(policy["policy"]), embedder)
        first = in_first_three = declined = 0
        for question, words in policy["answerable"]:
            quotes = index.answer(question).quotes
            first += bool(quotes) and words in quotes[0].text
            in_first_three += any(words in quote.text for quote in quotes)
            declined += not quotes
        declined_rightly = [
            not index.answer(question).answerable for question in policy["unanswerable"]
        ]
        print(
            f"{policy['name']}: of {len(policy['answerable'])} the passage first {first},"
            f" in the first three {in_first_three}, wrongly declined {declined};"
            f" of {len(declined_rightly)} rightly declined {sum(declined_rightly)}"
        )


# -- training ----------------------------------------------------------------------------------


def train(version: PolicyVersion, embedder: E5Embedder) -> None:
    """Train the topic classifier on sample questions, then the answerability weights for tuning."""
    groups = [topic.ask for topic in search_knowledge.topics()] + list(
        search_knowledge.outside().values()
    )
    vectors = [_embed(group, embedder) for group in groups]
    labels = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    rows = np.vstack(vectors)
    centre = rows.mean(0)
    spread = np.hstack([(rows - centre) * 4, np.ones((len(rows), 1))]).astype(np.float32)
    head = _softmax_head(spread, labels)
    initial = np.vstack([np.zeros(6), np.ones(6), np.zeros(6)])
    weights = search_knowledge.TrainedWeights(
        centre=centre.astype(np.float32),
        head=head.astype(np.float32),
        judge=np.hstack([initial, np.zeros((3, 1))]),
        digest=search_knowledge.questions_digest(),
    )
    _save(weights)
    index = index_of(version, embedder)
    searches = [(question, index.search(question.text)) for question in read_questions("tune")]
    features = np.array([result.features.row() for _, result in searches if result is not None])
    answered = np.array(
        [bool(question.article) for question, result in searches if result is not None]
    )
    judge = _fit_answerability(features, answered)
    _save(search_knowledge.TrainedWeights(weights.centre, weights.head, judge, weights.digest))
    print(f"learnt from {len(rows)} questions of {len(groups)} kinds; judge {judge[2].round(2)}")


def _save(weights: search_knowledge.TrainedWeights) -> None:
    WEIGHTS_FILE.write_bytes(weights.dump())
    search_knowledge.trained_weights.cache_clear()


def _embed(questions: Iterable[str], embedder: E5Embedder) -> Vector:
    return np.array([embedder.read_query(fold(question))[0] for question in questions])


def _softmax_head(rows: NDArray[np.float32], labels: NDArray[np.int64]) -> NDArray[np.float32]:
    """Fit a linear classifier with Adam, which needs no library for a few hundred rows."""
    targets = np.eye(labels.max() + 1, dtype=np.float32)[labels]
    head = np.zeros((rows.shape[1], targets.shape[1]), dtype=np.float32)
    momentum, variance = np.zeros_like(head), np.zeros_like(head)
    for step in range(1, _STEPS + 1):
        probabilities = np.exp(rows @ head - (rows @ head).max(1, keepdims=True))
        probabilities /= probabilities.sum(1, keepdims=True)
        gradient = rows.T @ (probabilities - targets) / len(rows)
        gradient[:-1] += _WEIGHT_DECAY * head[:-1]
        momentum += 0.1 * (gradient - momentum)
        variance += 0.001 * (gradient**2 - variance)
        head -= 0.05 * (momentum / (1 - 0.9**step)) / (np.sqrt(variance / (1 - 0.999**step)) + 1e-8)
    return head


def _fit_answerability(
    features: NDArray[np.float64], answered: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Fit a logistic regression with balanced classes, and shift its threshold."""
    mean, spread = features.mean(0), features.std(0) + 1e-9
    rows = np.hstack([(features - mean) / spread, np.ones((len(features), 1))])
    sample_weights = np.where(answered, 1 / answered.sum(), 1 / (~answered).sum()) / 2
    coefficients = np.zeros(rows.shape[1])
    for _ in range(3000):
        probability = 1 / (1 + np.exp(-rows @ coefficients))
        coefficients -= 1.5 * (
            rows.T @ (sample_weights * (probability - answered))
            + _ANSWERABILITY_DECAY * 5 * coefficients
        )
    coefficients[-1] -= float(np.quantile((rows @ coefficients)[~answered], _DECLINED))
    return np.vstack([np.append(mean, 0), np.append(spread, 1), coefficients])


def main() -> None:
    """Run the benchmark or the training."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("policy", type=Path, nargs="?")
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--half", choices=sorted(HALVES), default="tune")
    parser.add_argument("--misses", action="store_true")
    parser.add_argument("--train", action="store_true")
    options = parser.parse_args()
    embedder = E5Embedder()
    if options.short:
        measure_short(embedder)
    if options.policy is None:
        return
    version = _version(decode_policy(options.policy.read_bytes()).text)
    if options.train:
        train(version, embedder)
    started = time.perf_counter()
    index = index_of(version, embedder)
    print(f"made ready in {time.perf_counter() - started:.1f} s")
    measure(index, version, read_questions(options.half), misses=options.misses)


if __name__ == "__main__":
    main()
