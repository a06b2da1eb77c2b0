"""Sandboxing of a Linux process without root privileges: files, sockets and other processes.

Landlock restricts access to files and TCP. A seccomp filter blocks system calls, including those
that Landlock does not cover. Both are used as far as the kernel supports them. This file imports
nothing from the package, since ``confined`` loads it by its path.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import platform
import struct
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

_SET_DUMPABLE: Final = 4
_GET_SECCOMP: Final = 21
_SET_SECCOMP: Final = 22
_SECCOMP_FILTER: Final = 2
_NO_NEW_PRIVILEGES: Final = 38
_LANDLOCK: Final = (444, 445, 446)
"""Numbers of the calls to create a ruleset, add a rule, and restrict the thread; they are the same
on all architectures."""
_GET_VERSION: Final = 1
_PATH_BENEATH: Final = 1
_READ_FILE, _READ_DIR, _WRITE = 1 << 2, 1 << 3, 1 << 1 | 0x3FF0
_FILE_RIGHTS: Final = ((1, (1 << 13) - 1), (2, 1 << 13), (3, 1 << 14), (5, 1 << 15))
"""Rights with the Landlock version that added them: those of the first version, linking, cutting,
and controlling devices."""
_NETWORK: Final = (4, 0b11)
_SCOPES: Final = (6, 0b11)

_ALLOW: Final = 0x7FFF0000
_KILL: Final = 0x80000000
_REFUSE: Final = 0x00050000
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _MACHINE, _FIRST_ARGUMENT = 0, 4, 16
"""Offsets in the data of a system call that the filter can read."""
_OTHER_ABI: Final = 0x40000000
_THREAD: Final = 0x00010000

_MACHINES: Final = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_NO_CALL: Final = -1
_BLOCKED: Final = {
    "socket": (41, 198), "connect": (42, 203), "bind": (49, 200), "listen": (50, 201),
    "io_uring_setup": (425, 425),
    "execve": (59, 221), "execveat": (322, 281), "fork": (57, _NO_CALL), "vfork": (58, _NO_CALL),
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "process_madvise": (440, 440), "kcmp": (312, 272), "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240),
    "pidfd_open": (434, 434), "pidfd_getfd": (438, 438), "pidfd_send_signal": (424, 424),
    "chmod": (90, _NO_CALL), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452),
    "chown": (92, _NO_CALL), "fchown": (93, 55), "lchown": (94, _NO_CALL), "fchownat": (260, 54),
    "setxattr": (188, 5), "lsetxattr": (189, 6), "fsetxattr": (190, 7),
    "removexattr": (197, 14), "lremovexattr": (198, 15), "fremovexattr": (199, 16),
    "utime": (132, _NO_CALL), "utimes": (235, _NO_CALL), "futimesat": (261, _NO_CALL),
    "utimensat": (280, 88),
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    "mount": (165, 40), "umount2": (166, 39), "chroot": (161, 51), "pivot_root": (155, 41),
    "unshare": (272, 97), "setns": (308, 268), "open_by_handle_at": (304, 265),
    "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430),
    "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106),
    "kexec_load": (246, 104), "reboot": (169, 142), "swapon": (167, 224),
    "settimeofday": (170, 170), "clock_settime": (227, 112),
    "shmget": (29, 194), "msgget": (68, 186), "semget": (64, 190), "mq_open": (240, 180),
}  # fmt: skip
"""Blocked system calls with their numbers on each architecture: calls that affect the network,
other processes or the kernel, and file operations that Landlock does not cover."""
_OWN_PROCESS_ONLY: Final = {"kill": (62, 129), "tgkill": (234, 131)}
"""System calls that are permitted for this process only."""
_PRLIMIT: Final = (302, 261)
_CLONE: Final = (56, 220)
_CLONE3: Final = (435, 435)

_ALWAYS_READABLE: Final = (
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/share/zoneinfo",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/ssl/openssl.cnf",
    "/proc/self",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/sys/devices/system/cpu",
    "/sys/bus/pci/devices",
    "/dev/null",
    "/dev/urandom",
)


def missing() -> tuple[str, ...]:
    """Return the features that the system does not support: ``landlock``, ``seccomp``."""
    features = []
    if not _landlock_version():
        features.append("landlock")
    if sys.platform != "linux" or platform.machine() not in _MACHINES or _seccomp_mode() < 0:
        features.append("seccomp")
    return tuple(features)


def conceal() -> None:
    """Prevent other processes of the same user from reading this one's environment and memory."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_DUMPABLE, 0, 0, 0, 0)


