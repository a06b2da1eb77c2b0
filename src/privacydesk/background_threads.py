"""A thread pool for CPU-bound work that keeps the event loop responsive.

Python's switch interval is the time after which a waiting thread requests the interpreter lock. The
writer thread releases the lock at every statement anyway, so a short interval would only make the
event loop and the writer interrupt each other. CPU-bound work, such as parsing a long message or
loading a model, never releases the lock: after each I/O operation, the loop and the writer wait for
a whole interval, many times in a turn. So the interval is short only while such work runs.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Final, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

DEFAULT_INTERVAL: Final = 0.02
"""The switch interval in seconds while only the event loop and the writer run."""
SHORT_INTERVAL: Final = 0.001
"""The switch interval in seconds while a background thread works."""


class BackgroundThreadPool(ThreadPoolExecutor):
    """A thread pool that shortens the switch interval while one of its threads works.

    A process must have only one, since the interval applies to the whole interpreter.
    """

    def __init__(self) -> None:
        super().__init__(thread_name_prefix="beside")
        self._lock = Lock()
        self._active = 0
        sys.setswitchinterval(DEFAULT_INTERVAL)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run a function in one of the threads."""
        return super().submit(self._run, fn, *args, **kwargs)

    def _run(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        self._change_active(1)
        try:
            return fn(*args, **kwargs)
        finally:
            self._change_active(-1)

    def _change_active(self, change: int) -> None:
        with self._lock:
            self._active += change
            sys.setswitchinterval(SHORT_INTERVAL if self._active else DEFAULT_INTERVAL)
