"""Fitting the model and measuring it, voices that it has not heard left out.

Sentences of one voice resemble each other, so a random split would measure how well the model
knows its own data. Each fold leaves whole voices out; temperatures and thresholds come from what
the folds said about sentences they had not seen.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from privacydesk.domain.intents import Intent
from privacydesk.errors import SettingsError
from privacydesk.understanding.embedding import DIMENSIONS, Embedder
from privacydesk.understanding.grams import codes
from privacydesk.understanding.intents import DESTRUCTIVE
from privacydesk.understanding.model import Floats, IntentModel, Look
from privacydesk.understanding.normalise import normalise
from privacydesk.understanding.training.sentences import Sentence, fingerprint

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is."""

_FOLDS: Final = 10
_RAREST: Final = 2
"""In how many sentences a piece must stand to be known."""
_STRENGTH: Final = 10.0
"""Inverse of the regularisation; found by trying 5, 10 and 20."""
_VECTOR_SHARE: Final = 0.03
"""How much the embedding counts against the pieces; found by trying 0.02 to 0.06."""
_STEPS: Final = 400
_SETTLED: Final = 0.97
"""How often the quick look must be right where it is believed."""
_SURE: Final = 0.93
"""How often an intent must be right where the desk acts on it."""
_SURE_DESTRUCTIVE: Final = 0.96
_STRAY: Final = 0.012
"""Of messages that ask for nothing the desk does, how many may begin a form that ends in a loss.

Ours were written to be mistaken for such wishes; of other people's chat far fewer are.
"""
_LOWEST: Final = 0.35
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


def fit(sentences: Sequence[Sentence], embedder: Embedder, progress: Progress) -> Fitted:
    """Train on all sentences, and measure on voices left out.

    Raises:
        SettingsError: too few voices or intents, or scikit-learn is not installed.
    """
    intents = tuple(Intent)
    missing = [str(i) for i in intents if not any(one.label is i for one in sentences)]
    if missing:
        raise SettingsError(f"no sentences for {', '.join(missing)}", key="sentences")
    voices = sorted({one.voice for one in sentences})
    if len(voices) < 2:  # noqa: PLR2004 - one is left out, one is learnt from
        raise SettingsError("needs sentences of at least two voices", key="sentences")
    data = _data(sentences, intents, embedder, progress)
    groups = np.array([voices.index(one.voice) for one in sentences])
    quick, closer = _left_out(data, groups, len(voices), len(intents), progress)
    warmth = _temperature(quick, data.labels), _temperature(closer, data.labels)
    glances, looks = _chances(quick / warmth[0]), _chances(closer / warmth[1])
    settled = _threshold(glances, data.labels, glances.argmax(1) >= 0, _SETTLED)
    is_quick = glances.max(1) >= settled
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
        sure=_sure(chances, data.labels, intents),
        trained_on=fingerprint(sentences),
    )
    return Fitted(model, tuple(sentences), chances, is_quick)


def _data(
    sentences: Sequence[Sentence],
    intents: tuple[Intent, ...],
    embedder: Embedder,
    progress: Progress,
) -> _Data:
    found, counted, vectors = [], [], np.empty((len(sentences), DIMENSIONS), np.float32)
    for place, one in enumerate(sentences):
        known, counts = np.unique(np.fromiter(codes(one.text), np.uint32), return_counts=True)
        found.append(known)
        counted.append(counts)
        vectors[place] = embedder.embed_query(normalise(one.text))
        if place % 100 == 0:
            progress("embed", place, len(sentences))
    progress("embed", len(sentences), len(sentences))
    labels = np.array([intents.index(one.label) for one in sentences])
    return _Data(found, counted, vectors, labels)


def _left_out(
    data: _Data, groups: NDArray[np.int64], voices: int, intents: int, progress: Progress
) -> tuple[Floats, Floats]:
    """Return both looks' logits for each sentence, from a fit that had not heard its voice."""
    quick = np.zeros((len(groups), intents), np.float32)
    closer = np.zeros_like(quick)
    for fold, left in enumerate(_folds(groups, voices)):
        progress("fit", fold, _FOLDS + 1)
        kept = np.flatnonzero(~left)
        table = _table([data.codes[place] for place in kept])
        bags = _bags(data, table)
        heads = _fit(bags[kept], data.vectors[kept], data.labels[kept])
        quick[left] = bags[left] @ heads.quick[0] + heads.quick[1]
        closer[left] = (
            bags[left] @ heads.closer[0] + data.vectors[left] @ heads.vector + heads.closer[1]
        )
    return quick, closer


def _folds(groups: NDArray[np.int64], voices: int) -> Iterator[NDArray[np.bool_]]:
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
    try:
        from scipy.sparse import csr_matrix, hstack  # noqa: PLC0415 - only who trains has it
        from sklearn.linear_model import LogisticRegression  # noqa: PLC0415
    except ImportError:
        raise SettingsError(
            "training needs scikit-learn: pip install 'privacydesk[train]'", key="train"
        ) from None
    mean, spread = vectors.mean(0), vectors.std(0)
    scaled = (vectors - mean) / spread * _VECTOR_SHARE
    quick = LogisticRegression(C=_STRENGTH, max_iter=_STEPS).fit(bags, labels)
    both = hstack([bags, csr_matrix(scaled)]).tocsr()
    closer = LogisticRegression(C=_STRENGTH, max_iter=_STEPS).fit(both, labels)
    pieces = bags.shape[1]
    # The scaling goes into the weights, so that using them needs no knowledge of it.
    vector = closer.coef_[:, pieces:].T * (_VECTOR_SHARE / spread)[:, None]
    return _Heads(
        quick=(_floats(quick.coef_.T), _floats(quick.intercept_)),
        closer=(_floats(closer.coef_[:, :pieces].T), _floats(closer.intercept_ - mean @ vector)),
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

    return float(min(np.arange(0.3, 3.01, 0.05), key=surprise))


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
    idle = np.isin(labels, [intents.index(i) for i in (Intent.OTHER, Intent.SMALLTALK)])
    sure: dict[Intent, float] = {}
    for place, intent in enumerate(intents):
        destructive = intent in DESTRUCTIVE
        wanted = _SURE_DESTRUCTIVE if destructive else _SURE
        sure[intent] = _threshold(chances, labels, first == place, wanted)
        if destructive:
            stray = np.sort(chances[idle & (first == place)].max(1, initial=0.0))[::-1]
            allowed = int(_STRAY / len(DESTRUCTIVE) * idle.sum())
            if len(stray) > allowed:
                sure[intent] = max(sure[intent], float(stray[allowed]) + 1e-4)
    return sure