def restrict(readable: Iterable[str], writable: Iterable[str] = ()) -> None:
    """Irrevocably restrict access to files, sockets and other processes.

    Args:
        readable: files and folders that may be read, besides the interpreter and its libraries.
        writable: folders that may be written to.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    with contextlib.suppress(OSError):
        _restrict_files([*_interpreter_paths(), *_ALWAYS_READABLE, *readable], writable)
    with contextlib.suppress(OSError):
        _restrict_calls()


def _interpreter_paths() -> Iterator[str]:
    yield os.path.realpath(sys.executable)
    # Shared libraries of the extension modules, unless it is the system's interpreter.
    yield str(Path(sys.base_prefix) / "lib")
    for path in sys.path:
        # Includes the folder of a development checkout.
        if Path(path).is_dir():
            yield path


# -- files -----------------------------------------------------------------------------------------


def _restrict_files(readable: Iterable[str], writable: Iterable[str]) -> None:
    version = _landlock_version()
    if not version:
        return
    files = sum(rights for since, rights in _FILE_RIGHTS if since <= version)
    network, scopes = (rights if since <= version else 0 for since, rights in (_NETWORK, _SCOPES))
    attributes = struct.pack("=QQQ", files, network, scopes)
    create_ruleset, add_rule, restrict_self = _LANDLOCK
    ruleset = _call(create_ruleset, attributes, len(attributes), 0)
    try:
        for paths, rights in ((readable, 0), (writable, _WRITE | 1 << 14)):
            for path in paths:
                _allow(add_rule, ruleset, path, (rights | _READ_FILE | _READ_DIR) & files)
        _call(restrict_self, ruleset, 0)
    finally:
        os.close(ruleset)


def _allow(add_rule: int, ruleset: int, path: str, rights: int) -> None:
    """Permit access to a path and everything beneath it; missing paths are ignored."""
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not Path(path).is_dir():
            rights &= ~_READ_DIR
        _call(add_rule, ruleset, _PATH_BENEATH, struct.pack("=Qi", rights, descriptor), 0)
    finally:
        os.close(descriptor)


def _landlock_version() -> int:
    """Return the version of Landlock; 0 if it isn't supported."""
    if sys.platform != "linux":
        return 0
    try:
        return _call(_LANDLOCK[0], None, 0, _GET_VERSION)
    except OSError:
        return 0


def _call(number: int, *arguments: int | bytes | None) -> int:
    values = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
    result = ctypes.CDLL(None, use_errno=True).syscall(ctypes.c_long(number), *values)
    if result < 0:
        raise OSError(ctypes.get_errno(), "refused by the system")
    return int(result)


# -- calls -----------------------------------------------------------------------------------------


class _FilterProgram(ctypes.Structure):
    _fields_ = (("count", ctypes.c_ushort), ("first", ctypes.c_char_p))


def _seccomp_mode() -> int:
    """Return the current seccomp mode; -1 if the system doesn't support seccomp."""
    return int(ctypes.CDLL(None).prctl(_GET_SECCOMP, 0, 0, 0, 0))


def _restrict_calls() -> None:
    machine = _MACHINES.get(platform.machine())
    if machine is None:
        return
    instructions = b"".join(_filter_instructions(*machine))
    program = _FilterProgram(len(instructions) // 8, instructions)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_SET_SECCOMP, _SECCOMP_FILTER, ctypes.byref(program), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "refused by the system")


def _filter_instructions(column: int, machine: int) -> Iterator[bytes]:
    """Yield the instructions of the seccomp filter, which permits all calls that it doesn't block.

    Args:
        column: index of the architecture in the tuples of call numbers.
        machine: the architecture's audit identifier.
    """
    refuse = _REFUSE | errno.EPERM
    yield _instruction(_LOAD, _MACHINE)
    yield from _return_unless(_EQUAL, machine, _KILL)
    yield _instruction(_LOAD, _NUMBER)
    yield from _return_if(_AT_LEAST, _OTHER_ABI, refuse)
    for numbers in _BLOCKED.values():
        if numbers[column] != _NO_CALL:
            yield from _return_if(_EQUAL, numbers[column], refuse)
    # Makes libc start threads with ``clone``, whose flags a filter can check.
    yield from _return_if(_EQUAL, _CLONE3[column], _REFUSE | errno.ENOSYS)
    yield from _check_argument(_CLONE[column], _ANY_BIT, _THREAD, refuse)
    yield from _check_argument(_PRLIMIT[column], _EQUAL, 0, refuse)
    for numbers in _OWN_PROCESS_ONLY.values():
        yield from _check_argument(numbers[column], _EQUAL, os.getpid(), refuse)
    yield _instruction(_RETURN, _ALLOW)


def _instruction(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    """Return an instruction; ``if_true`` and ``if_false`` are numbers of instructions to skip."""
    return struct.pack("=HBBI", code, if_true, if_false, value)


def _return_if(test: int, value: int, verdict: int) -> Iterator[bytes]:
    yield _instruction(test, value, 0, 1)
    yield _instruction(_RETURN, verdict)


def _return_unless(test: int, value: int, verdict: int) -> Iterator[bytes]:
    yield _instruction(test, value, 1, 0)
    yield _instruction(_RETURN, verdict)


def _check_argument(number: int, test: int, value: int, verdict: int) -> Iterator[bytes]:
    """Permit a system call if its first argument passes a test; else return ``verdict``."""
    yield _instruction(_EQUAL, number, 0, 4)
    yield _instruction(_LOAD, _FIRST_ARGUMENT)
    yield _instruction(test, value, 1, 0)
    yield _instruction(_RETURN, verdict)
    yield _instruction(_RETURN, _ALLOW)
