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

_PATIENCE: Final = 10
"""How far the system prefers everything else to such a program."""


def command(program: Path, *arguments: str, memory: int) -> tuple[str, ...]:
    """Return what to start for a program to be run confined.

    Args:
        program: a file of Python.
        arguments: what it finds in ``sys.argv``.
        memory: how many bytes it may use.
    """
    # Isolated: neither the folder it is started in nor the environment adds modules.
    return (sys.executable, "-I", __file__, str(memory), str(program), *arguments)


def _confine(memory: int) -> None:
    """Give up most memory, core dumps, and precedence over the desk."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - there is none on Windows

    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError):
        os.nice(_PATIENCE)


if __name__ == "__main__":
    _confine(int(sys.argv[1]))
    sys.argv[:] = sys.argv[2:]
    runpy.run_path(sys.argv[0], run_name="__main__")
