"""Questions in a message, and what it says besides them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec.structs import replace

from privacydesk.domain.reading import Modality, ReadingResult
from privacydesk.domain.turn import AskedQuestion, MixedMessage, Observation

_AROUND: Final = " \n,，.。?？!！;；~～"
_ENDS: Final = "\n。.!！;；"
_PARTS: Final = ",，"
_OF_ALL: Final = ("in_danger", "defrauded", "own_age_group")
"""Entities that count wherever in a message they stand."""


def without(text: str, questions: Iterable[str]) -> str:
    """Return a message without its questions; empty where nothing meaningful is left."""
    for question in questions:
        before, _, after = text.partition(question)
        text = f"{before.rstrip()} {after.lstrip(_AROUND)}"
    rest = text.strip(_AROUND)
    return rest if any(map(str.isalnum, rest)) else ""


def opening(text: str, *, commas: bool) -> str:
    """Return the first of several sentences of a message; empty where there is only one.

    Args:
        text: the message.
        commas: whether commas separate sentences, too.
    """
    parts = _ENDS + _PARTS if commas else _ENDS
    ends = [place for place, sign in enumerate(text) if sign in parts]
    first = text[: ends[0]].strip() if ends else ""
    return first if first and text[ends[0] :].strip(_AROUND) else ""


def asks_for(read: ReadingResult) -> bool:
    """Return whether a message says what to do or not to do, or names something."""
    told = any(
        one.modality not in {Modality.ASKED, Modality.REPORTED} for one in read.reading.requests
    )
    return told or read.fragment is not None


def without_questions(read: ReadingResult) -> ReadingResult:
    """Return what was read of a message, without its questions."""
    requests = tuple(one for one in read.reading.requests if one.modality is not Modality.ASKED)
    clear = tuple(
        known
        for one, known in zip(
            read.reading.requests, read.clear_requests, strict=bool(read.clear_requests)
        )
        if one in requests
    )
    reading = replace(read.reading, requests=requests, questions=())
    return replace(read, reading=reading, clear_requests=clear)


def beside_questions(
    whole: Observation, questions: tuple[AskedQuestion, ...], said: str, rest: Observation
) -> Observation:
    """Return a message's observation, together with that of its text without the questions."""
    told = {kind: whole.entities[kind] for kind in _OF_ALL if kind in whole.entities}
    rest = replace(rest, entities={**rest.entities, **told})
    return replace(whole, mixed=MixedMessage(questions, said, rest))
