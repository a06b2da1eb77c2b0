"""Understanding in this process: what a message means, and what the policy says to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Hashable, Sequence
from datetime import date
from pathlib import Path
from threading import Lock
from typing import Protocol, Self

from privacydesk.domain.quotes import PolicyAnswer
from privacydesk.domain.reading import NO_QUESTION, Question
from privacydesk.domain.turn import Observation
from privacydesk.encoder.embedding import E5Embedder
from privacydesk.nlu.lists.matching import Lists, load_lists
from privacydesk.policy.library import FilePolicyLibrary, find_version
from privacydesk.services.classifiers import Classifiers
from privacydesk.services.message_interpreter import MessageInterpreter, MessageReader
from privacydesk.services.policy_answers import PolicyAnswers


class Network(MessageReader, Protocol):
    """Reads messages, and tells what they mean as a vector, as ``nlu.pipeline.Pipeline`` does."""

    def meaning(self, text: str) -> Sequence[float]:
        """Return the meaning of a text; empty where nothing is seen in it."""
        ...


def _shipped() -> Network:
    # Imported here, so that its runtime is loaded only where messages are read.
    from privacydesk.nlu.pipeline import Pipeline  # noqa: PLC0415

    return Pipeline.load()


class UnderstandingHere:
    """Implements ``ports.LanguageUnderstanding`` in this process.

    Args:
        answers: finds what the policy says.
        reader: makes the message reader, at the first message or by ``load``.
    """

    def __init__(self, answers: PolicyAnswers, reader: Callable[[], Network] = _shipped) -> None:
        self._answers = answers
        self._make = reader
        self._made: tuple[Lists, MessageInterpreter] | None = None
        self._making = Lock()

    @classmethod
    def of(cls, *, data_dir: Path, policy: str, digest: str = "") -> Self:
        """Return one with the shipped network and lists.

        Args:
            data_dir: the folder of the imported policies.
            policy: the name of the policy in force; empty where there is none.
            digest: of its version; the newest is used where this is empty or gone.

        Raises:
            DeskError: the policy's files are damaged.
        """
        library = FilePolicyLibrary(data_dir)
        version = (
            find_version(library, policy, digest) or library.latest(policy) if policy else None
        )
        return cls(PolicyAnswers(library, version, E5Embedder()))

    def load(self) -> Collection[str]:
        """Load lists and network; return the desk's own whole messages, such as menu words."""
        return self._loaded()[0].fixed

    def warm(self) -> None:
        """Load what the first sentence would have to wait for; call it in a thread.

        With a policy this includes what questions need.
        """
        self._loaded()
        self._answers.load()

    def stop(self) -> None:
        """Stop work that nobody waits for any more."""
        self._answers.stop()

    @property
    def digest(self) -> str:
        """The digest of the policy version that it answers from; empty without one."""
        return self._answers.digest

    async def interpret(
        self, text: str, whose: Hashable, today: date, question: Question = NO_QUESTION
    ) -> Observation:
        """Return what a message means; see ``ports.LanguageUnderstanding``."""
        return await self._loaded()[1].interpret(text, whose, today, question)

    async def answer(self, question: str, whose: Hashable) -> PolicyAnswer | None:
        """Return what the policy says; see ``ports.LanguageUnderstanding``."""
        return await self._answers.answer(question, whose)

    async def switch_policy(self, policy: str, digest: str) -> None:
        """Answer from another policy version; see ``ports.LanguageUnderstanding``."""
        await asyncio.to_thread(self._answers.switch_to, policy, digest)

    def _loaded(self) -> tuple[Lists, MessageInterpreter]:
        with self._making:
            if self._made is None:
                lists, reader = load_lists(), self._make()
                classifiers = Classifiers.load(reader.meaning)
                self._made = lists, MessageInterpreter(lists, reader, classifiers)
            return self._made
