"""Fitting the model and measuring it, voices that it has not heard left out.

Sentences of one voice resemble each other, so a random split would measure how well the model
knows its own data. Each fold leaves whole voices out; temperatures and thresholds come from what
the folds said about sentences they had not seen.

Both looks are linear support vector machines, one intent against all others. They told a sentence
in a hundred more than logistic regressions did, and toned by a temperature their scores make
probabilities that are as honest.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from privacydesk.domain.intents import Intent
from privacydesk.errors import SettingsError
from privacydesk.understanding.courtesy import wish
from privacydesk.understanding.embedding import WISH_DIMENSIONS, WishEmbedder
from privacydesk.understanding.grams import codes
from privacydesk.understanding.intents import DESTRUCTIVE
from privacydesk.understanding.model import Floats, IntentModel, Look
from privacydesk.understanding.normalise import bare
from privacydesk.understanding.training.sentences import Sentence, fingerprint

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is."""

_FOLDS: Final = 8
_RAREST: Final = 2
"""In how many sentences a piece must stand to be known."""
_STRENGTH: Final = 0.5
"""Inverse of the regularisation; found by trying 0.3, 0.5 and 1."""
_VECTOR_SHARE: Final = 0.02
"""How much the embedding counts against the pieces; found by trying 0.015 to 0.03."""
_ECHO: Final = 0.5
"""How much the quick look's scores count in the closer one's; found by trying 0 to 0.7."""
_SETTLED: Final = 0.98
"""How often the quick look must be right where it is believed."""
_SURE: Final = 0.93
"""How often an intent must be right where the desk acts on it."""
_SURE_DESTRUCTIVE: Final = 0.96
_IDLE: Final = (Intent.OTHER, Intent.SMALLTALK)
_CHANGING: Final = DESTRUCTIVE | {Intent.RECTIFICATION, Intent.CONSENT_WITHDRAWAL}
"""Intents whose forms change something of the account."""
_STRAY: Final = 0.005
"""Of messages that ask for nothing the desk does, how many may begin any one of these forms; of
the forms that end in no loss, twice as many.

Ours were written to be mistaken for such wishes, a quarter of them about log-ins that fail; of
other people's chat one in a thousand is.
"""
_LOWEST: Final = 0.35
_TEMPERATURES: Final = np.geomspace(0.05, 3.0, 60)
_INT8: Final = 127.0


class Fitted(Struct, frozen=True):
    """A model, and what was measured without the voices it was asked about.

    Attributes:
        chances: of shape (sentences, intents), from folds that had not heard the voice.
        quick: where the quick look sufficed.
    """

    model: IntentModel
    sentences: tuple[Sentence, ...]
    chances: Floats
    quick: NDArray[np.bool_]


class _Data(Struct, frozen=True):
    """Sentences as numbers."""

    codes: list[NDArray[np.uint32]]
    counts: list[NDArray[np.int64]]
    vectors: Floats
    labels: NDArray[np.int64]


class _Table(Struct, frozen=True):
    """The pieces that are known, and how telling they are."""

    codes: NDArray[np.uint32]
    idf: Floats


class _Heads(Struct, frozen=True):
    """What one fit found: for each look its weights and bias; the closer one's for the vector."""

    quick: tuple[Floats, Floats]
    closer: tuple[Floats, Floats]
    vector: Floats


