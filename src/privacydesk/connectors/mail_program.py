"""The program that reads mails, run by ``mail_reader`` in a process of its own.

Taking a mail apart takes time by the square of its size, and more, where somebody lays it out for
that: parts, headers, pages and alphabets all have their ways. Here it can hold up nothing but this
process, which is ``confined`` and killed when it takes too long. It holds no secret.

It reads one mail to the end of its input, and answers with what was read; with nothing, and a
status other than 0, where it can't be read.
"""

from __future__ import annotations

import sys
from typing import Final

import msgspec

from privacydesk.connectors.mail_reading import read_mail
from privacydesk.errors import InvalidRequestError

MEMORY: Final = 1024 * 1024 * 1024
"""Bytes that it may use."""


def main() -> int:
    """Read a mail."""
    raw = sys.stdin.buffer.read()
    try:
        mail = read_mail(raw, own=sys.argv[1])
    except (InvalidRequestError, ValueError, LookupError, RecursionError, MemoryError):
        return 1
    sys.stdout.buffer.write(msgspec.msgpack.encode(mail))
    return 0


if __name__ == "__main__":
    sys.exit(main())
