"""Sentences of which only the intent is known: JSON Lines, one voice a file or many."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta, Struct

from privacydesk.domain.intents import Intent
from privacydesk.nlu.normaliser import fold
from privacydesk.training.corpus import decoded
from privacydesk.training.labelling import Labelled


class _Line(Struct, frozen=True):
    text: Annotated[str, Meta(pattern=r"\S")]
    label: Intent


def read_sentences(files: Mapping[str, str]) -> list[Labelled]:
    """Return all sentences, once where they differ only in punctuation, spacing and script.

    Args:
        files: name to text, each line a JSON object with a ``text`` and its ``label``.

    Raises:
        SettingsError: a line is malformed; names its file and number.
    """
    seen: dict[str, Labelled] = {}
    for name, text in files.items():
        for _, said in decoded(name, text, _Line):
            words = said.text.strip()
            bare = "".join(filter(str.isalnum, fold(words)))
            seen.setdefault(bare or words, Labelled(words, said.label))
    return list(seen.values())
