"""Everything machine-readable that is published, made from the code that reads or writes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from privacydesk.domain.json_schemas import schema_document
from privacydesk.domain.reading import ReadMessage
from privacydesk.domain.receipts import ReceiptRecord
from privacydesk.services.access_packages.manifest import read_schema
from privacydesk.web.api.app import OPERATIONS
from privacydesk.web.api.openapi import openapi_document
from privacydesk.web.chat.asyncapi import asyncapi_document

DOCUMENTS: Final[Mapping[str, Callable[[], Mapping[str, Any]]]] = {
    "openapi": lambda: openapi_document(OPERATIONS),
    "asyncapi": asyncapi_document,
    "access-package": lambda: orjson.loads(read_schema()),
    "receipt": lambda: schema_document(ReceiptRecord),
    "reading": lambda: schema_document(ReadMessage),
}
"""Each document by its name."""
