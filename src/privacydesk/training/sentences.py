"""Sentences of which only the intent is known: JSON Lines, one voice a file or many."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from privacydesk.domain.intents import Intent
from privacydesk.errors import SettingsError
from privacydesk.nlu.normaliser import fold
from privacydesk.training.labelling import Labelled


def read_sentences(files: Mapping[str, str]) -> list[Labelled]:
    """Return all sentences, those that differ only in spacing and script once.

    Args:
        files: name to text, each line a JSON object with a ``text`` and its ``label``.

    Raises:
        SettingsError: a line is none, with its file and number.
    """
    seen: dict[str, Labelled] = {}
    for name, text in files.items():
        for number, line in enumerate(text.splitlines(), start=1):
            if line.strip():
                sentence = _sentence(name, number, line)
                bare = "".join(filter(str.isalnum, fold(sentence.text)))
                seen.setdefault(bare or sentence.text, sentence)
    return list(seen.values())


def _sentence(name: str, number: int, line: str) -> Labelled:
    try:
        found: Any = orjson.loads(line)
        label, text = Intent(found["label"]), str(found["text"]).strip()
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        raise _fault(name, number, "needs a text and a known label") from None
    if not text:
        raise _fault(name, number, "has no text")
    return Labelled(text, label)


def _fault(name: str, number: int, what: str) -> SettingsError:
    return SettingsError(f"{name}, line {number}: {what}", key="sentences")
