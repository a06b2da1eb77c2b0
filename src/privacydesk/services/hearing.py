"""Hearing: what is made of a person's words, before anything is decided."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Mapping
from datetime import date
from typing import Final, Protocol

from privacydesk.domain.intents import Intent
from privacydesk.domain.reading import Answer, Read
from privacydesk.domain.turn import Asked, Observed
from privacydesk.nlu.language_id import language_of
from privacydesk.nlu.lists.matching import Lists
from privacydesk.services.aside import Aside
from privacydesk.services.findings import observed
from privacydesk.services.findings.asides import (
    asks_for,
    beside_questions,
    opening,
    without,
    without_questions,
)

_LOOK: Final = 500
"""What reading a short message costs, in characters of a long one that take as long."""
_ABOUT: Final = "complaint.about_"
"""How the labels of the buttons begin that tell what a complaint is about."""
_OPENING: Final = 30
"""Characters of a sentence that may be an answer before something else."""


class MessageReader(Protocol):
    """Reads messages, as ``nlu.pipeline.Pipeline`` does."""

    def parse(self, text: str, today: date) -> Read:
        """Return what a message says on a day."""
        ...


class Hearing:
    """Has messages understood, each once, in threads beside the loop.

    What a person typed is never kept here. Menu words and the like are ours, so what they mean is
    worked out at their first use and kept.

    Args:
        lists: find what is listed.
        reader: reads messages.
        topics: tells what a question asks that forms explain; see ``nlu.topics``.
        complaints: tells what a complaint is about.
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
        self._aside = Aside()
        self._fixed: dict[str, Observed | None] = dict.fromkeys(lists.fixed)
        self._looking: dict[str, asyncio.Future[Observed]] = {}

    async def hear(self, text: str, whose: Hashable, today: date) -> Observed:
        """Return what was said; see ``ports.Understanding``."""
        if text not in self._fixed:
            return await self._look(text, whose, today)
        return self._fixed[text] or await self._first_hearing(text, whose, today)

    async def _first_hearing(self, text: str, whose: Hashable, today: date) -> Observed:
        """Work out what words of ours mean."""
        looking = self._looking.get(text)
        if looking is None:
            # One look serves all who say the same meanwhile, whoever of them goes away.
            looking = asyncio.ensure_future(self._look(text, whose, today))
            self._looking[text] = looking
            looking.add_done_callback(lambda _: self._looking.pop(text, None))
        heard = await asyncio.shield(looking)
        self._fixed[text] = heard
        return heard

    async def _look(self, text: str, whose: Hashable, today: date) -> Observed:
        cost = _LOOK + len(text)
        return await self._aside.run(whose, cost, self._read, text, today)

    def _read(self, text: str, today: date) -> Observed:
        # Halves of surrogate pairs are no text, and can't go on as a part of what was said.
        text = text.encode("utf-8", "replace").decode()
        read, language = self._reader.parse(text, today), language_of(text)
        questions, listed = read.reading.questions, self._lists.found(text)
        listed |= self._opens_with(text, read, listed, today)
        listed |= self._complains_of(text, read, listed)
        rest = without(text, questions) if questions else ""
        if not rest:
            if questions and read.intent is Intent.POLICY_QUESTION:
                topics = (one for question in questions for one in self._topics_of(question))
                phrases = dict.fromkeys((*listed.get("phrase", ()), *topics))
                listed |= {"phrase": tuple(phrases)}
            return observed(text, read, listed, language)
        asked = tuple(Asked(one, self._topics_of(one)) for one in questions)
        # A wish was read with all of the message around it; an answer, by itself, is read better.
        said = without_questions(read) if asks_for(read) else self._reader.parse(rest, today)
        beside = self._lists.found(rest) | self._opens_with(rest, said, listed, today)
        return beside_questions(
            observed(text, read, listed, language),
            asked,
            rest,
            observed(rest, said, beside, language),
        )

    def _opens_with(
        self, text: str, read: Read, listed: Mapping[str, tuple[str, ...]], today: date
    ) -> dict[str, tuple[str, ...]]:
        """Return what the first of several sentences answers, where it is nothing but an answer."""
        if not (read.reading.requests or read.reading.questions):
            # There is nothing that an answer may stand before.
            return {}
        adds = "also" in listed.get("phrase", ())
        first = opening(text, commas=adds)
        if answered := self._answer(first, today):
            return {"opens_with": answered}
        # A comma may part an answer from a wish: "OK, unlink WeChat first" may be none, too.
        part = opening(text, commas=True) if asks_for(read) else ""
        answered = self._answer(part, today) if part != first else ()
        return {"opens_loosely": answered} if answered else {}

    def _answer(self, text: str, today: date) -> tuple[str, ...]:
        """Return the plain answer that a sentence is; of those that are learnt a yes alone."""
        if not 0 < len(text) <= _OPENING:
            return ()
        listed = self._lists.found(text).get("plain_answer", ())
        if listed:
            return listed
        return ("yes",) if self._reader.parse(text, today).answer is Answer.YES else ()

    def _complains_of(
        self, text: str, read: Read, listed: Mapping[str, tuple[str, ...]]
    ) -> dict[str, tuple[str, ...]]:
        """Return the buttons that a complaint speaks for, where what it is about was learnt."""
        # What is wished of somebody else's content comes to a complaint, and tells of none.
        if all(one.intent is not Intent.COMPLAINT for one in read.reading.requests):
            return {}
        kinds = [one for one in listed.get("answer", ()) if one.startswith(_ABOUT)]
        about = self._complaints(text) if len(kinds) <= 1 else ""
        others = tuple(one for one in listed.get("answer", ()) if not one.startswith(_ABOUT))
        return {"answer": (*others, _ABOUT + about)} if about else {}

    def _topics_of(self, question: str) -> tuple[str, ...]:
        """Return what a question asks that forms explain, as learnt, else as listed."""
        learnt = self._topics(question)
        phrases = self._lists.found(question).get("phrase", ())
        listed = tuple(one for one in phrases if one.startswith("asks_"))
        return (learnt,) if learnt and learnt not in listed else listed
