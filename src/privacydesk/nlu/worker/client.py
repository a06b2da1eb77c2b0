"""Whoever asks the program that understands, and sees to it that it runs."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import sys
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec
import structlog

from privacydesk import confined
from privacydesk.clock import SystemClock
from privacydesk.domain.intents import Intent
from privacydesk.domain.quotes import PolicyAnswer
from privacydesk.domain.turn import Observed, Recognised
from privacydesk.errors import DeskError, SettingsError, UnavailableError
from privacydesk.nlu.worker import wire
from privacydesk.nlu.worker.asking import Asking
from privacydesk.nlu.worker.running import Running
from privacydesk.outages import Outage

_log = structlog.get_logger(__name__)

_PROGRAM: Final = Path(__file__).with_name("program.py")
_MEMORY: Final = 2 * 1024**3
"""Bytes of addresses that it may take; it uses a third of them."""

_SILENT: Final = 15.0
"""Seconds without a sign of life after which it is ended: an expression, say, that never ends."""
_LOOKS: Final = 15
"""How often it is looked at in that time; after a third of it it is asked for a sign."""
_UNASKED: Final = _LOOKS // 3
_CLOSER: Final = 10
"""How many times as often while a suspect is asked: everybody waits for it."""
_LOADING: Final = 60
"""Looks that it may take to begin."""
_WITHOUT: Final = 10.0
"""Seconds that people wait while there is no such program."""
_SOON: Final = 10.0
"""A program that ends within so many seconds of its start does so too soon."""
_PAUSE: Final = 0.25
"""Seconds until the next is begun, where several in a row ended too soon; each time twice as many.

