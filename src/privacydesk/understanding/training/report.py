"""Telling how well the model does: a page of figures, and the confusions as a picture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from html import escape
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from privacydesk.understanding.training.fitting import Fitted

_CELL: Final = 34
_MARGIN: Final = 150
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


def picture(fitted: Fitted) -> str:
    """Return the confusions as SVG: a row for what was meant, a column for what was told."""
    names = fitted.model.intents
    counts = np.zeros((len(names), len(names)), dtype=int)
    np.add.at(counts, (_truth(fitted), fitted.chances.argmax(1)), 1)
    side = _MARGIN + _CELL * len(names) + 10
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" role="img">',
        "<style>text { font: 11px system-ui, sans-serif }</style>",
        "<title>Which intent is taken for which</title>",
        f'<rect width="{side}" height="{side}" fill="#fff"/>',
    ]
    for row, name in enumerate(names):
        at = _MARGIN + row * _CELL
        middle = at + _CELL / 2
        label = escape(str(name))
        parts.append(
            f'<text x="{_MARGIN - 6}" y="{middle + 4}" text-anchor="end">{label}</text>'
            f'<text transform="translate({middle + 4} {_MARGIN - 6}) rotate(-90)">{label}</text>'
        )
        parts += [_cell(counts, row, column) for column in range(len(names))]
    return "".join([*parts, "</svg>\n"])


def _cell(counts: NDArray[np.int64], row: int, column: int) -> str:
    count = int(counts[row, column])
    share = count / max(int(counts[row].sum()), 1)
    x, y = _MARGIN + column * _CELL, _MARGIN + row * _CELL
    # Right ones in blue, wrong ones in red; the number says the same without colour.
    tone = "30, 94, 180" if row == column else "190, 40, 30"
    strength = share if row == column else min(share * 8, 1.0)
    dark = strength > 0.55  # noqa: PLR2004 - from here on white reads better
    number = (
        f'<text x="{x + _CELL / 2}" y="{y + _CELL / 2 + 4}" text-anchor="middle" '
        f'fill="{"#fff" if dark else "#222"}">{count}</text>'
        if count
        else ""
    )
    return (
        f'<rect x="{x}" y="{y}" width="{_CELL - 1}" height="{_CELL - 1}" '
        f'fill="rgba({tone}, {strength:.2f})" stroke="#ddd"/>{number}'
    )


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
