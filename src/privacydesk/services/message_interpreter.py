"""Interpretation of users' messages: what a message asks, answers and names.

Nothing is decided here; the dialog engine decides on the resulting observation.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Mapping
from datetime import date
from typing import Any, Final, Protocol

from msgspec.structs import replace

from privacydesk.domain.intents import Intent
from privacydesk.domain.reading import (
    NO_QUESTION,
    Holder,
    Question,
    ReadingResult,
    ReplyAct,
    Speaker,
)
from privacydesk.domain.turn import AskedQuestion, Observation
from privacydesk.nlu.language_id import language_of
from privacydesk.nlu.lists.matching import Lists
from privacydesk.services.classifiers import Classifiers, MessageClasses
from privacydesk.services.fair_pool import FairPool
from privacydesk.services.findings import observed
from privacydesk.services.findings.asides import (
    asks_for,
    beside_questions,
    opening,
    without,
    without_questions,
)
from privacydesk.services.findings.requests import stays_open
from privacydesk.services.findings.speakers import as_bereaved, as_endangered, of_oneself

_BASE_COST: Final = 500
"""The fixed cost of interpreting a message, in units of the time that one character takes."""
_COMPLAINT_SUBJECT: Final = "complaint.about_"
"""Prefix of the button labels for the subject of a complaint."""
_MAX_OPENING_ANSWER: Final = 30
"""Maximum characters of a first sentence that may be an answer, followed by something else."""


class MessageReader(Protocol):
    """Reads messages, as ``nlu.pipeline.Pipeline`` does."""

    def parse(self, text: str, today: date, question: Question = NO_QUESTION) -> ReadingResult:
        """Return the reading of a message.

        Args:
            text: the message.
            today: the operator's date, to which "last week" refers.
            question: the question that it replies to, if any.
        """
        ...

    def reply_acts(self, text: str, question: Question) -> frozenset[ReplyAct]:
        """Return what a short reply does at a question; nothing where none is open."""
        ...


class MessageInterpreter:
    """Interprets messages in threads, with a fair share of time for each user.

    Users' messages are never cached. The results for the desk's own words, such as "menu", are
    computed at their first use and cached.

    Args:
        lists: finds words and phrases of closed lists.
        reader: the classifier.
        classifiers: complement the reader.
    """

    def __init__(self, lists: Lists, reader: MessageReader, classifiers: Classifiers) -> None:
        self._lists = lists
        self._reader = reader
        self._classifiers = classifiers
        self._pool = FairPool()
        self._cache: dict[str, Observation | None] = dict.fromkeys(lists.fixed)
        self._pending: dict[str, asyncio.Future[Observation]] = {}

    async def interpret(
        self, text: str, user: Hashable, today: date, question: Question = NO_QUESTION
    ) -> Observation:
        """Return the observation of a message; see ``ports.LanguageUnderstanding``."""
        if text not in self._cache:
            return await self._run_in_pool(text, user, today, question)
        return self._cache[text] or await self._fill_cache(text, user, today)

    async def _fill_cache(self, text: str, user: Hashable, today: date) -> Observation:
        """Interpret one of the desk's own words, and cache the result."""
        pending = self._pending.get(text)
        if pending is None:
            # Share one task among all who wait for this text, even if some of them are cancelled.
            pending = asyncio.ensure_future(self._run_in_pool(text, user, today, NO_QUESTION))
            self._pending[text] = pending
            pending.add_done_callback(lambda _: self._pending.pop(text, None))
        observation = await asyncio.shield(pending)
        self._cache[text] = observation
        return observation

    async def _run_in_pool(
        self, text: str, user: Hashable, today: date, question: Question
    ) -> Observation:
        cost = _BASE_COST + len(text)
        return await self._pool.run(user, cost, self._interpret, text, today, question)

    def _interpret(self, text: str, today: date, question: Question) -> Observation:
        # Replace lone surrogates: they can't be encoded.
        text = text.encode("utf-8", "replace").decode()
        read = self._parse(text, today, question)
        classes = self._classes_of(text, read)
        # An answer without a request is of no kind.
        if read.reading.requests or not (question.text or read.intent is Intent.SMALLTALK):
            read = _of_kind(read, classes.kind)
        if classes.speaker == Speaker.BEREAVED:
            read = as_bereaved(read, in_form=bool(question.text))
        if classes.danger:
            read = as_endangered(read)
        language = language_of(text)
        questions, listed = read.reading.questions, self._lists.found(text)
        besides = self._said_besides(text, read, classes, today)
        listed |= besides
        listed |= self._find_opening_answer(text, read, listed, question)
        listed |= self._find_complaint_subject(text, read, listed)
        rest = without(text, questions) if questions else ""
        if not rest:
            # A whole reply may be a question although none of its sentences was read as one.
            asked = questions or ((text,) if _only_asks(read) else ())
            if asked and (read.intent is Intent.POLICY_QUESTION or not questions):
                topics = (topic for part in asked for topic in self._topics_of(part))
                phrases = dict.fromkeys((*listed.get("phrase", ()), *topics))
                listed |= {"phrase": tuple(phrases)}
            return observed(text, read, listed, language)
        asked_questions = tuple(AskedQuestion(part, self._topics_of(part)) for part in questions)
        # Requests are read better in the context of the whole message, answers without it. So the
        # rest is read alone, and requests are taken from the whole message.
        has_requests = asks_for(read)
        if question.text or not has_requests:
            rest_read = self._parse(rest, today, question)
        else:
            rest_read = read
        if has_requests:
            rest_read = replace(
                without_questions(read),
                reply_acts=rest_read.reply_acts,
                chosen_line=rest_read.chosen_line,
            )
        opening_answer = self._find_opening_answer(rest, rest_read, listed, question)
        rest_listed = self._lists.found(rest) | opening_answer | besides
        return beside_questions(
            observed(text, read, listed, language),
            asked_questions,
            rest,
            observed(rest, rest_read, rest_listed, language),
        )

    def _parse(self, text: str, today: date, question: Question) -> ReadingResult:
        return stays_open(self._reader.parse(text, today, question), today)

    def _classes_of(self, text: str, read: ReadingResult) -> MessageClasses:
        """Return the classes of a message; digits alone, such as a code, have none."""
        if not any(map(str.isalpha, text)):
            return MessageClasses()
        return self._classifiers.messages(text, read.meaning)

    def _said_besides(
        self, text: str, read: ReadingResult, classes: MessageClasses, today: date
    ) -> dict[str, tuple[Any, ...]]:
        """Return what a message says of its writer, of filed requests, and of a child."""
        found = of_oneself(text, read, classes.speaker, today)
        if classes.remark:
            found["remark"] = (classes.remark,)
        if any(one.holder is Holder.CHILD for one in read.reading.requests):
            wishes = self._classifiers.child_wishes(text, read.meaning)
            # A single one is what the network reads.
            found["child_wishes"] = wishes if len(wishes) > 1 else ()
        return found

    def _find_opening_answer(
        self,
        text: str,
        read: ReadingResult,
        listed: Mapping[str, tuple[str, ...]],
        question: Question,
    ) -> dict[str, tuple[str, ...]]:
        """Return the answer that the first of several sentences gives, if it says nothing else.

        Only messages that go on with a request or a question can open with an answer.
        """
        if not (read.reading.requests or read.reading.questions):
            return {}
        has_addition = "also" in listed.get("phrase", ())
        sentence = opening(text, commas=has_addition)
        if answer := self._plain_answer(sentence, question):
            return {"opens_with": answer}
        # A comma may separate an answer from a request, but less surely: "OK, unlink WeChat first"
        # may not answer anything.
        part = opening(text, commas=True) if asks_for(read) else ""
        answer = self._plain_answer(part, question) if part != sentence else ()
        return {"opens_loosely": answer} if answer else {}

    def _plain_answer(self, text: str, question: Question) -> tuple[str, ...]:
        """Return the answer that a short sentence gives, as listed or as a classified "yes"."""
        if not 0 < len(text) <= _MAX_OPENING_ANSWER:
            return ()
        listed = self._lists.found(text).get("plain_answer", ())
        if listed:
            return listed
        agrees = {ReplyAct.YES} == self._reader.reply_acts(text, question)
        return ("yes",) if agrees else ()

    def _find_complaint_subject(
        self, text: str, read: ReadingResult, listed: Mapping[str, tuple[str, ...]]
    ) -> dict[str, tuple[str, ...]]:
        """Return the chosen buttons with the classified subject of a complaint, if it is known.

        The classifier is not asked if several listed subjects were found.
        """
        # Requests about somebody else's content become complaints later, but don't describe one.
        if all(request.intent is not Intent.COMPLAINT for request in read.reading.requests):
            return {}
        answers = listed.get("answer", ())
        others = tuple(label for label in answers if not label.startswith(_COMPLAINT_SUBJECT))
        if len(answers) - len(others) > 1:
            return {}
        subject = self._classifiers.complaints(text, read.meaning)
        return {"answer": (*others, _COMPLAINT_SUBJECT + subject)} if subject else {}

    def _topics_of(self, question: str) -> tuple[str, ...]:
        """Return the topics, explained by forms, that a question is about.

        The classified topic replaces the listed ones, unless it is among them.
        """
        classified = self._classifiers.topics(question)
        phrases = self._lists.found(question).get("phrase", ())
        listed = tuple(phrase for phrase in phrases if phrase.startswith("asks_"))
        return (classified,) if classified and classified not in listed else listed


def _only_asks(read: ReadingResult) -> bool:
    """Return whether a reply asks a question and contains neither an answer nor a request."""
    asks = ReplyAct.ASKS in read.reply_acts and ReplyAct.ANSWER not in read.reply_acts
    has_more = read.chosen_line or read.reading.requests or read.intent is Intent.SMALLTALK
    return asks and not has_more


def _of_kind(read: ReadingResult, kind: str) -> ReadingResult:
    """Return a reading whose only request, if it is one's own, is of a kind; empty for any."""
    requests = read.reading.requests
    if not kind or len(requests) > 1 or any(one.holder is not Holder.SELF for one in requests):
        return read
    intent = Intent(kind)
    told = tuple(replace(one, intent=intent) for one in requests)
    return replace(read, intent=intent, reading=replace(read.reading, requests=told))
