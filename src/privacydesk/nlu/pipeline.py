"""The pipeline from the text of a message to its reading."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Final, Self

from msgspec.structs import replace

from privacydesk.domain.account_terms import DataCategory
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
from privacydesk.domain.typed_codes import code_digits
from privacydesk.nlu.certainty import FILE, Certainty, is_losing, signs
from privacydesk.nlu.extractors.ticket_numbers import ticket_numbers
from privacydesk.nlu.heads.parsed import WINDOW, Parser, likeliest, told_safety
from privacydesk.nlu.heads.replies import ReplyReader
from privacydesk.nlu.heads.weights import Floats
from privacydesk.nlu.labels import REPLY_ACTS
from privacydesk.nlu.scope import Scope, without_all
from privacydesk.nlu.short_texts import ANSWERS, SHIPPED
from privacydesk.nlu.topics import Topics

_CALLED: Final = "my request"
"""What stands for a ticket number in the network's input, in every language."""
_YES: Final = frozenset({ReplyAct.YES})
_BARE: Final = frozenset(map(ReplyAct, ("yes", "no", "cancel", "correct", "chat", "told", "upset")))
"""Acts of a reply that names nothing."""
_WRONG: Final = "wrong"
"""The class of answers that say only that something is not right."""
_NARROWING: Final = frozenset({ReplyAct.ONLY, ReplyAct.KEEP, ReplyAct.REMOVE, ReplyAct.CORRECT})
"""Acts of a reply that may change the scope of the open request."""
_DONE: Final = 0.4
"""The probability from which a reply has an act."""
_CERTAIN: Final = 0.8
"""The probability from which a reply that does more is a yes, too."""
_MEANT: Final = 0.7
"""The probability from which a reply means a button."""
_EVEN: Final = 0.5
"""The confidence of a number alone: it is likely about a request, but may be an answer."""
_CLEAR: Final = 0.7
"""The probability from which it is clear that something is asked for: of the requests that were not
sure in two untouched sets, 0.93 were right from here on, and 0.80 in all."""
_ASKED_FOR: Final = frozenset({Modality.WISHED, Modality.CONDITIONAL})
_OF_DATA: Final = frozenset({Intent.DELETION, Intent.ACCESS})
"""Requests for data, which days and qualifiers limit."""
_NAMED: Final = DataCategory.POSTS
_NAME: Final = "my posts: "
_CHINESE_NAME: Final = "我的动态，"
"""Names of ``_NAMED``, behind which a message that names nothing is read."""
_REACH: Final = 2_000
"""Characters from which one pass takes as many word pieces as it can."""


