"""A sample user who writes in the chat by program: in the seeded requests and in the tour."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Final

from privacydesk.app import Services
from privacydesk.domain.events import Choice, Event, InputKind
from privacydesk.domain.ticket import Ticket
from privacydesk.errors import DeskError, ErrorCode
from privacydesk.services.api import Credentials, Session

Answers = Mapping[str, str | Sequence[str]]
"""Answers by the text key of the question, or by its input such as ``code``.

An answer is the id or text key of a choice, the ids of several choices, or a text.
"""

CONFIRM: Final = "yes"
DONE: Final = "_done"
"""The choice that ends a question with several answers."""

_MAX_QUESTIONS: Final = 30
_MOST_EVENTS: Final = 500
_MAX_WAITS: Final = 60


class SampleUser:
    """Somebody who writes to the desk through the chat service, as the chat page does.

    Args:
        services: the desk.
        token: returns an app token; None for somebody without an account.
        language: the language of their browser, such as ``zh-Hans``.
        latest_code: returns the newest code that arrived on their phone.
        pause: awaited before each action, so that people can follow or time passes.
        wait: awaited while the desk waits for an external service.
        job_prefix: how the ids of their messages begin; unique per conversation.
    """

    def __init__(
        self,
        services: Services,
        *,
        token: Callable[[], str] | None,
        language: str,
        latest_code: Callable[[], Awaitable[str]],
        pause: Callable[[], Awaitable[None]],
        wait: Callable[[], Awaitable[None]],
        job_prefix: str = "sample",
    ) -> None:
        self._services = services
        self._token = token
        self._language = language
        self._latest_code = latest_code
        self._pause = pause
        self._wait = wait
        self._job_ids = (f"{job_prefix}-{number}" for number in itertools.count(1))
        self._secret = ""

    async def open(self) -> Session:
        """Open the chat; the first time this begins the conversation."""
        desk = self._services.desk
        if self._token is not None:
            credentials = Credentials(token=self._token())
        elif self._secret:
            credentials = Credentials(secret=self._secret)
        else:
            admission = await desk.begin(languages=self._language)
            self._secret = admission.session.secret
            return admission.session
        return (await desk.open(credentials, languages=self._language)).session

    async def say(self, text: str) -> None:
        """Send a typed message."""
        await self._pause()
        session = await self.open()
        view = await self._services.desk.view(session)
        await self._services.desk.say(
            session, id=next(self._job_ids), text=text, offset=view.prompt
        )

    async def choose(self, choice: str) -> None:
        """Tap a choice of the open question, or one of the page (``desk:…``)."""
        await self._pause()
        session = await self.open()
        view = await self._services.desk.view(session)
        offset = 0 if choice.startswith("desk:") else view.prompt
        await self._services.desk.choose(
            session, id=next(self._job_ids), choice=choice, offset=offset
        )

    async def read_all(self) -> None:
        """Read the conversation to its end."""
        session = await self.open()
        events = await self._services.desk.events(session, after=0, limit=_MOST_EVENTS)
        await self._services.desk.mark_read(session, events[-1].offset)

    async def upload(self, name: str, picture: bytes) -> None:
        """Upload a picture to the open question and submit it."""
        await self._pause()
        session = await self.open()
        desk = self._services.desk

        async def content() -> AsyncIterator[bytes]:
            yield picture

        receipt = await desk.store_upload(
            session, name=name, media_type="image/png", content=content()
        )
        await desk.submit_uploads(session, id=next(self._job_ids), uploads=[receipt.id])

    async def file_request(
        self,
        opening: str,
        answers: Answers,
        *,
        files: Sequence[tuple[str, bytes]] = (),
    ) -> Ticket:
        """Ask for something and answer the desk's questions until the request is filed.

        Codes are entered as they arrive, confirmations are given, and files are uploaded where the
        desk asks for them. Other questions need an entry in ``answers``.

        Args:
            opening: the first message, or the id of a choice in the menu after ``choice:``.
            answers: the answers to the questions.
            files: name and content of the pictures to upload.

        Raises:
            DeskError: a question has no answer, or nothing was filed in the end.
        """
        filed_before = {ticket.id for ticket in await self.tickets()}
        if opening.startswith("choice:"):
            await self.choose(opening.removeprefix("choice:"))
        else:
            await self.say(opening)
        for _ in range(_MAX_QUESTIONS):
            question = await self._next_question()
            new = [ticket for ticket in await self.tickets() if ticket.id not in filed_before]
            if new:
                return new[0]
            if question is None:
                break
            await self._answer(question, answers, files)
        raise DeskError("the sample request was not filed", code=ErrorCode.FAILED)

    async def tickets(self) -> tuple[Ticket, ...]:
        """Return the tickets of the conversation, the newest first."""
        session = await self.open()
        return await self._services.store.reader.tickets_in(session.conversation)

    async def _next_question(self) -> Event | None:
        """Return the open question, once the desk waits for nothing; None if it asks nothing."""
        session = await self.open()
        desk, reader = self._services.desk, self._services.store.reader
        for _ in range(_MAX_WAITS):
            state = await reader.conversation(session.conversation)
            if state is None or not any(frame.waiting for frame in state.stack):
                break
            await self._wait()
        prompt = (await desk.view(session)).prompt
        events = await desk.events(session, after=prompt - 1, limit=1) if prompt else ()
        return events[0] if events else None

    async def _answer(
        self, question: Event, answers: Answers, files: Sequence[tuple[str, bytes]]
    ) -> None:
        """Answer one question."""
        ids = {choice.id for choice in question.choices}
        answer = answers.get(question.key, answers.get(question.input or ""))
        if answer is not None:
            await self._give(question, answer)
        elif question.input is InputKind.CODE:
            await self.say(await self._latest_code())
        elif question.input is InputKind.UPLOAD and files:
            for name, picture in files:
                await self.upload(name, picture)
            await self.choose(DONE)
        elif CONFIRM in ids:
            await self.choose(CONFIRM)
        else:
            raise DeskError(f"no sample answer to {question.key}", code=ErrorCode.FAILED)

    async def _give(self, question: Event, answer: str | Sequence[str]) -> None:
        if not isinstance(answer, str):
            for choice_id in (*answer, DONE):
                await self.choose(choice_id)
            return
        choice = _find_choice(question.choices, answer)
        if choice is not None:
            await self.choose(choice.id)
        else:
            await self.say(answer)


def _find_choice(choices: Sequence[Choice], name: str) -> Choice | None:
    """Return the choice with this id or text key."""
    return next((choice for choice in choices if name in {choice.id, choice.key}), None)
