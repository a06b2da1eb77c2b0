"""Interpretation of a person's words, before anything is decided."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Mapping
from datetime import date
from typing import Final, Protocol

from msgspec.structs import replace

from privacydesk.domain.intents import Intent
from privacydesk.domain.reading import NO_QUESTION, Question, Read, ReplyAct
from privacydesk.domain.turn import Asked, Observed
from privacydesk.nlu.language_id import language_of
from privacydesk.nlu.lists.matching import Lists
from privacydesk.services.fair_pool import FairPool
from privacydesk.services.findings import observed
from privacydesk.services.findings.asides import (
    asks_for,
    beside_questions,
    opening,
    without,
    without_questions,
)

_LOOK: Final = 500
"""The fixed cost of reading a message, in characters of a long one that take as long."""
_ABOUT: Final = "complaint.about_"
"""The prefix of the button labels for what a complaint is about."""
_OPENING: Final = 30
"""Most characters of a sentence that may be an answer before something else."""


class MessageReader(Protocol):
    """Reads messages, as ``nlu.pipeline.Pipeline`` does."""

    def parse(self, text: str, today: date, question: Question = NO_QUESTION) -> Read:
        """Return what a message says on a day, as an answer to a question."""
        ...


class Hearing:
    """Reads messages, each once, in threads beside the event loop.

    What a person typed is never kept here. Menu words and the like are the desk's own, so their
    meanings are computed at their first use and cached.

    Args:
        lists: find listed words.
        reader: reads messages.
        topics: returns the topic of a question that forms explain; see ``nlu.topics``.
        complaints: returns what a complaint is about.
    """

    def __init__(
        self,
        lists: Lists,
        reader: MessageReader,
        topics: Callable[[str], str],
        complaints: Callable[[str], str],
    ) -> None:
        self._lists = lists
        self._reader = reader
        self._topics = topics
        self._complaints = complaints
        self._aside = FairPool()
        self._fixed: dict[str, Observed | None] = dict.fromkeys(lists.fixed)
        self._looking: dict[str, asyncio.Future[Observed]] = {}

    async def hear(
        self, text: str, whose: Hashable, today: date, question: Question = NO_QUESTION
    ) -> Observed:
        """Return what a message means; see ``ports.Understanding``."""
        if text not in self._fixed:
            return await self._look(text, whose, today, question)
        return self._fixed[text] or await self._first_hearing(text, whose, today)

    async def _first_hearing(self, text: str, whose: Hashable, today: date) -> Observed:
        """Return what words of the desk's own mean, and cache it."""
        looking = self._looking.get(text)
        if looking is None:
            # One task serves all who say the same meanwhile, even if some of them go away.
            looking = asyncio.ensure_future(self._look(text, whose, today, NO_QUESTION))
            self._looking[text] = looking
            looking.add_done_callback(lambda _: self._looking.pop(text, None))
        heard = await asyncio.shield(looking)
        self._fixed[text] = heard
        return heard

    async def _look(self, text: str, whose: Hashable, today: date, question: Question) -> Observed:
        cost = _LOOK + len(text)
        return await self._aside.run(whose, cost, self._read, text, today, question)

    def _read(self, text: str, today: date, question: Question) -> Observed:
        # Lone surrogates are invalid text, and can't be passed on.
        text = text.encode("utf-8", "replace").decode()
        read, language = self._reader.parse(text, today, question), language_of(text)
        questions, listed = read.reading.questions, self._lists.found(text)
        listed |= self._opens_with(text, read, listed, today, question)
        listed |= self._complains_of(text, read, listed)
        rest = without(text, questions) if questions else ""
        if not rest:
            # A reply may ask something without a sentence that is a question by itself.
            asked = questions or ((text,) if _only_asks(read) else ())
            if asked and (read.intent is Intent.POLICY_QUESTION or not questions):
                topics = (one for question in asked for one in self._topics_of(question))
                phrases = dict.fromkeys((*listed.get("phrase", ()), *topics))
                listed |= {"phrase": tuple(phrases)}
            return observed(text, read, listed, language)
        apart = tuple(Asked(one, self._topics_of(one)) for one in questions)
        # A wish was read in the context of the whole message; an answer is read better alone.
        wishes = asks_for(read)
        alone = self._reader.parse(rest, today, question) if question.text or not wishes else read
        if wishes:
            alone = replace(without_questions(read), does=alone.does, means=alone.means)
        beside = self._lists.found(rest) | self._opens_with(rest, alone, listed, today, question)
        return beside_questions(
            observed(text, read, listed, language),
            apart,
            rest,
            observed(rest, alone, beside, language),
        )

    def _opens_with(
        self,
        text: str,
        read: Read,
        listed: Mapping[str, tuple[str, ...]],
        today: date,
        question: Question,
    ) -> dict[str, tuple[str, ...]]:
        """Return what the first of several sentences answers, where it is nothing but an answer."""
        if not (read.reading.requests or read.reading.questions):
            # There is nothing that an answer could precede.
            return {}
        adds = "also" in listed.get("phrase", ())
        first = opening(text, commas=adds)
        if answered := self._answer(first, today, question):
            return {"opens_with": answered}
        # A comma may separate an answer from a wish; "OK, unlink WeChat first" may hold no answer.
        part = opening(text, commas=True) if asks_for(read) else ""
        answered = self._answer(part, today, question) if part != first else ()
        return {"opens_loosely": answered} if answered else {}

    def _answer(self, text: str, today: date, question: Question) -> tuple[str, ...]:
        """Return the plain answer that a sentence is; from the network, only a yes."""
        if not 0 < len(text) <= _OPENING:
            return ()
        listed = self._lists.found(text).get("plain_answer", ())
        if listed:
            return listed
        agrees = {ReplyAct.YES} == self._reader.parse(text, today, question).does
        return ("yes",) if agrees else ()

    def _complains_of(
        self, text: str, read: Read, listed: Mapping[str, tuple[str, ...]]
    ) -> dict[str, tuple[str, ...]]:
        """Return the buttons that a complaint chooses, where the classifier knows its subject."""
        # A wish about somebody else's content becomes a complaint, but doesn't describe one.
        if all(one.intent is not Intent.COMPLAINT for one in read.reading.requests):
            return {}
        kinds = [one for one in listed.get("answer", ()) if one.startswith(_ABOUT)]
        about = self._complaints(text) if len(kinds) <= 1 else ""
        others = tuple(one for one in listed.get("answer", ()) if not one.startswith(_ABOUT))
        return {"answer": (*others, _ABOUT + about)} if about else {}

    def _topics_of(self, question: str) -> tuple[str, ...]:
        """Return the topics of a question that forms explain: as classified, else as listed."""
        learnt = self._topics(question)
        phrases = self._lists.found(question).get("phrase", ())
        listed = tuple(one for one in phrases if one.startswith("asks_"))
        return (learnt,) if learnt and learnt not in listed else listed


def _only_asks(read: Read) -> bool:
    """Return whether a reply asks something, and neither answers nor asks for anything."""
    asks = ReplyAct.ASKS in read.does and ReplyAct.ANSWER not in read.does
    more = read.means or read.reading.requests or read.intent is Intent.SMALLTALK
    return asks and not more
