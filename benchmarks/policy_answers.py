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
from privacydesk.policy import lore
from privacydesk.policy.answering import PolicyIndex, embedded_texts
from privacydesk.policy.folding import fold
from privacydesk.policy.importer import decode_policy, read_policy
from privacydesk.policy.tree import PolicyVersion

QUESTIONS = Path(__file__).with_name("policy_questions.yaml")
LEARNT = Path(lore.__file__).with_name("knowledge") / "learnt.npz"
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
    held = yaml.safe_load(QUESTIONS.read_text("utf-8"))
    hard = yaml.safe_load(HARD.read_text("utf-8"))[half]
    return _questions(held, HALVES[half], 2) + _questions(hard, 0, 1)


def _questions(held: dict[str, Any], first: int, step: int) -> list[Question]:
    return [
        Question(voice, manner, text, part["document"], part["article"], tuple(map(str, words)))
        for part in held["answerable"]
        for voice, manner, text, *words in part["questions"][first::step]
    ] + [Question(*one) for one in held["unanswerable"][first::step]]


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
    for asked in questions:
        begun = time.perf_counter()
        answer = index.answer(asked.text)
        times.append(time.perf_counter() - begun)
        quotes = answer.quotes
        told: dict[str, bool] = {}
        if asked.article:
            shown = " ".join(quote.text for quote in quotes)
            told["right article first"] = bool(quotes) and (
                keys[quotes[0].document] == asked.document
                and quotes[0].article.startswith(asked.article)
            )
            told["words in the first three"] = all(
                any(one in shown for one in word.split("|")) for word in asked.words
            )
            told["wrongly declined"] = not answer.answerable
        else:
            told["rightly declined"] = not answer.answerable
        for name, held in told.items():
            for group in ("all", asked.voice, asked.manner):
                tallies[name][group].append(held)
            if misses and held == (name == "wrongly declined"):
                first = f"{quotes[0].article} {quotes[0].section}" if quotes else ""
                print(f"  not {name}: {asked.voice} {asked.text} → {first[:60]}")
    for name, groups in tallies.items():
        parts = (f"{g} {100 * sum(v) / len(v):.1f} % of {len(v)}" for g, v in groups.items())
        print(f"{name}: {'; '.join(parts)}")
    times.sort()
    p95 = times[int(len(times) * 0.95)]
    print(f"a question: median {1e3 * statistics.median(times):.1f} ms, p95 {1e3 * p95:.1f} ms")


def measure_short(embedder: E5Embedder) -> None:
    """Print for each short policy what was found, declined and answered."""
    for held in yaml.safe_load(SHORT.read_text("utf-8")):
        index = index_of(_version(held["policy"]), embedder)
        first = among = declined = 0
        for question, words in held["answerable"]:
            quotes = index.answer(question).quotes
            first += bool(quotes) and words in quotes[0].text
            among += any(words in quote.text for quote in quotes)
            declined += not quotes
        left_open = [not index.answer(one).answerable for one in held["unanswerable"]]
        print(
            f"{held['name']}: of {len(held['answerable'])} the passage first {first}, in the first"
            f" three {among}, wrongly declined {declined};"
            f" of {len(left_open)} rightly declined {sum(left_open)}"
        )


# -- training ----------------------------------------------------------------------------------


def train(version: PolicyVersion, embedder: E5Embedder) -> None:
    """Train the head on topics and questions outside, then the judge on the tuning half."""
    groups = [topic.ask for topic in lore.topics()] + list(lore.outside().values())
    vectors = [_embed(group, embedder) for group in groups]
    labels = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    rows = np.vstack(vectors)
    centre = rows.mean(0)
    spread = np.hstack([(rows - centre) * 4, np.ones((len(rows), 1))]).astype(np.float32)
    head = _softmax_head(spread, labels)
    untaught = np.vstack([np.zeros(6), np.ones(6), np.zeros(6)])
    held = lore.Learnt(
        centre=centre.astype(np.float32),
        head=head.astype(np.float32),
        judge=np.hstack([untaught, np.zeros((3, 1))]),
        digest=lore.learnt_from(),
    )
    _keep(held)
    index = index_of(version, embedder)
    asked = [(one, index.search(one.text)) for one in read_questions("tune")]
    signs = np.array([found.signs.row() for _, found in asked if found is not None])
    answered = np.array([bool(one.article) for one, found in asked if found is not None])
    judge = _judge(signs, answered)
    _keep(lore.Learnt(held.centre, held.head, judge, held.digest))
    print(f"learnt from {len(rows)} questions of {len(groups)} kinds; judge {judge[2].round(2)}")


def _keep(held: lore.Learnt) -> None:
    LEARNT.write_bytes(held.dump())
    lore.learnt.cache_clear()


def _embed(questions: Iterable[str], embedder: E5Embedder) -> Vector:
    return np.array([embedder.embed_query(fold(one)) for one in questions])


def _softmax_head(rows: NDArray[np.float32], labels: NDArray[np.int64]) -> NDArray[np.float32]:
    """Fit a linear head with Adam; some hundred rows need no library for it."""
    wanted = np.eye(labels.max() + 1, dtype=np.float32)[labels]
    head = np.zeros((rows.shape[1], wanted.shape[1]), dtype=np.float32)
    drift, spread = np.zeros_like(head), np.zeros_like(head)
    for step in range(1, _STEPS + 1):
        chances = np.exp(rows @ head - (rows @ head).max(1, keepdims=True))
        chances /= chances.sum(1, keepdims=True)
        slope = rows.T @ (chances - wanted) / len(rows)
        slope[:-1] += _PULL * head[:-1]
        drift += 0.1 * (slope - drift)
        spread += 0.001 * (slope**2 - spread)
        head -= 0.05 * (drift / (1 - 0.9**step)) / (np.sqrt(spread / (1 - 0.999**step)) + 1e-8)
    return head


def _judge(signs: NDArray[np.float64], answered: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Fit a logistic judge, both sides of equal weight, and move its threshold."""
    mean, spread = signs.mean(0), signs.std(0) + 1e-9
    rows = np.hstack([(signs - mean) / spread, np.ones((len(signs), 1))])
    weight = np.where(answered, 1 / answered.sum(), 1 / (~answered).sum()) / 2
    told = np.zeros(rows.shape[1])
    for _ in range(3000):
        chance = 1 / (1 + np.exp(-rows @ told))
        told -= 1.5 * (rows.T @ (weight * (chance - answered)) + _JUDGE_PULL * 5 * told)
    told[-1] -= float(np.quantile((rows @ told)[~answered], _DECLINED))
    return np.vstack([np.append(mean, 0), np.append(spread, 1), told])


def main() -> None:
    """Measure, or train and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("policy", type=Path, nargs="?")
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--half", choices=sorted(HALVES), default="tune")
    parser.add_argument("--misses", action="store_true")
    parser.add_argument("--train", action="store_true")
    given = parser.parse_args()
    embedder = E5Embedder()
    if given.short:
        measure_short(embedder)
    if given.policy is None:
        return
    version = _version(decode_policy(given.policy.read_bytes()).text)
    if given.train:
        train(version, embedder)
    begun = time.perf_counter()
    index = index_of(version, embedder)
    print(f"made ready in {time.perf_counter() - begun:.1f} s")
    measure(index, version, read_questions(given.half), misses=given.misses)


if __name__ == "__main__":
    main()
