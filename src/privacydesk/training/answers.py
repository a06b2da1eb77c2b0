"""Training what tells answers, on what the trained network has of them.

``corpus/README.md`` describes the lines that are learnt from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import torch
from msgspec import Struct
from torch import nn

from privacydesk.nlu.answers import CLASSES, FILE, LONGEST, NONE, characters
from privacydesk.nlu.heads.parsed import Parser
from privacydesk.nlu.heads.weights import Floats
from privacydesk.training.corpus import Voice

_OTHERS: Final = 3_000
"""Messages of the corpus that are learnt as no answers."""
_GIST: Final = 0.3
"""How much the gist counts beside the characters."""
_DECAY: Final = 0.002
_STEPS: Final = 60


class GivenAnswer(Struct, frozen=True, forbid_unknown_fields=True):
    """A line: what was written, and one of ``CLASSES``."""

    text: str
    act: str


def read_answers(files: Mapping[str, str]) -> tuple[GivenAnswer, ...]:
    """Return the answers of files, by name; see ``data.answer_files``."""
    return tuple(
        msgspec.json.decode(line, type=GivenAnswer)
        for text in files.values()
        for line in text.splitlines()
    )


def train_answers(folder: Path, given: Sequence[GivenAnswer], voices: Sequence[Voice]) -> None:
    """Learn to tell answers with the network of a folder, and write what was learnt there."""
    parser = Parser(folder)
    told = [(one.text, CLASSES.index(one.act)) for one in given]
    told += [(text, CLASSES.index(NONE)) for text in _others(voices)]
    seen = [(gist, text, act) for text, act in told if (gist := _gist(parser, text)) is not None]
    gists = np.stack([gist for gist, _, _ in seen])
    mean, scale = gists.mean(0), (gists.std(0) + 1e-6) / _GIST
    inputs = np.concatenate(
        [(gists - mean) / scale, np.stack([characters(text) for _, text, _ in seen])], axis=1
    )
    weights, bias = _fitted(inputs, [act for _, _, act in seen])
    np.savez_compressed(
        folder / FILE,
        mean=mean.astype(np.float16),
        scale=scale.astype(np.float16),
        weights=weights.astype(np.float16),
        bias=bias,
    )


def _gist(parser: Parser, text: str) -> Floats | None:
    parsed = parser.parse(text.strip())
    return None if parsed is None else parsed.gist


def _others(voices: Sequence[Voice]) -> list[str]:
    texts = [
        example.text
        for voice in voices
        for example in voice.examples
        if len(example.text) <= LONGEST and not example.is_answer
    ]
    return texts[:: max(1, len(texts) // _OTHERS)]


def _fitted(inputs: Floats, acts: Sequence[int]) -> tuple[Floats, Floats]:
    """Return the weights and the biases of a softmax regression."""
    torch.manual_seed(0)
    layer = nn.Linear(inputs.shape[1], len(CLASSES))
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    told, wanted = torch.from_numpy(inputs.astype(np.float32)), torch.tensor(acts)
    optimizer = torch.optim.LBFGS(
        layer.parameters(), max_iter=_STEPS, line_search_fn="strong_wolfe"
    )

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        lost = nn.functional.cross_entropy(layer(told), wanted)
        lost = lost + _DECAY * layer.weight.square().sum()
        lost.backward()
        return lost

    optimizer.step(loss)
    return layer.weight.detach().numpy().T, layer.bias.detach().numpy()
