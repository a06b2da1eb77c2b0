"""Hearing: what the recogniser makes of a person's words, before anything is decided."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from datetime import date
from typing import Final, Protocol

from msgspec.structs import replace

from privacydesk.dialog.slots import ENTITY_KINDS
from privacydesk.domain.intents import Intent
from privacydesk.domain.reading import Read
from privacydesk.domain.turn import Observed, Recognised
from privacydesk.ports import Recogniser
from privacydesk.services.aside import Aside
from privacydesk.services.findings import LISTED_KINDS, observed
from privacydesk.understanding.letters import letter_body
from privacydesk.understanding.slips import Slip, slip_in
from privacydesk.understanding.wish_and_question import may_hold_both, wish_and_question
from privacydesk.understanding.wishes import may_part, several_wishes, without_let_go

_QUICK_TO_READ: Final = 300
"""Characters; reading more takes too long for the event loop, whatever they say."""
_CLOSER_LOOK: Final = 500
"""What a closer look at a short sentence costs, in characters of a long one that take as long."""


class MessageReader(Protocol):
    """Reads messages, as ``nlu.pipeline.Pipeline`` does."""

    def parse(self, text: str, today: date) -> Read:
        """Return what a message says on a day."""
        ...


_NOTHING: Final = Recognised(intent=Intent.OTHER, confidence=0.0, sure=False)


class Hearing:
    """Has messages understood, each once.

    What a person typed is never kept here. Menu words and the like are ours, so what they mean is
    worked out at their first use and kept.

    Args:
        recogniser: knows words by lists.
        reader: reads messages; without one the recogniser does it all.
    """

    def __init__(self, recogniser: Recogniser, reader: MessageReader | None = None) -> None:
        self._recogniser = recogniser
        self._reader = reader
        self._aside = Aside()
        self._fixed: dict[str, Observed | None] = dict.fromkeys(recogniser.fixed)
        self._looking: dict[str, asyncio.Future[Observed]] = {}

    async def hear(self, text: str, whose: Hashable, today: date) -> Observed:
        """Return what was said, beside the loop if that is slow; see ``ports.Understanding``."""
        if text in self._fixed:
            return self._fixed[text] or await self._first_hearing(text, whose, today)
        if self._reader is not None:
            cost = _CLOSER_LOOK + len(text)
            return await self._aside.run(whose, cost, self._read, self._reader, text, today)
        text = letter_body(text)
        cost = _CLOSER_LOOK + len(text)
        if len(text) > _QUICK_TO_READ:
            return await self._aside.run(whose, cost, self._understand, text)
        slip = slip_in(text, self._recogniser)
        if slip is not None:
            return await self._aside.run(whose, cost, self._corrected, text, slip)
        text = without_let_go(text, self._recogniser)
        if may_hold_both(text):
            return await self._aside.run(whose, cost, self._with_question, text)
        known = self._recogniser.glance(text)
        if known is None or (known.intent.kind is not None and may_part(text)):
            # Each part of a request may take a closer look; what asks for nothing has no parts.
            return await self._aside.run(whose, cost, self._understand, text, known)
        return self._understand(text, known)

    async def _first_hearing(self, text: str, whose: Hashable, today: date) -> Observed:
        """Work out what words of ours mean, which the recogniser need not know by heart."""
        known = self._recogniser.glance(text) if self._reader is None else None
        if known is not None:
            heard = self._understand(text, known)
        else:
            looking = self._looking.get(text)
            if looking is None:
                # One look serves all who say the same meanwhile, whoever of them goes away.
                look = self._aside.run(whose, _CLOSER_LOOK, self._look, text, today)
                looking = self._looking[text] = asyncio.ensure_future(look)
                looking.add_done_callback(lambda _: self._looking.pop(text, None))
            heard = await asyncio.shield(looking)
        self._fixed[text] = heard
        return heard

    def _look(self, text: str, today: date) -> Observed:
        return (
            self._understand(text)
            if self._reader is None
            else self._read(self._reader, text, today)
        )

    def _read(self, reader: MessageReader, text: str, today: date) -> Observed:
        recogniser = self._recogniser
        listed = recogniser.entities(text, LISTED_KINDS)
        return observed(text, reader.parse(text, today), listed, recogniser.language(text))

    def _corrected(self, text: str, slip: Slip) -> Observed:
        if not slip.said:
            language = self._recogniser.language(text)
            return Observed(_NOTHING, language, entities={"given_up": slip.given_up})
        heard = self._understand(slip.said)
        if not slip.about:
            return heard
        spoken = {"wish_words": heard.entities["wish_words"]}
        about = self._recogniser.entities(slip.about, ENTITY_KINDS)
        return replace(heard, entities={**about, **spoken}, wishes=())

    def _with_question(self, text: str) -> Observed:
        halves = wish_and_question(text, self._recogniser)
        if halves is None:
            return self._understand(text)
        heard = self._understand(halves.wished, halves.heard)
        return replace(
            heard, entities={**heard.entities, "asked_beside": (halves.asked, halves.wished)}
        )

    def _understand(self, text: str, known: Recognised | None = None) -> Observed:
        recogniser = self._recogniser
        recognised = known or recogniser.recognise(text)
        return Observed(
            recognised=recognised,
            language=recogniser.language(text),
            entities=recogniser.entities(text, ENTITY_KINDS),
            wishes=several_wishes(text, recognised, recogniser, ENTITY_KINDS),
        )
