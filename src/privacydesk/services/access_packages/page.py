"""The page of an access package: what the file holds, in the person's language.

It is read from a disk, perhaps years later: no script, no external resources, printable, light and
dark.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

import jinja2
from msgspec import Struct

from privacydesk.domain.account_terms import DataCategory
from privacydesk.domain.instants import read_instant
from privacydesk.domain.packages import KNOWN_COLUMNS
from privacydesk.ports import Catalog
from privacydesk.services.access_packages.masking import Masked
from privacydesk.services.access_packages.tables import Table, tabulate
from privacydesk.services.capitals import capitalize_first

_LISTED = frozenset({DataCategory.PROFILE, DataCategory.REAL_NAME})
"""Categories with a single entry, whose fields are listed one below the other."""


class Cover(Struct, frozen=True):
    """What the page says about the file as a whole.

    Attributes:
        number: the request's.
        app: the app's name in this language.
        account: whose data it is.
        made_at: when it was made.
        asked: the categories that were asked for.
    """

    number: str
    app: str
    account: str
    made_at: datetime
    asked: tuple[DataCategory, ...]


class Section(Struct, frozen=True):
    """One category on the page.

    Attributes:
        name: its name, also that of its files.
        told: whether the account service returned it.
        columns: headings.
        rows: cells as they are shown.
        listed: whether fields stand one below the other.
    """

    name: str
    title: str
    told: bool
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    listed: bool = False


class Page:
    """Writes pages.

    Args:
        catalog: its words.
        zone: the time zone of times shown; the page names it.
    """

    def __init__(self, catalog: Catalog, zone: str) -> None:
        self._catalog = catalog
        self._zone = ZoneInfo(zone)
        self._zone_name = zone

    def write(self, cover: Cover, masked: Masked, locale: str) -> str:
        """Return the page in a locale."""
        style = _style()
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        made = {"$time": cover.made_at.isoformat(), "zone": self._zone_name, "year": True}

        def words(key: str, **args: Any) -> str:
            return self._catalog.text(locale, f"package.page.{key}", args)

        return _template().render(
            words=words,
            lang=locale.replace("_", "-"),
            style=style,
            digest=digest,
            cover=cover,
            made=made,
            masked=masked,
            sections=[self._section(one, masked, locale) for one in cover.asked],
        )

    def _section(self, category: DataCategory, masked: Masked, locale: str) -> Section:
        title = capitalize_first(self._catalog.text(locale, f"category.{category.value}", {}))
        entries = masked.content.get(category)
        if entries is None:
            return Section(category.value, title, told=False)
        table = tabulate(entries)
        return Section(
            category.value,
            title,
            told=True,
            columns=tuple(self._column(one, locale) for one in table.columns),
            rows=tuple(self._cells(table, row, locale) for row in table.rows),
            listed=category in _LISTED,
        )

    def _cells(self, table: Table, row: tuple[Any, ...], locale: str) -> tuple[str, ...]:
        named = zip(table.columns, row, strict=True)
        return tuple(self._cell(name, value, locale) for name, value in named)

    def _column(self, path: str, locale: str) -> str:
        field = path.rpartition(".")[2]
        if path.startswith("consents."):
            purpose = self._known(locale, f"purpose.{field}", field)
            return self._catalog.text(locale, "package.page.consent", {"purpose": purpose})
        if field in KNOWN_COLUMNS:
            return capitalize_first(self._catalog.text(locale, f"package.column.{field}", {}))
        return path

    def _cell(self, path: str, value: Any, locale: str) -> str:
        if value is None:
            return ""
        if isinstance(value, bool):
            words = ("given", "taken_back") if path.startswith("consents.") else ("yes", "no")
            return self._catalog.text(locale, f"package.page.{words[not value]}", {})
        text = str(value)
        if path == "gender":
            return self._known(locale, f"gender.{text}", text)
        if path == "status":
            return self._known(locale, f"status.{text}", text)
        if path == "provider":
            return self._known(locale, f"provider.{text}", text)
        return self._moment(text) or text

    def _known(self, locale: str, key: str, otherwise: str) -> str:
        try:
            return capitalize_first(self._catalog.text(locale, key, {}))
        except KeyError:
            return otherwise

    def _moment(self, text: str) -> str:
        """Return an instant as shown in a table, sortable; empty for anything else."""
        if len(text) < len("2026-01-01T00:00Z") or text[10:11] != "T":
            return ""
        try:
            date.fromisoformat(text[:10])
            at = read_instant(text)
        except ValueError:
            return ""
        return f"{at.astimezone(self._zone):%Y-%m-%d %H:%M}" if at is not None else ""


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("privacydesk.services.access_packages", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template("index.html")


@cache
def _style() -> str:
    return (files(__package__) / "templates" / "index.css").read_text("utf-8")


__all__ = ["Cover", "Page", "Section"]
