"""How well and how fast questions are answered from a policy, and training what is learnt.

    python benchmarks/policy_answers.py POLICY.txt [--half report] [--misses]
    python benchmarks/policy_answers.py POLICY.txt --train
    python benchmarks/policy_answers.py --short

The questions of ``policy_questions.yaml`` and ``policy_questions_hard.yaml`` belong to one
operator's policy, which is not kept here. Even places of the first tune, odd ones are for the
report; the second names its halves. The judge is trained on those that tune. ``--short`` asks six
short policies of others (``policy_short.yaml``), which tells how far one gets elsewhere.
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
LEARNT = Path(search_knowledge.__file__).with_name("knowledge") / "learnt.npz"
HARD = Path(__file__).with_name("policy_questions_hard.yaml")
SHORT = Path(__file__).with_name("policy_short.yaml")
HALVES = {"tune": 0, "report": 1}

_STEPS = 400
_PULL = 1e-5
_JUDGE_PULL = 1e-3
_DECLINED = 0.99
"""Share of the unanswerable tuning questions that are to be declined. What is tuned on has been
looked at, so people's questions are harder: there the share is smaller, and this high one costs
few answers.
"""


@dataclass(frozen=True)
class Question:
    """One question, with what answers it; no article where nothing does."""

    voice: str
    manner: str
    text: str
    document: str = ""
    article: str = ""
    words: tuple[str, ...] = ()


def read_questions(half: str) -> list[Question]:
    """Return one half of the questions: of the first file by place, of the hard ones by name."""
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
    """Make a policy ready."""
    vectors = embedder.embed_passages(embedded_texts(version))
    return PolicyIndex(version, vectors, embedder)


def _version(text: str) -> PolicyVersion:
    return read_policy(text, name="measured").version(datetime.now(UTC))


# -- measuring ---------------------------------------------------------------------------------


def measure(
    index: PolicyIndex, version: PolicyVersion, questions: Sequence[Question], *, misses: bool
) -> None:
    """Print how many were answered from the right article, with the words, or declined."""
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
    """Print for each short policy what was found, declined and answered."""
    for policy in yaml.safe_load(SHORT.read_text("utf-8")):
        index = index_of(_version(policy["policy"]), embedder)
        first = among = declined = 0
        for question, words in policy["answerable"]:
            quotes = index.answer(question).quotes
            first += bool(quotes) and words in quotes[0].text
            among += any(words in quote.text for quote in quotes)
            declined += not quotes
        left_open = [not index.answer(question).answerable for question in policy["unanswerable"]]
        print(
            f"{policy['name']}: of {len(policy['answerable'])} the passage first {first},"
            f" in the first three {among}, wrongly declined {declined};"
            f" of {len(left_open)} rightly declined {sum(left_open)}"
        )


# -- training ----------------------------------------------------------------------------------


def train(version: PolicyVersion, embedder: E5Embedder) -> None:
    """Train the head on topics and questions outside, then the judge on the tuning half."""
    groups = [topic.ask for topic in search_knowledge.topics()] + list(
        search_knowledge.outside().values()
    )
    vectors = [_embed(group, embedder) for group in groups]
    labels = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    rows = np.vstack(vectors)
    centre = rows.mean(0)
    spread = np.hstack([(rows - centre) * 4, np.ones((len(rows), 1))]).astype(np.float32)
    head = _softmax_head(spread, labels)
    untaught = np.vstack([np.zeros(6), np.ones(6), np.zeros(6)])
    weights = search_knowledge.TrainedWeights(
        centre=centre.astype(np.float32),
        head=head.astype(np.float32),
        judge=np.hstack([untaught, np.zeros((3, 1))]),
        digest=search_knowledge.questions_digest(),
    )
    _keep(weights)
    index = index_of(version, embedder)
    searches = [(question, index.search(question.text)) for question in read_questions("tune")]
    features = np.array([result.features.row() for _, result in searches if result is not None])
    answered = np.array(
        [bool(question.article) for question, result in searches if result is not None]
    )
    judge = _judge(features, answered)
    _keep(search_knowledge.TrainedWeights(weights.centre, weights.head, judge, weights.digest))
    print(f"learnt from {len(rows)} questions of {len(groups)} kinds; judge {judge[2].round(2)}")


def _keep(weights: search_knowledge.TrainedWeights) -> None:
    LEARNT.write_bytes(weights.dump())
    search_knowledge.trained_weights.cache_clear()


def _embed(questions: Iterable[str], embedder: E5Embedder) -> Vector:
    return np.array([embedder.embed_query(fold(question)) for question in questions])


def _softmax_head(rows: NDArray[np.float32], labels: NDArray[np.int64]) -> NDArray[np.float32]:
    """Fit a linear head with Adam; some hundred rows need no library for it."""
    targets = np.eye(labels.max() + 1, dtype=np.float32)[labels]
    head = np.zeros((rows.shape[1], targets.shape[1]), dtype=np.float32)
    momentum, variance = np.zeros_like(head), np.zeros_like(head)
    for step in range(1, _STEPS + 1):
        probabilities = np.exp(rows @ head - (rows @ head).max(1, keepdims=True))
        probabilities /= probabilities.sum(1, keepdims=True)
        gradient = rows.T @ (probabilities - targets) / len(rows)
        gradient[:-1] += _PULL * head[:-1]
        momentum += 0.1 * (gradient - momentum)
        variance += 0.001 * (gradient**2 - variance)
        head -= 0.05 * (momentum / (1 - 0.9**step)) / (np.sqrt(variance / (1 - 0.999**step)) + 1e-8)
    return head


def _judge(features: NDArray[np.float64], answered: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Fit a logistic judge, both sides of equal weight, and move its threshold."""
    mean, spread = features.mean(0), features.std(0) + 1e-9
    rows = np.hstack([(features - mean) / spread, np.ones((len(features), 1))])
    sample_weights = np.where(answered, 1 / answered.sum(), 1 / (~answered).sum()) / 2
    coefficients = np.zeros(rows.shape[1])
    for _ in range(3000):
        probability = 1 / (1 + np.exp(-rows @ coefficients))
        coefficients -= 1.5 * (
            rows.T @ (sample_weights * (probability - answered)) + _JUDGE_PULL * 5 * coefficients
        )
    coefficients[-1] -= float(np.quantile((rows @ coefficients)[~answered], _DECLINED))
    return np.vstack([np.append(mean, 0), np.append(spread, 1), coefficients])


def main() -> None:
    """Measure, or train and measure."""
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
