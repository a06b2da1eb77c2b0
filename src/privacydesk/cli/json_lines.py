"""JSON lines in, JSON lines out: one answer per line, in order, whatever the line holds."""

from __future__ import annotations

import codecs
import json
import sys
from collections.abc import Callable
from typing import Any, Final

import orjson

_LONGEST: Final = 1_000_000
"""Bytes of a line that are read as JSON; no question is as long."""

Record = dict[str, Any]


def answer_lines(field: str, answer: Callable[[str], Record]) -> None:
    """Answer each line of standard input on standard output.

    A line that can't be read is answered with an ``error``. An ``id`` is kept, and blank lines are
    skipped.

    Args:
        field: the field of a line that holds the question.
        answer: returns the answer to it.
    """
    out = sys.stdout.buffer
    for number, line in enumerate(sys.stdin.buffer):
        # Windows editors begin a file with a byte order mark.
        given = line.removeprefix(codecs.BOM_UTF8) if number == 0 else line
        if given.strip():
            out.write(orjson.dumps(_answered(given, field, answer)) + b"\n")
            out.flush()


def _answered(line: bytes, field: str, answer: Callable[[str], Record]) -> Record:
    if len(line) > _LONGEST:
        return {"error": f"the line is longer than {_LONGEST:,} bytes"}
    try:
        # Python's parser accepts lone surrogates, which people's phones do send.
        asked = json.loads(line.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return {"error": "the line is not JSON"}
    if not isinstance(asked, dict) or not isinstance(asked.get(field), str):
        return _kept_id(asked) | {"error": f'the line needs a text under "{field}"'}
    return _kept_id(asked) | answer(_written(asked[field]))


def _written(text: str) -> str:
    """Return a text that can be encoded: lone surrogates become replacement characters."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _kept_id(asked: object) -> Record:
    given = asked.get("id") if isinstance(asked, dict) else None
    if isinstance(given, str):
        return {"id": given.encode("utf-8", "replace").decode()}
    # An integer is kept as it was written, if the writer can encode it.
    fits = isinstance(given, int) and -(2**63) <= given < 2**64
    return {"id": given} if fits or isinstance(given, float) else {}
