"""The descriptions that clients are made of, as `privacydesk schemas` prints them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from privacydesk.web.api.app import OPERATIONS
from privacydesk.web.api.openapi import openapi_document
from privacydesk.web.chat.asyncapi import asyncapi_document


def descriptions() -> Mapping[str, bytes]:
    """Return the documents by the names of their files."""
    return {
        "openapi.json": json.dumps(openapi_document(OPERATIONS)).encode(),
        "asyncapi.json": json.dumps(asyncapi_document()).encode(),
    }


def write_descriptions(folder: Path) -> list[str]:
    """Write them into a folder, and return their names in the order of generators."""
    for name, document in descriptions().items():
        (folder / name).write_bytes(document)
    return list(descriptions())
