from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from privacydesk.confined import NICENESS, command

MEMORY = 512 * 1024 * 1024


def run(
    folder: Path, words: str, *arguments: str, niceness: int = NICENESS
) -> subprocess.CompletedProcess[str]:
    program = folder / "program.py"
    program.write_text(words)
    return subprocess.run(  # noqa: S603 - our own words
        command(program, *arguments, memory=MEMORY, niceness=niceness),
        env={},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_program_finds_its_arguments_and_runs_as_the_main_one(tmp_path: Path) -> None:
    done = run(tmp_path, "import sys; print(__name__, sys.argv[1:])", "desk@example.com")
    assert done.stdout == "__main__ ['desk@example.com']\n"


def test_the_status_that_a_program_ends_with_is_the_processs(tmp_path: Path) -> None:
    assert run(tmp_path, "import sys; sys.exit(3)").returncode == 3


def test_neither_its_folder_nor_the_environment_gives_a_program_modules(tmp_path: Path) -> None:
    (tmp_path / "planted.py").write_text("")
    done = run(tmp_path, "import planted")
    assert "ModuleNotFoundError" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limits")
def test_a_program_gives_up_memory_core_dumps_and_precedence(tmp_path: Path) -> None:
    words = (
        "import os, resource as r\n"
        "print(*r.getrlimit(r.RLIMIT_AS), *r.getrlimit(r.RLIMIT_CORE), os.nice(0))\n"
    )
    mine = int(run_plainly())
    least = min(19, NICENESS + mine)
    assert run(tmp_path, words).stdout.split() == [str(MEMORY), str(MEMORY), "0", "0", str(least)]
    assert run(tmp_path, words, niceness=0).stdout.split()[-1] == str(mine)
    done = run(tmp_path, "bytes(600 * 1024 * 1024)")
    assert "MemoryError" in done.stderr


def run_plainly() -> str:
    """Return the precedence that processes of this one start with."""
    ask = [sys.executable, "-c", "import os; print(os.nice(0))"]
    return subprocess.run(ask, capture_output=True, text=True, check=True).stdout  # noqa: S603
