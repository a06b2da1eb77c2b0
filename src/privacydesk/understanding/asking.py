"""Unanswered requests, across programs that may end because of them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from privacydesk.errors import UnavailableError
from privacydesk.understanding import wire

_MOST: Final = 1_000
"""How many requests may wait; beyond that, waiting is pointless."""
_BY_ITSELF: Final = 1.0
"""Seconds for which a live program is given one suspect alone."""
_AT_FIRST: Final = 0.25
"""Seconds for which it is given suspects one by one where each has ended one program so far.

Most programs end for another reason, and then nobody should wait for all the earlier requests.
"""
_ENDS: Final = 4
"""How many programs may end with a message pending, alone or among others."""


@dataclass(slots=True)
class _Asked:
    """A request that waits for an answer.

    Attributes:
        answer: None for a request that ends programs.
        given: whether the running program has it.
        ends: how many programs ended while they had it.
    """

    request: wire.Asking
    answer: asyncio.Future[wire.Answer | None]
    since: float
    given: bool = False
    ends: int = 0


class Asking:
    """Passes requests to a program, and its answers to those who wait for them.

    A request that a program has not answered when it ends is suspect: the next program gets it
    alone, so that a message that ends programs is identified without harm to the others. They wait
    for that, but only until the program is seen to be alive; so do suspects that have ended only
    one program.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._asked: dict[int, _Asked] = {}
        self._give: Callable[[wire.Request], None] | None = None
        self._without_since = self._loop.time()
        self._closed = False
        # Suspects still to be tried; the one being tried; and whether other requests are sent, too.
        self._suspects: deque[int] = deque()
        self._suspect: int | None = None
        self._suspect_since = 0.0
        self._begun_at = 0.0
        self._open = False

    @property
    def somebody_waits(self) -> bool:
        """Whether any request is unanswered."""
        return bool(self._asked)

    @property
    def has_suspect(self) -> bool:
        """Whether a suspect is being tried."""
        return self._suspect is not None

    async def ask(self, request: wire.Asking) -> wire.Answer | None:
        """Return the answer to a request; None when it ends programs.

        Raises:
            UnavailableError: too many wait, or no program has run for a while.
        """
        if self._closed or len(self._asked) >= _MOST:
            raise UnavailableError("nothing more can be understood now", retry_after=2.0)
        asked = _Asked(request, self._loop.create_future(), self._loop.time())
        self._asked[request.number] = asked
        if self._give is not None and self._open:
            self._hand(asked, self._give)
        try:
            return await asked.answer
        finally:
            gone = self._asked.pop(request.number, None) is not None
            if gone and asked.given and self._give is not None:
                self._give(wire.Drop(request.number))
                self._pass(request.number)

    def take(self, answer: wire.Answer) -> None:
        """Pass an answer on."""
        asked = self._asked.pop(answer.number, None)
        if asked is not None and not asked.answer.done():
            asked.answer.set_result(answer)
        self._pass(answer.number)

    def begin(self, give: Callable[[wire.Request], None]) -> None:
        """Give waiting requests to a program that is ready; ``give`` sends it one."""
        self._give = give
        self._begun_at = self._loop.time()
        self._suspects = deque(number for number, one in self._asked.items() if one.ends)
        self._go_on(give)

    def look(self, *, alive_at: float) -> None:
        """Stop waiting for a slow suspect once the program is seen to be alive.

        Args:
            alive_at: when the program last gave a sign of life, in the loop's time.
        """
        if self._give is None or self._suspect is None:
            return
        if self._is_grave():
            if alive_at > self._suspect_since + _BY_ITSELF:
                self._let_in(self._give)
                self._go_on(self._give)
        elif alive_at > self._begun_at + _AT_FIRST:
            self._suspect = None
            for number in self._suspects:
                if number in self._asked:
                    self._hand(self._asked[number], self._give)
            self._suspects.clear()
            self._let_in(self._give)

    def _is_grave(self) -> bool:
        """Return whether a suspect has ended more than one program."""
        left = (self._asked.get(number) for number in (self._suspect, *self._suspects) if number)
        return any(one.ends > 1 for one in left if one is not None)

    def end(self) -> None:
        """Record which requests the program that has ended left unanswered."""
        if self._give is not None:
            self._give = None
            self._without_since = self._loop.time()
        for number, one in list(self._asked.items()):
            one.ends += one.given
            one.given = False
            if number == self._suspect or one.ends >= _ENDS:
                del self._asked[number]
                if not one.answer.done():
                    one.answer.set_result(None)
        self._suspects.clear()
        self._suspect, self._open = None, False

    def give_up(self, patience: float) -> None:
        """Fail requests that have waited this many seconds while no program ran."""
        until = self._loop.time() - patience
        if self._without_since > until:
            return
        for number, one in list(self._asked.items()):
            if one.since <= until:
                self._send_away(number, one)

    def close(self) -> None:
        """Fail all requests, also those still to come."""
        self._closed = True
        self._give = None
        for number, one in list(self._asked.items()):
            self._send_away(number, one)

    def _send_away(self, number: int, one: _Asked) -> None:
        del self._asked[number]
        if not one.answer.done():
            why = "nothing can be understood at the moment"
            one.answer.set_exception(UnavailableError(why, retry_after=2.0))

    def _pass(self, answered: int) -> None:
        if self._give is not None and answered == self._suspect:
            self._go_on(self._give)

    def _go_on(self, give: Callable[[wire.Request], None]) -> None:
        """Send the next suspect; after the last one all other requests."""
        self._suspect = None
        while self._suspects:
            number = self._suspects.popleft()
            if number in self._asked:
                self._suspect, self._suspect_since = number, self._loop.time()
                self._hand(self._asked[number], give)
                return
        self._let_in(give)

    def _let_in(self, give: Callable[[wire.Request], None]) -> None:
        """Send all requests that are not suspect, and new ones at once from now on."""
        self._open = True
        for one in self._asked.values():
            if not one.given and not one.ends:
                self._hand(one, give)

    def _hand(self, asked: _Asked, give: Callable[[wire.Request], None]) -> None:
        asked.given = True
        give(asked.request)
