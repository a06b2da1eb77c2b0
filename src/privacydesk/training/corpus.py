"""The corpus: annotated messages as JSON Lines, one voice a file.

``corpus/README.md`` describes a line. Besides the reading an annotation holds the words for each
part of it, so that the heads can learn from it; all of these have to occur in the message.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import Final, TypeVar
from zlib import crc32

import msgspec
from msgspec import Struct, field

from privacydesk.domain.account_terms import GenderCode
from privacydesk.domain.intents import Intent
from privacydesk.domain.reading import (
    MENTIONABLE,
    REQUESTABLE,
    Holder,
    Mention,
    MentionKind,
    Modality,
    Reading,
    Request,
    Safety,
)
from privacydesk.errors import SettingsError
from privacydesk.nlu.labels import ACTS

WRITTEN_ON: Final = date(2026, 11, 29)
"""The day from which the corpus counts relative times, in the operator's zone."""

_Line = TypeVar("_Line")
_LEFT_OUT: Final = 7
_FIELDS: Final = MENTIONABLE[MentionKind.FIELD]


class Slice(StrEnum):
    """Why a message is in the corpus."""

    PLAIN = "plain"
    HARD = "hard"
    POLARITY = "polarity"
    PERIOD = "period"
    HOLDER = "holder"
    MODALITY = "modality"
    MULTI = "multi"
    VALUES = "values"
    QUESTION = "question"
    NOT_OURS = "not_ours"
    SAFETY = "safety"


class AnnotatedMention(
    Struct, frozen=True, forbid_unknown_fields=True, rename={"since": "from", "until": "to"}
):
    """A mention with the words that name it and those of its period."""

    kind: MentionKind
    value: str
    words: str = ""
    since: date | None = None
    until: date | None = None
    when: str = ""
    qualifier: str = ""

    def mention(self) -> Mention:
        """Return the mention of a reading."""
        return Mention(self.kind, self.value, self.since, self.until, self.qualifier)


class AnnotatedValue(Struct, frozen=True, forbid_unknown_fields=True):
    """A value that is written differently in the message."""

    value: str
    words: str


class AnnotatedRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """A request with the stretch of the message that makes it."""

    intent: Intent
    modality: Modality
    holder: Holder
    words: str = ""
    include: tuple[AnnotatedMention, ...] = ()
    exclude: tuple[AnnotatedMention, ...] = ()
    set: Mapping[str, str | AnnotatedValue] = field(default_factory=dict)
    age: int | None = None
    contact: str = ""
    act: Intent | None = None

    def request(self) -> Request:
        """Return the request of a reading."""
        return Request(
            self.intent,
            self.modality,
            self.holder,
            sure=True,
            include=tuple(one.mention() for one in self.include),
            exclude=tuple(one.mention() for one in self.exclude),
            set={
                name: value if isinstance(value, str) else value.value
                for name, value in self.set.items()
            },
            age=self.age,
            contact=self.contact,
        )


class AnnotatedFragment(
    Struct, frozen=True, forbid_unknown_fields=True, rename={"since": "from", "until": "to"}
):
    """What is named without saying what to do with it, as in an answer to a question."""

    words: str
    include: tuple[AnnotatedMention, ...] = ()
    exclude: tuple[AnnotatedMention, ...] = ()
    since: date | None = None
    until: date | None = None
    when: str = ""
    qualifier: str = ""
    set: Mapping[str, str | AnnotatedValue] = field(default_factory=dict)
    age: int | None = None
    contact: str = ""


class Annotation(Struct, frozen=True, forbid_unknown_fields=True):
    """A reading with the words for its parts."""

    requests: tuple[AnnotatedRequest, ...] = ()
    questions: tuple[str, ...] = ()
    safety: tuple[Safety, ...] = ()
    fragment: AnnotatedFragment | None = None
    accounts: tuple[str, ...] = ()

    def reading(self) -> Reading:
        """Return the reading alone."""
        return Reading(tuple(one.request() for one in self.requests), self.questions, self.safety)


class Example(Struct, frozen=True, forbid_unknown_fields=True):
    """One line of the corpus."""

    text: str
    intent: Intent
    slice: Slice
    gold: Annotation
    alt: tuple[Annotation, ...] = ()

    @property
    def is_answer(self) -> bool:
        """Whether it only answers a question: it names things or a value, and asks for nothing."""
        return self.intent is Intent.OTHER and not self.gold.requests


class Voice(Struct, frozen=True):
    """The messages of one person.

    Attributes:
        language: one of ``LANGUAGES``.
        name: unique; whole voices are held out to measure the pipeline.
        examples: its messages.
    """

    language: str
    name: str
    examples: tuple[Example, ...]

    @property
    def is_rehearsed(self) -> bool:
        """Whether it is no person's, but holds what is said in the stories and the tests."""
        return self.name.startswith("rehearsal_")

    @property
    def is_left_out(self) -> bool:
        """Whether it is held out from training; one in seven is, by name."""
        return is_left_out(self.name)


