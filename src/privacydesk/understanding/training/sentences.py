"""Reading labelled sentences: JSON Lines, one voice a file or many."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson
from msgspec import Struct

from privacydesk.domain.intents import Intent
from privacydesk.errors import SettingsError
from privacydesk.understanding.normalise import bare, normalise

_SLICES: Final = frozenset({"plain", "hard"})


class Sentence(Struct, frozen=True):
    """What somebody might write, and what it means.

    Attributes:
        text: as it is typed.
        label: what it asks for.
        lang: ``zh-Hans``, ``zh-Hant``, ``yue``, ``mixed`` or ``en``; for the report.
        slice: ``plain``, or ``hard`` where words mislead.
        voice: who speaks; sentences of one voice are never on both sides of a measurement.
    """

    text: str
    label: Intent
    lang: str
    slice: str
    voice: str


def read_sentences(files: Mapping[str, str]) -> list[Sentence]:
    """Return all sentences, those that differ only in spacing and script once.

    Args:
        files: name to text, each line a JSON object; the name stands for a missing voice. Only
            those whose name ends in ``.jsonl``.

    Raises:
        SettingsError: a line is none, with its file and number.
    """
    seen: dict[str, Sentence] = {}
    for name, text in files.items():
        if not name.endswith(".jsonl"):
            continue
        for number, line in enumerate(text.splitlines(), start=1):
            if line.strip():
                sentence = _sentence(name, number, line)
                seen.setdefault(bare(normalise(sentence.text)) or sentence.text, sentence)
    return list(seen.values())


def fingerprint(sentences: Iterable[Sentence]) -> str:
    """Return what tells one set of sentences from another."""
    digest = hashlib.sha256()
    for line in sorted(f"{one.label}\t{one.text}\n" for one in sentences):
        digest.update(line.encode())
    return digest.hexdigest()[:16]


def _sentence(name: str, number: int, line: str) -> Sentence:
    try:
        found: Any = orjson.loads(line)
        label = Intent(found["label"])
        text = str(found["text"]).strip()
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        raise _fault(name, number, "needs a text and a known label") from None
    if not text:
        raise _fault(name, number, "has no text")
    kind = str(found.get("slice", "plain"))
    if kind not in _SLICES:
        raise _fault(name, number, f"slice is none of {', '.join(sorted(_SLICES))}")
    voice = str(found.get("voice") or name.rpartition("/")[2].removesuffix(".jsonl"))
    return Sentence(text, label, str(found.get("lang", "")), kind, voice)


def _fault(name: str, number: int, what: str) -> SettingsError:
    return SettingsError(f"{name}, line {number}: {what}", key="sentences")
