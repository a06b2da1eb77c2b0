"""Programs that read what strangers send, each in a process that can bring down nothing but itself.

Such a program is run by its path through this file, which first gives up what the program does not
need. It inherits no environment and holds no secret; whoever starts it kills it when it takes too
long. This file imports nothing of the package, so that it starts quickly.
"""

from __future__ import annotations

import contextlib
import os
import runpy
import sys
from pathlib import Path
from typing import Final

PATIENCE: Final = 10
"""How far the system prefers everything else to a program for which nobody waits in a talk."""

_END_WITH_PARENT: Final = 1
"""``PR_SET_PDEATHSIG``."""
_FIRST_TO_GO: Final = "500"
"""Half of all there is is added to what it uses when the system looks for whom to end."""


def command(
    program: Path, *arguments: str, memory: int, patience: int = PATIENCE
) -> tuple[str, ...]:
    """Return what to start for a program to be run confined.

    Args:
        program: a file of Python.
        arguments: what it finds in ``sys.argv``.
        memory: how many bytes it may use.
        patience: how far the system prefers everything else to it, up to 19.
    """
    # Isolated: neither the folder it is started in nor the environment adds modules.
    own = (sys.executable, "-I", __file__, str(os.getpid()))
    return (*own, str(memory), str(patience), str(program), *arguments)


def _confine(parent: int, memory: int, patience: int) -> None:
    """Give up most memory, core dumps, outliving the desk, and coming before it at anything."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - there is none on Windows

    _, most = resource.getrlimit(resource.RLIMIT_AS)
    memory = memory if most == resource.RLIM_INFINITY else min(memory, most)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError):
        os.nice(patience)
    if sys.platform == "linux":
        _end_with(parent)
        # Where memory is short this goes first, and is started again.
        with contextlib.suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text(_FIRST_TO_GO, "ascii")


def _end_with(parent: int) -> None:
    """Have the system kill this process when the one that started it is gone."""
    import ctypes  # noqa: PLC0415
    import signal  # noqa: PLC0415

    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_END_WITH_PARENT, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit("whoever started this program is gone")


if __name__ == "__main__":
    _confine(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
    sys.argv[:] = sys.argv[4:]
    runpy.run_path(sys.argv[0], run_name="__main__")
