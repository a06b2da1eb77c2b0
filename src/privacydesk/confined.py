"""Confinement of programs that parse untrusted input, each in a process of its own.

A program is run by its path through this file. The file first limits the process's memory and, as
far as the system permits, its access to files, sockets and other processes (see ``sandbox``). The
process gets no environment variables and no secrets, and its parent kills it after a timeout. This
file imports nothing from the package, so that it starts quickly.
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

NICENESS: Final = 10
"""The default niceness, for programs that no user is waiting for."""

_PR_SET_PDEATHSIG: Final = 1
_OOM_SCORE_ADJ: Final = "500"
"""The ``oom_score_adj``: makes the kernel kill this process first when memory is short."""


def command(
    program: Path,
    *arguments: str,
    memory: int,
    niceness: int = NICENESS,
    readable: Iterable[Path] = (),
    writable: Iterable[Path] = (),
) -> tuple[str, ...]:
    """Return the command line that runs a program confined.

    Args:
        program: path of a Python file.
        arguments: the program's arguments.
        memory: the memory limit in bytes.
        niceness: the niceness, up to 19.
        readable: files and folders that it may read, besides the interpreter, the libraries and
            this package.
        writable: folders that it may write to.
    """
    # Isolated mode: neither the working directory nor the environment can add modules.
    launcher = (sys.executable, "-I", __file__, str(os.getpid()))
    paths = (str(program), *map(str, readable)), tuple(map(str, writable))
    return (*launcher, str(memory), str(niceness), json.dumps(paths), str(program), *arguments)


def _confine(parent: int, memory: int, niceness: int, paths: str) -> None:
    """Confine the current process.

    Limits memory, core dumps and priority, makes the process end with its parent, and restricts its
    access to files, sockets and other processes.

    Args:
        parent: process ID of the parent.
        memory: the memory limit in bytes.
        niceness: the niceness.
        paths: readable and writable paths, as JSON.
    """
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - not available on Windows

    _, hard_limit = resource.getrlimit(resource.RLIMIT_AS)
    memory = memory if hard_limit == resource.RLIM_INFINITY else min(memory, hard_limit)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError):
        os.nice(niceness)
    if sys.platform == "linux":
        _end_with(parent)
        with contextlib.suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text(_OOM_SCORE_ADJ, "ascii")
        readable, writable = json.loads(paths)
        _sandbox().restrict([str(Path(__file__).parent), *readable], writable)


def _sandbox() -> ModuleType:
    """Import ``sandbox.py`` by its path: the isolated interpreter does not find the package."""
    spec = spec_from_file_location("sandbox", Path(__file__).with_name("sandbox.py"))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _end_with(parent: int) -> None:
    """Make the kernel kill this process when its parent ends."""
    import ctypes  # noqa: PLC0415
    import signal  # noqa: PLC0415

    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit("the program that started this one is gone")


if __name__ == "__main__":
    _confine(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
    sys.argv[:] = sys.argv[5:]
    runpy.run_path(sys.argv[0], run_name="__main__")
