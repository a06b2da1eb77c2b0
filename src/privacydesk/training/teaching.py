"""From the corpus to the files of a trained network, in one go."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec

from privacydesk.encoder.e5 import SHIPPED
from privacydesk.encoder.weights import ModelFile
from privacydesk.nlu.certainty import FILE
from privacydesk.nlu.heads.parsed import GRAPH, HEADS, PIECES, Parser
from privacydesk.nlu.normaliser import fold
from privacydesk.nlu.tokens import Tokens
from privacydesk.training.corpus import Voice, parted
from privacydesk.training.export import export
from privacydesk.training.labelling import Labelled, labelled
from privacydesk.training.loop import Pace, train
from privacydesk.training.network import Reader, Stretches, load_encoder
from privacydesk.training.pieces import chosen, tokenizer_of
from privacydesk.training.short_texts import train_short_texts
from privacydesk.training.weighing import weigh

LAYERS: Final = 6
"""Of the twelve of multilingual-e5-small, the first ones."""


def teach(
    voices: Sequence[Voice],
    sentences: Sequence[Labelled],
    short_texts: Mapping[str, str],
    folder: Path,
    *,
    pace: Pace,
    tell: Callable[[str], None],
) -> None:
    """Write the files of a network that learnt from all voices but those left out.

    Check points are written beside them while it learns; what was begun in the folder goes on.

    Args:
        voices: annotated messages.
        sentences: messages of which only the intent is known.
        short_texts: replies and questions, file name to text.
        folder: where the files are written.
        pace: how it learns.
        tell: is told how far it is.
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
    train(
        reader,
        stretches,
        Tokens.load(folder / PIECES),
        [(voice.language, labelled(one)) for voice in learnt for one in voice.examples],
        sentences,
        pace=pace,
        folder=folder,
        digest=_digest(learnt, sentences),
        tell=tell,
    )
    export(reader, stretches, folder / GRAPH, folder / HEADS)
    certainty = weigh(Parser(folder), [one for voice in left_out for one in voice.examples])
    (folder / FILE).write_bytes(msgspec.json.format(msgspec.json.encode(certainty)))
    train_short_texts(folder, short_texts, learnt)


def _digest(voices: Sequence[Voice], sentences: Sequence[Labelled]) -> str:
    """Return what differs wherever other messages are learnt from."""
    told = [(voice.language, voice.examples) for voice in voices]
    known = [(one.text, one.intent) for one in sentences]
    return sha256(msgspec.json.encode([told, known])).hexdigest()
