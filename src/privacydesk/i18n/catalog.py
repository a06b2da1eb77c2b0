"""The message catalogs: all texts for people, by key and locale; see ``docs/locales.md``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from privacydesk.i18n.faults import LocaleFault, LocaleInvalidError
from privacydesk.i18n.locales import LOCALES, LocaleSpec
from privacydesk.i18n.messages import Message, fill, read_messages
from privacydesk.i18n.values import Cite, ValueRenderer

LocaleFiles = Mapping[str, Mapping[str, str]]
"""The texts of PO files, by locale and file name."""


@dataclass(frozen=True, slots=True)
class LocaleCatalog:
    """The messages of one locale, merged from its files."""

    locale: str
    messages: Mapping[str, Message]
    faults: tuple[LocaleFault, ...] = ()


def read_locale(locale: str, files: Mapping[str, str]) -> LocaleCatalog:
    """Parse and merge the PO files of a locale. Faults are collected, not raised."""
    merged: dict[str, Message] = {}
    faults: list[LocaleFault] = []
    for name, text in sorted(files.items()):
        messages, file_faults = read_messages(text, f"{locale}/{name}")
        faults += file_faults
        for key, message in messages.items():
            first = merged.setdefault(key, message)
            if first is not message:
                what = f"the key is also defined in {first.file}"
                faults.append(
                    LocaleFault(message.file, message.line, key, what, "keep one of the two")
                )
    return LocaleCatalog(locale, merged, tuple(sorted(faults)))


class Catalogs:
    """The catalogs of all locales; implements ``ports.Catalog``. Each is parsed on first use."""

    def __init__(self, files: LocaleFiles, cite: Cite | None = None) -> None:
        self._files = files
        self._cite = cite
        self._catalogs: dict[str, LocaleCatalog] = {}
        self._renderers: dict[str, ValueRenderer] = {}

    @classmethod
    def load(cls, files: LocaleFiles, cite: Cite | None = None) -> Catalogs:
        """Create catalogs.

        Args:
            files: the texts of PO files, by locale and file name.
            cite: resolves the name in ``{"$clause": name}``, if arguments may have names.

        Raises:
            LocaleInvalidError: a locale is not supported. Faults in files are not found here;
                ``verify`` reports them.
        """
        unknown = [
            LocaleFault(name, 0, "", "the locale is unknown", f"use {', '.join(LOCALES)}")
            for name in files
            if name not in LOCALES
        ]
        if unknown:
            raise LocaleInvalidError(unknown)
        return cls(files, cite)

    @property
    def locales(self) -> tuple[str, ...]:
        """The available locales, the default first."""
        return tuple(name for name in LOCALES if name in self._files)

    def verify(self) -> None:
        """Parse all locales.

        Raises:
            LocaleInvalidError: a file can't be parsed or defines a key twice.
        """
        faults = [fault for locale in self.locales for fault in self.catalog(locale).faults]
        if faults:
            raise LocaleInvalidError(faults)

    def catalog(self, locale: str) -> LocaleCatalog:
        """Return a locale's messages and faults.

        Raises:
            KeyError: there is no such locale.
        """
        catalog = self._catalogs.get(locale)
        if catalog is None:
            catalog = self._catalogs[locale] = read_locale(locale, self._files[locale])
        return catalog

    def placeholders(self) -> Mapping[str, Mapping[str, frozenset[str]]]:
        """Return the placeholders of messages, by locale and key, for the check of dialogs."""
        return {
            locale: {
                key: message.placeholders for key, message in self.catalog(locale).messages.items()
            }
            for locale in self.locales
        }

    def has(self, locale: str, key: str) -> bool:
        """Whether a locale has a message with a key."""
        return key in self.catalog(locale).messages

    def text(self, locale: str, key: str, args: Mapping[str, Any]) -> str:
        """Return the message for a key, filled with arguments.

        Arguments without a placeholder are ignored. ``values`` describes the types of arguments;
        braces in a value are kept.

        Raises:
            KeyError: the locale, the key or an argument is missing.
            ValueError: an argument has a type that can't be rendered.
        """
        message = self.catalog(locale).messages[key]
        if not message.placeholders and not message.counting:
            return message.texts[0]
        renderer = self._renderer(locale)
        form = _plural_form(message, LOCALES[locale], renderer, args)
        parts = message.parts[form]
        return fill(parts, {name: renderer.render(args[name]) for name in parts[1::2]})

    def bare(self, locale: str, keys: Iterable[str]) -> str:
        """Return the messages of keys without their placeholders, one per line."""
        messages = self.catalog(locale).messages
        return "\n".join(" ".join(messages[key].parts[0][::2]) for key in keys)

    def value(self, locale: str, value: Any) -> str:
        """Render a single value, as ``text`` renders arguments.

        Raises:
            KeyError: the locale or a term is missing.
            ValueError: the value has a type that can't be rendered.
        """
        return self._renderer(locale).render(value)

    def bound(self, locale: str) -> Callable[..., str]:
        """Return a function like ``text`` for one locale, with keyword arguments, for templates."""

        def text(key: str, **args: Any) -> str:
            return self.text(locale, key, args)

        return text

    def _renderer(self, locale: str) -> ValueRenderer:
        renderer = self._renderers.get(locale)
        if renderer is None:
            renderer = ValueRenderer(
                LOCALES[locale], lambda key, args: self.text(locale, key, args), self._cite
            )
            self._renderers[locale] = renderer
        return renderer


def _plural_form(
    message: Message, spec: LocaleSpec, renderer: ValueRenderer, args: Mapping[str, Any]
) -> int:
    last = len(message.parts) - 1
    if not message.counting or not last:
        return 0
    count = renderer.count(args[message.counting])
    if count is None:
        return last
    rule = spec.babel.plural_form
    # PO files list the forms in CLDR's order; the last is "other", which has no rule.
    tags = [name for name in ("zero", "one", "two", "few", "many") if name in rule.tags]
    tag = rule(count)
    return min(tags.index(tag), last) if tag in tags else last
