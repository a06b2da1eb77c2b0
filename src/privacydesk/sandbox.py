"""What a Linux process can give up without being root: files, sockets, other processes.

Landlock takes away files and TCP; a seccomp filter takes away system calls, among them those that
Landlock does not cover. Each is used as far as the kernel has it. This file imports nothing of
the package: ``confined`` loads it by its path.
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
"""Calls to make a ruleset, add a rule, and restrict the thread; the same on each machine."""
_ASK_VERSION: Final = 1
_BENEATH: Final = 1
_READ_FILE, _READ_DIR, _WRITE = 1 << 2, 1 << 3, 1 << 1 | 0x3FF0
_FILE_RIGHTS: Final = ((1, (1 << 13) - 1), (2, 1 << 13), (3, 1 << 14), (5, 1 << 15))
"""By Landlock version: all rights of the first; then linking, truncating, controlling devices."""
_NETWORK: Final = (4, 0b11)
_SCOPES: Final = (6, 0b11)

_ALLOW: Final = 0x7FFF0000
_KILL: Final = 0x80000000
_REFUSE: Final = 0x00050000
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _MACHINE, _FIRST = 0, 4, 16
"""Offsets in the data that a filter sees of a call."""
_OTHER_ABI: Final = 0x40000000
_THREAD: Final = 0x00010000

_MACHINES: Final = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_NO_CALL: Final = -1
_REFUSED: Final = {
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
"""Refused calls, with their numbers: what reaches the network, other processes and the kernel, and
the file operations that Landlock does not cover."""
_OWN: Final = {"kill": (62, 129), "tgkill": (234, 131)}
"""Calls that may only target this process."""
_LIMIT: Final = (302, 261)
_CLONE: Final = (56, 220)
_CLONE_ANEW: Final = (435, 435)

_FOR_EACH: Final = (
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
    """Return which of these the system lacks: ``landlock``, ``seccomp``."""
    lacks = []
    if not _landlock_version():
        lacks.append("landlock")
    if sys.platform != "linux" or platform.machine() not in _MACHINES or _libc_prctl() < 0:
        lacks.append("seccomp")
    return tuple(lacks)


def conceal() -> None:
    """Keep processes of the same user from reading this one's environment and memory."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_DUMPABLE, 0, 0, 0, 0)


def restrict(readable: Iterable[str], writable: Iterable[str] = ()) -> None:
    """Give up most files, sockets, and access to other processes, for good.

    Args:
        readable: files and folders that are needed besides the interpreter and its libraries.
        writable: folders that may be written to.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    with contextlib.suppress(OSError):
        _restrict_files([*_interpreter(), *_FOR_EACH, *readable], writable)
    with contextlib.suppress(OSError):
        _restrict_calls()


def _interpreter() -> Iterator[str]:
    yield os.path.realpath(sys.executable)
    # Where it is not the system's, its extension modules load their libraries from there.
    yield str(Path(sys.base_prefix) / "lib")
    for path in sys.path:
        # In a development checkout the desk's own modules are in the developer's folder.
        if Path(path).is_dir():
            yield path


# -- files -----------------------------------------------------------------------------------------


def _restrict_files(readable: Iterable[str], writable: Iterable[str]) -> None:
    version = _landlock_version()
    if not version:
        return
    files = sum(rights for since, rights in _FILE_RIGHTS if since <= version)
    network, scopes = (rights if since <= version else 0 for since, rights in (_NETWORK, _SCOPES))
    wanted = struct.pack("=QQQ", files, network, scopes)
    make, add, restrict_self = _LANDLOCK
    rules = _call(make, wanted, len(wanted), 0)
    try:
        for paths, rights in ((readable, 0), (writable, _WRITE | 1 << 14)):
            for path in paths:
                _allow(add, rules, path, (rights | _READ_FILE | _READ_DIR) & files)
        _call(restrict_self, rules, 0)
    finally:
        os.close(rules)


def _allow(add: int, rules: int, path: str, rights: int) -> None:
    try:
        beneath = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not Path(path).is_dir():
            rights &= ~_READ_DIR
        _call(add, rules, _BENEATH, struct.pack("=Qi", rights, beneath), 0)
    finally:
        os.close(beneath)


def _landlock_version() -> int:
    """Return Landlock's version; 0 where there is none."""
    if sys.platform != "linux":
        return 0
    try:
        return _call(_LANDLOCK[0], None, 0, _ASK_VERSION)
    except OSError:
        return 0


def _call(number: int, *arguments: int | bytes | None) -> int:
    plain = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    found = ctypes.CDLL(None, use_errno=True).syscall(ctypes.c_long(number), *plain)
    if found < 0:
        raise OSError(ctypes.get_errno(), "refused by the system")
    return int(found)


# -- calls -----------------------------------------------------------------------------------------


class _Filters(ctypes.Structure):
    _fields_ = (("count", ctypes.c_ushort), ("first", ctypes.c_char_p))


def _libc_prctl() -> int:
    """Return the current seccomp mode; -1 where the system has no seccomp."""
    return int(ctypes.CDLL(None).prctl(_GET_SECCOMP, 0, 0, 0, 0))


def _restrict_calls() -> None:
    known = _MACHINES.get(platform.machine())
    if known is None:
        return
    steps = b"".join(_program(*known))
    given = _Filters(len(steps) // 8, steps)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_SET_SECCOMP, _SECCOMP_FILTER, ctypes.byref(given), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "refused by the system")


def _program(column: int, machine: int) -> Iterator[bytes]:
    """Return the filter's instructions; a call that none of them returns for is allowed."""
    refuse = _REFUSE | errno.EPERM
    yield _step(_LOAD, _MACHINE)
    yield from _unless(_EQUAL, machine, _KILL)
    yield _step(_LOAD, _NUMBER)
    yield from _where(_AT_LEAST, _OTHER_ABI, refuse)
    for numbers in _REFUSED.values():
        if numbers[column] != _NO_CALL:
            yield from _where(_EQUAL, numbers[column], refuse)
    # Threads are then started with the older call, which a filter can check.
    yield from _where(_EQUAL, _CLONE_ANEW[column], _REFUSE | errno.ENOSYS)
    yield from _only(_CLONE[column], _ANY_BIT, _THREAD, refuse)
    yield from _only(_LIMIT[column], _EQUAL, 0, refuse)
    for numbers in _OWN.values():
        yield from _only(numbers[column], _EQUAL, os.getpid(), refuse)
    yield _step(_RETURN, _ALLOW)


def _step(code: int, value: int, then: int = 0, otherwise: int = 0) -> bytes:
    return struct.pack("=HBBI", code, then, otherwise, value)


def _where(test: int, value: int, verdict: int) -> Iterator[bytes]:
    yield _step(test, value, 0, 1)
    yield _step(_RETURN, verdict)


def _unless(test: int, value: int, verdict: int) -> Iterator[bytes]:
    yield _step(test, value, 1, 0)
    yield _step(_RETURN, verdict)


def _only(number: int, test: int, value: int, verdict: int) -> Iterator[bytes]:
    """Filter a call by its first argument."""
    yield _step(_EQUAL, number, 0, 4)
    yield _step(_LOAD, _FIRST)
    yield _step(test, value, 1, 0)
    yield _step(_RETURN, verdict)
    yield _step(_RETURN, _ALLOW)
