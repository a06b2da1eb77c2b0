"""The program that parses mails, run by ``mail_reader`` in a process of its own.

A crafted mail can make parsing take quadratic time or worse, through its parts, headers, HTML or
character sets. In a separate process this blocks nothing else: the process is ``confined``, holds
no secret, and is killed when it takes too long.

It reads one mail from standard input and writes the result; on failure it writes nothing and exits
with a status other than 0.
"""

from __future__ import annotations

import sys
from typing import Final

import msgspec

from privacydesk.connectors.mail_parser import parse_mail
from privacydesk.errors import InvalidRequestError

MEMORY: Final = 1024 * 1024 * 1024
"""The memory limit of the process, in bytes."""


def main() -> int:
    """Parse the mail on standard input."""
    raw = sys.stdin.buffer.read()
    try:
        mail = parse_mail(raw, own_address=sys.argv[1])
    except (InvalidRequestError, ValueError, LookupError, RecursionError, MemoryError):
        return 1
    sys.stdout.buffer.write(msgspec.msgpack.encode(mail))
    return 0


if __name__ == "__main__":
    sys.exit(main())
