"""The manifest of a package: what it holds, for programs.

``manifest.schema.json`` is its published schema, and travels in the package.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Final

from privacydesk.domain.account_terms import DataCategory
from privacydesk.domain.ticket import Ticket
from privacydesk.services.access_packages.masking import Masked
from privacydesk.services.access_packages.page import Cover

VERSION: Final = 1


def write_manifest(
    ticket: Ticket, cover: Cover, masked: Masked, data_files: Mapping[str, bytes]
) -> bytes:
    """Return the manifest of a package as JSON.

    Args:
        ticket: the request.
        cover: the facts about the package as a whole.
        masked: the data in it.
        data_files: the package's data files, by name.
    """
    manifest = {
        "format": "privacydesk-data-package",
        "version": VERSION,
        "request": cover.number,
        "kind": ticket.kind.value,
        "app": cover.app,
        "account": cover.account,
        "made_at": cover.made_at.isoformat(),
        "recipients": _recipients(ticket),
        "categories": [_category(one, masked.content.get(one), data_files) for one in cover.asked],
        "masked": masked.hidden,
        "left_out": masked.left_out,
    }
    return _encode(manifest)


@cache
def read_schema() -> bytes:
    """Return the JSON Schema of manifests."""
    return files(__package__).joinpath("manifest.schema.json").read_bytes()


def _recipients(ticket: Ticket) -> list[str]:
    named = (str(item.detail.get("recipient") or "") for item in ticket.items)
    return list(dict.fromkeys(filter(None, named)))


def _category(
    category: DataCategory, entries: Sequence[Any] | None, data_files: Mapping[str, bytes]
) -> dict[str, Any]:
    described: dict[str, Any] = {
        "name": category.value,
        "returned": entries is not None,
        "entries": len(entries or ()),
    }
    names = (f"data/{category.value}.{form}" for form in ("json", "csv"))
    described["files"] = [
        {
            "name": name,
            "size": len(data_files[name]),
            "sha256": hashlib.sha256(data_files[name]).hexdigest(),
        }
        for name in names
        if name in data_files
    ]
    return described


def _encode(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=2).encode("utf-8", "replace")
