"""The file itself: a ZIP with the page, the data of each category, and a manifest."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from privacydesk.domain.account_terms import DataCategory
from privacydesk.domain.ticket import Ticket
from privacydesk.ports import Catalog
from privacydesk.services.access_packages.manifest import read_schema, write_manifest
from privacydesk.services.access_packages.masking import Masked, mask
from privacydesk.services.access_packages.page import Cover, Page
from privacydesk.services.access_packages.rules import shipped_rules
from privacydesk.services.access_packages.tables import tabulate
from privacydesk.services.spreadsheets import BYTE_ORDER_MARK, Cell, csv_rows

_READABLE = 0o644 << 16
"""Unix permissions of a file in the archive."""


class Archive:
    """Makes the files.

    Args:
        catalog: the page's words.
        zone: in which the page shows times.
        app_in: what the app is called in a locale.
    """

    def __init__(self, catalog: Catalog, zone: str, app_in: Callable[[str], str]) -> None:
        self._page = Page(catalog, zone)
        self._zone = ZoneInfo(zone)
        self._app_in = app_in

    def make(
        self,
        ticket: Ticket,
        exported: Mapping[str, Any],
        asked: Iterable[DataCategory],
        locale: str,
        now: datetime,
    ) -> bytes:
        """Return the ZIP of a request.

        A large export takes seconds, so it is made off the event loop.

        Args:
            ticket: the request.
            exported: what the account service answered.
            asked: the categories of the request; anything else that was answered is left out.
            locale: the page's language.
            now: when it is made.
        """
        wanted = tuple(asked)
        sent = exported.get("content") or {}
        content = {
            category: tuple(sent[category.value]) for category in wanted if category.value in sent
        }
        masked = mask(content, shipped_rules())
        cover = Cover(ticket.number, self._app_in(locale), ticket.account, now, wanted)
        body = io.BytesIO()
        with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, file in self._files(ticket, cover, masked, locale):
                archive.writestr(self._named(name, now), file)
        return body.getvalue()

    def _files(
        self, ticket: Ticket, cover: Cover, masked: Masked, locale: str
    ) -> Iterable[tuple[str, bytes]]:
        # A lone surrogate can't be encoded.
        yield "index.html", self._page.write(cover, masked, locale).encode("utf-8", "replace")
        data_files = dict(_data_files(masked))
        yield from data_files.items()
        yield "manifest.json", write_manifest(ticket, cover, masked, data_files)
        yield "manifest.schema.json", read_schema()

    def _named(self, name: str, now: datetime) -> zipfile.ZipInfo:
        local = now.astimezone(self._zone)
        info = zipfile.ZipInfo(name, local.timetuple()[:6])
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = _READABLE
        return info


def _data_files(masked: Masked) -> Iterable[tuple[str, bytes]]:
    """Yield a table and a list of entries for each category that has any, by file name."""
    for category, entries in masked.content.items():
        if not entries:
            continue
        table = tabulate(entries)
        rows = (table.columns, *(tuple(map(_cell, row)) for row in table.rows))
        yield f"data/{category.value}.csv", BYTE_ORDER_MARK + csv_rows(rows)
        text = json.dumps(entries, ensure_ascii=False, indent=2)
        yield f"data/{category.value}.json", text.encode("utf-8", "replace")


def _cell(value: Any) -> Cell:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, int) else str(value)
