"""Telling how well the model does: a page of figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from privacydesk.understanding.training.fitting import Fitted

_BINS: Final = (0.0, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0)
_TOP: Final = 3
_WORST: Final = 20
_CHINESE: Final = frozenset({"zh-Hans", "zh-Hant"})

PICTURE: Final = "confusions.svg"


def figures(fitted: Fitted) -> str:
    """Return the report as Markdown; the picture of confusions stands beside it."""
    truth, told = _truth(fitted), fitted.chances.argmax(1)
    right = told == truth
    near = np.argsort(-fitted.chances, axis=1)[:, :_TOP] == truth[:, None]
    lines = [
        "# How well intents are told",
        "",
        f"{len(truth)} sentences, each judged by a model that had not heard its voice.",
        f"Fingerprint: `{fitted.model.trained_on}`.",
        "",
        "| | sentences | right | a quarter hard | among the first three |",
        "| --- | --- | --- | --- | --- |",
    ]
    hard = np.array([one.slice == "hard" for one in fitted.sentences])
    for name, chosen in _parts(fitted):
        if not chosen.any():
            continue
        share, top = right[chosen].mean(), near[chosen].any(1).mean()
        mixed = _a_quarter_hard(right[chosen], hard[chosen])
        lines.append(f"| {name} | {chosen.sum()} | {share:.1%} | {mixed} | {top:.1%} |")
    quick = fitted.quick
    lines += [
        "",
        f"The quick look settles {quick.mean():.0%} of the sentences.",
        f"It is right in {_share(right[quick])} of these, the closer look in",
        f"{_share(right[~quick])} of the rest.",
        "",
        "## Intents",
        "",
        "| intent | sentences | found | right where told | sure from | sure | right where sure |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        *_by_intent(fitted, truth, told),
        "",
        "## How honest the probabilities are",
        "",
        "| told | sentences | mean | right |",
        "| --- | --- | --- | --- |",
        *_calibration(fitted.chances.max(1), right),
        "",
        "## Most frequent confusions",
        "",
        f"![which intent is taken for which]({PICTURE})",
        "",
        "| meant | taken for | times |",
        "| --- | --- | --- |",
    ]
    names = fitted.model.intents
    wrong = Counter(zip(truth[~right].tolist(), told[~right].tolist(), strict=True))
    lines += [f"| {names[a]} | {names[b]} | {n} |" for (a, b), n in wrong.most_common(_WORST)]
    return "\n".join(lines) + "\n"


def told(fitted: Fitted) -> list[tuple[str, str]]:
    """Return what was meant and what was told, for each sentence."""
    names = fitted.model.intents
    guessed = fitted.chances.argmax(1).tolist()
    return [(one.label, names[at]) for one, at in zip(fitted.sentences, guessed, strict=True)]


def _truth(fitted: Fitted) -> NDArray[np.int64]:
    return np.array([fitted.model.intents.index(one.label) for one in fitted.sentences])


def _a_quarter_hard(right: NDArray[np.bool_], hard: NDArray[np.bool_]) -> str:
    """Return the share that would be right if one in four sentences were hard, as in the goals."""
    if hard.all() or not hard.any():
        return ""
    return f"{0.75 * right[~hard].mean() + 0.25 * right[hard].mean():.1%}"


def _parts(fitted: Fitted) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    sentences = fitted.sentences
    yield "all", np.ones(len(sentences), dtype=bool)
    for name in ("plain", "hard"):
        yield name, np.array([one.slice == name for one in sentences])
    for lang in sorted({one.lang for one in sentences if one.lang}):
        yield lang, np.array([one.lang == lang for one in sentences])
    yield (
        "plain Chinese",
        np.array([one.slice == "plain" and one.lang in _CHINESE for one in sentences]),
    )


def _by_intent(fitted: Fitted, truth: NDArray[np.int64], told: NDArray[np.int64]) -> Iterator[str]:
    best = fitted.chances.max(1)
    for place, intent in enumerate(fitted.model.intents):
        meant, taken = truth == place, told == place
        floor = fitted.model.sure[intent]
        sure = taken & (best >= floor)
        yield (
            f"| {intent} | {meant.sum()} | {_share(taken[meant])} | {_share(meant[taken])} "
            f"| {floor:.2f} | {_share(sure[meant])} | {_share(meant[sure])} |"
        )


def _share(chosen: NDArray[np.bool_]) -> str:
    return f"{chosen.mean():.0%}" if len(chosen) else "–"


def _calibration(best: NDArray[np.float32], right: NDArray[np.bool_]) -> Iterator[str]:
    for low, high in pairwise(_BINS):
        chosen = (best >= low) & (best < high)
        if chosen.any():
            mean, share = float(best[chosen].mean()), float(right[chosen].mean())
            yield f"| {low:.2f} to {high:.2f} | {chosen.sum()} | {mean:.2f} | {share:.2f} |"
