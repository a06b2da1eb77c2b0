"""Understanding in the process that asks: what a message means, and what the policy says to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Hashable
from datetime import date
from pathlib import Path
from typing import Self

from privacydesk.domain.quotes import PolicyAnswer
from privacydesk.domain.turn import Observed
from privacydesk.policy.library import FilePolicyLibrary, kept
from privacydesk.ports import Recogniser
from privacydesk.services.hearing import Hearing, MessageReader
from privacydesk.services.policy_answers import PolicyAnswers
from privacydesk.understanding.embedding import E5WishEmbedder
from privacydesk.understanding.model import IntentModel
from privacydesk.understanding.patterns import compile_all
from privacydesk.understanding.trained import TrainedRecogniser


class UnderstandingHere:
    """Implements ``ports.Understanding``.

    Args:
        recogniser: made when somebody first says something, or by ``load``.
        answers: what the policy says.
        reader: reads messages, made likewise; without one the recogniser does it all.
    """

    def __init__(
        self,
        recogniser: Callable[[], Recogniser],
        answers: PolicyAnswers,
        reader: Callable[[], MessageReader] | None = None,
    ) -> None:
        self._make = recogniser
        self._make_reader = reader
        self._made: tuple[Recogniser, Hearing] | None = None
        self._answers = answers

    @classmethod
    def of(
        cls,
        *,
        data_dir: Path,
        policy: str,
        intent_model: Path | None,
        digest: str = "",
        reader: Callable[[], MessageReader] | None = None,
    ) -> Self:
        """Return what understands with the shipped words and models.

        Args:
            data_dir: where imported policies are kept.
            policy: the name of the one in force; empty where there is none.
            intent_model: weights instead of the shipped ones.
            digest: of the policy's version; the newest where it is empty or gone.
            reader: reads messages in place of the recogniser.

        Raises:
            DeskError: the policy's files are damaged.
        """
        embedder = E5WishEmbedder()
        library = FilePolicyLibrary(data_dir)
        version = kept(library, policy, digest) or library.latest(policy) if policy else None
        return cls(
            lambda: TrainedRecogniser.load(embedder, IntentModel.load(intent_model)),
            PolicyAnswers(library, version, embedder),
            reader,
        )

    def load(self) -> Collection[str]:
        """Read words and weights; return the whole messages that are ours, as menu words.

        Raises:
            SettingsError: the model or the word lists are broken.
        """
        return self._loaded()[0].fixed

    def warm(self) -> None:
        """Make ready what the first sentence and question would have to wait for; in a thread."""
        compile_all()
        self._answers.load()

    def stop(self) -> None:
        """Leave off what is done for nobody any more."""
        self._answers.stop()

    @property
    def digest(self) -> str:
        """Of the policy's version that is answered from; empty without one."""
        return self._answers.digest

    async def hear(self, text: str, whose: Hashable, today: date) -> Observed:
        """Return what was said; see ``ports.Understanding``."""
        return await self._loaded()[1].hear(text, whose, today)

    async def answer(self, question: str, whose: Hashable) -> PolicyAnswer | None:
        """Return what the policy says; see ``ports.Understanding``."""
        return await self._answers.answer(question, whose)

    async def go_by(self, policy: str, digest: str) -> None:
        """Answer from another version; see ``ports.Understanding``."""
        await asyncio.to_thread(self._answers.go_by, policy, digest)

    def _loaded(self) -> tuple[Recogniser, Hearing]:
        if self._made is None:
            recogniser = self._make()
            reader = self._make_reader() if self._make_reader is not None else None
            self._made = recogniser, Hearing(recogniser, reader)
        return self._made
