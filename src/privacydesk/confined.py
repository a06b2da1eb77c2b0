"""Programs that parse untrusted input, each in a process that can bring down nothing but itself.

Such a program is run by its path through this file, which first gives up what the program does not
need: memory, and with it, where the system lets it, files, sockets and other processes (see
``sandbox``). It inherits no environment and holds no secret, and its parent kills it when it
takes too long. This file imports nothing of the package, so that it starts quickly.
"""

from __future__ import annotations

import contextlib
import json
import os
import runpy
import sys
from collections.abc import Iterable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Final

PATIENCE: Final = 10
"""The niceness of a program that nobody in a chat is waiting for."""

_END_WITH_PARENT: Final = 1
"""``PR_SET_PDEATHSIG``."""
_FIRST_TO_GO: Final = "500"
"""The ``oom_score_adj`` that adds half of all memory to its use when the kernel picks a victim."""


def command(
    program: Path,
    *arguments: str,
    memory: int,
    patience: int = PATIENCE,
    readable: Iterable[Path] = (),
    writable: Iterable[Path] = (),
) -> tuple[str, ...]:
    """Return the command line that runs a program confined.

    Args:
        program: a Python file.
        arguments: its ``sys.argv`` after the first.
        memory: how many bytes it may use.
        patience: its niceness, up to 19.
        readable: files and folders that it reads besides the interpreter, the libraries and
            this package.
        writable: folders that it writes to; none of ours does.
    """
    # Isolated: neither the folder it is started in nor the environment adds modules.
    own = (sys.executable, "-I", __file__, str(os.getpid()))
    folders = (str(program), *map(str, readable)), tuple(map(str, writable))
    return (*own, str(memory), str(patience), json.dumps(folders), str(program), *arguments)


def _confine(parent: int, memory: int, patience: int, folders: str) -> None:
    """Limit memory, core dumps and priority, and end with the parent.

    Then give up files, sockets and other processes.
    """
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
        # Killed first when memory is short, and started again.
        with contextlib.suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text(_FIRST_TO_GO, "ascii")
        readable, writable = json.loads(folders)
        _sandbox().restrict([str(Path(__file__).parent), *readable], writable)


def _sandbox() -> ModuleType:
    """Return the module beside this file, which the isolated interpreter finds by path alone."""
    spec = spec_from_file_location("sandbox", Path(__file__).with_name("sandbox.py"))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _end_with(parent: int) -> None:
    """Have the kernel kill this process when its parent is gone."""
    import ctypes  # noqa: PLC0415
    import signal  # noqa: PLC0415

    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_END_WITH_PARENT, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit("the program that started this one is gone")


if __name__ == "__main__":
    _confine(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
    sys.argv[:] = sys.argv[5:]
    runpy.run_path(sys.argv[0], run_name="__main__")
