"""The descriptions that clients are made of, as `privacydesk schemas` prints them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from privacydesk.app.schemas import DOCUMENTS


def descriptions() -> Mapping[str, bytes]:
    """Return the documents by the names of their files."""
    return {
        f"{name}.json": json.dumps(DOCUMENTS[name]()).encode() for name in ("openapi", "asyncapi")
    }


def write_descriptions(folder: Path) -> list[str]:
    """Write them into a folder, and return their names in the order of generators."""
    for name, document in descriptions().items():
        (folder / name).write_bytes(document)
    return list(descriptions())
