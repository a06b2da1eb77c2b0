"""Locale negotiation: selects a locale for the languages of a browser, an app or a token.

Babel's negotiation compares tags literally and finds no locale for ``zh-CN``. Here, the script is
derived from the region if a tag doesn't have it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from privacydesk.i18n.locales import DEFAULT_LOCALE, LOCALES

_TRADITIONAL: Final = frozenset({"tw", "hk", "mo"})
_CANTONESE: Final = "yue"
_CHINESE: Final = frozenset({"zh", "cmn", "wuu", "hak", "nan", _CANTONESE})
_MAX_TAGS: Final = 20
"""The maximum number of tags that are considered; no browser sends more."""


def tag(locale: str) -> str:
    """Return the BCP 47 tag of a locale.

    Raises:
        KeyError: there is no such locale.
    """
    return LOCALES[locale].tag


def locale_of(language: str) -> str | None:
    """Return the locale for one BCP 47 tag or POSIX name; None if it is not supported."""
    first, *rest = language.strip().lower().replace("_", "-").split("-")
    if first == "en":
        return "en"
    if first not in _CHINESE:
        return None
    for part in rest:
        if part == "hans":
            return "zh_Hans"
        if part == "hant" or part in _TRADITIONAL or part == _CANTONESE:
            return "zh_Hant"
    return "zh_Hant" if first == _CANTONESE else "zh_Hans"


def negotiate(preferred: str | Sequence[str] | None, default: str = DEFAULT_LOCALE) -> str:
    """Return the best locale.

    Args:
        preferred: a tag, an ``Accept-Language`` header, or tags in order of preference.
        default: the locale if none of them is supported.
    """
    tags = _by_weight(preferred) if isinstance(preferred, str) else list(preferred or ())
    for language in tags[:_MAX_TAGS]:
        locale = locale_of(language)
        if locale is not None:
            return locale
    return default


def _by_weight(header: str) -> list[str]:
    weighted: list[tuple[float, str]] = []
    for entry in header.split(",")[:_MAX_TAGS]:
        language, *parameters = entry.split(";")
        weight = 1.0
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            if name.strip().lower() == "q":
                weight = _weight(value)
        if weight > 0:
            weighted.append((weight, language))
    # The sort is stable: equal weights keep the header's order.
    return [language for _, language in sorted(weighted, key=lambda pair: -pair[0])]


def _weight(text: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        return 0.0
    return weight if 0 <= weight <= 1 else 0.0
