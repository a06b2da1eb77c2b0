"""How threads take turns at Python itself, of which there is one for all of them.

A thread that wants to go on asks for its turn after an interval; one that waits for a disk or a
socket gives way by itself. The writer does so at every statement, so asking it more often only has
the event loop and the writer cut into each other's work. A thread that reads a long message or
loads a model gives way to nobody: each time the loop or the writer had waited for anything, it
would stand in line for a whole interval, many times in a turn.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Final, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

ALONE: Final = 0.02
"""Seconds, while there are only the event loop and the writer."""
BESIDE: Final = 0.001
"""Seconds, while something else is worked on."""


class ThreadsBeside(ThreadPoolExecutor):
    """Works beside the event loop; whoever is on the loop waits for it no longer than need be.

    There is one for a process: the interval is the interpreter's.
    """

    def __init__(self) -> None:
        super().__init__(thread_name_prefix="beside")
        self._lock = Lock()
        self._at_work = 0
        sys.setswitchinterval(ALONE)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Have something done in one of the threads."""
        return super().submit(self._beside, fn, *args, **kwargs)

    def _beside(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        self._count(1)
        try:
            return fn(*args, **kwargs)
        finally:
            self._count(-1)

    def _count(self, more: int) -> None:
        with self._lock:
            self._at_work += more
            sys.setswitchinterval(BESIDE if self._at_work else ALONE)
