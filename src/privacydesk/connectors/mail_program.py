"""The program that reads mails, run by ``mail_reader`` in a process of its own.

Parsing a mail takes time quadratic in its size, or worse, if it was crafted for that: by its parts,
its headers, its HTML or its character sets. Here it can hold up nothing but this
process, which is ``confined`` and killed when it takes too long. It holds no secret.

It reads one mail from standard input and writes the result; on failure it writes nothing and exits
with a status other than 0.
"""

from __future__ import annotations

import sys
from typing import Final

import msgspec

from privacydesk.connectors.mail_reading import read_mail
from privacydesk.errors import InvalidRequestError

MEMORY: Final = 1024 * 1024 * 1024
"""Bytes of memory that it may use."""


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