def fit(
    sentences: Sequence[Sentence],
    embedder: WishEmbedder,
    progress: Progress,
    framed: Sequence[Sentence] = (),
) -> Fitted:
    """Train on all sentences, and measure on voices left out.

    Args:
        sentences: learnt from and measured with.
        embedder: makes their vectors.
        progress: told how far it is.
        framed: learnt from only.

    Raises:
        SettingsError: too few voices or intents, or scikit-learn is not installed.
    """
    if find_spec("sklearn") is None:
        # Before anything is read: reading takes minutes.
        raise SettingsError(
            "training needs scikit-learn: .venv/bin/pip install 'scikit-learn>=1.7,<2'", key="train"
        )
    intents = tuple(Intent)
    missing = [str(i) for i in intents if not any(one.label is i for one in sentences)]
    if missing:
        raise SettingsError(f"no sentences for {', '.join(missing)}", key="sentences")
    voices = sorted({one.voice for one in sentences})
    if len(voices) < 2:  # noqa: PLR2004 - one is left out, one is learnt from
        raise SettingsError("needs sentences of at least two voices", key="sentences")
    data = _data([*sentences, *framed], intents, embedder, progress)
    groups = np.array([voices.index(one.voice) for one in sentences])
    always = _not_said(framed, sentences) + len(sentences)
    quick, closer = _left_out(data, groups, always, len(intents), progress)
    labels = data.labels[: len(sentences)]
    warmth = _temperature(quick, labels), _temperature(closer, labels)
    glances, looks = _chances(quick / warmth[0]), _chances(closer / warmth[1])
    harmless = ~np.isin(glances.argmax(1), _places(intents, DESTRUCTIVE))
    settled = _threshold(glances, labels, harmless, _SETTLED)
    is_quick = harmless & (glances.max(1) >= settled)
    chances = np.where(is_quick[:, None], glances, looks)
    progress("fit", _FOLDS, _FOLDS + 1)
    table = _table(data.codes)
    heads = _fit(_bags(data, table), data.vectors, data.labels)
    progress("fit", _FOLDS + 1, _FOLDS + 1)
    model = IntentModel(
        intents=intents,
        table=table.codes,
        idf=table.idf,
        quick=_packed(*heads.quick, warmth[0]),
        closer=_packed(*heads.closer, warmth[1]),
        vector_weights=heads.vector,
        settled=settled,
        sure=_sure(chances, labels, intents),
        trained_on=fingerprint(sentences),
    )
    return Fitted(model, tuple(sentences), chances, is_quick)


def _data(
    sentences: Sequence[Sentence],
    intents: tuple[Intent, ...],
    embedder: WishEmbedder,
    progress: Progress,
) -> _Data:
    found, counted, vectors = [], [], np.empty((len(sentences), WISH_DIMENSIONS), np.float32)
    for place, one in enumerate(sentences):
        known, counts = np.unique(np.fromiter(codes(one.text), np.uint32), return_counts=True)
        found.append(known)
        counted.append(counts)
        vectors[place] = embedder.embed_wish(wish(one.text))
        if place % 100 == 0:
            progress("embed", place, len(sentences))
    progress("embed", len(sentences), len(sentences))
    labels = np.array([intents.index(one.label) for one in sentences])
    return _Data(found, counted, vectors, labels)


def _not_said(framed: Sequence[Sentence], sentences: Sequence[Sentence]) -> NDArray[np.int64]:
    """Return the places of those that no voice says too: a measure must not meet its own answer."""
    said = {bare(wish(one.text)) for one in sentences}
    fresh = [place for place, one in enumerate(framed) if bare(wish(one.text)) not in said]
    return np.array(fresh, dtype=np.int64)


def _left_out(
    data: _Data,
    groups: NDArray[np.int64],
    always: NDArray[np.int64],
    intents: int,
    progress: Progress,
) -> tuple[Floats, Floats]:
    """Return both looks' scores for each sentence, from a fit that had not heard its voice.

    Args:
        data: the sentences that have a voice, then those that have none.
        groups: the voice of each that has one.
        always: the places of those without a voice that each fit may learn from.
        intents: how many there are.
        progress: told how far it is.
    """
    quick = np.zeros((len(groups), intents), np.float32)
    closer = np.zeros_like(quick)
    for fold, left in enumerate(_folds(groups)):
        progress("fit", fold, _FOLDS + 1)
        kept = np.concatenate([np.flatnonzero(~left), always])
        table = _table([data.codes[place] for place in kept])
        bags = _bags(data, table)
        heads = _fit(bags[kept], data.vectors[kept], data.labels[kept])
        asked = np.flatnonzero(left)
        quick[left] = bags[asked] @ heads.quick[0] + heads.quick[1]
        closer[left] = (
            bags[asked] @ heads.closer[0] + data.vectors[asked] @ heads.vector + heads.closer[1]
        )
    return quick, closer


def _folds(groups: NDArray[np.int64]) -> Iterator[NDArray[np.bool_]]:
    voices = int(groups.max()) + 1
    order = list(range(voices))
    random.Random(1).shuffle(order)  # noqa: S311 - the same folds each time
    for fold in range(min(_FOLDS, voices)):
        yield np.isin(groups, order[fold :: min(_FOLDS, voices)])


def _table(found: Sequence[NDArray[np.uint32]]) -> _Table:
    stands_in = Counter(code for one in found for code in one.tolist())
    known = np.array(sorted(c for c, n in stands_in.items() if n >= _RAREST), dtype=np.uint32)
    counts = np.array([stands_in[int(code)] for code in known])
    return _Table(known, (np.log((1 + len(found)) / (1 + counts)) + 1).astype(np.float32))


