"""What a confined program can't reach, tried from inside one."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from privacydesk.confined import command
from privacydesk.sandbox import missing

MEMORY = 512 * 1024 * 1024
LACKS = missing()
needs_landlock = pytest.mark.skipif("landlock" in LACKS, reason="this kernel has no Landlock")
needs_seccomp = pytest.mark.skipif("seccomp" in LACKS, reason="calls can't be filtered here")

_TRY = """
import sys
def tried(what):
    try:
        what()
    except OSError as error:
        print(type(error).__name__)
    else:
        print("done")
"""


def outcome(folder: Path, words: str, *arguments: str, **more: Any) -> list[str]:
    """Return what became of each thing that a confined program tried."""
    program = folder / "program.py"
    program.write_text(_TRY + words)
    done = subprocess.run(  # noqa: S603 - our own words
        command(program, *arguments, memory=MEMORY, **more),
        env={},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return str(done.stdout).split()


@pytest.fixture
def port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


@needs_landlock
def test_a_confined_program_reads_neither_its_starters_environment_nor_its_memory(
    tmp_path: Path,
) -> None:
    words = "import os\nfor name in ('environ', 'mem', 'maps'):\n"
    words += "    tried(lambda: open(f'/proc/{os.getppid()}/{name}', 'rb').read(1))\n"
    assert outcome(tmp_path, words) == ["PermissionError"] * 3


@needs_landlock
def test_a_confined_program_reads_and_writes_no_files_but_those_it_is_given(
    tmp_path: Path,
) -> None:
    given, kept = tmp_path / "given", tmp_path / "kept"
    for folder in (given, kept):
        folder.mkdir()
        (folder / "desk.sqlite").write_text("rows")
    words = """
for path in sys.argv[1:]:
    tried(lambda: open(path).read())
    tried(lambda: open(path, "a").write("x"))
"""
    files = (given / "desk.sqlite", kept / "desk.sqlite", Path("/etc/passwd"))
    told = outcome(tmp_path, words, *map(str, files), readable=[given])
    assert told == ["done", *["PermissionError"] * 5]


@needs_landlock
def test_a_confined_program_leaves_nothing_behind(tmp_path: Path) -> None:
    words = """
import os
tried(lambda: open(sys.argv[1] + "/left", "w"))
tried(lambda: os.mkdir(sys.argv[1] + "/folder"))
tried(lambda: os.unlink(sys.argv[1] + "/program.py"))
"""
    assert outcome(tmp_path, words, str(tmp_path)) == ["PermissionError"] * 3


@needs_seccomp
def test_a_confined_program_changes_no_rights_of_files(tmp_path: Path) -> None:
    words = "import os\ntried(lambda: os.chmod(sys.argv[1], 0o777))\ntried(lambda: os.utime("
    words += "sys.argv[1]))\n"
    assert outcome(tmp_path, words, str(tmp_path)) == ["PermissionError"] * 2


@needs_seccomp
def test_a_confined_program_opens_no_socket(tmp_path: Path, port: int) -> None:
    words = """
import socket
tried(lambda: socket.create_connection(("127.0.0.1", int(sys.argv[1]))))
for family in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX, socket.AF_NETLINK):
    tried(lambda: socket.socket(family, socket.SOCK_DGRAM))
tried(lambda: socket.socketpair()[0].close())
"""
    assert outcome(tmp_path, words, str(port)) == ["PermissionError"] * 5 + ["done"]


@needs_seccomp
def test_a_confined_program_starts_no_other_and_signals_nobody(tmp_path: Path) -> None:
    words = """
import os, signal, subprocess, threading
tried(lambda: os.execv(sys.executable, [sys.executable, "-c", "0"]))
tried(lambda: os.fork() or os._exit(0))
tried(lambda: subprocess.run([sys.executable, "-c", "0"]))
tried(lambda: os.kill(os.getppid(), 0))
tried(lambda: os.kill(os.getpid(), 0))
threading.Thread(target=lambda: print("thread")).start()
"""
    told = outcome(tmp_path, words)
    assert told == ["PermissionError"] * 4 + ["done", "thread"]


@needs_seccomp
def test_a_confined_program_reads_no_memory_of_others(tmp_path: Path) -> None:
    words = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
for call in (lambda: libc.ptrace(16, os.getppid(), 0, 0),
             lambda: libc.process_vm_readv(os.getppid(), 0, 0, 0, 0, 0)):
    print(call(), ctypes.get_errno())
"""
    assert outcome(tmp_path, words) == ["-1", "1", "-1", "1"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has such a mark")
def test_a_process_that_conceals_itself_is_not_dumpable() -> None:
    words = """
import ctypes
from privacydesk import sandbox
before = ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)
sandbox.conceal()
print(before, ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))
"""
    done = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", words], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["1", "0"]


def test_what_a_kernel_lacks_is_named() -> None:
    assert set(LACKS) <= {"landlock", "seccomp"}
    if sys.platform == "linux" and os.path.exists("/proc/sys/kernel/seccomp/actions_avail"):  # noqa: PTH110 - no file of ours
        assert "seccomp" not in LACKS
