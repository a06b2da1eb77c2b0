"""The program that reads an uploaded policy and embeds its passages, in a process of its own.

It is ``confined``, like the program that understands messages: it has no secrets and no database.
Its one argument is the module search path. It reads one JSON object from each line of its input and
answers each with a line.
"""

from __future__ import annotations

import base64
import json
import sys
from typing import Any

if __name__ == "__main__":
    # Run by its path, so it takes the module search path from the desk.
    sys.path[:] = json.loads(sys.argv[1])

from privacydesk.errors import DeskError


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Return the answer to a request: to ``read`` a file, or to ``embed`` a passage."""
    try:
        if "embed" in request:
            return {"vector": _embed(request["embed"])}
        return _read(base64.b64decode(request["read"]), request["name"])
    except DeskError as error:
        return {"fault": error.message}
    except RecursionError:
        return {"fault": "the text is nested too deeply"}


def _read(content: bytes, name: str) -> dict[str, Any]:
    from privacydesk.policy.codec import dump_document  # noqa: PLC0415 - only what is asked
    from privacydesk.policy.importer import decode_policy, read_policy  # noqa: PLC0415

    report = read_policy(decode_policy(content).text, name=name)
    return {
        "source": report.source,
        "documents": [dump_document(document) for document in report.documents],
        "notes": [[note.line, note.code.value, note.explanation] for note in report.notes],
    }


def _embed(text: str) -> str:
    from privacydesk.encoder.embedding import E5Embedder  # noqa: PLC0415 - loads the model

    (vector,) = E5Embedder(1).embed_passages([text])
    return base64.b64encode(vector.tobytes()).decode()


if __name__ == "__main__":
    for line in sys.stdin:
        sys.stdout.write(f"{json.dumps(answer(json.loads(line)))}\n")
        sys.stdout.flush()
