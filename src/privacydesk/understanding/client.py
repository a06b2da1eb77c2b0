"""The client of the understanding program, which also keeps the program running."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import sys
from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec
import structlog

from privacydesk import confined
from privacydesk.clock import SystemClock
from privacydesk.domain.intents import Intent
from privacydesk.domain.quotes import PolicyAnswer
from privacydesk.domain.reading import NO_QUESTION, Question
from privacydesk.domain.turn import Observation, RecognisedIntent
from privacydesk.errors import DeskError, SettingsError, UnavailableError
from privacydesk.outages import Outage
from privacydesk.understanding import wire
from privacydesk.understanding.asking import Asking
from privacydesk.understanding.common_messages import CommonMessages
from privacydesk.understanding.running import Running
from privacydesk.understanding.shared_readings import SharedReadings

_log = structlog.get_logger(__name__)

_PROGRAM: Final = Path(__file__).with_name("program.py")
_MEMORY: Final = 2 * 1024**3
"""Address space that it may take, in bytes; it uses a third of it."""

_SILENT: Final = 15.0
"""Seconds without a sign of life after which it is ended: a runaway expression, say."""
_LOOKS: Final = 15
"""How often it is checked in that time; after a third of it the program is pinged."""
_UNASKED: Final = _LOOKS // 3
_CLOSER: Final = 10
"""How many times as often while a suspect is tried: everybody waits for it."""
_LOADING: Final = 60
"""Checks that it may take to start up."""
_WITHOUT: Final = 10.0
"""Seconds that requests wait while no program runs."""
_SOON: Final = 10.0
"""A program that ends within this many seconds of its start ended too soon."""
_PAUSE: Final = 0.25
"""Seconds until the restart, where several in a row ended too soon; doubled each time.