def is_left_out(voice: str) -> bool:
    """Return whether a voice is held out from training; one in seven is, by name."""
    return crc32(voice.encode()) % _LEFT_OUT == 0


def parted(voices: Sequence[Voice]) -> tuple[list[Voice], list[Voice]]:
    """Return the voices to train on, and those held out."""
    return [o for o in voices if not o.is_left_out], [o for o in voices if o.is_left_out]


def read_voice(language: str, name: str, text: str) -> Voice:
    """Return a voice from the text of its file.

    Raises:
        SettingsError: a line breaks the form of the corpus; names the file, the line and all that
            is wrong with it.
    """
    examples = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            example, faults = parse_line(line)
            if example is None or faults:
                where = f"corpus/{language}/{name}.jsonl, line {number}"
                raise SettingsError(f"{where}: {'; '.join(faults)}", key="corpus")
            examples.append(example)
    return Voice(language, name, tuple(examples))


def decoded(name: str, text: str, kind: type[_Line]) -> Iterator[tuple[int, _Line]]:
    """Yield the lines of a JSON Lines file with their numbers.

    Raises:
        SettingsError: a line is not of this kind; names the file and the line.
    """
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            yield number, msgspec.json.decode(line, type=kind)
        except msgspec.MsgspecError as error:
            raise SettingsError(f"{name}, line {number}: {error}", key="corpus") from None


def parse_line(line: str) -> tuple[Example | None, tuple[str, ...]]:
    """Return the example of a line, None where it can't be read, and what is wrong with it."""
    try:
        example = msgspec.json.decode(line, type=Example)
    except msgspec.MsgspecError as error:
        return None, (str(error),)
    return example, tuple(_faults(example))


def _faults(example: Example) -> Iterator[str]:
    if not example.text.strip():
        yield "the text is empty"
    yield from _faults_of(example.gold, example.text, in_words=True)
    for other in example.alt:
        yield from _faults_of(other, example.text, in_words=False)
    intents = {request.intent for request in example.gold.requests}
    if example.intent in REQUESTABLE and example.intent not in intents and not example.is_answer:
        yield f"the message is about {example.intent}, but no request is"


def _faults_of(annotation: Annotation, text: str, *, in_words: bool) -> Iterator[str]:
    pieces = [*annotation.questions, *annotation.accounts]
    for request in annotation.requests:
        yield from _faults_of_request(request, in_words=in_words)
        pieces += _pieces(request)
    fragment = annotation.fragment
    if fragment is not None:
        for mention in (*fragment.include, *fragment.exclude):
            yield from _faults_of_mention(mention, in_words=in_words)
        for name, value in fragment.set.items():
            yield from _faults_of_value(name, value)
        pieces += [*_pieces(fragment), fragment.when, fragment.qualifier]
    for piece in pieces:
        if piece and piece not in text:
            yield f"{piece!r} does not stand in the text"


def _faults_of_request(request: AnnotatedRequest, *, in_words: bool) -> Iterator[str]:
    if request.intent not in REQUESTABLE:
        yield f"{request.intent} is no request"
    if (request.holder is Holder.CHILD) != (request.intent is Intent.GUARDIAN):
        yield "a child's account is the guardian's, and the other way round"
    if request.act is not None and (
        request.intent is not Intent.GUARDIAN or request.act not in ACTS
    ):
        yield f"{request.act} is no act that a guardian wants"
    if in_words and not request.words:
        yield f"the request for {request.intent} has no words"
    for mention in (*request.include, *request.exclude):
        yield from _faults_of_mention(mention, in_words=in_words)
    for name, value in request.set.items():
        yield from _faults_of_value(name, value)


def _faults_of_mention(mention: AnnotatedMention, *, in_words: bool) -> Iterator[str]:
    if mention.value not in MENTIONABLE[mention.kind]:
        yield f"{mention.value!r} is no {mention.kind}"
    dated = mention.since is not None or mention.until is not None
    if in_words and dated != bool(mention.when):
        yield f"a period of {mention.value} needs its words, and words of one a period"
    if mention.since and mention.until and mention.since > mention.until:
        yield f"the period of {mention.value} ends before it begins"


def _faults_of_value(name: str, value: str | AnnotatedValue) -> Iterator[str]:
    if name not in _FIELDS:
        yield f"{name!r} is no field"
    told = value if isinstance(value, str) else value.value
    if name == "birthday" and not _is_date(told):
        yield f"the birthday {told!r} is no date"
    if name == "gender" and told not in set(GenderCode) and isinstance(value, AnnotatedValue):
        yield f"the gender {told!r} is none of {', '.join(GenderCode)}"


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _pieces(request: AnnotatedRequest | AnnotatedFragment) -> list[str]:
    pieces = [request.words, request.contact]
    for mention in (*request.include, *request.exclude):
        pieces += [mention.words, mention.when, mention.qualifier]
    return pieces + [one.words for one in request.set.values() if isinstance(one, AnnotatedValue)]
