"""Reads what the rehearsed voices of the corpus say as it is annotated, all else with the network.

So stories prove the dialogue, whatever network is shipped; ``--network`` plays them with the
network alone, which ``privacydesk understand evaluate`` measures.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from typing import Final

from msgspec.structs import replace

from privacydesk.cli.understand import questions
from privacydesk.data import reply_files, voice_files
from privacydesk.domain.intents import Intent
from privacydesk.domain.reading import (
    ALL,
    NO_QUESTION,
    Fragment,
    Mention,
    MentionKind,
    Modality,
    Question,
    Reading,
    ReadingResult,
    ReplyAct,
    Request,
)
from privacydesk.nlu.extractors import periods
from privacydesk.nlu.pipeline import Pipeline
from privacydesk.reply_training.replies import read_replies
from privacydesk.training.corpus import (
    AnnotatedFragment,
    AnnotatedMention,
    AnnotatedRequest,
    AnnotatedValue,
    Annotation,
    Example,
    read_voice,
)

_SURE: Final = 0.95
_UNSURE: Final = 0.3
"""The confidence of what only answers a question: by itself it is about nothing."""


class AnnotatedReader:
    """Implements ``services.message_interpreter.MessageReader``."""

    def __init__(self, network: Pipeline) -> None:
        self._network = network

    def parse(self, text: str, today: date, question: Question = NO_QUESTION) -> ReadingResult:
        """Return what a message says on a day, as an answer to a question."""
        known = _rehearsed().get(text.strip())
        if known is not None and not question.text:
            return self._read_of(known, today)
        replied = _replies_at_questions().get((question.text, text.strip()))
        read = self._network.parse(text, today, question) if None in (known, replied) else None
        told = self._read_of(known, today) if known is not None else read
        assert told is not None
        if replied is not None:
            does, means = replied
        else:
            assert read is not None
            does, means = read.reply_acts, read.chosen_line
        return replace(told, reply_acts=does, chosen_line=means)

    def reply_acts(self, text: str, question: Question) -> frozenset[ReplyAct]:
        """Return what a reply does at a question."""
        replied = _replies_at_questions().get((question.text, text.strip()))
        return replied[0] if replied else self._network.reply_acts(text, question)

    def meaning(self, text: str) -> tuple[float, ...]:
        """Return the mean of the network's vectors of a text."""
        return self._network.meaning(text)

    def _read_of(self, known: Example, today: date) -> ReadingResult:
        return replace(read_of(known, today), meaning=self.meaning(known.text))


@cache
def _rehearsed() -> Mapping[str, Example]:
    voices = [read_voice(*file) for file in voice_files()]
    # Other voices first: what both say is read as it was rehearsed.
    ordered = sorted(voices, key=lambda one: one.is_rehearsed)
    return {example.text.strip(): example for voice in ordered for example in voice.examples}


@cache
def _replies_at_questions() -> Mapping[tuple[str, str], tuple[frozenset[ReplyAct], int]]:
    """Return what rehearsed replies do, and which line they mean, by question and text."""
    asked = questions()
    locales = sorted({locale for _, locale in asked})
    rehearsed = (read_replies(*file) for file in reply_files() if file[0].endswith("_rehearsal"))
    return {
        (asked[reply.place, locale], reply.text.strip()): (
            frozenset(reply.acts),
            max(0, reply.labelled(locale, asked).line),
        )
        for _, replies in rehearsed
        for reply in replies
        for locale in locales
    }


def read_of(example: Example, today: date) -> ReadingResult:
    """Return what an annotated message says on a day, all of it sure."""
    gold = example.gold
    return ReadingResult(
        example.intent,
        _UNSURE if example.is_answer else _SURE,
        (),
        Reading(tuple(_request(one, today) for one in gold.requests), gold.questions, gold.safety),
        _fragment(gold.fragment, today) if gold.fragment else None,
        _acts(gold),
        gold.accounts,
    )


def _acts(gold: Annotation) -> tuple[Intent, ...]:
    wanted = {Modality.WISHED, Modality.CONDITIONAL}
    return tuple(
        dict.fromkeys(one.act for one in gold.requests if one.act and one.modality in wanted)
    )


def _request(one: AnnotatedRequest, today: date) -> Request:
    return Request(
        one.intent,
        one.modality,
        one.holder,
        sure=True,
        include=_mentions(one.include, today),
        exclude=_mentions(one.exclude, today),
        set=_values(one.set),
        age=one.age,
        contact=one.contact,
    )


def _fragment(one: AnnotatedFragment, today: date) -> Fragment:
    limit = None
    if one.when or one.qualifier:
        since, until = _days(one, today)
        limit = Mention(MentionKind.CATEGORY, ALL, since, until, one.qualifier)
    return Fragment(
        _mentions(one.include, today),
        _mentions(one.exclude, today),
        _values(one.set),
        one.age,
        one.contact,
        limit,
    )


def _mentions(mentions: Iterable[AnnotatedMention], today: date) -> tuple[Mention, ...]:
    return tuple(
        Mention(one.kind, one.value, *_days(one, today), one.qualifier) for one in mentions
    )


def _days(
    one: AnnotatedMention | AnnotatedFragment, today: date
) -> tuple[date | None, date | None]:
    """Return the days of a period: the annotated ones count from another day."""
    period = periods.resolve(one.when, today) if one.when else None
    return (period.since, period.until) if period else (one.since, one.until)


def _values(told: Mapping[str, str | AnnotatedValue]) -> dict[str, str]:
    return {name: one if isinstance(one, str) else one.value for name, one in told.items()}
