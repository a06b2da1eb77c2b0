"""Who is told of what a process does: metrics and traces."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Protocol

from privacydesk.ports import Committed


class Observer(Protocol):
    """Is told of turns, readings and calls of outside services.

    Names are of closed lists. What people write or are called is not told.
    """

    def turn(self, kind: str) -> AbstractContextManager[list[Committed]]:
        """Return what surrounds the turn of a message; the turn adds its result to the list.

        Args:
            kind: the kind of message.
        """
        ...

    def reading(self, operation: str) -> AbstractContextManager[None]:
        """Return what surrounds the reading of a message or question."""
        ...

    def calling(self, service: str, operation: str) -> AbstractContextManager[list[str]]:
        """Return what surrounds a call of an outside service; the call adds its outcome.

        Args:
            service: the name of the service.
            operation: what is asked of it.
        """
        ...

    def count_sent_code(self) -> None:
        """Count a code that the gateway has taken."""
        ...


class Observers:
    """Implements ``Observer``: tells several."""

    def __init__(self, observers: Sequence[Observer]) -> None:
        self._observers = observers

    @contextmanager
    def turn(self, kind: str) -> Iterator[list[Committed]]:
        """See ``Observer``."""
        with ExitStack() as stack:
            told = [stack.enter_context(one.turn(kind)) for one in self._observers]
            result: list[Committed] = []
            yield result
            for one in told:
                one.extend(result)

    @contextmanager
    def reading(self, operation: str) -> Iterator[None]:
        """See ``Observer``."""
        with ExitStack() as stack:
            for one in self._observers:
                stack.enter_context(one.reading(operation))
            yield

    @contextmanager
    def calling(self, service: str, operation: str) -> Iterator[list[str]]:
        """See ``Observer``."""
        with ExitStack() as stack:
            told = [stack.enter_context(one.calling(service, operation)) for one in self._observers]
            outcome: list[str] = []
            yield outcome
            for one in told:
                one.extend(outcome)

    def count_sent_code(self) -> None:
        """See ``Observer``."""
        for one in self._observers:
            one.count_sent_code()
