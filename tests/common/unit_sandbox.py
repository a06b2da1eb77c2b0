"""Runs a program under the system calls that a systemd unit allows, as systemd would.

    python unit_sandbox.py NUMBERS PROGRAM ARGUMENT…

``NUMBERS`` is a JSON list of system calls; all others fail with ``EPERM``. Memory can't become
executable once it could be written, and no privileges are gained.
"""

from __future__ import annotations

import ctypes
import json
import os
import struct
import sys

_NO_NEW_PRIVS, _SET_SECCOMP, _SET_MDWE = 38, 22, 65
_FILTER_MODE = 2
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_EPERM = 1
_ARCHITECTURE = 0xC000003E  # x86-64


def program(allowed: list[int]) -> bytes:
    """Return the filter: each allowed call returns at once, the others fail."""
    steps = [
        (_LOAD, 0, 0, 4),
        (_EQUAL, 1, 0, _ARCHITECTURE),
        (_RETURN, 0, 0, _ERRNO | _EPERM),
        (_LOAD, 0, 0, 0),
    ]
    for number in allowed:
        steps += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ALLOW)]
    steps.append((_RETURN, 0, 0, _ERRNO | _EPERM))
    return b"".join(struct.pack("<HBBI", *step) for step in steps)


def main() -> None:
    code = program(json.loads(sys.argv[1]))
    steps = ctypes.create_string_buffer(code)
    libc = ctypes.CDLL(None, use_errno=True)

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))

    # Linux before 6.3 knows no such refusal.
    libc.prctl(_SET_MDWE, 1, 0, 0, 0)
    libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0)
    whole = Program(len(code) // 8, ctypes.addressof(steps))
    if libc.prctl(_SET_SECCOMP, _FILTER_MODE, ctypes.byref(whole), 0, 0):
        sys.exit(f"no filter: {os.strerror(ctypes.get_errno())}")
    os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606 - what the test names


if __name__ == "__main__":
    main()