class Pipeline:
    """Reads messages.

    Args:
        parser: the network.
        replies: tells what a reply does at its question.
        certainty: decides which requests are sure.
        answers: tells what a short text by itself answers, as in ``corpus/answers-*.jsonl``.
    """

    def __init__(
        self,
        parser: Parser,
        replies: ReplyReader,
        certainty: Certainty,
        answers: Topics,
    ) -> None:
        self._parser = parser
        self._replies = replies
        self._certainty = certainty
        self._answers = answers

    @classmethod
    def load(cls, folder: Path = SHIPPED) -> Self:
        """Return the pipeline with the network of a folder."""
        parser = Parser(folder)
        replies, answers = ReplyReader(folder, parser), Topics(ANSWERS, folder=folder)
        return cls(parser, replies, Certainty.load(folder / FILE), answers)

    def meaning(self, text: str) -> tuple[float, ...]:
        """Return the mean of the network's vectors of a text; empty where it sees nothing."""
        return _mean(self._parser.states(text, WINDOW))

    def parse(self, text: str, today: date, question: Question = NO_QUESTION) -> ReadingResult:
        """Return what a message says on a day, as an answer to a question.

        Only the beginning and the end of a very long one are read, and nothing in it is sure.
        """
        text = text.lstrip()
        seen = with_numbers_called(text)
        if seen != text and seen.strip() == _CALLED:
            # A number alone asks for nothing; it may answer a question.
            return ReadingResult(Intent.REQUEST_STATUS, _EVEN, (), Reading())
        scopes, whole = looked_at(self._parser, text, seen, today)
        reads = [self._read(scope, whole=whole) for scope in scopes]
        if not reads:
            return ReadingResult(Intent.OTHER, 0.0, (), Reading())
        read = reads[0] if len(reads) == 1 else _joined(*reads)
        loose = whole and scopes[0].limits_nothing_named
        if loose and not question.subject:
            read = self._with_limit(read, text, today)
        if not question.text:
            return read
        read = _not_all(read)
        does, means = self._replied(scopes[0].text, scopes[0].parsed.states, question)
        if question.subject and (loose or does & _NARROWING):
            read = self._in_context(read, text, today, question.subject)
        return replace(read, reply_acts=does, chosen_line=means)

    def reply_acts(self, text: str, question: Question) -> frozenset[ReplyAct]:
        """Return what a short reply does, as ``parse`` tells it, without reading what it asks."""
        text = text.lstrip()
        seen = with_numbers_called(text)
        if not question.text or (seen != text and seen.strip() == _CALLED):
            return frozenset()
        states = self._parser.states(seen[:_REACH], WINDOW)
        return self._replied(text[:_REACH], states, question)[0] if len(states) else frozenset()

    def _with_limit(self, read: ReadingResult, text: str, today: date) -> ReadingResult:
        """Return a message's reading with the limit of its only request for data.

        "Keep this year's" doesn't name what it limits, and the network tells what goes and what
        stays only of what is named. So it reads the message again behind a name.
        """
        requests = read.reading.requests
        of_data = [one for one in requests if one.intent in _OF_DATA]
        if len(of_data) != 1 or _is_narrowed(of_data[0]):
            return read
        before = of_data[0]
        named = self._behind(_NAME if text.isascii() else _CHINESE_NAME, text, today)
        if named is None or named.intent is not before.intent:
            return read
        after = tuple(_limited(one, named) if one is before else one for one in requests)
        return replace(read, reading=replace(read.reading, requests=after))

    def _in_context(
        self, read: ReadingResult, text: str, today: date, subject: str
    ) -> ReadingResult:
        """Return a reply's reading with the scope that it has behind its request's own words.

        "Only last year's" says of what only there. It matters only if it says so clearly.
        """
        told = None if _names_data(read) else self._behind(subject, text, today)
        if told is None:
            return read
        before = read.reading.requests
        kept = [at for at, one in enumerate(before) if one.intent is not told.intent]
        return replace(
            read,
            reading=replace(read.reading, requests=tuple(before[at] for at in kept)),
            fragment=_as_fragment(told),
            clear_requests=tuple(read.clear_requests[at] for at in kept)
            if read.clear_requests
            else (),
        )

    def _behind(self, words: str, text: str, today: date) -> Request | None:
        """Return the request that a message makes behind other words, if it is one and limited."""
        whole = f"{words}{text}"
        scopes, _ = looked_at(self._parser, whole, with_numbers_called(whole), today)
        told = [
            (scope, number, one)
            for scope in scopes
            for number, one in scope.requests()
            if one.include
        ]
        if len(told) != 1 or not _is_narrowed(told[0][2]):
            return None
        return replace(told[0][2], sure=self._is_sure(*told[0]))

    def _read(self, scope: Scope, *, whole: bool) -> ReadingResult:
        text, parsed = scope.text, scope.parsed
        best, *others = likeliest(parsed.intents)
        made = tuple(scope.requests())
        reading = Reading(
            tuple(
                replace(one, sure=whole and self._is_sure(scope, number, one))
                for number, one in made
            ),
            tuple(one.text(text).rstrip("?？") for one in parsed.questions),
            told_safety(parsed.safety),
        )
        return ReadingResult(
            best[0],
            best[1],
            tuple(others[:3]),
            reading,
            scope.fragment(),
            scope.acts(),
            scope.accounts(),
            tuple(whole and self._is_clear(scope, number) for number, _ in made),
            meaning=_mean(parsed.states),
        )

    def _replied(
        self, text: str, states: Floats, question: Question
    ) -> tuple[frozenset[ReplyAct], int]:
        """Return what a reply does, and the line of the button that it means."""
        if code_digits(text) and not any(map(str.isalpha, text)):
            # The digits of a code tell the network nothing.
            return frozenset({ReplyAct.ANSWER}), 0
        told = self._replies.read(states, question)
        acts = frozenset(
            act for act, chance in zip(REPLY_ACTS, told.acts, strict=True) if chance >= _DONE
        )
        if acts > _YES and told.acts[REPLY_ACTS.index(ReplyAct.YES)] < _CERTAIN:
            acts -= _YES
        line = int(told.lines.argmax())
        means = line if told.lines[line] >= _MEANT else 0
        answer = self._answers.of(text, _mean(states))[0] if acts <= _BARE else ""
        if answer == _WRONG:
            return frozenset({ReplyAct.CORRECT}), 0
        # So much hangs on a plain yes that a second model has to agree.
        if acts == _YES and answer != ReplyAct.YES:
            return acts | {ReplyAct.CHAT}, means
        return acts, means

    def _is_clear(self, scope: Scope, number: int) -> bool:
        return scope.parsed.requests[number].asked >= _CLEAR

    def _is_sure(self, scope: Scope, number: int, request: Request) -> bool:
        # More might be removed than is meant where another request took the limit of a thing, or
        # none did.
        if is_losing(request) and (
            number in scope.parted or _leaves_a_gap(request) or scope.overlooks(number)
        ):
            return False
        is_meant = request.intent.kind is not None and request.modality in _ASKED_FOR
        if is_meant and not self._is_clear(scope, number):
            return False
        return self._certainty.is_sure(request, signs(scope, number, request))


