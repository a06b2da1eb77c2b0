"""Everything machine-readable that is published, made from the code that reads or writes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from privacydesk.clock import SystemClock
from privacydesk.data import dialog_files
from privacydesk.dialog.engine import Engine
from privacydesk.dialog.reader import read_flows
from privacydesk.domain.json_schemas import schema_document
from privacydesk.domain.reading import ReadMessage
from privacydesk.domain.receipts import ReceiptRecord
from privacydesk.domain.request_kinds import KindSpec
from privacydesk.profile import OperatorProfile
from privacydesk.services.access_packages.manifest import read_schema
from privacydesk.web.api.app import OPERATIONS
from privacydesk.web.api.openapi import openapi_document
from privacydesk.web.chat.asyncapi import asyncapi_document


def _shipped_kinds() -> tuple[KindSpec, ...]:
    """Return the kinds of requests as a desk without changes to flows and profile files them."""
    engine = Engine(read_flows(dialog_files()), OperatorProfile().rules(), _no_label)
    return engine.request_kinds("en", SystemClock().now())


def _no_label(_locale: str, key: str, _args: Mapping[str, Any]) -> str:
    return key


DOCUMENTS: Final[Mapping[str, Callable[[], Mapping[str, Any]]]] = {
    "openapi": lambda: openapi_document(OPERATIONS, _shipped_kinds()),
    "asyncapi": asyncapi_document,
    "access-package": lambda: orjson.loads(read_schema()),
    "receipt": lambda: schema_document(ReceiptRecord),
    "reading": lambda: schema_document(ReadMessage),
}
"""Each document by its name."""
