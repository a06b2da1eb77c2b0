"""Trains the topic classifiers of short texts: logistic regressions on their embeddings.

``corpus/README.md`` describes the training data.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from sklearn.linear_model import LogisticRegression

from privacydesk.domain.intents import Intent
from privacydesk.encoder.embedding import E5Embedder
from privacydesk.nlu.short_texts import (
    ANSWERS,
    COMPLAINTS,
    LONGEST,
    REQUESTS,
    TOPICS,
    characters,
)
from privacydesk.training.corpus import Voice

_ABOUT: Final = (
    # On texts that the weights had not seen, 0.91 of the topics found from here on were right, and
    # 0.94 of the kinds of complaints; six and four in ten were found. Of the yeses 0.93 were one.
    (TOPICS, "questions", "topic", "policy", 0.5, 1.0),
    (COMPLAINTS, "complaints", "about", "other", 0.8, 1.0),
    (REQUESTS, "requests", "kind", "other", 0.6, 1.0),
    (ANSWERS, "answers", "act", "other", 0.7, 0.3),
)
"""The file of each classifier, the data files and the field that it is trained on, the class for no
topic, the probability from which topics count, and the weight of the meaning."""
_OTHERS: Final = 4_000
"""Other messages and replies that the classifier of requests learns from, besides the rehearsed."""
_LOOSENESS: Final = 250.0
"""Inverse strength of the regularisation, times the number of texts."""


def train_short_texts(folder: Path, files: Mapping[str, str], others: Sequence[str]) -> None:
    """Train the classifiers and write them into a folder.

    Args:
        folder: of a network.
        files: questions, requests and complaints, by name; see ``data.short_text_files``.
        others: texts which are no request of a kind that the network does not know.
    """
    for name, kind, key, rest, enough, share in _ABOUT:
        known = pairs(files, kind, key)
        if name == REQUESTS:
            known += [(text, rest) for text in others]
        given = [(text[:LONGEST], topic) for text, topic in known]
        topics = [*sorted({topic for _, topic in given} - {rest}), rest]
        np.savez_compressed(
            folder / name, enough=np.float32(enough), **_learnt(given, topics, share)
        )


def unlike_requests(voices: Iterable[Voice], replies: Iterable[str]) -> list[str]:
    """Return messages and replies that are no request of an unknown kind.

    They are all that is said in the stories, and a part of what others say.
    """
    unknown = {Intent.PORTABILITY, Intent.PROFILING_OBJECTION}
    rehearsed: list[str] = []
    texts = [*replies]
    for voice in voices:
        said = rehearsed if voice.is_rehearsed else texts
        said += (one.text for one in voice.examples if one.intent not in unknown)
    return rehearsed + random.Random(0).sample(texts, min(_OTHERS, len(texts)))  # noqa: S311


def pairs(files: Mapping[str, str], kind: str, key: str) -> list[tuple[str, str]]:
    """Return the texts of the files of a kind, each with its value for a key."""
    texts = (text for name, text in files.items() if name.rpartition("/")[2].startswith(kind))
    lines = (msgspec.json.decode(line) for text in texts for line in text.splitlines())
    return [(line["text"], line[key]) for line in lines]


def _learnt(
    given: Sequence[tuple[str, str]], classes: Sequence[str], share: float
) -> dict[str, Any]:
    """Return the trained parameters of ``ShortTexts``."""
    embed = E5Embedder().embed_query
    meant = np.stack([embed(text) for text, _ in given])
    mean, scale = meant.mean(0), (meant.std(0) + 1e-6) / share
    seen = np.concatenate(
        [(meant - mean) / scale, np.stack([characters(text) for text, _ in given])], axis=1
    )
    learnt = LogisticRegression(C=_LOOSENESS / len(given), max_iter=500).fit(
        seen, [classes.index(name) for _, name in given]
    )
    half = {"mean": mean, "scale": scale, "weights": learnt.coef_.T}
    small = {name: numbers.astype(np.float16) for name, numbers in half.items()}
    return {"classes": np.array(classes), "bias": learnt.intercept_.astype(np.float32), **small}
