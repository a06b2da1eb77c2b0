"""Checks of the catalogs taken together, and of how their sentences are written."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Final

from privacydesk.i18n.catalog import LocaleCatalog
from privacydesk.i18n.faults import LocaleFault
from privacydesk.i18n.messages import Message
from privacydesk.i18n.scripts import foreign

_HAN: Final = r"[\u3400-\u9fff]"
_ASCII_MARKS: Final = re.compile(
    rf"{_HAN}[ ]?[,;:?!](?![A-Za-z0-9])|{_HAN}\.(?=\s|$|{_HAN})|{_HAN}\(|\){_HAN}"
)
_BRACES: Final = re.compile(r"\{[a-z][a-z0-9_]*\}")

_NOBODY: Final = "say what happens instead"
_FORBIDDEN: Final[Mapping[str, tuple[tuple[re.Pattern[str], str, str], ...]]] = {
    "": ((re.compile("[!！]"), "an exclamation mark", "end the sentence calmly"),),
    "zh_Hans": ((re.compile("亲爱的|亲[~～，,！]|^亲$"), "an address that is too close", _NOBODY),),
    "zh_Hant": ((re.compile("親愛的|親[~～，,！]|^親$"), "an address that is too close", _NOBODY),),
    "en": ((re.compile(r"\bdear\b", re.IGNORECASE), "an address that is too close", _NOBODY),),
}


def check_catalogs(
    catalogs: Mapping[str, LocaleCatalog],
    used: Mapping[str, Collection[str]],
    families: Collection[str] = (),
) -> tuple[LocaleFault, ...]:
    """Return every fault of all locales.

    Args:
        catalogs: by locale.
        used: key to the files that use it.
        families: prefixes of keys that code completes (``provider.``), all in use.
    """
    everywhere = {key for catalog in catalogs.values() for key in catalog.messages}
    faults: list[LocaleFault] = []
    for locale, catalog in catalogs.items():
        faults += catalog.faults
        for key in sorted((everywhere | set(used)) - set(catalog.messages)):
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
    told: set[str] = set()
    for catalog in catalogs.values():
        for key, message in catalog.messages.items():
            if key not in used and key not in told and not key.startswith(families):
                # Reported for one locale: it has to be removed from all of them.
                told.add(key)
                yield _fault(message, "nothing uses the key", "remove it from each locale")


def _check_message(locale: str, message: Message) -> Iterator[LocaleFault]:
    if message.fuzzy:
        yield _fault(message, "it is marked fuzzy", "look it over and remove the mark")
    for text in message.texts:
        wrong = foreign(locale, text)
        if wrong:
            yield _fault(message, f"{wrong} belong to the other script", "write this script's")
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
