"""The web's words as they ship, for tests of the web faces."""

from __future__ import annotations

from pathlib import Path

from privacydesk.i18n.catalog import Catalogs

LOCALES = Path(__file__).parents[2] / "locales"


def web_catalogs() -> Catalogs:
    """Return catalogs that hold ``web.po`` of each locale."""
    return Catalogs.load(
        {
            locale: {"web.po": (LOCALES / locale / "web.po").read_text(encoding="utf-8")}
            for locale in ("zh_Hans", "zh_Hant", "en")
        }
    )