People wait for it: as long as it gets ready at all, beginning it again is worth a processor.
"""
_LONGEST_PAUSE: Final = 2.0
_LONGEST_UNREADY: Final = 10.0
"""As long at most where it did not get ready."""
_SLUGGISH: Final = 3.0
"""Seconds without an answer to a question for a sign of life after which it is told of as out."""

_NOTHING: Final = Observed(recognised=Recognised(Intent.OTHER, 0.0, sure=False))


class UnderstandingProcess:
    """Implements ``ports.Understanding`` by a program beside this process.

    A context manager: the program is started at its beginning and ends with it. ``ready`` tells
    when it can be asked; whoever asks before waits. When it ends by itself or falls silent it is
    started again, and asked again what it has not answered. A message that ends it, and the next
    one, too, was not understood.

    Args:
        briefing: what the program has to know.
        program: the file it is in.
        writable: folders that it writes to; the shipped one does not write.
        silent: seconds without a sign of life after which it is ended.
        without: seconds that people wait while there is none.
        pause: seconds after which one is begun again where two in a row ended too soon.
        outage: told when people can't be understood, and when they can be again.
    """

    def __init__(
        self,
        briefing: wire.Briefing,
        *,
        program: Path = _PROGRAM,
        writable: Sequence[Path] = (),
        silent: float = _SILENT,
        without: float = _WITHOUT,
        pause: float = _PAUSE,
        outage: Outage | None = None,
    ) -> None:
        self._briefing = briefing
        # Where this process finds its modules: an isolated interpreter may know fewer folders.
        folders = [path for path in map(Path, sys.path) if path.is_absolute() and path.exists()]
        self._command = confined.command(
            program,
            json.dumps(sys.path),
            memory=_MEMORY,
            patience=0,
            readable=(*briefing.files, *folders),
            writable=writable,
        )
        self._look_every = silent / _LOOKS
        self._without = without
        self._pause = pause
        self._outage = outage or Outage("reader", SystemClock())
        self._pinged_at = 0.0
        self._loop = asyncio.get_running_loop()
        self._numbers = itertools.count(1)
        self._asking = Asking()
        self._fixed: dict[str, Observed | None] = {}
        self._ready: asyncio.Future[None] = self._loop.create_future()
        self._running: Running | None = None
        self._tending: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The program's process; None while there is none."""
        return self._running.pid if self._running is not None else None

    @property
    def digest(self) -> str:
        """Of the policy's version that the program answers from; empty without one."""
        return self._briefing.digest

    def is_alive(self) -> bool:
        """Tell whether the program can be asked, and ask it for a sign of life."""
        running = self._running
        if running is None or not running.is_ready:
            return False
        now = self._loop.time()
        if running.heard_at >= self._pinged_at:
            self._pinged_at = now
            running.send(wire.Ping())
        return now - self._pinged_at < _SLUGGISH

    async def __aenter__(self) -> Self:
        """Start the program, and go on before it can be asked."""
        if self._briefing.policies is not None:
            # What is imported later can be read only in a folder that is there by now.
            with contextlib.suppress(OSError):
                self._briefing.policies.mkdir(parents=True, exist_ok=True)
        begun = asyncio.Event()
        self._tending = asyncio.create_task(self._tend(begun.set), name="understanding")
        await begun.wait()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the program; whoever still waits is sent away."""
        assert self._tending is not None
        self._tending.cancel()
        await asyncio.gather(self._tending, return_exceptions=True)
        self._asking.close()

    async def ready(self) -> None:
        """Wait until it can be asked for the first time.

        Raises:
            SettingsError: a setting keeps it from being asked.
            DeskError: it can't be started.
        """
        await asyncio.shield(self._ready)

    async def hear(self, text: str, whose: bytes, today: date) -> Observed:
        """Return what was said; see ``ports.Understanding``."""
        known = self._fixed.get(text)
        if known is not None:
            return known
        hear = wire.Hear(next(self._numbers), wire.to_bytes(text), whose, today)
        heard = await self._ask(hear)
        if heard is None:
            return _NOTHING
        assert isinstance(heard, wire.Heard)
        observed = heard.seen.observed()
        if text in self._fixed:
            self._fixed[text] = observed
        return observed

    async def answer(self, question: str, whose: bytes) -> PolicyAnswer | None:
        """Return what the policy says; see ``ports.Understanding``."""
        found = await self._ask(wire.Search(next(self._numbers), wire.to_bytes(question), whose))
        if found is None:
            raise UnavailableError("this question can't be looked up")
        assert isinstance(found, wire.Found)
        return found.answer

    async def go_by(self, policy: str, digest: str) -> None:
        """Answer from another version; see ``ports.Understanding``."""
        went = await self._ask(wire.GoBy(next(self._numbers), policy, digest))
        match went:
            case None:
                raise DeskError("making it ready ended the program that understands people")
            case wire.Stays():
                raise DeskError(went.message)
        # The next program begins with it.
        self._briefing = msgspec.structs.replace(self._briefing, policy=policy, digest=digest)

    async def _ask(self, request: wire.Question) -> wire.Answer | None:
        """Return what comes of a request; see ``Asking.ask``.

        Raises:
            UnavailableError: too many wait, or there has been no program for a while.
            DeskError: a fault of the program's, which has logged it.
        """
        try:
            answer = await self._asking.ask(request)
        except UnavailableError as error:
            if self._outage.is_on:
                raise self._outage.refusal(error.message, **error.data) from None
            raise
        match answer:
            case wire.Full():
                raise UnavailableError(answer.message, retry_after=answer.retry_after)
            case wire.Failed():
                raise DeskError(f"the program that understands people met a fault ({answer.fault})")
        return answer

    def _take(self, running: Running, reply: wire.Reply) -> None:
        match reply:
            case wire.Ready():
                # Whatever is imported meanwhile, the next program goes by what this one does.
                self._briefing = msgspec.structs.replace(self._briefing, digest=reply.digest)
                self._fixed = dict.fromkeys(reply.fixed) | self._fixed
                running.is_ready = True
                self._outage.end()
                self._asking.begin(running.send)
                if not self._ready.done():
                    self._ready.set_result(None)
            case wire.Unusable():
                self._fail(
                    SettingsError(reply.message, key=reply.key)
                    if reply.key
                    else DeskError(reply.message)
                )
            case wire.Pong():
                pass
            case _:
                self._asking.take(reply)

    def _fail(self, error: DeskError) -> None:
        """Tell whoever waits for the first program; of a later one the log tells."""
        if not self._ready.done():
            self._ready.set_exception(error)
            # A start that failed for another reason waits for it no more, and nobody need be told.
            self._ready.exception()
        else:
            _log.error("understanding_unusable", why=error.message)

    # -- the program -----------------------------------------------------------------------

    async def _tend(self, begun: Callable[[], None]) -> None:
        """Have a program run at any time."""
        too_soon = 0
        while True:
            started, was_ready = self._loop.time(), False
            try:
                was_ready = await self._run(begun)
            except Exception as error:  # noqa: BLE001 - whatever it was, people want to be heard
                self._outage.begin(type(error).__name__)
            begun()
            if not self._ready.done():
                self._fail(DeskError("the program that understands people never got ready"))
            too_soon = too_soon + 1 if self._loop.time() - started < _SOON else 0
            until = self._loop.time() + self._pause_after(too_soon, was_ready=was_ready)
            while (now := self._loop.time()) < until:
                self._asking.give_up(self._without)
                await asyncio.sleep(min(self._look_every, until - now))

    def _pause_after(self, too_soon: int, *, was_ready: bool) -> float:
        """Return the seconds until the next program; one by itself is begun again at once."""
        if was_ready and too_soon <= 1:
            return 0.0
        longest = _LONGEST_PAUSE if was_ready else _LONGEST_UNREADY
        return float(min(self._pause * 2 ** min(too_soon, 10), longest))

    async def _run(self, begun: Callable[[], None]) -> bool:
        """Start a program and watch it until its end; tell whether it could be asked."""
        briefing = wire.frame(self._briefing)
        running = await Running.start(self._command, briefing, self._take)
        self._running = running
        begun()
        try:
            why = await self._watch(running)
        finally:
            self._asking.end()
            await running.end()
            self._running = None
        self._outage.begin(f"{why}, code {running.code}")
        return running.is_ready

    async def _watch(self, running: Running) -> str:
        """Return why a program is at its end: it has ended, or gives no sign though it is asked.

        Time is counted in looks: while this process stood still nobody could have answered.
        """
        loading = quiet = 0.0
        while True:
            looked_at = self._loop.time()
            share = 1 / _CLOSER if self._asking.has_suspect else 1.0
            await asyncio.wait([running.ended], timeout=self._look_every * share)
            if running.ended.done():
                return running.fault or "ended"
            if not running.is_ready:
                self._asking.give_up(self._without)
                loading += share
                if loading > _LOADING:
                    return "never ready"
                continue
            self._asking.look(alive_at=running.heard_at)
            waits = self._asking.somebody_waits and running.heard_at < looked_at
            quiet = quiet + share if waits else 0.0
            if quiet > _LOOKS:
                return "silent"
            if quiet > _UNASKED or self._asking.has_suspect:
                running.send(wire.Ping())
