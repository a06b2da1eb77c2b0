"""Trains the network on the corpus and writes its files, in one go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec

from privacydesk.encoder.e5 import SHIPPED
from privacydesk.encoder.weights import ModelFile
from privacydesk.learning import check_points
from privacydesk.nlu.certainty import FILE
from privacydesk.nlu.heads.parsed import GRAPH, HEADS, PIECES, Parser
from privacydesk.nlu.normaliser import fold
from privacydesk.nlu.tokens import Tokens
from privacydesk.training.corpus import Voice, parted
from privacydesk.training.export import export
from privacydesk.training.labelling import Labelled, labelled
from privacydesk.training.loop import Pace, Training
from privacydesk.training.network import Reader, Stretches, load_encoder
from privacydesk.training.pieces import chosen, tokenizer_of
from privacydesk.training.weighing import weigh

LAYERS: Final = 6
"""The first of the twelve layers of multilingual-e5-small."""


def teach(
    voices: Sequence[Voice],
    sentences: Sequence[Labelled],
    folder: Path,
    *,
    pace: Pace,
    tell: Callable[[str], None],
) -> None:
    """Train the network on all voices but those held out, and write its files.

    Check points are written next to them; training that was begun in the folder is resumed.

    Args:
        voices: annotated messages.
        sentences: messages of which only the intent is known.
        folder: where the files are written.
        pace: the training parameters.
        tell: called with messages of progress.
    """
    folder.mkdir(parents=True, exist_ok=True)
    learnt, left_out = parted(voices)
    model = ModelFile(SHIPPED)
    texts = [example.text for voice in learnt for example in voice.examples]
    texts += [one.text for one in sentences]
    pieces, numbers = chosen(
        map(fold, texts), model.vocabulary.pieces, list(model.vocabulary.scores)
    )
    (folder / PIECES).write_bytes(tokenizer_of(pieces))
    reader, stretches = Reader(len(pieces), LAYERS), Stretches()
    load_encoder(reader, model, numbers)
    kept = folder / check_points.FILE, _digest(learnt, sentences)
    Training(reader, stretches, pace, kept, tell).run(
        Tokens.load(folder / PIECES),
        [(voice.language, labelled(one)) for voice in learnt for one in voice.examples],
        sentences,
    )
    export(reader, stretches, folder / GRAPH, folder / HEADS)
    certainty = weigh(Parser(folder), [one for voice in left_out for one in voice.examples])
    (folder / FILE).write_bytes(msgspec.json.format(msgspec.json.encode(certainty)))


def _digest(voices: Sequence[Voice], sentences: Sequence[Labelled]) -> str:
    """Return a digest of the training data."""
    told = [(voice.language, voice.examples) for voice in voices]
    known = [(one.text, one.intent) for one in sentences]
    return sha256(msgspec.json.encode([told, known])).hexdigest()
