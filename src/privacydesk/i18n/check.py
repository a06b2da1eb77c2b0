"""Checks the consistency of the catalogs, and the style of their messages."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Final

from privacydesk.i18n.catalog import LocaleCatalog
from privacydesk.i18n.faults import LocaleFault
from privacydesk.i18n.messages import Message
from privacydesk.i18n.scripts import foreign_characters

_HAN: Final = r"[\u3400-\u9fff]"
_ASCII_MARKS: Final = re.compile(
    rf"{_HAN}[ ]?[,;:?!](?![A-Za-z0-9])|{_HAN}\.(?=\s|$|{_HAN})|{_HAN}\(|\){_HAN}"
)
_BRACES: Final = re.compile(r"\{[a-z][a-z0-9_]*\}")

_REMEDY: Final = "say what happens instead"
_FORBIDDEN: Final[Mapping[str, tuple[tuple[re.Pattern[str], str, str], ...]]] = {
    "": ((re.compile("[!！]"), "an exclamation mark", "end the sentence calmly"),),
    "zh_Hans": ((re.compile("亲爱的|亲[~～，,！]|^亲$"), "an address that is too close", _REMEDY),),
    "zh_Hant": ((re.compile("親愛的|親[~～，,！]|^親$"), "an address that is too close", _REMEDY),),
    "en": ((re.compile(r"\bdear\b", re.IGNORECASE), "an address that is too close", _REMEDY),),
}


def check_catalogs(
    catalogs: Mapping[str, LocaleCatalog],
    used: Mapping[str, Collection[str]],
    families: Collection[str] = (),
) -> tuple[LocaleFault, ...]:
    """Return the faults of all locales.

    Args:
        catalogs: the catalogs by locale.
        used: for each key in use, the files that use it.
        families: prefixes of keys that code completes at run time, such as ``provider.``.
    """
    all_keys = {key for catalog in catalogs.values() for key in catalog.messages}
    faults: list[LocaleFault] = []
    for locale, catalog in catalogs.items():
        faults += catalog.faults
        for key in sorted((all_keys | set(used)) - set(catalog.messages)):
            if any(fault.key == key for fault in catalog.faults):
                continue
            users = ", ".join(sorted(used.get(key, ()))) or "another locale"
            what = f"the key is missing and used in {users}"
            faults.append(LocaleFault(locale, 0, key, what, "write its sentence"))
        for message in catalog.messages.values():
            faults += _check_message(locale, message)
    faults += _check_placeholders(catalogs)
    faults += _check_use(catalogs, used, tuple(families))
    return tuple(sorted(set(faults)))


def _check_placeholders(catalogs: Mapping[str, LocaleCatalog]) -> Iterator[LocaleFault]:
    if not catalogs:
        return
    first, *others = catalogs.values()
    for catalog in others:
        for key, message in catalog.messages.items():
            base = first.messages.get(key)
            if base is not None and base.placeholders != message.placeholders:
                what = (
                    f"it shows {_names(message.placeholders)},"
                    f" and {first.locale} shows {_names(base.placeholders)}"
                )
                yield _fault(message, what, "show the same in each locale")


def _check_use(
    catalogs: Mapping[str, LocaleCatalog],
    used: Mapping[str, Collection[str]],
    families: tuple[str, ...],
) -> Iterator[LocaleFault]:
    reported: set[str] = set()
    for catalog in catalogs.values():
        for key, message in catalog.messages.items():
            if key not in used and key not in reported and not key.startswith(families):
                # Reported once, although it has to be removed from all locales.
                reported.add(key)
                yield _fault(message, "nothing uses the key", "remove it from each locale")


def _check_message(locale: str, message: Message) -> Iterator[LocaleFault]:
    if message.fuzzy:
        yield _fault(message, "it is marked fuzzy", "look it over and remove the mark")
    for text in message.texts:
        foreign = foreign_characters(locale, text)
        if foreign:
            yield _fault(message, f"{foreign} belong to the other script", "write this script's")
        if locale.startswith("zh") and _ASCII_MARKS.search(text):
            what = "ASCII punctuation stands beside Chinese characters"
            yield _fault(message, what, "use full-width punctuation")
        if set("{}") & set(_BRACES.sub("", text)):
            remedy = "write placeholders as {name}, in small letters"
            yield _fault(message, "it has a brace that is no placeholder", remedy)
        if text != text.strip():
            yield _fault(message, "it begins or ends with a space", "remove it")
        for pattern, what, remedy in (*_FORBIDDEN[""], *_FORBIDDEN.get(locale, ())):
            if pattern.search(text):
                yield _fault(message, f"it has {what}", remedy)


def _fault(message: Message, what: str, remedy: str) -> LocaleFault:
    return LocaleFault(message.file, message.line, message.key, what, remedy)


def _names(names: Collection[str]) -> str:
    return f"{{{', '.join(sorted(names))}}}" if names else "nothing"