People wait for it: as long as it gets ready at all, restarting it is worth a processor.
"""
_LONGEST_PAUSE: Final = 2.0
_LONGEST_UNREADY: Final = 10.0
"""The longest pause where it did not get ready."""
_SLUGGISH: Final = 3.0
"""Seconds without an answer to a ping after which it is reported as down."""

_NOTHING: Final = Observation(recognised=RecognisedIntent(Intent.OTHER, 0.0, sure=False))


class UnderstandingProcess:
    """Implements ``ports.LanguageUnderstanding`` with a program in a process of its own.

    A context manager: the program starts on entry and ends on exit. ``ready`` waits until it can
    be asked; earlier requests wait, too. When it ends by itself or falls silent it is restarted,
    and requests that it has not answered are sent again. A message that ends it, and then its
    successor, counts as not understood.

    Args:
        briefing: what the program has to know.
        program: the file to run.
        writable: folders that it writes to; the shipped one does not write.
        silent: seconds without a sign of life after which it is ended.
        without: seconds that requests wait while no program runs.
        pause: seconds until the restart where two in a row ended too soon.
        outage: notified when people can't be understood, and when they can be again.
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
            niceness=0,
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
        self._fixed: dict[str, Observation | None] = {}
        self._common = CommonMessages()
        self._shared = SharedReadings()
        self._ready: asyncio.Future[None] = self._loop.create_future()
        self._running: Running | None = None
        self._tending: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The program's process id; None while no program runs."""
        return self._running.pid if self._running is not None else None

    @property
    def digest(self) -> str:
        """The digest of the policy version that it answers from; empty without one."""
        return self._briefing.digest

    def is_alive(self) -> bool:
        """Return whether the program can be asked, and ping it."""
        running = self._running
        if running is None or not running.is_ready:
            return False
        now = self._loop.time()
        if running.heard_at >= self._pinged_at:
            self._pinged_at = now
            running.send(wire.Ping())
        return now - self._pinged_at < _SLUGGISH

    async def __aenter__(self) -> Self:
        """Start the program without waiting until it can be asked."""
        if self._briefing.policies is not None:
            # Policies imported later can be read only if their folder exists by now.
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
        """End the program; requests that still wait fail."""
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

    async def interpret(
        self, text: str, whose: bytes, today: date, question: Question = NO_QUESTION
    ) -> Observation:
        """Return what a message means; see ``ports.LanguageUnderstanding``."""
        known = self._fixed.get(text)
        if known is not None:
            return known
        digest = self._common.digest(text, today, question)
        known = self._common.find(digest, text)
        if known is not None:
            return known
        request = partial(self._read, digest, text, whose, today, question)
        return await (self._shared.read(digest, whose, request) if digest else request())

    async def _read(
        self, digest: bytes, text: str, whose: bytes, today: date, question: Question
    ) -> Observation:
        """Ask the program for a reading, and keep it if it may be kept."""
        hear = wire.Hear(next(self._numbers), wire.to_bytes(text), whose, today, question)
        heard = await self._ask(hear)
        if heard is None:
            return _NOTHING
        assert isinstance(heard, wire.Heard)
        observed = heard.seen.observed()
        if text in self._fixed:
            self._fixed[text] = observed
        else:
            self._common.keep(digest, text, observed)
        return observed

    async def answer(self, question: str, whose: bytes) -> PolicyAnswer | None:
        """Return what the policy says; see ``ports.LanguageUnderstanding``."""
        found = await self._ask(wire.Search(next(self._numbers), wire.to_bytes(question), whose))
        if found is None:
            raise UnavailableError("this question can't be looked up")
        assert isinstance(found, wire.Found)
        return found.answer

    async def switch_policy(self, policy: str, digest: str) -> None:
        """Answer from another policy version; see ``ports.LanguageUnderstanding``."""
        went = await self._ask(wire.GoBy(next(self._numbers), policy, digest))
        match went:
            case None:
                raise DeskError("making it ready ended the program that understands people")
            case wire.Stays():
                raise DeskError(went.message)
        # The next program starts with it.
        self._briefing = msgspec.structs.replace(self._briefing, policy=policy, digest=digest)

    async def _ask(self, request: wire.Asking) -> wire.Answer | None:
        """Return the answer to a request; see ``Asking.ask``.

        Raises:
            UnavailableError: too many wait, or no program has run for a while.
            DeskError: the program met a fault and has logged it.
        """
        try:
            answer = await self._asking.ask(request)
        except UnavailableError as error:
            if self._outage.is_active:
                raise self._outage.reject(error.message, **error.data) from None
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
                # Whatever is imported meanwhile, the next program uses this one's version.
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
        """Fail ``ready`` if this is the first program; log the failure of a later one."""
        if not self._ready.done():
            self._ready.set_exception(error)
            # Retrieved here: a start that failed for another reason no longer awaits it.
            self._ready.exception()
        else:
            _log.error("understanding_unusable", why=error.message)

    # -- the program -----------------------------------------------------------------------

    async def _tend(self, begun: Callable[[], None]) -> None:
        """Keep a program running."""
        too_soon = 0
        while True:
            started, was_ready = self._loop.time(), False
            try:
                was_ready = await self._run(begun)
            except Exception as error:  # noqa: BLE001 - whatever it was, the program is restarted
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
        """Return the seconds until the restart; a single failure is restarted at once."""
        if was_ready and too_soon <= 1:
            return 0.0
        longest = _LONGEST_PAUSE if was_ready else _LONGEST_UNREADY
        return float(min(self._pause * 2 ** min(too_soon, 10), longest))

    async def _run(self, begun: Callable[[], None]) -> bool:
        """Start a program and watch it until it ends; return whether it could be asked."""
        briefing = wire.frame(self._briefing)
        running = await Running.start(self._command, briefing, self._take)
        self._running = running
        begun()
        try:
            why = await self._watch(running)
        finally:
            self._asking.end()
            # What it told before it ended may be wrong.
            self._common.clear()
            await running.end()
            self._running = None
        self._outage.begin(f"{why}, code {running.code}")
        return running.is_ready

    async def _watch(self, running: Running) -> str:
        """Return why a program is finished: it has ended, or does not answer pings.

        Time is counted in checks: while this process stood still it could not have seen an answer.
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
