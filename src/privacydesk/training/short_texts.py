"""Training what tells of short texts what they are, on what they mean to a trained encoder.

``corpus/README.md`` describes the lines that are learnt from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import torch
from torch import nn

from privacydesk.domain.reading import Answer
from privacydesk.encoder.embedding import E5Embedder
from privacydesk.nlu.heads.parsed import Parser
from privacydesk.nlu.heads.weights import Floats
from privacydesk.nlu.short_texts import ANSWERS, COMPLAINTS, LONGEST, TOPICS, characters
from privacydesk.training.corpus import Voice

_OTHERS: Final = 3_000
"""Messages of the corpus that are learnt as no replies."""
_OF_REPLIES: Final = 0.3
_OF_TOPICS: Final = 1.0
"""How much the meaning counts beside the characters."""
_SURE_REPLY: Final = 0.7
"""Of what was a yes from here on to weights that had not seen its author 0.98 was one; of the yeses
0.6 were."""
_SURE_TOPIC: Final = 0.5
"""Of what had a topic from here on to weights that had not seen the question 0.91 had it; of the
questions with a topic six in ten had."""
_SURE_COMPLAINT: Final = 0.8
"""Of what had a kind from here on to weights that had not seen the complaint 0.94 had it; of the
complaints with a kind four in ten. Lists told one in four, 0.86 of them right."""
_ABOUT: Final = (
    (TOPICS, "questions", "topic", "policy", _SURE_TOPIC),
    (COMPLAINTS, "complaints", "about", "other", _SURE_COMPLAINT),
)
"""Where topics of texts are kept, the files and the field that they are learnt from, what is none,
and from which chance on they count."""
_DECAY: Final = 0.002
_STEPS: Final = 60


def train_short_texts(folder: Path, files: Mapping[str, str], voices: Sequence[Voice]) -> None:
    """Learn with the network of a folder, and write what was learnt there.

    Args:
        folder: of the network.
        files: replies, questions and complaints, by name; see ``data.short_text_files``.
        voices: messages that answer nothing.
    """
    parser = Parser(folder)
    texts = [one.text for voice in voices for one in voice.examples if not one.is_answer]
    some = [text for text in texts[:: max(1, len(texts) // _OTHERS)] if len(text) <= LONGEST]
    replies = [*_given(files, "answers", "act"), *((text, "other") for text in some)]
    acts = [*(one.value for one in Answer), "other"]
    learnt = _learnt(replies, acts, lambda text: _gist(parser, text), _OF_REPLIES)
    np.savez_compressed(folder / ANSWERS, enough=np.float32(_SURE_REPLY), **learnt)
    meaning = E5Embedder().embed_query
    for name, kind, key, rest, enough in _ABOUT:
        given = [(text[:LONGEST], topic) for text, topic in _given(files, kind, key)]
        topics = [*sorted({topic for _, topic in given} - {rest}), rest]
        learnt = _learnt(given, topics, meaning, _OF_TOPICS)
        np.savez_compressed(folder / name, enough=np.float32(enough), **learnt)


def _given(files: Mapping[str, str], kind: str, key: str) -> list[tuple[str, str]]:
    texts = (text for name, text in files.items() if name.rpartition("/")[2].startswith(kind))
    lines = (msgspec.json.decode(line) for text in texts for line in text.splitlines())
    return [(line["text"], line[key]) for line in lines]


def _gist(parser: Parser, text: str) -> Floats | None:
    parsed = parser.parse(text.strip())
    return None if parsed is None else parsed.gist


def _learnt(
    given: Sequence[tuple[str, str]],
    classes: Sequence[str],
    meaning: Callable[[str], Floats | None],
    share: float,
) -> dict[str, Any]:
    """Return the numbers of ``ShortTexts``: a softmax regression."""
    known = [(text, name, told) for text, name in given if (told := meaning(text)) is not None]
    meant = np.stack([told for _, _, told in known])
    mean, scale = meant.mean(0), (meant.std(0) + 1e-6) / share
    seen = np.concatenate(
        [(meant - mean) / scale, np.stack([characters(text) for text, _, _ in known])], axis=1
    )
    inputs = torch.from_numpy(seen.astype(np.float32))
    wanted = torch.tensor([classes.index(name) for _, name, _ in known])
    layer = nn.Linear(inputs.shape[1], len(classes))
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    optimizer = torch.optim.LBFGS(
        layer.parameters(), max_iter=_STEPS, line_search_fn="strong_wolfe"
    )

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        lost = nn.functional.cross_entropy(layer(inputs), wanted)
        lost = lost + _DECAY * layer.weight.square().sum()
        lost.backward()
        return lost

    optimizer.step(loss)
    weights, bias = layer.weight.detach().numpy().T, layer.bias.detach().numpy()
    half = {"mean": mean, "scale": scale, "weights": weights}
    small = {name: numbers.astype(np.float16) for name, numbers in half.items()}
    return {"classes": np.array(classes), "bias": bias, **small}
