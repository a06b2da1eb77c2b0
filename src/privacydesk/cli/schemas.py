"""``privacydesk schemas``: descriptions for programs, from which clients can be generated."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated

import typer


class SchemaName(StrEnum):
    """A document that can be printed."""

    OPENAPI = "openapi"
    ASYNCAPI = "asyncapi"
    ACCESS_PACKAGE = "access-package"
    RECEIPT = "receipt"
    READING = "reading"


def schemas(
    name: Annotated[
        SchemaName, typer.Argument(metavar="NAME", help="|".join(SchemaName), show_choices=False)
    ],
) -> None:
    """Print a description for programs: of the API, the chat's socket, or a format.

    `openapi` describes the HTTP API and webhooks (OpenAPI 3.1), `asyncapi` the frames of the chat's
    socket (AsyncAPI 3). `access-package`, `receipt` and `reading` are JSON Schemas: of a package's
    manifest.json, and of what `receipts verify --json` and `understand` print.
    """
    from privacydesk.app.schemas import DOCUMENTS  # noqa: PLC0415 - slow

    typer.echo(json.dumps(DOCUMENTS[name](), ensure_ascii=False, indent=2))
