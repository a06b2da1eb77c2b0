"""JSON lines on standard input and output: one answer per line, in order, even for bad lines."""

from __future__ import annotations

import codecs
import json
import sys
from collections.abc import Callable
from typing import Any, Final

import orjson

_MAX_LINE_BYTES: Final = 1_000_000
"""Longer lines are rejected; no question is that long."""

Record = dict[str, Any]


def answer_lines(field: str, answer: Callable[[str], Record]) -> None:
    """Answer each line of standard input on standard output.

    A line that can't be parsed gets a record with an ``error``. Each record has the ``id`` of its
    line, if there is one. Blank lines are skipped.

    Args:
        field: the field of a line that contains the question.
        answer: returns the answer to a question.
    """
    out = sys.stdout.buffer
    for number, line in enumerate(sys.stdin.buffer):
        # Some Windows editors start a file with a byte order mark.
        content = line.removeprefix(codecs.BOM_UTF8) if number == 0 else line
        if content.strip():
            out.write(orjson.dumps(_answer_line(content, field, answer)) + b"\n")
            out.flush()


def _answer_line(line: bytes, field: str, answer: Callable[[str], Record]) -> Record:
    if len(line) > _MAX_LINE_BYTES:
        return {"error": f"the line is longer than {_MAX_LINE_BYTES:,} bytes"}
    try:
        # Not orjson: it rejects lone surrogates, which some phones send.
        request = json.loads(line.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return {"error": "the line is not JSON"}
    if not isinstance(request, dict) or not isinstance(request.get(field), str):
        return _copy_id(request) | {"error": f'the line needs a text under "{field}"'}
    return _copy_id(request) | answer(_replace_surrogates(request[field]))


def _replace_surrogates(text: str) -> str:
    """Replace lone surrogates, so that the text can be encoded."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _copy_id(request: object) -> Record:
    """Return the id of a request as a record; empty if it has none that can be encoded."""
    request_id = request.get("id") if isinstance(request, dict) else None
    if isinstance(request_id, str):
        return {"id": request_id.encode("utf-8", "replace").decode()}
    is_encodable = isinstance(request_id, int) and -(2**63) <= request_id < 2**64
    return {"id": request_id} if is_encodable or isinstance(request_id, float) else {}