def _bags(data: _Data, table: _Table) -> csr_matrix:
    from scipy.sparse import csr_matrix  # noqa: PLC0415 - only who trains has it

    rows: list[NDArray[np.int64]] = []
    weights: list[Floats] = []
    starts = [0]
    for found, counts in zip(data.codes, data.counts, strict=True):
        places = np.searchsorted(table.codes, found)
        places[places == len(table.codes)] = 0
        known = table.codes[places] == found
        told = ((1 + np.log(counts[known])) * table.idf[places[known]]).astype(np.float32)
        length = float(np.linalg.norm(told)) or 1.0
        rows.append(places[known])
        weights.append(told / np.float32(length))
        starts.append(starts[-1] + int(known.sum()))
    shape = (len(data.codes), len(table.codes))
    return csr_matrix((np.concatenate(weights), np.concatenate(rows), starts), shape=shape)


def _fit(bags: csr_matrix, vectors: Floats, labels: NDArray[np.int64]) -> _Heads:
    from scipy.sparse import csr_matrix, hstack  # noqa: PLC0415 - only who trains has it
    from sklearn.svm import LinearSVC  # noqa: PLC0415

    mean, spread = vectors.mean(0), vectors.std(0)
    scaled = (vectors - mean) / spread * _VECTOR_SHARE
    quick = LinearSVC(C=_STRENGTH, random_state=0).fit(bags, labels)
    both = hstack([bags, csr_matrix(scaled)]).tocsr()
    closer = LinearSVC(C=_STRENGTH, random_state=0).fit(both, labels)
    pieces = bags.shape[1]
    # The scaling goes into the weights, so that using them needs no knowledge of it.
    vector = closer.coef_[:, pieces:].T * (_VECTOR_SHARE / spread)[:, None]
    weights = closer.coef_[:, :pieces].T + _ECHO * quick.coef_.T
    bias = closer.intercept_ - mean @ vector + _ECHO * quick.intercept_
    return _Heads(
        quick=(_floats(quick.coef_.T), _floats(quick.intercept_)),
        closer=(_floats(weights), _floats(bias)),
        vector=_floats(vector),
    )


def _floats(raw: Any) -> Floats:
    return np.ascontiguousarray(raw, dtype=np.float32)


def _packed(weights: Floats, bias: Floats, temperature: float) -> Look:
    scale = np.abs(weights).max(0) / _INT8
    return Look(
        weights=np.round(weights / scale).astype(np.int8),
        scale=scale.astype(np.float32),
        bias=bias,
        temperature=temperature,
    )


def _chances(logits: Floats) -> Floats:
    spread = np.exp(logits - logits.max(1, keepdims=True))
    told: Floats = (spread / spread.sum(1, keepdims=True)).astype(np.float32)
    return told


def _temperature(logits: Floats, labels: NDArray[np.int64]) -> float:
    """Return what makes probabilities most honest about the sentences that were left out."""
    everything = np.arange(len(labels))

    def surprise(temperature: float) -> float:
        right = _chances(logits / np.float32(temperature))[everything, labels]
        return float(-np.log(np.maximum(right, 1e-9)).mean())

    return float(min(_TEMPERATURES, key=surprise))


def _threshold(
    chances: Floats, labels: NDArray[np.int64], among: NDArray[np.bool_], wanted: float
) -> float:
    """Return the lowest probability from which those above are right often enough."""
    best, right = chances.max(1)[among], (chances.argmax(1) == labels)[among]
    order = np.argsort(-best)
    share = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    enough = np.flatnonzero(share >= wanted)
    if not len(enough):
        return 1.0
    return max(float(best[order][enough[-1]]), _LOWEST)


def _sure(
    chances: Floats, labels: NDArray[np.int64], intents: tuple[Intent, ...]
) -> dict[Intent, float]:
    """Return from which probability the desk may act on each intent."""
    first = chances.argmax(1)
    idle = np.isin(labels, _places(intents, _IDLE))
    sure: dict[Intent, float] = {}
    for place, intent in enumerate(intents):
        wanted = _SURE_DESTRUCTIVE if intent in DESTRUCTIVE else _SURE
        sure[intent] = _threshold(chances, labels, first == place, wanted)
        if intent in _CHANGING:
            stray = np.sort(chances[idle & (first == place)].max(1, initial=0.0))[::-1]
            allowed = int((_STRAY if intent in DESTRUCTIVE else 2 * _STRAY) * idle.sum())
            if len(stray) > allowed:
                sure[intent] = max(sure[intent], float(stray[allowed]) + 1e-4)
    return sure


def _places(intents: tuple[Intent, ...], some: Collection[Intent]) -> list[int]:
    return [intents.index(one) for one in some]
