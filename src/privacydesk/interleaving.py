"""How threads share the interpreter lock.

A thread that wants the lock asks for it after an interval; one that waits for a disk or a socket
releases it by itself. The writer does so at every statement, so asking it more often only makes
the event loop and the writer interrupt each other. A thread that reads a long message or loads a
model never releases it: each time the loop or the writer had waited for I/O, it would wait for a
whole interval to get the lock back, many times in a turn.
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
"""Switch interval in seconds while only the event loop and the writer run."""
BESIDE: Final = 0.001
"""Switch interval in seconds while another thread works."""


class ThreadsBeside(ThreadPoolExecutor):
    """A thread pool beside the event loop, which shortens the switch interval while it works.

    There is one per process: the interval is the interpreter's.
    """

    def __init__(self) -> None:
        super().__init__(thread_name_prefix="beside")
        self._lock = Lock()
        self._at_work = 0
        sys.setswitchinterval(ALONE)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run a function in one of the threads."""
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