def _is_narrowed(request: Request) -> bool:
    return any(one.is_narrowed for one in (*request.include, *request.exclude))


def _narrowed(*mentions: Mention) -> tuple[Mention, ...]:
    return tuple(dict.fromkeys(one for one in mentions if one.is_narrowed))


def _as_fragment(request: Request) -> Fragment:
    """Return what goes and what stays by a request for certain kinds of data."""
    if request.modality is Modality.DENIED:
        return Fragment(exclude=_narrowed(*request.include, *request.exclude))
    return Fragment(request.include, without_all(request.exclude, request.include))


def _limited(request: Request, named: Request) -> Request:
    """Return a request that names nothing, with the limits that it has behind a name."""
    include, exclude = (
        tuple(replace(one, value=ALL) for one in mentions if one.value == _NAMED)
        for mentions in (named.include, _narrowed(*named.exclude))
    )
    if Modality.DENIED in (request.modality, named.modality):
        include, exclude = _narrowed(*include, *exclude), ()
        named = replace(named, modality=Modality.DENIED)
    # All but a few days goes of what nobody named: that is asked back.
    sure = named.sure and all(one.is_narrowed for one in include)
    return replace(request, modality=named.modality, sure=sure, include=include, exclude=exclude)


def _mean(states: Floats) -> tuple[float, ...]:
    return tuple(states.mean(0).tolist()) if len(states) else ()


def _leaves_a_gap(request: Request) -> bool:
    """Return whether all that goes lies between two periods without an end that stay.

    Nobody says so what goes: one of the two was meant to go.
    """
    dated = [one for one in request.exclude if bool(one.since) != bool(one.until)]
    first = {(one.kind, one.value) for one in dated if one.since is None}
    last = {(one.kind, one.value) for one in dated if one.until is None}
    return not first.isdisjoint(last)


def _not_all(read: ReadingResult) -> ReadingResult:
    """Return what a reply says, where "not all, just last year's" keeps no whole kind of data."""
    requests = tuple(
        replace(one, exclude=without_all(one.exclude, one.include)) for one in read.reading.requests
    )
    return replace(read, reading=replace(read.reading, requests=requests))


def _names_data(read: ReadingResult) -> bool:
    """Return whether a message names certain kinds of data that should go."""
    told = (*read.reading.requests, *((read.fragment,) if read.fragment else ()))
    named = (mention for one in told for mention in one.include)
    return any(one.kind is MentionKind.CATEGORY and one.value != ALL for one in named)


def looked_at(parser: Parser, text: str, seen: str, today: date) -> tuple[tuple[Scope, ...], bool]:
    """Return what is found in a message; in a long one, at its beginning and its end.

    Args:
        parser: finds it.
        text: the message, without leading spaces.
        seen: the message as the parser sees it; see ``with_numbers_called``.
        today: the operator's day.

    Returns:
        What was found, and whether that is the whole message.
    """
    first = parser.parse(seen[:_REACH])
    read = first.read if first else 0
    rest = text[read:].rstrip()[-_REACH:]
    last = None
    if rest:
        end = len(text.rstrip())
        last = parser.parse(seen[end - len(rest) : end], WINDOW // 2, end=True)
    looks = (text[:_REACH], first), (rest, last)
    return tuple(Scope(words, parsed, today) for words, parsed in looks if parsed), not rest


def with_numbers_called(text: str) -> str:
    """Return a message of the same length with ticket numbers replaced by ``_CALLED``.

    Their characters mean nothing, and there are more of them than the network can have seen.
    """
    for one in ticket_numbers(text):
        length = one.end - one.start
        if length >= len(_CALLED):
            text = f"{text[: one.start]}{_CALLED:<{length}}{text[one.end :]}"
    return text


def _joined(first: ReadingResult, last: ReadingResult) -> ReadingResult:
    """Return what the beginning and the end of a message say together."""
    one, other = first.reading, last.reading
    requests = one.requests + tuple(each for each in other.requests if each not in one.requests)
    main = max(first, last, key=lambda one: (bool(one.reading.requests), one.confidence))
    return replace(
        main,
        reading=Reading(
            requests,
            one.questions + other.questions,
            tuple(dict.fromkeys(one.safety + other.safety)),
        ),
        fragment=first.fragment or last.fragment,
        guardian_acts=tuple(dict.fromkeys(first.guardian_acts + last.guardian_acts)),
        accounts=tuple(dict.fromkeys(first.accounts + last.accounts)),
        clear_requests=(False,) * len(requests),
    )
