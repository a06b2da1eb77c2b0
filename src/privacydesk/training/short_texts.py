"""Trains the classifiers of short texts: logistic regressions on what they mean.

``corpus/README.md`` describes the training data.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import msgspec
import numpy as np
from msgspec import Struct
from sklearn.linear_model import LogisticRegression

from privacydesk.domain.intents import Intent
from privacydesk.domain.reading import Holder, Modality, Remark, Safety, Speaker
from privacydesk.nlu.heads.parsed import WINDOW, Parser
from privacydesk.nlu.short_texts import (
    ANSWERS,
    CHILD_WISHES,
    COMPLAINTS,
    DANGERS,
    REMARKS,
    REQUESTS,
    SPEAKERS,
    TOPICS,
    characters,
)
from privacydesk.training.corpus import Voice

Pairs = list[tuple[str, Any]]
"""Texts, each with its class, or its classes."""

_OTHER: Final = "other"


class _Model(Struct, frozen=True):
    """A classifier to train.

    Attributes:
        name: the file of its weights.
        kind: the name of the data files begins with it.
        key: the field of a line that tells the class.
        rest: the class of texts without one.
        enough: the probability from which a class counts.
        each: the same for classes of which it is another.
        meaning: the weight of the meaning.
        times: how often a text of the files counts; those of the corpus count once.
        looseness: inverse strength of the regularisation, times the number of texts.
    """

    name: str
    kind: str
    key: str
    rest: str
    enough: float
    meaning: float = 1.0
    times: float = 1.0
    looseness: float = 250.0
    each: Mapping[str, float] = MappingProxyType({})


_MODELS: Final = (
    # Decisions 059, 061 and 065 tell how many are right and how many are found from here on.
    _Model(TOPICS, "questions", "topic", "policy", 0.5),
    _Model(COMPLAINTS, "complaints", "about", _OTHER, 0.8),
    _Model(REQUESTS, "requests", "kind", _OTHER, 0.8),
    _Model(ANSWERS, "answers", "act", _OTHER, 0.7, meaning=0.3, each={"wrong": 0.4}),
    _Model(
        SPEAKERS, "speakers", "speaker", _OTHER, 0.7,
        meaning=0.7, times=20.0, looseness=1_000.0,
        each={"defrauded": 0.4, "child": 0.4, "age": 0.4},
    ),
    _Model(REMARKS, "remarks", "about", _OTHER, 0.6, meaning=0.7, times=8.0),
    _Model(DANGERS, "dangers", "danger", _OTHER, 0.7, meaning=0.7, times=8.0),
)  # fmt: skip
_CHILD_WISHES: Final = _Model(CHILD_WISHES, "child_wishes", "wants", "", 0.5)
_MANY: Final = 4_000
_FEW: Final = 2_000
"""Messages without a class that are learnt from."""
_LIFE: Final = frozenset({Safety.CHILD_IN_DANGER, Safety.SELF_IN_DANGER, Safety.THREAT})
_WISHES: Final[Mapping[Intent, str]] = {
    Intent.ACCESS: "access",
    Intent.RECTIFICATION: "correct",
    Intent.DELETION: "delete",
    Intent.DEREGISTRATION: "close",
}
"""What guardians want done, as the corpus and as their form calls it."""


def train_short_texts(
    folder: Path, files: Mapping[str, str], voices: Sequence[Voice], replies: Sequence[str]
) -> None:
    """Train the classifiers and write them into a folder.

    Args:
        folder: of a network.
        files: texts with their classes, by name; see ``data.short_text_files``.
        voices: annotated messages.
        replies: what people answered at the steps of forms, about their own account.
    """
    parser = Parser(folder)
    meaning = cache(lambda text: parser.states(text, WINDOW).mean(0))
    more = {
        REQUESTS: _of_no_unknown_kind(voices, replies),
        SPEAKERS: _of_oneself(voices, replies),
        REMARKS: _of_filed(voices),
        DANGERS: _of_dangers(voices, replies),
    }
    for one in _MODELS:
        given = pairs(files, one.kind, one.key)
        features = _Features(one, meaning)
        weights = [one.times] * len(given) + [1.0] * len(more.get(one.name, []))
        given += more.get(one.name, [])
        classes = [*sorted({name for _, name in given} - {one.rest}), one.rest]
        seen = features.of([text for text, _ in given])
        learnt = _regression(one, len(given)).fit(
            seen, [classes.index(name) for _, name in given], sample_weight=weights
        )
        features.save(folder, classes, *_of_each_class(learnt))
    _train_child_wishes(folder, files, voices, meaning)


def _train_child_wishes(
    folder: Path,
    files: Mapping[str, str],
    voices: Sequence[Voice],
    meaning: Callable[[str], Any],
) -> None:
    """Train the classifier of texts that may have several classes, each learnt by itself."""
    given = pairs(files, _CHILD_WISHES.kind, _CHILD_WISHES.key) + _of_children(voices)
    classes = sorted({name for _, names in given for name in names})
    features = _Features(_CHILD_WISHES, meaning)
    seen = features.of([text for text, _ in given])
    learnt = [
        _regression(_CHILD_WISHES, len(given)).fit(seen, [name in names for _, names in given])
        for name in classes
    ]
    weights, bias = ([getattr(one, name) for one in learnt] for name in ("coef_", "intercept_"))
    features.save(folder, classes, np.concatenate(weights), np.concatenate(bias))


def pairs(files: Mapping[str, str], kind: str, key: str) -> Pairs:
    """Return the texts of the files of a kind, each with its value for a key."""
    texts = (text for name, text in files.items() if name.rpartition("/")[2].startswith(kind))
    lines = (msgspec.json.decode(line) for text in texts for line in text.splitlines())
    return [(line["text"], line[key]) for line in lines]


# -- what the corpus tells beside the files ---------------------------------------------------


def _of_no_unknown_kind(voices: Sequence[Voice], replies: Sequence[str]) -> Pairs:
    """Return texts that are no request of a kind which the network does not know.

    They are all that is said in the stories, and a part of what others say.
    """
    unknown = {Intent.PORTABILITY, Intent.PROFILING_OBJECTION}
    rehearsed: list[str] = []
    texts = [*replies]
    for voice in voices:
        said = rehearsed if voice.is_rehearsed else texts
        said += (one.text for one in voice.examples if one.intent not in unknown)
    return [(text, _OTHER) for text in (*rehearsed, *_some(texts, _MANY))]


def _of_oneself(voices: Sequence[Voice], replies: Sequence[str]) -> Pairs:
    """Return what messages say of their writers: an age, or that somebody has died.

    Replies of forms say nothing of them.
    """
    told: Pairs = []
    own: list[str] = []
    others: list[str] = []
    rehearsed = {one.text for voice in voices if voice.is_rehearsed for one in voice.examples}
    for one in (example for voice in voices for example in voice.examples):
        holders = {request.holder for request in one.gold.requests}
        if Holder.DECEASED in holders:
            told.append((one.text, Speaker.BEREAVED))
        elif any(each.age and each.holder is Holder.SELF for each in one.gold.requests):
            told.append((one.text, Speaker.AGE))
        elif one.text in rehearsed:
            told.append((one.text, _OTHER))
        else:
            (own if holders <= {Holder.SELF} else others).append(one.text)
    texts = (*_some(own, _FEW), *_some(others, _FEW), *replies)
    return told + [(text, _OTHER) for text in texts]


def _of_filed(voices: Sequence[Voice]) -> Pairs:
    """Return messages that only ask where a request stands, and others."""
    told: Pairs = []
    texts = []
    for one in (example for voice in voices for example in voice.examples):
        asked = {request.intent for request in one.gold.requests}
        if asked == {Intent.REQUEST_STATUS}:
            told.append((one.text, Remark.STATUS))
        elif Intent.REQUEST_STATUS not in asked:
            texts.append(one.text)
    return told + [(text, _OTHER) for text in _some(texts, _FEW)]


def _of_dangers(voices: Sequence[Voice], replies: Sequence[str]) -> Pairs:
    """Return messages, each with whether somebody is in danger; all that stories say."""
    told: Pairs = []
    texts = []
    for voice in voices:
        for one in voice.examples:
            if _LIFE.intersection(one.gold.safety):
                told.append((one.text, "life"))
            elif voice.is_rehearsed:
                told.append((one.text, _OTHER))
            else:
                texts.append(one.text)
    others = (*_some(texts, _MANY + _FEW), *_some(replies, _MANY))
    return told + [(text, _OTHER) for text in others]


def _some(texts: Sequence[str], most: int) -> list[str]:
    return random.Random(0).sample(texts, min(most, len(texts)))  # noqa: S311 - no secret


def _of_children(voices: Sequence[Voice]) -> Pairs:
    """Return messages of guardians, each with what they want done."""
    wished = {Modality.WISHED, Modality.CONDITIONAL}
    found: Pairs = []
    for one in (example for voice in voices for example in voice.examples):
        asked = [each for each in one.gold.requests if each.intent is Intent.GUARDIAN]
        acts = {each.act for each in asked if each.act and each.modality in wished}
        # What the corpus calls other may be a wish of the form.
        if asked and acts <= _WISHES.keys():
            found.append((one.text, sorted(_WISHES[act] for act in acts if act)))
    return found


# -- regression -------------------------------------------------------------------------------


class _Features:
    """What a classifier learns from: the meaning of texts, and their characters."""

    def __init__(self, model: _Model, meaning: Callable[[str], Any]) -> None:
        self._model = model
        self._meaning = meaning
        self._centre: Any = None
        self._scale: Any = None

    def of(self, texts: Sequence[str]) -> Any:
        """Return the features of the texts to learn from, which give the centre and the scale."""
        meant = np.stack([self._meaning(text) for text in texts])
        self._centre, self._scale = meant.mean(0), (meant.std(0) + 1e-6) / self._model.meaning
        runs = np.stack([characters(text) for text in texts])
        return np.concatenate([(meant - self._centre) / self._scale, runs], axis=1)

    def save(self, folder: Path, classes: Sequence[str], weights: Any, bias: Any) -> None:
        """Write the parameters of ``ShortTexts``."""
        half = {"centre": self._centre, "scale": self._scale, "weights": weights.T}
        np.savez_compressed(
            folder / self._model.name,
            classes=np.array([*map(str, classes)]),
            bias=bias.astype(np.float32),
            enough=np.array(
                [self._model.each.get(name, self._model.enough) for name in classes], np.float32
            ),
            **{name: numbers.astype(np.float16) for name, numbers in half.items()},
        )


def _of_each_class(learnt: LogisticRegression) -> tuple[Any, Any]:
    """Return weights and bias for each class; of two the regression has them for the second."""
    if len(learnt.classes_) > 2:  # noqa: PLR2004
        return learnt.coef_, learnt.intercept_
    weights, bias = learnt.coef_, learnt.intercept_
    return np.concatenate([0 * weights, weights]), np.concatenate([0 * bias, bias])


def _regression(model: _Model, texts: int) -> LogisticRegression:
    return LogisticRegression(C=model.looseness / texts, max_iter=500)
