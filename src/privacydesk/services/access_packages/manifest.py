"""The manifest of a package: what it holds, for programs. Its schema travels in the package."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from privacydesk.domain.account_terms import DataCategory
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.json_schemas import schema_document
from privacydesk.domain.ticket import Ticket
from privacydesk.services.access_packages.masking import Masked
from privacydesk.services.access_packages.page import Cover

_Count = Annotated[int, Meta(ge=0)]


class DataFile(Struct, frozen=True, forbid_unknown_fields=True):
    """A file with the entries of a category.

    Attributes:
        size: in bytes.
    """

    name: Annotated[str, Meta(pattern=r"^data/[a-z_]+\.(json|csv)$")]
    size: _Count
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class Category(Struct, frozen=True, forbid_unknown_fields=True):
    """A requested kind of data.

    Attributes:
        returned: whether the app returned anything for this kind, be it an empty list.
        files: the same entries as JSON (a list of objects, as the app returned them) and as CSV
            (UTF-8 with a byte order mark; nested fields are columns of their own); none without
            entries.
    """

    name: DataCategory
    returned: bool
    entries: _Count
    files: tuple[DataFile, ...]


class Manifest(Struct, frozen=True, forbid_unknown_fields=True):
    """The manifest of a data package.

    Attributes:
        request: the number of the request.
        app: the app that the data comes from.
        account: the account in that app.
        recipients: the services to which the requester wants the data transferred, in their own
            words; empty if the data is for the requester.
        categories: the requested kinds of data.
        masked: how many places that named other people were masked.
        left_out: how many credentials were left out.
    """

    format: Literal["privacydesk-data-package"]
    version: Literal[1]
    request: str
    kind: RequestKind
    app: str
    account: str
    made_at: Annotated[datetime, Meta(tz=True)]
    recipients: tuple[str, ...]
    categories: tuple[Category, ...]
    masked: _Count
    left_out: _Count


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
    manifest = Manifest(
        format="privacydesk-data-package",
        version=1,
        request=cover.number,
        kind=ticket.kind,
        app=cover.app,
        account=cover.account,
        made_at=cover.made_at,
        recipients=_recipients(ticket),
        categories=tuple(
            _category(one, masked.content.get(one), data_files) for one in cover.asked
        ),
        masked=masked.hidden,
        left_out=masked.left_out,
    )
    return _encode(msgspec.to_builtins(manifest))


@cache
def read_schema() -> bytes:
    """Return the JSON Schema of manifests."""
    return _encode(schema_document(Manifest))


def _recipients(ticket: Ticket) -> tuple[str, ...]:
    named = (str(item.detail.get("recipient") or "") for item in ticket.items)
    return tuple(dict.fromkeys(filter(None, named)))


def _category(
    category: DataCategory, entries: Sequence[Any] | None, data_files: Mapping[str, bytes]
) -> Category:
    names = (f"data/{category.value}.{form}" for form in ("json", "csv"))
    return Category(
        name=category,
        returned=entries is not None,
        entries=len(entries or ()),
        files=tuple(
            DataFile(name, len(data_files[name]), hashlib.sha256(data_files[name]).hexdigest())
            for name in names
            if name in data_files
        ),
    )


def _encode(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=2).encode("utf-8", "replace")
